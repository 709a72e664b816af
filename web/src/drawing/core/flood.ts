/** Regions that spread from a pixel, and what of a stroke lies in a range of values. */
import { contains, forEachColumnRun, maskOfWindow, emptyMask, Toggles, type Mask } from './mask';
import type { Values } from './values';

/**
 * Pixels that are reached from (x, y) over sides of pixels for which `holds` (row-by-row number) is true.
 * Goes by whole rows, so that each pixel is asked about twice at most.
 */
export function flood(
  width: number,
  height: number,
  x: number,
  y: number,
  holds: (index: number) => boolean,
): Mask {
  if (x < 0 || y < 0 || x >= width || y >= height || !holds(y * width + x)) return emptyMask(width, height);
  const filled = new Uint8Array(width * height);
  const found = { left: x, top: y, right: x + 1, bottom: y + 1 };
  const open = [x, y];
  const isNew = (index: number): boolean => filled[index] === 0 && holds(index);
  while (open.length > 0) {
    const row = open.pop() as number;
    const start = open.pop() as number;
    const base = row * width;
    if (filled[base + start] === 1) continue;
    let left = start;
    while (left > 0 && isNew(base + left - 1)) left--;
    let right = start + 1;
    while (right < width && isNew(base + right)) right++;
    filled.fill(1, base + left, base + right);
    found.left = Math.min(found.left, left);
    found.right = Math.max(found.right, right);
    found.top = Math.min(found.top, row);
    found.bottom = Math.max(found.bottom, row + 1);
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue;
      let wasNew = false;
      for (let column = left; column < right; column++) {
        const now = isNew(next * width + column);
        // One seed for each stretch of the neighbouring row.
        if (now && !wasNew) open.push(column, next);
        wasNew = now;
      }
    }
  }
  const stride = found.right - found.left;
  const window = new Uint8Array(stride * (found.bottom - found.top));
  for (let row = found.top; row < found.bottom; row++) {
    const start = row * width + found.left;
    window.set(filled.subarray(start, start + stride), (row - found.top) * stride);
  }
  return maskOfWindow(width, height, found, window);
}

/** The magic wand: what is connected to a pixel and differs from it by `tolerance` at most. */
export function wand(values: Values, x: number, y: number, tolerance: number): Mask {
  const { width, height, at } = values;
  if (x < 0 || y < 0 || x >= width || y >= height) return emptyMask(width, height);
  const middle = at(y * width + x);
  return flood(width, height, x, y, (index) => Math.abs(at(index) - middle) <= tolerance);
}

/** What the bucket fills: pixels around (x, y) that no mask of `walls` holds. */
export function bucket(width: number, height: number, x: number, y: number, walls: readonly Mask[]): Mask {
  if (walls.some((wall) => contains(wall, x, y))) return emptyMask(width, height);
  const blocked = new Uint8Array(width * height);
  for (const wall of walls) {
    forEachColumnRun(wall, (column, top, bottom) => {
      for (let row = top; row < bottom; row++) blocked[row * width + column] = 1;
    });
  }
  return flood(width, height, x, y, (index) => blocked[index] === 0);
}

/** Pixels of a mask whose value lies in a range, both ends included. */
export function inRange(mask: Mask, values: Values, low: number, high: number): Mask {
  const { width, height } = mask;
  const toggles = new Toggles();
  forEachColumnRun(mask, (x, top, bottom) => {
    const column = x * height;
    let start = -1;
    for (let y = top; y < bottom; y++) {
      const value = values.at(y * width + x);
      const inside = value >= low && value <= high;
      if (inside && start < 0) start = y;
      if (!inside && start >= 0) {
        toggles.run(column + start, column + y);
        start = -1;
      }
    }
    if (start >= 0) toggles.run(column + start, column + bottom);
  });
  return { width, height, toggles: toggles.finish() };
}

/** Range of values that a person means who begins to paint here: the middle nine tenths of a dab. */
export function rangeOf(mask: Mask, values: Values): { low: number; high: number } | null {
  const found: number[] = [];
  forEachColumnRun(mask, (x, top, bottom) => {
    for (let y = top; y < bottom; y++) found.push(values.at(y * mask.width + x));
  });
  if (found.length === 0) return null;
  const sorted = Float64Array.from(found).sort();
  const quantile = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { low: quantile(0.05), high: quantile(0.95) };
}
