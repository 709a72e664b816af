import { describe, expect, it } from 'vitest';
import golden from './coco-golden.json';
import { fromCoco, fromCocoString, fromCounts, toCoco, toCocoString, toCounts } from './coco-rle';
import { components, largestComponent, withoutHoles } from './components';
import {
  area,
  bitmapOf,
  bitmapOfWindow,
  bounds,
  contains,
  forEachColumnRun,
  fullMask,
  maskOfBitmap,
  maskOfBox,
  maskOfWindow,
  moved,
  sameMask,
} from './mask';
import {
  complement,
  difference,
  intersection,
  intersectionArea,
  symmetricDifference,
  union,
} from './mask-sets';
import { drawn, picture, pictured, seeded } from './random-masks';

const CASES = 300;

describe('masks', () => {
  it('say of every pixel what the bitmap says', () => {
    const next = seeded(1);
    for (let i = 0; i < CASES; i++) {
      const { width, height, samples, mask } = drawn(next);
      expect(bitmapOf(mask)).toEqual(samples);
      expect(area(mask)).toBe(samples.filter((value) => value === 1).length);
      const walked = new Uint8Array(samples.length);
      forEachColumnRun(mask, (x, top, bottom) => {
        for (let y = top; y < bottom; y++) walked[y * width + x] = 1;
      });
      expect(walked).toEqual(samples);
      let found = { left: width, top: height, right: 0, bottom: 0 };
      samples.forEach((value, at) => {
        const [x, y] = [at % width, Math.floor(at / width)];
        expect(contains(mask, x, y)).toBe(value === 1);
        if (value === 0) return;
        found = {
          left: Math.min(found.left, x),
          top: Math.min(found.top, y),
          right: Math.max(found.right, x + 1),
          bottom: Math.max(found.bottom, y + 1),
        };
      });
      expect(bounds(mask)).toEqual(found.right === 0 ? null : found);
      expect(contains(mask, width, 0) || contains(mask, 0, height) || contains(mask, -1, 0)).toBe(false);
    }
  });

  it('come and go through windows', () => {
    const next = seeded(2);
    for (let i = 0; i < CASES; i++) {
      const { width, height, mask } = drawn(next);
      const left = Math.floor(next() * width);
      const top = Math.floor(next() * height);
      const window = { left, top, right: left + 1 + Math.floor(next() * (width - left)), bottom: height };
      const inside = maskOfBox(width, height, {
        x: left,
        y: top,
        width: window.right - left,
        height: height - top,
      });
      const back = maskOfWindow(width, height, window, bitmapOfWindow(mask, window));
      expect(sameMask(back, intersection(mask, inside))).toBe(true);
    }
  });

  it('move, and lose what leaves the image', () => {
    const next = seeded(3);
    for (let i = 0; i < CASES; i++) {
      const { width, height, samples, mask } = drawn(next);
      const [dx, dy] = [Math.floor(next() * 9) - 4, Math.floor(next() * 9) - 4];
      const expected = samples.map((_, at) => {
        const [x, y] = [(at % width) - dx, Math.floor(at / width) - dy];
        return x >= 0 && y >= 0 && x < width && y < height ? (samples[y * width + x] as number) : 0;
      });
      expect(bitmapOf(moved(mask, dx, dy))).toEqual(expected);
    }
  });
});

describe('sets', () => {
  it('are what the pixels say', () => {
    const next = seeded(4);
    for (let i = 0; i < CASES; i++) {
      const { width, height, samples: a, mask: first } = drawn(next);
      const { samples: b, mask: second } = drawn(next, width, height);
      const of = (operation: (p: number, q: number) => number): Uint8Array =>
        a.map((value, at) => operation(value, b[at] as number));
      expect(bitmapOf(union(first, second))).toEqual(of((p, q) => p | q));
      expect(bitmapOf(intersection(first, second))).toEqual(of((p, q) => p & q));
      expect(bitmapOf(difference(first, second))).toEqual(of((p, q) => p & ~q));
      expect(bitmapOf(symmetricDifference(first, second))).toEqual(of((p, q) => p ^ q));
      expect(bitmapOf(complement(first))).toEqual(of((p) => 1 - p));
      expect(intersectionArea(first, second)).toBe(area(intersection(first, second)));
      // One form only: the toggles of a result are those of its bitmap.
      const made = union(first, second);
      expect(sameMask(made, maskOfBitmap(width, height, bitmapOf(made)))).toBe(true);
    }
  });

  it('of images of different size are refused', () => {
    expect(() => union(fullMask(2, 3), fullMask(3, 2))).toThrow('2 x 3');
  });
});

