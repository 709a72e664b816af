/** The label in question, large, with agree and the corrections. */
import type { AuditView } from '../../api/types';
import { ClassButton, KeyButton } from '../../parts/reading-room';
import type { LastCheck } from '../../state/auditing';
import { classes, className } from '../../state/project';
import { Swatch } from '../../parts/swatch';

interface Props {
  item: NonNullable<AuditView['next']>;
  busy: boolean;
  last: LastCheck | null;
  onChoose: (index: number, event: Event) => void;
  commands: Record<string, (event: Event) => void>;
}

export function AuditRail({ item, busy, last, onChoose, commands }: Props) {
  const run = (key: string) => (event: Event) => commands[key]?.(event);
  return (
    <aside class="rail" aria-label="Check">
      <div class="question">
        <p class="quiet">The program says</p>
        <p class="question-label" data-testid="proposed-label">
          <Swatch color={classes.value[item.class]?.color ?? '#888'} />
          {className(item.class)}
        </p>
        <KeyButton keyName="⏎" testId="agree" primary disabled={busy} onPress={run('enter')}>
          Agree
        </KeyButton>
      </div>
      <div class="choices" role="group" aria-label="Correct to">
        <p class="rail-title">or correct it</p>
        {classes.value.map((definition, index) => (
          <ClassButton
            key={definition.name}
            index={index}
            definition={definition}
            pressed={index === item.class}
            disabled={busy}
            {...(index === item.class ? { mark: '⏎' } : {})}
            onChoose={onChoose}
          />
        ))}
      </div>
      <div class="commands">
        <KeyButton keyName="U" testId="unreadable" disabled={busy} onPress={run('u')}>
          Cannot be read
        </KeyButton>
        <KeyButton keyName="F" testId="flag" pressed={item.image.flagged} onPress={run('f')}>
          {item.image.flagged ? 'Flagged' : 'Flag'}
        </KeyButton>
      </div>
      {last !== null && (
        <p class={last.agreed ? 'last-check' : 'last-check last-check-corrected'} data-testid="last-check">
          Before: {last.text}
        </p>
      )}
    </aside>
  );
}
