/**
 * Brush, eraser and threshold paint. A stroke is painted as it is drawn, each step as the way between two
 * pointers, so that a fast hand leaves no gaps. Alt takes away instead of adding.
 */
import { contains, type Mask } from '../core/mask';
import { inRange, rangeOf } from '../core/flood';
import { extentOf, isAt } from '../core/geometry';
import type { Sketch } from '../render/sketch';
import type { Edit } from '../session/session';
import { dab, paintTarget, type Pointer, type Tool, type ToolParts } from './tool';

export type BrushKind = 'brush' | 'eraser' | 'threshold';

interface Stroke {
  edit: Edit;
  last: Pointer;
  erases: boolean;
  /** What the stroke adds to, or takes from. */
  target: number | null;
  from: number[];
  range: { low: number; high: number } | null;
}

export function createBrushTool(parts: ToolParts, kind: BrushKind): Tool {
  const { session, settings } = parts;
  let stroke: Stroke | null = null;
  let pointer: Pointer | null = null;

  const step = (at: Pointer): void => {
    if (stroke === null) return;
    let pixels = dab(session, stroke.last, at, settings.radius.value);
    const values = parts.values();
    if (stroke.range !== null && values !== null) {
      pixels = inRange(pixels, values, stroke.range.low, stroke.range.high);
    }
    if (stroke.erases) stroke.edit.erase(pixels, stroke.from);
    else stroke.target = stroke.edit.paint(pixels, classOf(stroke.target), stroke.target);
    stroke.last = at;
  };
  /** A selected instance keeps its class, whatever class the next one will have. */
  const classOf = (target: number | null): number =>
    (target === null ? undefined : session.mark(target)?.class) ?? session.currentClass.value;

  return {
    drags: true,
    down(at) {
      const erases = (kind === 'eraser') !== at.alt;
      const pixels = dab(session, at, at, settings.radius.value);
      const values = parts.values();
      stroke = {
        edit: session.begin(erases ? 'erase' : 'brush'),
        last: at,
        erases,
        target: erases ? null : paintTarget(parts),
        from: erases ? erasable(parts, at, pixels) : [],
        range:
          kind === 'threshold' && values !== null ? (settings.range.value ?? rangeOf(pixels, values)) : null,
      };
      step(at);
      pointer = at;
      parts.onSketch();
    },
    move(at) {
      step(at);
      pointer = at;
      parts.onSketch();
    },
    up(at) {
      if (stroke === null) return;
      if (at.x !== stroke.last.x || at.y !== stroke.last.y) step(at);
      const { edit, target, erases } = stroke;
      stroke = null;
      edit.commit();
      if (target !== null && session.task === 'instances') session.select([target]);
      else if (target === null && !erases) parts.say('Other shapes have all of these pixels already.');
      parts.onSketch();
    },
    hover(at) {
      pointer = at;
      parts.onSketch();
    },
    cancel() {
      const had = stroke !== null;
      stroke?.edit.cancel();
      stroke = null;
      parts.onSketch();
      return had;
    },
    sketches(): Sketch[] {
      if (pointer === null) return [];
      return [{ kind: 'circle', center: [pointer.x, pointer.y], radius: settings.radius.value }];
    },
  };
}

/**
 * What a stroke of the eraser takes from: the selected shapes, or else the topmost under its beginning. In
 * a picture of classes it takes from all of them.
 */
function erasable({ session }: ToolParts, at: Pointer, pixels: Mask): number[] {
  const all = session.within({ left: 0, top: 0, right: session.width, bottom: session.height });
  if (session.task === 'semantic') return all.filter((mark) => !mark.proposed).map((mark) => mark.id);
  if (session.selection.value.length > 0) return [...session.selection.value];
  const radius = 1 + Math.sqrt(pixels.toggles.length);
  const near = session.within({
    left: at.x - radius,
    top: at.y - radius,
    right: at.x + radius,
    bottom: at.y + radius,
  });
  const under = near.filter(({ geometry }) =>
    geometry.type === 'mask'
      ? contains(geometry.mask, Math.floor(at.x), Math.floor(at.y))
      : isAt(geometry, at.x, at.y, 0),
  );
  const top = under[under.length - 1] ?? near.filter(({ geometry }) => extentOf(geometry).right > at.x).pop();
  return top === undefined ? [] : [top.id];
}
