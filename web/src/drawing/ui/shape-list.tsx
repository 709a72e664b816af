/** All shapes as a list: class, size, and how doubtful the model is. Only rows in sight are made. */
import { useRef, useState } from 'preact/hooks';
import { keepFocus } from '../../parts/keys';
import { Swatch } from '../../parts/swatch';
import { count } from '../../words/numbers';
import { areaOf } from '../core/geometry';
import { openProposals } from '../session/proposals';
import type { Mark } from '../session/marks';
import { colorOf } from '../render/style';
import type { Controller } from './controller';

export interface DrawingClass {
  name: string;
  color: string;
}

interface Props {
  controller: Controller;
  classes: readonly DrawingClass[];
}

const ROW_PX = 36;
/** Rows above and below those in sight. */
const SPARE = 6;

export function ShapeList({ controller, classes }: Props) {
  const { session } = controller;
  void session.revision.value;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState(0);
  // Proposals first: they are what is left to do.
  const marks = [
    ...openProposals(session),
    ...session
      .marks()
      .filter((mark) => !mark.proposed)
      .reverse(),
  ];
  const first = Math.max(0, Math.floor(scroll / ROW_PX) - SPARE);
  const shown = marks.slice(
    first,
    first + Math.ceil((box.current?.clientHeight ?? 600) / ROW_PX) + 2 * SPARE,
  );
  return (
    <section class="shape-list" aria-label="Shapes">
      <h2 class="rail-title" data-testid="shape-count">
        {count(marks.length)} {marks.length === 1 ? 'shape' : 'shapes'}
      </h2>
      <div
        class="shape-rows"
        ref={box}
        onScroll={(event) => {
          setScroll(event.currentTarget.scrollTop);
        }}
      >
        <ul ref={(list) => list?.style.setProperty('height', `${String(marks.length * ROW_PX)}px`)}>
          {shown.map((mark, i) => (
            <Row
              key={mark.id}
              mark={mark}
              top={(first + i) * ROW_PX}
              controller={controller}
              classes={classes}
            />
          ))}
        </ul>
      </div>
    </section>
  );
}

function Row({ mark, top, controller, classes }: Props & { mark: Mark; top: number }) {
  const { session } = controller;
  const style = { colors: classes.map(({ color }) => color), visible: true, filled: true, opacity: 1 };
  const name = classes[mark.class]?.name ?? 'Ignored';
  return (
    // The place is set through the object model: the content policy allows no style attribute.
    <li ref={(row) => row?.style.setProperty('top', `${String(top)}px`)}>
      <button
        type="button"
        class="shape-row"
        data-testid={`shape-${String(mark.id)}`}
        data-proposed={mark.proposed}
        aria-pressed={session.selection.value.includes(mark.id)}
        onMouseDown={keepFocus}
        onClick={() => {
          controller.show(mark);
        }}
      >
        <Swatch color={colorOf(style, mark.class)} />
        <span class="shape-name">{name}</span>
        {mark.proposed && <Doubt value={mark.doubt} />}
        <span class="shape-size">{count(areaOf(mark.geometry))}</span>
      </button>
    </li>
  );
}

/** A bar, not a number: a number would be taken for a measurement. */
function Doubt({ value }: { value: number | null }) {
  const text =
    value === null ? 'proposed' : value > 0.66 ? 'very doubtful' : value > 0.33 ? 'doubtful' : 'fairly sure';
  return (
    <span class="shape-doubt" title={`Proposed, ${text}`}>
      <span class="visually-hidden">proposed, {text}</span>
      <svg viewBox="0 0 24 6" width="24" height="6" aria-hidden="true">
        <rect class="shape-doubt-track" width="24" height="6" rx="3" />
        <rect class="shape-doubt-fill" width={Math.max(3, 24 * (value ?? 0.5))} height="6" rx="3" />
      </svg>
    </span>
  );
}
