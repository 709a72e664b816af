/**
 * Shapes on slices between two drawn ones, by signed distances (Raya and Udupa 1990), each slice moved so
 * that the centres lie on a line; objects that do not overlap are then carried over instead of vanishing.
 */
import {
  bounds,
  bitmapOfWindow,
  emptyMask,
  forEachColumnRun,
  maskOfWindow,
  type Mask,
  type Rect,
} from './mask';

/**
 * The shape at `share` of the way from `first` (0) to `second` (1). The ends come back as they are; where
 * one of them is empty the other ends with it, so there is nothing between.
 */
export function between(first: Mask, second: Mask, share: number): Mask {
  if (share <= 0) return first;
  if (share >= 1) return second;
  const [from, to] = [bounds(first), bounds(second)];
  if (from === null || to === null) return emptyMask(first.width, first.height);
  const [a, b] = [center(first), center(second)];
  const way = [b.x - a.x, b.y - a.y] as const;
  const shiftFirst = [Math.round(share * way[0]), Math.round(share * way[1])] as const;
  const shiftSecond = [shiftFirst[0] - Math.round(way[0]), shiftFirst[1] - Math.round(way[1])] as const;
  const window = hull(shifted(from, shiftFirst), shifted(to, shiftSecond));
  const distances = [
    signedDistance(first, shifted(window, [-shiftFirst[0], -shiftFirst[1]])),
    signedDistance(second, shifted(window, [-shiftSecond[0], -shiftSecond[1]])),
  ] as const;
  const samples = new Uint8Array(distances[0].length);
  for (let i = 0; i < samples.length; i++) {
    const mixed = (1 - share) * (distances[0][i] as number) + share * (distances[1][i] as number);
    samples[i] = mixed < 0 ? 1 : 0;
  }
  return clipped(first, window, samples);
}

function clipped({ width, height }: Mask, window: Rect, samples: Uint8Array): Mask {
  const inside: Rect = {
    left: Math.max(0, window.left),
    top: Math.max(0, window.top),
    right: Math.min(width, window.right),
    bottom: Math.min(height, window.bottom),
  };
  if (inside.left >= inside.right || inside.top >= inside.bottom) return emptyMask(width, height);
  const stride = window.right - window.left;
  const rows: number[] = [];
  for (let y = inside.top; y < inside.bottom; y++) {
    const start = (y - window.top) * stride + inside.left - window.left;
    rows.push(...samples.subarray(start, start + inside.right - inside.left));
  }
  return maskOfWindow(width, height, inside, Uint8Array.from(rows));
}

function center(mask: Mask): { x: number; y: number } {
  let [count, sumX, sumY] = [0, 0, 0];
  forEachColumnRun(mask, (x, top, bottom) => {
    const length = bottom - top;
    count += length;
    sumX += x * length;
    sumY += ((top + bottom - 1) / 2) * length;
  });
  return { x: sumX / count, y: sumY / count };
}

function shifted(rect: Rect, [dx, dy]: readonly [number, number]): Rect {
  return { left: rect.left + dx, top: rect.top + dy, right: rect.right + dx, bottom: rect.bottom + dy };
}

function hull(a: Rect, b: Rect): Rect {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** Distance of each pixel of a window to the boundary of a mask, negative inside. */
export function signedDistance(mask: Mask, window: Rect): Float32Array {
  const width = window.right - window.left;
  const height = window.bottom - window.top;
  // The window may reach outside the image, where there is nothing; a frame of one keeps an outside.
  const frame: Rect = {
    left: window.left - 1,
    top: window.top - 1,
    right: window.right + 1,
    bottom: window.bottom + 1,
  };
  const inside = bitmapOfWindow(mask, frame);
  const [wide, high] = [width + 2, height + 2];
  const toInside = squaredDistance(inside, wide, high, 1);
  const toOutside = squaredDistance(inside, wide, high, 0);
  const found = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + 1) * wide + x + 1;
      // The boundary runs half a pixel from the centres on both sides of it.
      found[y * width + x] =
        inside[at] === 1 ? 0.5 - Math.sqrt(toOutside[at] as number) : Math.sqrt(toInside[at] as number) - 0.5;
    }
  }
  return found;
}

/** Squared distance to the nearest sample of a value (Felzenszwalb and Huttenlocher 2012). */
function squaredDistance(samples: Uint8Array, width: number, height: number, value: number): Float64Array {
  const far = (width + height) ** 2;
  const found = Float64Array.from(samples, (sample) => (sample === value ? 0 : far));
  const line = new Float64Array(Math.max(width, height));
  for (let x = 0; x < width; x++) transformLine(found, x, width, height, line);
  for (let y = 0; y < height; y++) transformLine(found, y * width, 1, width, line);
  return found;
}

/** The lower envelope of parabolas on one line. */
function transformLine(
  values: Float64Array,
  start: number,
  step: number,
  count: number,
  line: Float64Array,
): void {
  const places = new Int32Array(count);
  const limits = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) line[i] = values[start + i * step] as number;
  let last = 0;
  limits[0] = -Infinity;
  limits[1] = Infinity;
  const meet = (a: number, b: number): number =>
    ((line[a] as number) + a * a - ((line[b] as number) + b * b)) / (2 * a - 2 * b);
  for (let i = 1; i < count; i++) {
    let at = meet(i, places[last] as number);
    while (at <= (limits[last] as number)) at = meet(i, places[--last] as number);
    places[++last] = i;
    limits[last] = at;
    limits[last + 1] = Infinity;
  }
  let k = 0;
  for (let i = 0; i < count; i++) {
    while ((limits[k + 1] as number) < i) k++;
    const place = places[k] as number;
    values[start + i * step] = (i - place) ** 2 + (line[place] as number);
  }
}
