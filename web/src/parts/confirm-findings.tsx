/** The button that confirms a set of findings, and the one that clears it. */
import { classes } from '../state/project';
import { hasTenthDigit } from './keys';
import { KeyButton } from './reading-room';
import type { Findings } from './use-findings';

interface Props {
  findings: Findings;
  /** What confirming does with the set as it stands. */
  text: string;
  testId: string;
  /** Nothing can be switched now. */
  disabled: boolean;
  /** The set is already what was answered. */
  isSettled?: boolean;
  onConfirm: (event: Event) => void;
}

export function ConfirmFindings({ findings, text, testId, disabled, isSettled, onConfirm }: Props) {
  return (
    <div class="confirm" role="group" aria-label="These findings">
      <KeyButton
        keyName="⏎"
        testId={testId}
        primary
        disabled={disabled || isSettled === true}
        onPress={onConfirm}
      >
        {text}
      </KeyButton>
      <KeyButton
        keyName={hasTenthDigit(classes.value.length) ? '' : '0'}
        testId="clear-findings"
        disabled={disabled}
        onPress={findings.clear}
      >
        Clear
      </KeyButton>
    </div>
  );
}
