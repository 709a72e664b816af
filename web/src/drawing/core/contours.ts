/**
 * Masks to polygons that enclose exactly the same pixels; the same walk, and the same order of rings and
 * corners, as `Mask::contours` of `crates/annotation`. Corners lie on corners of pixels, so no centre is
 * ever on a side and `rasterize` gives the mask back.
 */
import { forEachColumnRun, type Mask } from './mask';
import type { Point } from './rasterize';

/** One part of a mask with its holes. */
export interface Outline {
  outer: Point[];
  holes: Point[][];
}

const NONE = -1;

/**
 * One outline for each part whose pixels are connected by sides, in the order of their leftmost column.
 * Outer rings run clockwise on the screen, holes the other way; rings touch in single corners at most.
 */
export function contours(mask: Mask): Outline[] {
  const { corners } = new Boundary(mask);
  const done = new Uint8Array(corners.length);
  const owners = new Int32Array(corners.length).fill(NONE);
  const shapes: Outline[] = [];
  // Corners come column by column, so a trace starts at its leftmost column, and what lies left of it
  // is known already.
  for (let start = 0; start < corners.length; start++) {
    if (done[start] === 1) continue;
    const trace = traced(corners, start, done);
    const neighbour = (corners[start] as Corner).leftNeighbour;
    let owner = neighbour === NONE ? NONE : (owners[neighbour] as number);
    const holes: Point[][] = [];
    for (const ring of simpleRings(corners, trace)) {
      if (signedArea(ring) > 0) {
        owner = shapes.length;
        shapes.push({ outer: ring, holes: [] });
      } else {
        holes.push(ring);
      }
    }
    shapes[owner]?.holes.push(...holes);
    for (const corner of trace) owners[corner] = owner;
  }
  return shapes;
}

/** Area by the shoelace formula; positive where the ring runs clockwise on the screen. */
export function signedArea(ring: readonly Point[]): number {
  const origin = ring[0];
  if (origin === undefined) return 0;
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [a, b] = [ring[i] as Point, ring[i + 1] as Point];
    sum += (a[0] - origin[0]) * (b[1] - origin[1]) - (b[0] - origin[0]) * (a[1] - origin[1]);
  }
  return sum / 2;
}

/** Leaves out corners that are within `tolerance` of the line between their neighbours (Douglas and Peucker 1973). */
export function simplified(ring: readonly Point[], tolerance: number): Point[] {
  if (ring.length <= 3) return [...ring];
  const keep = new Uint8Array(ring.length + 1);
  const at = (i: number): Point => ring[i % ring.length] as Point;
  keep[0] = 1;
  const open: [number, number][] = [[0, ring.length]];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const [from, to] = span;
    let worst = tolerance;
    let index = NONE;
    for (let i = from + 1; i < to; i++) {
      const distance = distanceToSegment(at(i), at(from), at(to));
      if (distance > worst) [worst, index] = [distance, i];
    }
    if (index === NONE) continue;
    keep[index] = 1;
    open.push([from, index], [index, to]);
  }
  const found = ring.filter((_, i) => keep[i] === 1);
  return found.length >= 3 ? found : [...ring];
}

export function distanceToSegment(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length2 = dx * dx + dy * dy;
  const share =
    length2 === 0
      ? 0
      : Math.min(1, Math.max(0, ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / length2));
  return Math.hypot(point[0] - from[0] - share * dx, point[1] - from[1] - share * dy);
}

/** A place where the boundary of a mask turns. */
interface Corner {
  x: number;
  y: number;
  /** The corner that follows, pixels of the mask on the right hand. */
  next: number;
  /** A corner on the boundary of the same part, in an earlier column, where pixels lie on the left. */
  leftNeighbour: number;
  /** Whether a second corner lies at the same place: pixels meet there diagonally. */
  shared: boolean;
}

