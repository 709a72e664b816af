/** The class of the next shape, and of those that are selected. */
import { digitOfClass, keepFocus } from '../../parts/keys';
import { Swatch } from '../../parts/swatch';
import { IGNORED } from '../session/marks';
import { IGNORED_COLOR } from '../render/style';
import type { Controller } from './controller';
import { chooseClass } from './drawing-keys';
import type { DrawingClass } from './shape-list';

export function ClassPicker({
  controller,
  classes,
}: {
  controller: Controller;
  classes: readonly DrawingClass[];
}) {
  const { session } = controller;
  const current = session.currentClass.value;
  const all = classes.map((definition, index) => ({ ...definition, index }));
  if (session.task !== 'detection') all.push({ name: 'Ignored', color: IGNORED_COLOR, index: IGNORED });
  return (
    <div class="drawing-classes" role="group" aria-label="Class">
      {all.map(({ name, color, index }) => (
        <button
          key={index}
          type="button"
          class="choice"
          data-testid={index === IGNORED ? 'class-ignored' : `class-${String(index)}`}
          aria-pressed={index === current}
          onMouseDown={keepFocus}
          onClick={() => {
            chooseClass(controller, index);
          }}
        >
          <kbd>{index === IGNORED ? '' : (digitOfClass(index) ?? '')}</kbd>
          <Swatch color={color} />
          <span class="choice-name">{name}</span>
        </button>
      ))}
    </div>
  );
}
