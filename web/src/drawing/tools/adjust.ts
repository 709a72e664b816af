/** Changing a shape that is selected: corners, sides, moving it as a whole; by pointer and by keys. */
import { movedBy, type Box, type Geometry } from '../core/geometry';
import type { Rect } from '../core/mask';
import type { Point } from '../core/rasterize';
import type { Sketch } from '../render/sketch';
import type { Mark } from '../session/marks';
import type { DrawingSession, Edit } from '../session/session';
import { cornersOf } from './box';
import type { Pointer, Tool, ToolParts } from './tool';

/** Polygons with more corners show them only where the pointer is; a hand cannot use hundreds. */
const MOST_HANDLES = 400;
/** A selected shape is drawn above the tiles: moving it changes nothing in them. */
const NOWHERE: Rect = { left: 0, top: 0, right: 0, bottom: 0 };

export interface Adjuster extends Tool {
  /** Takes hold of a handle under the pointer; `false` where there is none. */
  grab: (at: Pointer) => boolean;
  /** Takes hold of the selected shape itself. */
  grabWhole: (at: Pointer) => boolean;
  /** Takes the corner out that was touched last; `false` where there is none. */
  removeCorner: () => boolean;
}

type Grip =
  | { kind: 'corner'; ring: number; index: number }
  | { kind: 'side'; dx: number; dy: number }
  | { kind: 'whole' };

export function createAdjuster(parts: ToolParts): Adjuster {
  const { session } = parts;
  let held: { grip: Grip; start: Pointer; before: Mark; edit: Edit; hasMoved: boolean } | null = null;
  let touched: { id: number; ring: number; index: number } | null = null;

  const only = (): Mark | undefined => {
    const [id, ...more] = session.selection.value;
    return id === undefined || more.length > 0 ? undefined : session.mark(id);
  };
  const hold = (grip: Grip, start: Pointer, before: Mark): void => {
    held = { grip, start, before, edit: session.begin('adjust'), hasMoved: false };
    touched = grip.kind === 'corner' ? { id: before.id, ring: grip.ring, index: grip.index } : null;
  };

  return {
    drags: true,
    grab(at) {
      const mark = only();
      if (mark === undefined || mark.geometry.type === 'mask') return false;
      if (mark.geometry.type === 'box') {
        const side = sideAt(mark.geometry, at);
        if (side === null) return false;
        hold({ kind: 'side', ...side }, at, mark);
        return true;
      }
      const rings = ringsOf(mark.geometry);
      for (const [ring, corners] of rings.entries()) {
        const index = nearest(corners, at);
        if (index >= 0) {
          if (at.alt) {
            touched = { id: mark.id, ring, index };
            takeOut();
            return true;
          }
          hold({ kind: 'corner', ring, index }, at, mark);
          return true;
        }
        const middle = nearest(midpoints(corners), at);
        if (middle < 0) continue;
        // A side is taken hold of in its middle: a corner is put in there.
        const longer = corners.toSpliced(middle + 1, 0, [at.x, at.y]);
        hold({ kind: 'corner', ring, index: middle + 1 }, at, {
          ...mark,
          geometry: polygonOf(rings.with(ring, longer)),
        });
        return true;
      }
      return false;
    },
    grabWhole(at) {
      const mark = only();
      if (mark === undefined) return false;
      hold({ kind: 'whole' }, at, mark);
      return true;
    },
    removeCorner: takeOut,
    down: () => undefined,
    move(at) {
      if (held === null) return;
      const { grip, start, before, edit } = held;
      const [dx, dy] = [at.x - start.x, at.y - start.y];
      held.hasMoved ||= Math.hypot(dx, dy) > 0;
      const geometry = adjusted(before.geometry, grip, dx, dy);
      edit.put({ ...before, geometry, proposed: false }, geometry.type === 'mask' ? undefined : NOWHERE);
    },
    up() {
      const ended = held;
      held = null;
      if (ended === null) return;
      const isKept = ended.hasMoved && ended.edit.settle(ended.before.id);
      if (isKept) ended.edit.commit();
      else ended.edit.cancel();
    },
    cancel() {
      const had = held !== null;
      held?.edit.cancel();
      held = null;
      return had;
    },
    sketches(): Sketch[] {
      const mark = only();
      if (mark === undefined) return [];
      if (mark.geometry.type === 'box') return [{ kind: 'handles', points: boxHandles(mark.geometry) }];
      if (mark.geometry.type !== 'polygon') return [];
      const rings = ringsOf(mark.geometry);
      const count = rings.reduce((sum, ring) => sum + ring.length, 0);
      if (count > MOST_HANDLES) return [];
      return rings.flatMap((corners, ring): Sketch[] => [
        ...(count > MOST_HANDLES / 4 ? [] : [{ kind: 'midpoints' as const, points: midpoints(corners) }]),
        {
          kind: 'handles',
          points: corners,
          active: touched?.id === mark.id && touched.ring === ring ? touched.index : undefined,
        },
      ]);
    },
  };

  function takeOut(): boolean {
    const mark = only();
    const chosen = touched;
    if (mark?.geometry.type !== 'polygon' || chosen?.id !== mark.id) return false;
    const rings = ringsOf(mark.geometry);
    const corners = rings[chosen.ring];
    if (corners === undefined || corners.length <= 3) return false;
    touched = null;
    const shorter = rings.with(chosen.ring, corners.toSpliced(chosen.index, 1));
    session.replace('corner', [{ ...mark, geometry: polygonOf(shorter) }]);
    return true;
  }
}