function traced(corners: readonly Corner[], start: number, done: Uint8Array): number[] {
  const trace: number[] = [];
  for (let at = start; done[at] === 0; at = (corners[at] as Corner).next) {
    done[at] = 1;
    trace.push(at);
  }
  return trace;
}

/** Cuts a trace where it comes to the same place again, so that every ring is simple. */
function simpleRings(corners: readonly Corner[], trace: readonly number[]): Point[][] {
  const rings: Point[][] = [];
  const open: Point[] = [];
  // How much of `open` lay before the shared places on it.
  const seen = new Map<string, number>();
  for (const index of trace) {
    const { x, y, shared } = corners[index] as Corner;
    if (shared) {
      const place = `${String(x)} ${String(y)}`;
      const before = seen.get(place);
      // Places that lie on a ring cut off since then are behind the end of `open`.
      const known = before === undefined ? undefined : open[before];
      if (before !== undefined && known !== undefined && known[0] === x && known[1] === y) {
        rings.push(open.splice(before));
      }
      seen.set(place, open.length);
    }
    open.push([x, y]);
  }
  rings.push(open);
  return rings;
}

/** A level side whose right end is not known yet. */
interface LevelSide {
  y: number;
  start: number;
}

/** Follows the boundary of a mask from column to column. */
class Boundary {
  readonly corners: Corner[] = [];
  /** Level sides that reach the line in hand, downwards: a run begins and ends by turns. */
  private level: LevelSide[] = [];

  constructor(mask: Mask) {
    let x = 0;
    let column: number[] = [];
    forEachColumnRun(mask, (at, top, bottom) => {
      if (column.length > 0 && at !== x) {
        this.passLine(x, column);
        x++;
        column = [];
      }
      if (at !== x) this.passLine(x, []);
      x = at;
      column.push(top, bottom);
    });
    if (column.length > 0) {
      this.passLine(x, column);
      this.passLine(x + 1, []);
    }
  }

  /** Passes the line left of column `x`, in which the mask begins and ends at these rows. */
  private passLine(x: number, right: readonly number[]): void {
    const left = this.level;
    this.level = [];
    let i = 0;
    let j = 0;
    // The upper end of an upright side whose lower end has not come yet.
    let upper = NONE;
    while (i < left.length || j < right.length) {
      const y = Math.min(left[i]?.y ?? Infinity, right[j] ?? Infinity);
      const side = left[i]?.y === y ? left[i] : undefined;
      const starts = right[j] === y;
      // Whether the mask lies above the place, on either side of the line.
      const [aboveLeft, aboveRight] = [i % 2 === 1, j % 2 === 1];
      if (side !== undefined) i++;
      if (starts) j++;
      if (side !== undefined && starts && aboveLeft === aboveRight) {
        this.level.push(side);
        continue;
      }
      const neighbour = i % 2 === 1 ? (left[i - 1] as LevelSide).start : NONE;
      // Where pixels meet diagonally two corners lie at one place, so that the boundaries of both
      // pixels pass each other.
      const shared = starts && side !== undefined;
      const corner = this.corner(x, y, neighbour, shared);
      const below = shared ? this.corner(x, y, neighbour, shared) : corner;
      if (side !== undefined) this.link(side.start, aboveLeft ? corner : below, !aboveLeft);
      if (starts) this.level.push({ y, start: aboveLeft ? below : corner });
      if (upper !== NONE) {
        this.link(upper, corner, aboveLeft);
        upper = shared ? below : NONE;
      } else {
        upper = corner;
      }
    }
  }

  private corner(x: number, y: number, leftNeighbour: number, shared: boolean): number {
    this.corners.push({ x, y, next: NONE, leftNeighbour, shared });
    return this.corners.length - 1;
  }

  /** Joins two corners by a side that is walked from `first` to `second`, or back. */
  private link(first: number, second: number, forward: boolean): void {
    const [from, to] = forward ? [first, second] : [second, first];
    (this.corners[from] as Corner).next = to;
  }
}
