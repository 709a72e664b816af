/** Says that an earlier image is shown, how it was answered, and how to go on. */
import type { Answer } from '../../api/types';
import { KeyButton } from '../../parts/reading-room';
import { answerText, asksFindings, drawingTask } from '../../state/project';

interface Props {
  steps: number;
  answer: Answer | null;
  /** The answer in words, where it does not say by itself: a drawing by its shapes. */
  inWords?: string | null;
  /** Something was changed, so that Enter saves it. */
  isChanged: boolean;
  onLeave: (event: Event) => void;
}

export function LookingBack({ steps, answer, inWords, isChanged, onLeave }: Props) {
  return (
    <div class="viewer-ribbon" data-testid="looking-back">
      {steps === 1 ? 'The image before' : `${String(steps)} images back`}, answered{' '}
      <strong>{inWords ?? (answer === null ? '' : answerText(answer))}</strong>. {hint()}
      <KeyButton keyName={isChanged ? '' : '⏎'} testId="leave-earlier" onPress={onLeave}>
        Leave it
      </KeyButton>
    </div>
  );
}

function hint(): string {
  if (drawingTask.value !== null) return 'To change it, draw and save.';
  return asksFindings.value ? 'To change it, switch findings and save.' : 'Choose again to change it.';
}
