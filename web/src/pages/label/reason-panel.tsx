/** Why this image was asked for, in words. */
import type { LabelOrigin, PickReason } from '../../api/types';
import { KeyButton } from '../../parts/reading-room';

const ORIGINS: Record<LabelOrigin, string> = {
  cold_start: 'Chosen to cover the whole collection before the first model',
  chosen: 'Chosen because its label teaches most',
  random: 'Drawn at random, to measure the model honestly',
  returned: 'Returned to you: the model is not sure enough to label it',
  audit: 'Drawn for the audit',
  given: 'Chosen by hand',
};

interface Props {
  reason: PickReason;
  onClose: () => void;
}

export function ReasonPanel({ reason, onClose }: Props) {
  return (
    <section class="reason" aria-label="Why this image" data-testid="reason-panel">
      <h2>{ORIGINS[reason.origin]}</h2>
      <p>{reason.text}</p>
      <p class="quiet">
        {reason.strategy}
        {reason.score != null && `, score ${reason.score.toPrecision(3)}`}
      </p>
      <KeyButton keyName="W" testId="close-why" onPress={onClose}>
        Close
      </KeyButton>
    </section>
  );
}
