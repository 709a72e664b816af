/**
 * Polygons, corner by corner; closed by a click on the first, a second click in one place, or Enter. With
 * the magnet the way to the pointer follows edges of the picture.
 */
import { startLivewire, type Livewire } from '../core/livewire';
import type { Point } from '../core/rasterize';
import type { Sketch } from '../render/sketch';
import { point, type Pointer, type Tool, type ToolParts } from './tool';

export function createPolygonTool(parts: ToolParts): Tool {
  let corners: Point[] = [];
  /** How many corners each click has added, so that they are taken back together. */
  let steps: number[] = [];
  let pointer: Pointer | null = null;
  let wire: Livewire | null = null;
  let isFreehand = false;

  const follow = (): void => {
    const last = corners[corners.length - 1];
    const values = parts.values();
    wire =
      parts.settings.magnet.value && last !== undefined && values !== null
        ? startLivewire(values, last)
        : null;
  };
  const clear = (): boolean => {
    const had = corners.length > 0;
    corners = [];
    steps = [];
    wire = null;
    isFreehand = false;
    parts.onSketch();
    return had;
  };
  /** Corners from the last one to the pointer, without the last one. */
  const way = (at: Pointer): Point[] => {
    if (wire === null || at.alt) return [point(at)];
    return wire.to(at.x, at.y).slice(1);
  };
  const close = (): boolean => {
    if (corners.length < 3) return false;
    const outer = corners;
    clear();
    const added = parts.session.add({ type: 'polygon', outer, holes: [] });
    if (added === null) parts.say('Other shapes have all of these pixels already.');
    return true;
  };
  const isNear = (at: Pointer, corner: Point | undefined): boolean =>
    corner !== undefined && Math.hypot(at.x - corner[0], at.y - corner[1]) <= at.reach;

  return {
    drags: false,
    down(at) {
      pointer = at;
      isFreehand = false;
      if (corners.length >= 3 && (isNear(at, corners[0]) || isNear(at, corners[corners.length - 1]))) {
        close();
        return;
      }
      const added = corners.length === 0 ? [point(at)] : way(at);
      corners = [...corners, ...added];
      steps.push(added.length);
      follow();
      parts.onSketch();
    },
    /** Dragging draws freehand: a corner wherever the pointer has gone far enough. */
    move(at) {
      pointer = at;
      const last = corners[corners.length - 1];
      if (last !== undefined && Math.hypot(at.x - last[0], at.y - last[1]) > at.reach) {
        corners = [...corners, point(at)];
        steps.push(1);
        isFreehand = true;
      }
      parts.onSketch();
    },
    up(at) {
      if (isFreehand && corners.length > 8 && isNear(at, corners[0])) close();
      else if (isFreehand) follow();
      isFreehand = false;
    },
    hover(at) {
      pointer = at;
      if (corners.length > 0) parts.onSketch();
    },
    confirm: close,
    stepBack() {
      const last = steps.pop();
      if (last === undefined) return false;
      corners = corners.slice(0, -last);
      follow();
      parts.onSketch();
      return true;
    },
    cancel: clear,
    sketches(): Sketch[] {
      const first = corners[0];
      if (first === undefined) return [];
      const open = pointer === null || isFreehand ? corners : [...corners, ...way(pointer)];
      const closes = pointer !== null && corners.length >= 3 && isNear(pointer, first);
      return [
        { kind: 'line', points: open, closed: closes },
        { kind: 'handles', points: corners.length > 60 ? [first] : corners, active: closes ? 0 : undefined },
      ];
    },
  };
}
