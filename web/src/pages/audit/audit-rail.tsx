/** The label in question, large, with agree and the corrections. */
import type { AuditView } from '../../api/types';
import { Choices } from '../../parts/choices';
import { ConfirmFindings } from '../../parts/confirm-findings';
import { ClassButton, KeyButton } from '../../parts/reading-room';
import { Swatch } from '../../parts/swatch';
import type { Findings } from '../../parts/use-findings';
import type { LastCheck } from '../../state/auditing';
import { classes, labelText } from '../../state/project';
import { named, sizeInWords } from '../../words/labels';
import { LastCheckLine } from './last-check';

interface Props {
  item: NonNullable<AuditView['next']>;
  /** The set as it is corrected; `null` where one class is the label. */
  findings: Findings | null;
  /** Nothing was corrected. */
  agrees: boolean;
  busy: boolean;
  last: LastCheck | null;
  onChoose: (index: number, event: Event) => void;
  commands: Record<string, (event: Event) => void>;
}

export function AuditRail({ item, findings, agrees, busy, last, onChoose, commands }: Props) {
  const run = (key: string) => (event: Event) => commands[key]?.(event);
  const inQuestion = named(item.label);
  const marked = findings === null ? '⏎' : 'said';
  return (
    <aside class="rail" aria-label="Check">
      <div class="question">
        <p class="quiet">The program says</p>
        <p class="question-label" data-testid="proposed-label">
          {typeof item.label === 'number' && <Swatch color={classes.value[item.label]?.color ?? '#888'} />}
          {labelText(item.label)}
        </p>
        {agrees && (
          <KeyButton keyName="⏎" testId="agree" primary disabled={busy} onPress={run('enter')}>
            Agree
          </KeyButton>
        )}
      </div>
      <Choices
        label={findings === null ? 'Correct to' : 'Correct its findings'}
        title={agrees ? 'or correct it' : 'as you have corrected it'}
      >
        {classes.value.map((definition, index) => (
          <ClassButton
            key={definition.name}
            index={index}
            definition={definition}
            pressed={(findings?.present ?? inQuestion).includes(index)}
            isSwitch={findings !== null}
            disabled={busy}
            {...(inQuestion.includes(index) ? { mark: marked } : {})}
            onChoose={onChoose}
          />
        ))}
      </Choices>
      {findings !== null && !agrees && (
        <ConfirmFindings
          findings={findings}
          text={`Correct to ${sizeInWords(findings.present)}`}
          testId="correct"
          disabled={busy}
          onConfirm={run('enter')}
        />
      )}
      <div class="commands">
        <KeyButton keyName="U" testId="unreadable" disabled={busy} onPress={run('u')}>
          Cannot be read
        </KeyButton>
        <KeyButton keyName="F" testId="flag" pressed={item.image.flagged} onPress={run('f')}>
          {item.image.flagged ? 'Flagged' : 'Flag'}
        </KeyButton>
      </div>
      <LastCheckLine last={last} />
    </aside>
  );
}