describe('COCO strings', () => {
  it('are those of pycocotools, byte for byte', () => {
    expect(golden.masks.length).toBeGreaterThan(10);
    for (const { size, counts, area: pixels, box, rows } of golden.masks) {
      const [height, width] = size as [number, number];
      const mask = fromCocoString(width, height, counts);
      expect(toCocoString(mask)).toBe(counts);
      expect(toCoco(mask)).toEqual({ size, counts });
      expect(area(mask)).toBe(pixels);
      const around = bounds(mask);
      const found = around && [
        around.left,
        around.top,
        around.right - around.left,
        around.bottom - around.top,
      ];
      expect(found).toEqual(box);
      if (rows !== null) {
        expect(picture(mask)).toEqual(rows);
        expect(toCocoString(pictured(rows))).toBe(counts);
      }
    }
  });

  it('hold counts as the server writes them', () => {
    const counts = (values: number[]): number[] => toCounts(maskOfBitmap(2, 2, Uint8Array.from(values)));
    expect(counts([0, 0, 0, 0])).toEqual([4]);
    expect(counts([1, 1, 1, 1])).toEqual([0, 4]);
    expect(counts([0, 0, 1, 0])).toEqual([1, 1, 2]);
    expect(counts([1, 0, 0, 1])).toEqual([0, 1, 2, 1]);
    expect(toCounts(fromCounts(2, 2, [1, 1, 0, 1, 1]))).toEqual([1, 2, 1]);
    expect(toCoco(fromCoco({ size: [3, 2], counts: [1, 2, 3] }))).toEqual({ size: [3, 2], counts: '123' });
  });

  it('come back, long runs too', () => {
    const next = seeded(5);
    for (let i = 0; i < 50; i++) {
      const lengths = Array.from({ length: 1 + Math.floor(next() * 18) }, () => 1 + Math.floor(next() * 4e7));
      const rest = 9e8 - lengths.reduce((a, b) => a + b, 0);
      const mask = fromCounts(30_000, 30_000, [...lengths, rest]);
      expect(toCounts(mask)).toEqual([...lengths, rest]);
      expect(sameMask(fromCocoString(30_000, 30_000, toCocoString(mask)), mask)).toBe(true);
    }
  });

  it('that are damaged are refused in a sentence', () => {
    const cases: [number, number, string | number[], string][] = [
      [0, 2, '', '2 x 0 pixels cannot hold'],
      [65536, 65536, '', 'cannot hold masks'],
      [3, 2, [1, 2], 'cover 3 pixels but the image has 6'],
      [3, 2, '12', 'cover 3 pixels'],
      [3, 2, '1é3', 'no meaning at byte 1'],
      [3, 2, '1p3', 'no meaning at byte 1'],
      [3, 2, '12Q', 'without an end at byte 3'],
      [3, 2, 'oooooooo0', 'without an end at byte 7'],
      [3, 2, '1@', 'below 0 at byte 1'],
    ];
    for (const [height, width, counts, sentence] of cases) {
      expect(() => fromCoco({ size: [height, width], counts })).toThrow(sentence);
    }
  });
});

describe('components', () => {
  const flooded = (samples: Uint8Array, width: number, height: number, reach: number): number[] => {
    const label = new Array<number>(samples.length).fill(0);
    let count = 0;
    samples.forEach((value, start) => {
      if (value === 0 || label[start] !== 0) return;
      label[start] = ++count;
      const open = [start];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            const [x, y] = [(at % width) + dx, Math.floor(at / width) + dy];
            if (Math.abs(dx) + Math.abs(dy) > reach || x < 0 || y < 0 || x >= width || y >= height) continue;
            const next = y * width + x;
            if (samples[next] === 0 || label[next] !== 0) continue;
            label[next] = count;
            open.push(next);
          }
        }
      }
    });
    return label;
  };

  it('are what flooding reaches', () => {
    const next = seeded(6);
    for (let i = 0; i < CASES; i++) {
      const { width, height, samples, mask } = drawn(next);
      for (const connectivity of ['four', 'eight'] as const) {
        const label = flooded(samples, width, height, connectivity === 'four' ? 1 : 2);
        const parts = components(mask, connectivity);
        expect(parts.length).toBe(new Set(label.filter((value) => value > 0)).size);
        for (const part of parts) {
          const bitmap = bitmapOf(part);
          const own = label[bitmap.indexOf(1)];
          expect(bitmap).toEqual(Uint8Array.from(label, (value) => (value === own ? 1 : 0)));
        }
        const starts = parts.map((part) => part.toggles[0] as number);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      }
    }
  });

  it('lose their holes, but not bays', () => {
    const frame = pictured(['.####', '.#..#', '.####', '.#..#', '.#..#']);
    expect(picture(withoutHoles(frame))).toEqual(['.####', '.####', '.####', '.#..#', '.#..#']);
    expect(picture(withoutHoles(frame, 1))).toEqual(picture(frame));
    expect(area(largestComponent(pictured(['##.#', '##.#'])))).toBe(4);
  });
});
