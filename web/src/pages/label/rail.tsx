/** The classes with their digits, and the few commands beside them. */
import type { Answer, QueueItem } from '../../api/types';
import { ClassButton, KeyButton } from '../../parts/reading-room';
import { classes } from '../../state/project';
import { keepFocus } from '../../parts/keys';

/** Classes beyond these have no key of their own. */
const DIGITS = 10;

interface Props {
  item: QueueItem | null;
  earlier: Answer | null;
  onChoose: (index: number, event: Event) => void;
  commands: Record<string, (event: Event) => void>;
  why: boolean;
  canGoBack: boolean;
  onPeek: (on: boolean) => void;
}

export function Rail({ item, earlier, onChoose, commands, why, canGoBack, onPeek }: Props) {
  const run = (key: string) => (event: Event) => commands[key]?.(event);
  const none = item === null;
  return (
    <aside class="rail" aria-label="Answer">
      <div class="choices" role="group" aria-label="Classes">
        {classes.value.map((definition, index) => (
          <ClassButton
            key={definition.name}
            index={index}
            definition={definition}
            pressed={earlier?.kind === 'class' && earlier.class === index}
            disabled={none}
            onChoose={onChoose}
          />
        ))}
      </div>
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
        <KeyButton keyName="⌫" testId="back" disabled={!canGoBack} onPress={run('backspace')}>
          Back
        </KeyButton>
      </div>
      <div class="commands commands-quiet">
        {classes.value.length > DIGITS && (
          <KeyButton keyName="/" testId="find-class" disabled={none} onPress={run('/')}>
            Find a class
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
