/**
 * Masks as sets. One pass over the runs; where the second mask is small, as a dab of the brush is, only
 * the runs beside it are looked at and the rest is copied, so that a step costs the same on any mask.
 */
import { GeometryError, lowerBound, upperBound, type Mask } from './mask';

/** Truth tables: bit `inFirst + 2 * inSecond` says whether the pixel is in the result. */
const UNION = 0b1110;
const INTERSECTION = 0b1000;
const DIFFERENCE = 0b0010;
const SYMMETRIC_DIFFERENCE = 0b0110;
/** Bits of a pixel outside the second mask: with `0b10` the first is left as it is there. */
const OUTSIDE_SECOND = 0b0011;

export function union(first: Mask, second: Mask): Mask {
  if (first.toggles.length < second.toggles.length) return combined(second, first, UNION);
  return combined(first, second, UNION);
}

export function intersection(first: Mask, second: Mask): Mask {
  return combined(first, second, INTERSECTION);
}

/** Pixels of the first mask alone. */
export function difference(first: Mask, second: Mask): Mask {
  return combined(first, second, DIFFERENCE);
}

/** Pixels of exactly one of the masks. Applied twice it gives the first back: the delta of an edit. */
export function symmetricDifference(first: Mask, second: Mask): Mask {
  return combined(first, second, SYMMETRIC_DIFFERENCE);
}

/** All other pixels of the image. */
export function complement(mask: Mask): Mask {
  const all: Mask = { ...mask, toggles: Uint32Array.of(0, mask.width * mask.height) };
  return combined(all, mask, DIFFERENCE);
}

export function intersects(first: Mask, second: Mask): boolean {
  return intersectionArea(first, second) > 0;
}

export function intersectionArea(first: Mask, second: Mask): number {
  sameSize(first, second);
  const a = first.toggles;
  const b = second.toggles;
  if (a.length === 0 || b.length === 0) return 0;
  let i = upperBound(a, b[0] as number) & ~1;
  let j = upperBound(b, a[0] as number) & ~1;
  let sum = 0;
  while (i < a.length && j < b.length) {
    const end = a[i + 1] as number;
    const otherEnd = b[j + 1] as number;
    sum += Math.max(0, Math.min(end, otherEnd) - Math.max(a[i] as number, b[j] as number));
    if (end < otherEnd) i += 2;
    else j += 2;
  }
  return sum;
}

function combined(first: Mask, second: Mask, table: number): Mask {
  sameSize(first, second);
  const a = first.toggles;
  const b = second.toggles;
  let from = 0;
  let to = a.length;
  if ((table & OUTSIDE_SECOND) === 0b10) {
    if (b.length === 0) return first;
    from = lowerBound(a, b[0] as number);
    to = upperBound(a, b[b.length - 1] as number);
  }
  const out = new Uint32Array(a.length + b.length);
  out.set(a.subarray(0, from));
  let used = from;
  let i = from;
  let j = 0;
  let inFirst = from & 1;
  let inSecond = 0;
  let inside = inFirst;
  while (i < to || j < b.length) {
    const next = i < to ? (a[i] as number) : Infinity;
    const other = j < b.length ? (b[j] as number) : Infinity;
    const position = next < other ? next : other;
    if (next === position) {
      inFirst ^= 1;
      i++;
    }
    if (other === position) {
      inSecond ^= 1;
      j++;
    }
    const now = (table >> (inFirst + 2 * inSecond)) & 1;
    if (now !== inside) {
      out[used++] = position;
      inside = now;
    }
  }
  out.set(a.subarray(to), used);
  used += a.length - to;
  // A copy only where much would be wasted: of a ragged mask it takes longer than the rest.
  const toggles = used > 0.75 * out.length ? out.subarray(0, used) : out.slice(0, used);
  return { width: first.width, height: first.height, toggles };
}

function sameSize(first: Mask, second: Mask): void {
  if (first.width === second.width && first.height === second.height) return;
  const size = (mask: Mask): string => `${String(mask.width)} x ${String(mask.height)}`;
  throw new GeometryError(`The masks belong to images of ${size(first)} and ${size(second)} pixels.`);
}
