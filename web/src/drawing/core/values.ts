/** What a pixel measures: samples of the plane in the unit that a person thinks in. */
import type { Plane } from '../../viewer/plane';
import type { Rect } from './mask';

/** Value = sample * slope + intercept, as DICOM's rescale has it (PS3.3 C.11.1). */
export interface Calibration {
  slope: number;
  intercept: number;
  /** "HU", "SUV"; empty where samples have no unit. */
  unit: string;
}

export const RAW: Calibration = { slope: 1, intercept: 0, unit: '' };

/** Reads values of a plane; colours count by their brightness (ITU-R BT.601). */
export interface Values {
  readonly width: number;
  readonly height: number;
  readonly calibration: Calibration;
  /** Value of the pixel with this number, row by row. */
  at: (index: number) => number;
}

export function valuesOf(plane: Plane, calibration: Calibration = RAW): Values {
  const { width, height, samples, channels } = plane;
  const { slope, intercept } = calibration;
  const at =
    channels === 1
      ? (index: number): number => (samples[index] as number) * slope + intercept
      : (index: number): number =>
          (0.299 * (samples[3 * index] as number) +
            0.587 * (samples[3 * index + 1] as number) +
            0.114 * (samples[3 * index + 2] as number)) *
            slope +
          intercept;
  return { width, height, calibration, at };
}

/** A value as it stands on the screen, "−87 HU", or `null` outside the image. */
export function valueInWords(values: Values, x: number, y: number): string | null {
  if (x < 0 || y < 0 || x >= values.width || y >= values.height) return null;
  const value = values.at(Math.floor(y) * values.width + Math.floor(x));
  const { slope, unit } = values.calibration;
  const text = (Number.isInteger(slope) ? Math.round(value).toString() : value.toFixed(2)).replace('-', '−');
  return unit === '' ? text : `${text} ${unit}`;
}

/** The part of `rect` that lies on an image. */
export function clipRect(rect: Rect, width: number, height: number): Rect {
  return {
    left: Math.max(0, rect.left),
    top: Math.max(0, rect.top),
    right: Math.min(width, rect.right),
    bottom: Math.min(height, rect.bottom),
  };
}

/** Whole pixels within `reach` of a place. */
export function windowAround(values: Values, x: number, y: number, reach: number): Rect {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  return clipRect(
    { left: column - reach, top: row - reach, right: column + reach + 1, bottom: row + reach + 1 },
    values.width,
    values.height,
  );
}

/** Values of a window, row by row. */
export function valuesIn(values: Values, window: Rect): Float32Array {
  const stride = window.right - window.left;
  const found = new Float32Array(stride * (window.bottom - window.top));
  let at = 0;
  for (let y = window.top; y < window.bottom; y++) {
    for (let x = window.left; x < window.right; x++) found[at++] = values.at(y * values.width + x);
  }
  return found;
}

/** Three averages over boxes make nearly a Gaussian; good enough to find edges in noise. */
export function smoothed(samples: Float32Array, width: number, height: number, radius = 1): Float32Array {
  let from = samples;
  for (let pass = 0; pass < 2; pass++) {
    from = averagedRows(from, width, height, radius);
    from = transposed(averagedRows(transposed(from, width, height), height, width, radius), height, width);
  }
  return from;
}

function averagedRows(from: Float32Array, width: number, height: number, radius: number): Float32Array {
  const to = new Float32Array(from.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        sum += from[row + Math.min(width - 1, Math.max(0, x + k))] as number;
      }
      to[row + x] = sum / (2 * radius + 1);
    }
  }
  return to;
}

function transposed(from: Float32Array, width: number, height: number): Float32Array {
  const to = new Float32Array(from.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) to[x * height + y] = from[y * width + x] as number;
  }
  return to;
}

/** How steep the values are at each pixel of a window (Sobel). */
export function gradient(samples: Float32Array, width: number, height: number): Float32Array {
  const found = new Float32Array(samples.length);
  const at = (x: number, y: number): number =>
    samples[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))] as number;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const right = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1);
      const left = at(x - 1, y - 1) + 2 * at(x - 1, y) + at(x - 1, y + 1);
      const below = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1);
      const above = at(x - 1, y - 1) + 2 * at(x, y - 1) + at(x + 1, y - 1);
      found[y * width + x] = Math.hypot(right - left, below - above) / 8;
    }
  }
  return found;
}
