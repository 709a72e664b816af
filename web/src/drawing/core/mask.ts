/**
 * Sets of pixels as runs down the columns, as `crates/annotation` and COCO keep them: the rising list
 * of positions `x * height + y` at which a walk through the image enters or leaves the set. Memory and
 * time follow the outline, not the area, and a set has one form only.
 *
 * Pixel space: pixel (x, y) covers `x..x + 1` times `y..y + 1`, its centre is at +0.5, intervals are
 * half-open, and a pixel belongs to a shape when its centre does.
 */

export interface Mask {
  readonly width: number;
  readonly height: number;
  /** Strictly rising, of even length, at most `width * height`. */
  readonly toggles: Uint32Array;
}

/** A rectangle of whole pixels; `right` and `bottom` are the first outside. */
export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export class GeometryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GeometryError';
  }
}

/** Rising positions where a walk enters or leaves a set; two at the same place cancel out. */
export class Toggles {
  private values: Uint32Array;
  private used = 0;

  constructor(capacity = 64) {
    this.values = new Uint32Array(Math.max(2, capacity));
  }

  push(position: number): void {
    if (this.used > 0 && this.values[this.used - 1] === position) {
      this.used--;
      return;
    }
    if (this.used === this.values.length) {
      const larger = new Uint32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.used++] = position;
  }

  run(start: number, end: number): void {
    if (start >= end) return;
    this.push(start);
    this.push(end);
  }

  finish(): Uint32Array {
    return this.values.slice(0, this.used);
  }
}

export function emptyMask(width: number, height: number): Mask {
  return { width, height, toggles: new Uint32Array(0) };
}

export function fullMask(width: number, height: number): Mask {
  return { width, height, toggles: Uint32Array.of(0, width * height) };
}

/** The first pixel of `count` whose centre is at or beyond a coordinate; `count` where none is. */
export function firstPixel(coordinate: number, count: number): number {
  return Math.min(Math.max(Math.ceil(coordinate - 0.5), 0), count);
}

/** The pixels whose centre lies in the box. */
export function maskOfBox(
  width: number,
  height: number,
  box: { x: number; y: number; width: number; height: number },
): Mask {
  const top = firstPixel(box.y, height);
  const bottom = firstPixel(box.y + box.height, height);
  const last = firstPixel(box.x + box.width, width);
  const toggles = new Toggles();
  for (let x = firstPixel(box.x, width); x < last; x++) toggles.run(x * height + top, x * height + bottom);
  return { width, height, toggles: toggles.finish() };
}

export function area(mask: Mask): number {
  const { toggles } = mask;
  let sum = 0;
  for (let i = 0; i < toggles.length; i += 2) sum += (toggles[i + 1] as number) - (toggles[i] as number);
  return sum;
}

export function isEmpty(mask: Mask): boolean {
  return mask.toggles.length === 0;
}

export function contains(mask: Mask, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= mask.width || y >= mask.height) return false;
  return upperBound(mask.toggles, x * mask.height + y) % 2 === 1;
}

/** The smallest rectangle around the pixels; `null` where there are none. */
export function bounds(mask: Mask): Rect | null {
  const { toggles, height } = mask;
  if (toggles.length === 0) return null;
  const left = Math.floor((toggles[0] as number) / height);
  const right = Math.floor(((toggles[toggles.length - 1] as number) - 1) / height) + 1;
  let top = height;
  let bottom = 0;
  for (let i = 0; i < toggles.length; i += 2) {
    const start = (toggles[i] as number) % height;
    const end = start + (toggles[i + 1] as number) - (toggles[i] as number);
    // Goes on in the next column.
    if (end > height) return { left, top: 0, right, bottom: height };
    if (start < top) top = start;
    if (end > bottom) bottom = end;
  }
  return { left, top, right, bottom };
}

