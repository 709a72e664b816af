/** Selecting: a click takes the smallest shape under it, Shift adds, a drag on the ground takes a range. */
import { areaOf, isAt } from '../core/geometry';
import type { Sketch } from '../render/sketch';
import type { Mark } from '../session/marks';
import type { DrawingSession } from '../session/session';
import type { Adjuster } from './adjust';
import { cornersOf } from './box';
import type { Pointer, Tool, ToolParts } from './tool';

export function createSelectTool(parts: ToolParts, adjuster: Adjuster): Tool {
  const { session } = parts;
  let start: Pointer | null = null;
  let end: Pointer | null = null;

  const range = (): { left: number; top: number; right: number; bottom: number } | null =>
    start === null || end === null
      ? null
      : {
          left: Math.min(start.x, end.x),
          top: Math.min(start.y, end.y),
          right: Math.max(start.x, end.x),
          bottom: Math.max(start.y, end.y),
        };
  const clear = (): boolean => {
    const had = start !== null;
    start = null;
    end = null;
    parts.onSketch();
    return had;
  };
  return {
    drags: true,
    down(at) {
      const hit = markAt(session, at);
      if (hit === null) {
        start = at;
        if (!at.shift) session.select([]);
        return;
      }
      const chosen = session.selection.value;
      if (at.shift) {
        session.select(chosen.includes(hit.id) ? chosen.filter((id) => id !== hit.id) : [...chosen, hit.id]);
        return;
      }
      if (!chosen.includes(hit.id)) session.select([hit.id]);
      if (session.task !== 'semantic') adjuster.grabWhole(at);
    },
    move(at) {
      if (start === null) {
        adjuster.move?.(at);
        return;
      }
      end = at;
      parts.onSketch();
    },
    up(at) {
      const rect = range();
      const wasRange = clear();
      if (!wasRange) adjuster.up?.(at);
      else if (rect !== null && rect.right - rect.left > at.reach) {
        const found = session.within(rect).map((mark) => mark.id);
        session.select([...new Set([...session.selection.value, ...found])]);
      }
    },
    cancel() {
      return clear() || adjuster.cancel();
    },
    sketches(): Sketch[] {
      const rect = range();
      if (rect === null) return [];
      const { left, top, right, bottom } = rect;
      const points = cornersOf({ x: left, y: top, width: right - left, height: bottom - top });
      return [{ kind: 'line', points, closed: true }];
    },
  };
}

/** The smallest shape at a place: the one inside another can then be reached. */
export function markAt(session: DrawingSession, at: Pointer): Mark | null {
  const { x, y, reach } = at;
  const near = session.within({ left: x - reach, top: y - reach, right: x + reach, bottom: y + reach });
  const found = near.filter((mark) => isAt(mark.geometry, x, y, reach / 2));
  found.sort((a, b) => areaOf(a.geometry) - areaOf(b.geometry) || b.id - a.id);
  return found[0] ?? null;
}
