import { describe, expect, it } from 'vitest';
import { halve, levelAt, levelCount, levelFor, pyramidOf, tilesOf } from './pyramid';

describe('pyramid', () => {
  it('averages blocks of two by two and keeps 16 bits', () => {
    const level = { width: 2, height: 2, samples: Uint16Array.of(60000, 60000, 60001, 60003) };
    expect(halve(level, 1)).toEqual({ width: 1, height: 1, samples: Uint16Array.of(60001) });
  });

  it('repeats an odd last row and column', () => {
    const level = { width: 3, height: 1, samples: Uint8Array.of(10, 20, 30) };
    expect([...halve(level, 1).samples]).toEqual([15, 30]);
  });

  it('averages the channels of a colour apart', () => {
    const level = { width: 2, height: 1, samples: Uint8Array.of(0, 100, 200, 10, 110, 210) };
    expect([...halve(level, 3).samples]).toEqual([5, 105, 205]);
  });

  it('keeps the mean of a plane', () => {
    const samples = Uint16Array.from({ length: 512 * 512 }, (_, i) => (i * 2654435761) % 4096);
    const mean = (values: Iterable<number> & { length: number }): number =>
      Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    const pyramid = pyramidOf({
      width: 512,
      height: 512,
      channels: 1,
      samples,
      defaultWindow: { low: 0, high: 1 },
    });
    // Halves are rounded up, so the mean may rise by less than one.
    expect(Math.abs(mean(levelAt(pyramid, 1).samples) - mean(samples))).toBeLessThan(1);
  });

  it('takes the level whose pixels are nearest in size to the screen’s', () => {
    expect([2, 1, 0.8, 0.5, 0.3, 0.25, 0.01].map((scale) => levelFor(scale, 4))).toEqual([
      0, 0, 0, 1, 2, 2, 3,
    ]);
    expect(levelCount(200, 100)).toBe(1);
    expect(levelCount(4096, 3000)).toBe(5);
  });
});

describe('tiles', () => {
  it('is one tile where the image fits', () => {
    expect(tilesOf(640, 480, 1024)).toEqual([
      {
        left: 0,
        top: 0,
        right: 640,
        bottom: 480,
        uploadLeft: 0,
        uploadTop: 0,
        uploadWidth: 640,
        uploadHeight: 480,
      },
    ]);
  });

  it('covers every pixel once, within the limit, with a margin inside the image', () => {
    const [width, height, largest] = [250, 131, 64];
    const seen = new Uint8Array(width * height);
    for (const tile of tilesOf(width, height, largest)) {
      expect(tile.uploadWidth).toBeLessThanOrEqual(largest);
      expect(tile.uploadHeight).toBeLessThanOrEqual(largest);
      expect(tile.uploadLeft).toBe(Math.max(0, tile.left - 1));
      expect(tile.uploadLeft + tile.uploadWidth).toBe(Math.min(width, tile.right + 1));
      for (let y = tile.top; y < tile.bottom; y++) {
        for (let x = tile.left; x < tile.right; x++) seen[y * width + x] = (seen[y * width + x] ?? 0) + 1;
      }
    }
    expect(seen.every((times) => times === 1)).toBe(true);
  });
});