/** Calls `visit` with every run of a column that lies in the rectangle, cut to it, in order. */
export function forEachRun(
  mask: Mask,
  within: Rect,
  visit: (x: number, top: number, bottom: number) => void,
): void {
  const { toggles, width, height } = mask;
  if (toggles.length === 0) return;
  const top = Math.max(0, within.top);
  const bottom = Math.min(height, within.bottom);
  const first = Math.max(0, within.left, Math.floor((toggles[0] as number) / height));
  const last = Math.min(width, within.right, Math.ceil((toggles[toggles.length - 1] as number) / height));
  if (top >= bottom) return;
  let i = 0;
  for (let x = first; x < last; x++) {
    const column = x * height;
    i = (upperBound(toggles, column + top, i) >> 1) * 2;
    const end = column + bottom;
    for (let j = i; j < toggles.length && (toggles[j] as number) < end; j += 2) {
      const from = Math.max(toggles[j] as number, column + top);
      const to = Math.min(toggles[j + 1] as number, end);
      if (from < to) visit(x, from - column, to - column);
    }
  }
}

/** Runs cut where columns end, in order. */
export function forEachColumnRun(mask: Mask, visit: (x: number, top: number, bottom: number) => void): void {
  const { toggles, height } = mask;
  for (let i = 0; i < toggles.length; i += 2) {
    let start = toggles[i] as number;
    const end = toggles[i + 1] as number;
    let x = Math.floor(start / height);
    while (start < end) {
      const column = x * height;
      const stop = Math.min(end, column + height);
      visit(x, start - column, stop - column);
      start = stop;
      x++;
    }
  }
}

/** The pixels of a window whose sample is not 0; samples go row by row over the window. */
export function maskOfWindow(width: number, height: number, window: Rect, samples: Uint8Array): Mask {
  const stride = window.right - window.left;
  const rows = window.bottom - window.top;
  const toggles = new Toggles();
  for (let column = 0; column < stride; column++) {
    const position = (window.left + column) * height + window.top;
    let inside = false;
    for (let row = 0, at = column; row < rows; row++, at += stride) {
      if ((samples[at] !== 0) !== inside) {
        inside = !inside;
        toggles.push(position + row);
      }
    }
    if (inside) toggles.push(position + rows);
  }
  return { width, height, toggles: toggles.finish() };
}

export function maskOfBitmap(width: number, height: number, samples: Uint8Array): Mask {
  return maskOfWindow(width, height, { left: 0, top: 0, right: width, bottom: height }, samples);
}

/** One byte a pixel of the window, row by row: 1 inside. */
export function bitmapOfWindow(mask: Mask, window: Rect): Uint8Array {
  const stride = window.right - window.left;
  const samples = new Uint8Array(stride * (window.bottom - window.top));
  forEachRun(mask, window, (x, top, bottom) => {
    let at = (top - window.top) * stride + x - window.left;
    for (let y = top; y < bottom; y++, at += stride) samples[at] = 1;
  });
  return samples;
}

export function bitmapOf(mask: Mask): Uint8Array {
  return bitmapOfWindow(mask, { left: 0, top: 0, right: mask.width, bottom: mask.height });
}

/** The same pixels moved; what leaves the image is lost. */
export function moved(mask: Mask, dx: number, dy: number): Mask {
  const { width, height } = mask;
  const toggles = new Toggles(mask.toggles.length);
  forEachColumnRun(mask, (x, top, bottom) => {
    const column = x + dx;
    if (column < 0 || column >= width) return;
    const from = Math.max(0, top + dy);
    const to = Math.min(height, bottom + dy);
    if (from < to) toggles.run(column * height + from, column * height + to);
  });
  return { width, height, toggles: toggles.finish() };
}

export function sameMask(first: Mask, second: Mask): boolean {
  if (first === second) return true;
  if (first.width !== second.width || first.height !== second.height) return false;
  if (first.toggles.length !== second.toggles.length) return false;
  return first.toggles.every((value, index) => value === second.toggles[index]);
}

/** Index of the first toggle beyond `position`. */
export function upperBound(toggles: Uint32Array, position: number, from = 0): number {
  let low = from;
  let high = toggles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((toggles[middle] as number) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first toggle at or beyond `position`. */
export function lowerBound(toggles: Uint32Array, position: number): number {
  let low = 0;
  let high = toggles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((toggles[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
