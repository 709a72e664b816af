/**
 * Edges that a polygon snaps to: the cheapest way along steep places from the last corner to the pointer
 * (live wire, Mortensen and Barrett 1995), or the steepest pixel nearby.
 */
import { simplified } from './contours';
import type { Rect } from './mask';
import type { Point } from './rasterize';
import { gradient, smoothed, valuesIn, windowAround, type Values } from './values';

/** Ways from one corner to every pixel of the window around it. */
export interface Livewire {
  readonly window: Rect;
  /** Corners from the start to this place; a straight line where it lies outside the window. */
  to: (x: number, y: number) => Point[];
}

/** Pixels on each side of a corner that ways are looked for in. */
const REACH = 128;
/** Costs are whole numbers below this, so that a ring of buckets can stand for a queue (Dial 1969). */
const MOST_COST = 64;

export function startLivewire(values: Values, from: Point, reach = REACH): Livewire {
  const window = windowAround(values, from[0], from[1], reach);
  const width = window.right - window.left;
  const height = window.bottom - window.top;
  const steep = gradient(smoothed(valuesIn(values, window), width, height), width, height);
  const origin =
    (clampTo(Math.floor(from[1]), window.top, window.bottom) - window.top) * width +
    clampTo(Math.floor(from[0]), window.left, window.right) -
    window.left;
  const before = cheapestWays(costs(steep), width, height, origin);
  return {
    window,
    to(x, y) {
      const [column, row] = [Math.floor(x) - window.left, Math.floor(y) - window.top];
      if (column < 0 || row < 0 || column >= width || row >= height) return [from, [x, y]];
      const way: Point[] = [];
      for (let at = row * width + column; at >= 0 && way.length < before.length; at = before[at] as number) {
        way.push([window.left + (at % width) + 0.5, window.top + Math.floor(at / width) + 0.5]);
      }
      way.reverse();
      // The ring is open here: the far end is kept by hand.
      const corners = simplifiedWay(way);
      corners[0] = from;
      return corners;
    },
  };
}

/** The steepest pixel within `reach`, preferring near ones; the place itself where all is flat. */
export function nearestEdge(values: Values, x: number, y: number, reach: number): Point {
  const window = windowAround(values, x, y, Math.ceil(reach) + 2);
  const width = window.right - window.left;
  const height = window.bottom - window.top;
  if (width <= 0 || height <= 0) return [x, y];
  const steep = gradient(smoothed(valuesIn(values, window), width, height), width, height);
  let best = 0;
  let found: Point = [x, y];
  steep.forEach((value, at) => {
    const place: Point = [window.left + (at % width) + 0.5, window.top + Math.floor(at / width) + 0.5];
    const distance = Math.hypot(place[0] - x, place[1] - y);
    if (distance > reach) return;
    const score = value * (1 - 0.5 * (distance / reach));
    if (score > best) [best, found] = [score, place];
  });
  return found;
}

function clampTo(value: number, low: number, past: number): number {
  return Math.min(Math.max(value, low), past - 1);
}

function simplifiedWay(way: Point[]): Point[] {
  const last = way[way.length - 1];
  if (way.length <= 2 || last === undefined) return way;
  // As a ring that goes back along itself the way keeps both ends.
  const ring = [...way, ...way.slice(1, -1).reverse()];
  const kept = new Set(simplified(ring, 0.75));
  const first = way[0] as Point;
  return way.filter((point) => point === first || point === last || kept.has(point));
}

/** Steep is cheap: a flat pixel costs most. Measured against the steepest tenth of the window. */
function costs(steep: Float32Array): Uint8Array {
  const sorted = Float32Array.from(steep).sort();
  const strong = Math.max(1e-6, sorted[Math.floor(0.98 * (sorted.length - 1))] as number);
  return Uint8Array.from(steep, (value) => {
    const share = 1 - Math.min(1, value / strong);
    return 1 + Math.round((MOST_COST / 2 - 2) * share * share);
  });
}

/** For each pixel the one before it on the cheapest way from `origin`; −1 at the origin. */
function cheapestWays(cost: Uint8Array, width: number, height: number, origin: number): Int32Array {
  const before = new Int32Array(cost.length).fill(-1);
  const distance = new Int32Array(cost.length).fill(0x7fffffff);
  const done = new Uint8Array(cost.length);
  const buckets: number[][] = Array.from({ length: MOST_COST }, () => []);
  distance[origin] = 0;
  (buckets[0] as number[]).push(origin);
  let waiting = 1;
  for (let level = 0; waiting > 0; level++) {
    const bucket = buckets[level % MOST_COST] as number[];
    for (let at = bucket.pop(); at !== undefined; at = bucket.pop()) {
      waiting--;
      if (done[at] === 1 || distance[at] !== level) continue;
      done[at] = 1;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if ((dx === 0 && dy === 0) || x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height)
            continue;
          const next = at + dy * width + dx;
          // Diagonal steps are longer; 3/2 is close enough to the root of 2 in whole numbers.
          const step =
            dx !== 0 && dy !== 0 ? Math.ceil(((cost[next] as number) * 3) / 2) : (cost[next] as number);
          const reached = level + step;
          if (reached >= (distance[next] as number)) continue;
          distance[next] = reached;
          before[next] = at;
          (buckets[reached % MOST_COST] as number[]).push(next);
          waiting++;
        }
      }
    }
  }
  return before;
}
