/** One instance into several along a drawn line, and several into one. */
import { components } from './components';
import { area, bounds, bitmapOfWindow, maskOfWindow, type Mask, type Rect } from './mask';
import { difference, intersection, intersects, union } from './mask-sets';
import { lineMask, type Point } from './rasterize';

/**
 * The parts that a cut makes of a mask, largest first; `[mask]` where the line does not part it. Pixels
 * under the line go to the part that they touch, so that nothing is lost. Parts that the line does not
 * touch stay with the largest.
 */
export function split(mask: Mask, cut: readonly Point[]): Mask[] {
  const line = intersection(lineMask(mask.width, mask.height, cut), mask);
  if (line.toggles.length === 0) return [mask];
  const touched: Mask[] = [];
  let untouched: Mask | null = null;
  for (const part of components(mask)) {
    if (intersects(part, line)) touched.push(part);
    else untouched = untouched === null ? part : union(untouched, part);
  }
  const parts = touched.flatMap((part) => cutPart(part, line));
  if (parts.length <= touched.length) return [mask];
  parts.sort((a, b) => area(b) - area(a));
  const first = parts[0];
  if (first !== undefined && untouched !== null) parts[0] = union(first, untouched);
  return parts;
}

function cutPart(part: Mask, line: Mask): Mask[] {
  const pieces = components(difference(part, line));
  if (pieces.length < 2) return [part];
  const window = bounds(part);
  return window === null ? [part] : shared(pieces, intersection(part, line), window);
}

/** Gives each pixel of the line to the piece that reaches it first, spreading over sides. */
function shared(pieces: readonly Mask[], line: Mask, window: Rect): Mask[] {
  const stride = window.right - window.left;
  const owner = new Int32Array(stride * (window.bottom - window.top));
  pieces.forEach((piece, index) => {
    bitmapOfWindow(piece, window).forEach((inside, at) => {
      if (inside === 1) owner[at] = index + 1;
    });
  });
  let waiting: number[] = [];
  bitmapOfWindow(line, window).forEach((inside, at) => {
    if (inside === 1) waiting.push(at);
  });
  while (waiting.length > 0) {
    // Decided together, then written: the order of the pixels must not matter.
    const found = waiting.map((at) => neighbourOwner(owner, at, stride));
    const rest = waiting.filter((_, i) => found[i] === 0);
    waiting.forEach((at, i) => {
      owner[at] = found[i] ?? 0;
    });
    if (rest.length === waiting.length) break;
    waiting = rest;
  }
  return pieces.map((piece, index) => {
    const samples = Uint8Array.from(owner, (value) => (value === index + 1 ? 1 : 0));
    return maskOfWindow(piece.width, piece.height, window, samples);
  });
}

function neighbourOwner(owner: Int32Array, at: number, stride: number): number {
  const column = at % stride;
  const beside = [
    column > 0 ? owner[at - 1] : 0,
    column < stride - 1 ? owner[at + 1] : 0,
    owner[at - stride],
    owner[at + stride],
  ];
  return beside.find((value) => value !== undefined && value > 0) ?? 0;
}

export function merged(masks: readonly Mask[]): Mask | null {
  return masks.length === 0 ? null : masks.reduce(union);
}
