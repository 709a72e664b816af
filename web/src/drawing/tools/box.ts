/** Boxes and ellipses: from corner to corner. Shift makes both sides equal, Alt begins in the middle. */
import type { Box } from '../core/geometry';
import { ellipseCorners, type Point } from '../core/rasterize';
import type { Sketch } from '../render/sketch';
import type { Pointer, Tool, ToolParts } from './tool';

/** Smaller drags are clicks that slipped. */
const SMALLEST_PX = 1;

export function createBoxTool(parts: ToolParts, form: 'box' | 'ellipse'): Tool {
  let start: Pointer | null = null;
  let box: Box | null = null;

  const end = (): boolean => {
    const had = start !== null;
    start = null;
    box = null;
    parts.onSketch();
    return had;
  };
  return {
    drags: true,
    down(at) {
      start = at;
      box = null;
    },
    move(at) {
      if (start === null) return;
      box = boxBetween(start, at);
      parts.onSketch();
    },
    up(at) {
      if (start === null) return;
      const drawn = clipped(boxBetween(start, at), parts);
      end();
      if (drawn.width < SMALLEST_PX || drawn.height < SMALLEST_PX) return;
      const added =
        form === 'box'
          ? parts.session.add({ type: 'box', ...drawn })
          : parts.session.add({ type: 'polygon', outer: ellipseCorners(drawn), holes: [] });
      if (added === null) parts.say('Other shapes have all of these pixels already.');
    },
    cancel: end,
    sketches(): Sketch[] {
      if (box === null) return [];
      return [{ kind: 'line', closed: true, points: form === 'box' ? cornersOf(box) : ellipseCorners(box) }];
    },
  };
}

function boxBetween(from: Pointer, to: Pointer): Box {
  let [dx, dy] = [to.x - from.x, to.y - from.y];
  if (to.shift) {
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    [dx, dy] = [Math.sign(dx) * side, Math.sign(dy) * side];
  }
  if (to.alt) {
    const [width, height] = [2 * Math.abs(dx), 2 * Math.abs(dy)];
    return { x: from.x - width / 2, y: from.y - height / 2, width, height };
  }
  return {
    x: Math.min(from.x, from.x + dx),
    y: Math.min(from.y, from.y + dy),
    width: Math.abs(dx),
    height: Math.abs(dy),
  };
}

/** Whole pixels, on the image: a hand is no more exact than that. */
function clipped(box: Box, { session }: ToolParts): Box {
  const inside = (value: number, most: number): number => Math.min(Math.max(Math.round(value), 0), most);
  const [x, y] = [inside(box.x, session.width), inside(box.y, session.height)];
  return {
    x,
    y,
    width: inside(box.x + box.width, session.width) - x,
    height: inside(box.y + box.height, session.height) - y,
  };
}

export function cornersOf({ x, y, width, height }: Box): Point[] {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}
