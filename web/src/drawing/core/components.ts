/** Connected parts of masks, and holes. Works on runs (union-find), not on pixels. */
import { complement, union } from './mask-sets';
import { area, contains, forEachColumnRun, Toggles, type Mask } from './mask';

/** Which pixels are neighbours: those that share a side, or also those that share a corner. */
export type Connectivity = 'four' | 'eight';

interface Runs {
  count: number;
  x: Uint32Array;
  top: Uint32Array;
  bottom: Uint32Array;
}

/** The connected parts, in the order of their first pixel down the columns. */
export function components(mask: Mask, connectivity: Connectivity = 'four'): Mask[] {
  const { runs, part, count } = labelled(mask, connectivity);
  const parts = Array.from({ length: count }, () => new Toggles(8));
  for (let i = 0; i < runs.count; i++) {
    const column = (runs.x[i] as number) * mask.height;
    parts[part[i] as number]?.run(column + (runs.top[i] as number), column + (runs.bottom[i] as number));
  }
  return parts.map((toggles) => ({ width: mask.width, height: mask.height, toggles: toggles.finish() }));
}

/** The part that holds a pixel; `null` outside the mask. */
export function componentAt(
  mask: Mask,
  x: number,
  y: number,
  connectivity: Connectivity = 'four',
): Mask | null {
  if (!contains(mask, x, y)) return null;
  return components(mask, connectivity).find((part) => contains(part, x, y)) ?? null;
}

export function largestComponent(mask: Mask, connectivity: Connectivity = 'four'): Mask {
  let best = mask;
  let most = -1;
  for (const part of components(mask, connectivity)) {
    const size = area(part);
    if (size > most) [best, most] = [part, size];
  }
  return best;
}

/** The mask with its holes: parts of the rest that do not reach the border of the image. */
export function withoutHoles(mask: Mask, mostPixels = Infinity): Mask {
  let filled = mask;
  for (const part of components(complement(mask))) {
    if (!reachesBorder(part) && area(part) <= mostPixels) filled = union(filled, part);
  }
  return filled;
}

function reachesBorder(mask: Mask): boolean {
  let reached = false;
  forEachColumnRun(mask, (x, top, bottom) => {
    reached ||= x === 0 || x === mask.width - 1 || top === 0 || bottom === mask.height;
  });
  return reached;
}

function labelled(mask: Mask, connectivity: Connectivity): { runs: Runs; part: Uint32Array; count: number } {
  const runs = runsOf(mask);
  const parents = new Uint32Array(runs.count).map((_, index) => index);
  joinColumns(runs, parents, connectivity === 'eight' ? 1 : 0);
  const part = new Uint32Array(runs.count);
  let count = 0;
  for (let i = 0; i < runs.count; i++) {
    const root = rootOf(parents, i);
    // The earliest run stands for its part, so it has been numbered already, or is this one.
    part[i] = root === i ? count++ : (part[root] as number);
  }
  return { runs, part, count };
}

function runsOf(mask: Mask): Runs {
  let count = 0;
  forEachColumnRun(mask, () => {
    count++;
  });
  const runs: Runs = {
    count,
    x: new Uint32Array(count),
    top: new Uint32Array(count),
    bottom: new Uint32Array(count),
  };
  let index = 0;
  forEachColumnRun(mask, (x, top, bottom) => {
    runs.x[index] = x;
    runs.top[index] = top;
    runs.bottom[index] = bottom;
    index++;
  });
  return runs;
}

/** Joins runs of neighbouring columns that overlap, or with a `reach` of 1 that touch at a corner. */
function joinColumns({ count, x, top, bottom }: Runs, parents: Uint32Array, reach: number): void {
  // `left` walks through the column before that of `right`.
  let left = 0;
  for (let right = 0; right < count; right++) {
    const before = (x[right] as number) - 1;
    const from = top[right] as number;
    const to = bottom[right] as number;
    while (
      left < right &&
      ((x[left] as number) < before ||
        ((x[left] as number) === before && (bottom[left] as number) + reach <= from))
    ) {
      left++;
    }
    for (let i = left; i < right && x[i] === before && (top[i] as number) < to + reach; i++) {
      join(parents, i, right);
    }
  }
}

function rootOf(parents: Uint32Array, node: number): number {
  let at = node;
  while (parents[at] !== at) {
    // Every look halves the way for the next.
    parents[at] = parents[parents[at] as number] as number;
    at = parents[at] as number;
  }
  return at;
}

function join(parents: Uint32Array, first: number, second: number): void {
  const [a, b] = [rootOf(parents, first), rootOf(parents, second)];
  // The earlier run stands for both.
  parents[Math.max(a, b)] = Math.min(a, b);
}
