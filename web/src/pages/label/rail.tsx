/** The classes, grades or findings with their digits, and the few commands beside them. */
import type { Answer, QueueItem } from '../../api/types';
import { ClassButton, KeyButton } from '../../parts/reading-room';
import { Choices } from '../../parts/choices';
import { ConfirmFindings } from '../../parts/confirm-findings';
import { DIGITS, keepFocus } from '../../parts/keys';
import type { Findings } from '../../parts/use-findings';
import { classes, words } from '../../state/project';
import { confirmInWords } from '../../words/labels';

interface Props {
  item: QueueItem | null;
  earlier: Answer | null;
  /** The set that is put together; `null` where one class is the answer. */
  findings: Findings | null;
  /** Confirming would leave the earlier answer as it is. */
  leaves: boolean;
  onConfirm: (event: Event) => void;
  onChoose: (index: number, event: Event) => void;
  onBack: (event: Event) => void;
  commands: Record<string, (event: Event) => void>;
  why: boolean;
  canGoBack: boolean;
  onPeek: (on: boolean) => void;
}

export function Rail(props: Props) {
  const { item, earlier, findings, leaves, onConfirm, onChoose, onBack, commands, why, canGoBack, onPeek } =
    props;
  const run = (key: string) => (event: Event) => commands[key]?.(event);
  const none = item === null;
  return (
    <aside class="rail" aria-label="Answer">
      <Choices label={words.value.Many}>
        {classes.value.map((definition, index) => (
          <ClassButton
            key={definition.name}
            index={index}
            definition={definition}
            pressed={
              findings === null
                ? earlier?.kind === 'class' && earlier.class === index
                : findings.present.includes(index)
            }
            isSwitch={findings !== null}
            disabled={none}
            onChoose={onChoose}
          />
        ))}
      </Choices>
      {findings !== null && (
        <ConfirmFindings
          findings={findings}
          text={leaves ? 'Leave it' : confirmInWords(findings.present)}
          testId="confirm"
          disabled={none}
          onConfirm={onConfirm}
        />
      )}
      <div class="commands">
        <KeyButton
          keyName="U"
          testId="unreadable"
          pressed={earlier?.kind === 'unreadable'}
          disabled={none}
          onPress={run('u')}
        >
          Cannot be read
        </KeyButton>
        <KeyButton
          keyName="F"
          testId="flag"
          pressed={item?.image.flagged ?? false}
          disabled={none}
          onPress={run('f')}
        >
          {item?.image.flagged === true ? 'Flagged' : 'Flag'}
        </KeyButton>
        <KeyButton keyName="⌫" testId="back" disabled={!canGoBack} onPress={onBack}>
          Back
        </KeyButton>
      </div>
      <div class="commands commands-quiet">
        {classes.value.length > DIGITS && (
          <KeyButton keyName="/" testId="find-class" disabled={none} onPress={run('/')}>
            Find a {words.value.one}
          </KeyButton>
        )}
        <KeyButton keyName="W" testId="why" pressed={why} disabled={none} onPress={run('w')}>
          Why this image
        </KeyButton>
        <button
          type="button"
          class="command"
          data-testid="peek"
          disabled={none}
          onMouseDown={keepFocus}
          onPointerDown={() => {
            onPeek(true);
          }}
          onPointerUp={() => {
            onPeek(false);
          }}
          onPointerLeave={() => {
            onPeek(false);
          }}
        >
          <kbd>G</kbd>
          <span>Hold to peek</span>
        </button>
      </div>
    </aside>
  );
}
