/** Random masks for tests that compare with bitmaps, pixel by pixel. */
import { maskOfBitmap, type Mask } from './mask';

/** Small seeded generator (mulberry32): numbers from 0 to 1. */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Drawn {
  width: number;
  height: number;
  /** One byte a pixel, row by row. */
  samples: Uint8Array;
  mask: Mask;
}

/** Half, mostly and hardly filled images, and blobs, of up to 13 x 13 pixels. */
export function drawn(
  next: () => number,
  width = 1 + Math.floor(next() * 13),
  height = 1 + Math.floor(next() * 13),
): Drawn {
  const share = [0, 0.15, 0.5, 0.85, 1][Math.floor(next() * 5)] ?? 0.5;
  const samples = Uint8Array.from({ length: width * height }, () => (next() < share ? 1 : 0));
  return { width, height, samples, mask: maskOfBitmap(width, height, samples) };
}

/** A mask from a picture of it: `#` is inside. */
export function pictured(rows: readonly string[]): Mask {
  const width = rows[0]?.length ?? 0;
  const samples = Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0));
  return maskOfBitmap(width, rows.length, samples);
}

/** The picture of a mask. */
export function picture(mask: Mask): string[] {
  const rows: string[] = [];
  for (let y = 0; y < mask.height; y++) {
    let row = '';
    for (let x = 0; x < mask.width; x++) row += isIn(mask, x, y) ? '#' : '.';
    rows.push(row);
  }
  return rows;
}

/** Asked by counting toggles, apart from the code under test. */
function isIn(mask: Mask, x: number, y: number): boolean {
  const position = x * mask.height + y;
  return mask.toggles.filter((toggle) => toggle <= position).length % 2 === 1;
}
