/**
 * Smaller copies of a plane, each half the size of the one before, so that a large image drawn
 * small keeps its fine texture instead of flickering. Averages are taken of the samples
 * themselves, before any window, and keep their 16 bits.
 */
import type { Plane } from './plane';

export interface Level {
  width: number;
  height: number;
  samples: Uint8Array | Uint16Array;
}

export interface Pyramid {
  plane: Plane;
  /** Level 0 is the plane; further levels are made when first asked for. */
  levels: Level[];
}

const SMALLEST_SIDE = 256;

export function pyramidOf(plane: Plane): Pyramid {
  return { plane, levels: [{ width: plane.width, height: plane.height, samples: plane.samples }] };
}

/** How many levels a plane of this size has. */
export function levelCount(width: number, height: number): number {
  const side = Math.max(width, height);
  return side <= SMALLEST_SIDE ? 1 : 1 + Math.ceil(Math.log2(side / SMALLEST_SIDE));
}

/**
 * The level whose pixels are closest in size to a device pixel.
 *
 * @param scale device pixels per image pixel
 */
export function levelFor(scale: number, levels: number): number {
  if (scale >= 1) return 0;
  return Math.min(levels - 1, Math.max(0, Math.round(Math.log2(1 / scale))));
}

/** A level, made from the one above it where it does not exist yet. */
export function levelAt(pyramid: Pyramid, index: number): Level {
  for (let i = pyramid.levels.length; i <= index; i++) {
    const above = pyramid.levels[i - 1];
    if (above === undefined) break;
    pyramid.levels.push(halve(above, pyramid.plane.channels));
  }
  const level = pyramid.levels[index];
  if (level === undefined) throw new RangeError(`level ${String(index)} does not exist`);
  return level;
}

/** Averages blocks of 2 x 2; an odd last row or column is repeated. */
export function halve(level: Level, channels: number): Level {
  const width = Math.ceil(level.width / 2);
  const height = Math.ceil(level.height / 2);
  const count = width * height * channels;
  const samples = level.samples instanceof Uint8Array ? new Uint8Array(count) : new Uint16Array(count);
  const source = level.samples;
  const stride = level.width * channels;
  let target = 0;
  for (let y = 0; y < height; y++) {
    const top = 2 * y * stride;
    const bottom = Math.min(2 * y + 1, level.height - 1) * stride;
    for (let x = 0; x < width; x++) {
      const left = 2 * x * channels;
      const right = Math.min(2 * x + 1, level.width - 1) * channels;
      for (let c = 0; c < channels; c++) {
        const sum =
          (source[top + left + c] ?? 0) +
          (source[top + right + c] ?? 0) +
          (source[bottom + left + c] ?? 0) +
          (source[bottom + right + c] ?? 0);
        samples[target++] = (sum + 2) >> 2;
      }
    }
  }
  return { width, height, samples };
}

/** A rectangle of a level that fits one texture, with a margin of one pixel for smooth scaling. */
export interface Tile {
  /** Part of the level that this tile paints. */
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** First pixel and size of the part that is uploaded. */
  uploadLeft: number;
  uploadTop: number;
  uploadWidth: number;
  uploadHeight: number;
}

export function tilesOf(width: number, height: number, largest: number): Tile[] {
  const step = Math.max(width, height) <= largest ? largest : largest - 2;
  const tiles: Tile[] = [];
  for (let top = 0; top < height; top += step) {
    for (let left = 0; left < width; left += step) {
      const right = Math.min(left + step, width);
      const bottom = Math.min(top + step, height);
      const uploadLeft = Math.max(left - 1, 0);
      const uploadTop = Math.max(top - 1, 0);
      tiles.push({
        left,
        top,
        right,
        bottom,
        uploadLeft,
        uploadTop,
        uploadWidth: Math.min(right + 1, width) - uploadLeft,
        uploadHeight: Math.min(bottom + 1, height) - uploadTop,
      });
    }
  }
  return tiles;
}
