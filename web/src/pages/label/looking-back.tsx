/** Says that an earlier image is shown, how it was answered, and how to go on. */
import type { Answer } from '../../api/types';
import { KeyButton } from '../../parts/reading-room';
import { answerText, asksFindings } from '../../state/project';

interface Props {
  steps: number;
  answer: Answer | null;
  /** Findings were switched, so that Enter saves them. */
  isChanged: boolean;
  onLeave: (event: Event) => void;
}

export function LookingBack({ steps, answer, isChanged, onLeave }: Props) {
  return (
    <div class="viewer-ribbon" data-testid="looking-back">
      {steps === 1 ? 'The image before' : `${String(steps)} images back`}, answered{' '}
      <strong>{answer === null ? '' : answerText(answer)}</strong>.{' '}
      {asksFindings.value ? 'To change it, switch findings and save.' : 'Choose again to change it.'}
      <KeyButton keyName={isChanged ? '' : '⏎'} testId="leave-earlier" onPress={onLeave}>
        Leave it
      </KeyButton>
    </div>
  );
}
