/**
 * Level tracing, as in 3D Slicer: the closed line through a pixel along which the values are those of the
 * pixel. The boundary is followed from corner to corner, so that it costs by its length and can follow the
 * pointer on any image.
 */
import { withoutHoles } from './components';
import { emptyMask, type Mask } from './mask';
import { rasterize, type Point } from './rasterize';
import type { Values } from './values';

/** Longest line that is followed; a longer one runs through noise and helps nobody. */
const MOST_STEPS = 200_000;

/** Steps right, down, left, up; walked with the region on the right hand. */
const STEPS: readonly Point[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * The filled region of the level line at a pixel: of the parts that are at least as bright and at most as
 * bright as it, the smaller one. Empty where neither closes.
 */
export function traceLevel(values: Values, x: number, y: number): Mask {
  const { width, height } = values;
  if (x < 0 || y < 0 || x >= width || y >= height) return emptyMask(width, height);
  const middle = values.at(y * width + x);
  const rings = [
    outerRing(values, x, y, (value) => value >= middle),
    outerRing(values, x, y, (value) => value <= middle),
  ].filter((ring) => ring !== null);
  const size = (ring: Ring): number => Math.abs(ring.area);
  rings.sort((a, b) => size(a) - size(b));
  const ring = rings[0];
  if (ring === undefined) return emptyMask(width, height);
  // Where the region touches itself at a corner the line runs through it twice, and leaves a hole.
  return withoutHoles(rasterize(width, height, [ring.corners]));
}

interface Ring {
  corners: Point[];
  /** Positive for the outer boundary of a region. */
  area: number;
}

/** The outer boundary of the region that holds a pixel, found by going left over its holes. */
function outerRing(values: Values, x: number, y: number, holds: (value: number) => boolean): Ring | null {
  const { width, height } = values;
  const inside = (column: number, row: number): boolean =>
    column >= 0 && row >= 0 && column < width && row < height && holds(values.at(row * width + column));
  let column = x;
  let budget = MOST_STEPS;
  while (budget > 0) {
    while (inside(column - 1, y)) column--;
    const ring = follow(column, y, inside, budget);
    if (ring === null) return null;
    if (ring.area > 0) return ring;
    // The boundary of a hole: the region goes on to the left of it.
    budget -= ring.steps;
    const left = Math.min(...leftmost(ring.corners, y));
    column = left - 1;
    if (!inside(column, y)) return null;
  }
  return null;
}

/** Where upright sides of a ring cross a row of pixels. */
function leftmost(corners: readonly Point[], row: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < corners.length; i++) {
    const [a, b] = [corners[i] as Point, corners[(i + 1) % corners.length] as Point];
    if (a[0] === b[0] && Math.min(a[1], b[1]) <= row && row < Math.max(a[1], b[1])) found.push(a[0]);
  }
  return found;
}

/** Follows the boundary that begins as the left side of a pixel, upwards. */
function follow(
  x: number,
  y: number,
  inside: (x: number, y: number) => boolean,
  budget: number,
): (Ring & { steps: number }) | null {
  const corners: Point[] = [];
  const start = { x, y: y + 1, direction: 3 };
  let { x: atX, y: atY, direction } = start;
  let area = 0;
  for (let steps = 0; steps < budget; steps++) {
    const [dx, dy] = STEPS[direction] as Point;
    area += atX * dy - atY * dx;
    atX += dx;
    atY += dy;
    // The pixels ahead, on the right and on the left hand of the way.
    const rightAhead = inside(atX + Math.floor((dx - dy) / 2), atY + Math.floor((dx + dy) / 2));
    const leftAhead = inside(atX + Math.floor((dx + dy) / 2), atY + Math.floor((dy - dx) / 2));
    const before = direction;
    // Pixels that touch at a corner only are not of one region.
    if (!rightAhead) direction = (direction + 1) % 4;
    else if (leftAhead) direction = (direction + 3) % 4;
    if (direction !== before) corners.push([atX, atY]);
    if (atX === start.x && atY === start.y && direction === start.direction) {
      return { corners, area: area / 2, steps: steps + 1 };
    }
  }
  return null;
}