function adjusted(geometry: Geometry, grip: Grip, dx: number, dy: number): Geometry {
  if (grip.kind === 'whole') return movedBy(geometry, Math.round(dx), Math.round(dy));
  if (grip.kind === 'side' && geometry.type === 'box')
    return { type: 'box', ...resized(geometry, grip, dx, dy) };
  if (grip.kind !== 'corner' || geometry.type !== 'polygon') return geometry;
  const rings = ringsOf(geometry);
  const corners = rings[grip.ring] ?? [];
  const [x, y] = corners[grip.index] ?? [0, 0];
  return polygonOf(rings.with(grip.ring, corners.with(grip.index, [x + dx, y + dy])));
}

/** Sides that are dragged past the other one change places with it. */
function resized(box: Box, grip: { dx: number; dy: number }, dx: number, dy: number): Box {
  const along = (start: number, size: number, side: number, by: number): [number, number] => {
    const moved = Math.round(by);
    const [a, b] = [start + (side < 0 ? moved : 0), start + size + (side > 0 ? moved : 0)];
    return [Math.min(a, b), Math.max(1, Math.abs(b - a))];
  };
  const [x, width] = along(box.x, box.width, grip.dx, dx);
  const [y, height] = along(box.y, box.height, grip.dy, dy);
  return { x, y, width, height };
}

/** Moves the selected shapes by whole pixels, or the right and lower sides of boxes. */
export function nudge(session: DrawingSession, dx: number, dy: number, resizes: boolean): boolean {
  const marks = session.selection.value.flatMap((id) => session.mark(id) ?? []);
  if (marks.length === 0 || session.task === 'semantic') return false;
  session.replace(
    resizes ? 'resize' : 'move',
    marks.map((mark) => {
      const { geometry } = mark;
      if (!resizes) return { ...mark, geometry: movedBy(geometry, dx, dy) };
      if (geometry.type !== 'box') return mark;
      const [width, height] = [Math.max(1, geometry.width + dx), Math.max(1, geometry.height + dy)];
      return { ...mark, geometry: { ...geometry, width, height } };
    }),
  );
  return true;
}

function ringsOf(geometry: Geometry & { type: 'polygon' }): (readonly Point[])[] {
  return [geometry.outer, ...geometry.holes];
}

function polygonOf([outer = [], ...holes]: (readonly Point[])[]): Geometry {
  return { type: 'polygon', outer, holes };
}

function midpoints(corners: readonly Point[]): Point[] {
  return corners.map(([x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length] as Point;
    return [(x + nextX) / 2, (y + nextY) / 2];
  });
}

function nearest(points: readonly Point[], at: Pointer): number {
  let best = at.reach;
  let found = -1;
  points.forEach(([x, y], index) => {
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance <= best) [best, found] = [distance, index];
  });
  return found;
}

function boxHandles(box: Box): Point[] {
  const corners = cornersOf(box);
  return [...corners, ...midpoints(corners)];
}

/** Which sides of a box the pointer has hold of. */
function sideAt(box: Box, at: Pointer): { dx: number; dy: number } | null {
  const side = (value: number, start: number, size: number): number => {
    const [first, second] = [Math.abs(value - start), Math.abs(value - start - size)];
    if (Math.min(first, second) > at.reach) return 0;
    return first < second ? -1 : 1;
  };
  const within = (value: number, start: number, size: number): boolean =>
    value >= start - at.reach && value <= start + size + at.reach;
  if (!within(at.x, box.x, box.width) || !within(at.y, box.y, box.height)) return null;
  const [dx, dy] = [side(at.x, box.x, box.width), side(at.y, box.y, box.height)];
  return dx === 0 && dy === 0 ? null : { dx, dy };
}
