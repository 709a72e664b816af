import { describe, expect, it } from 'vitest';
import { components } from './components';
import { contours, signedArea, simplified } from './contours';
import { area, bitmapOf, contains, emptyMask, sameMask, type Mask } from './mask';
import { symmetricDifference, union } from './mask-sets';
import { drawn, picture, pictured, seeded } from './random-masks';
import { capsule, ellipseCorners, lineMask, rasterize, type Point } from './rasterize';
import { merged, split } from './split';

/** Whether a centre, in quarters, is inside by counting the sides above it in whole numbers. */
function insideByCounting(rings: readonly (readonly Point[])[], x: number, y: number): boolean {
  let above = 0;
  for (const ring of rings) {
    ring.forEach((start, i) => {
      const end = ring[(i + 1) % ring.length] as Point;
      const [from, to] = start[0] < end[0] ? [start, end] : [end, start];
      const below = (y - from[1]) * (to[0] - from[0]) - (x - from[0]) * (to[1] - from[1]);
      if (from[0] <= x && x < to[0] && below >= 0) above++;
    });
  }
  return above % 2 === 1;
}

describe('rasterize', () => {
  it('takes the pixels whose centres are inside', () => {
    const next = seeded(11);
    const [width, height] = [13, 11];
    for (let i = 0; i < 300; i++) {
      const rings = Array.from({ length: 1 + Math.floor(next() * 3) }, () =>
        Array.from({ length: 3 + Math.floor(next() * 6) }, (): Point => [
          Math.floor(next() * 72) - 12,
          Math.floor(next() * 72) - 12,
        ]),
      );
      const quarter = rings.map((ring) => ring.map(([x, y]): Point => [x / 4, y / 4]));
      const mask = rasterize(width, height, quarter);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          expect(contains(mask, x, y)).toBe(insideByCounting(rings, x * 4 + 2, y * 4 + 2));
        }
      }
    }
  });

  it('gives shapes that share a side no pixel twice', () => {
    const next = seeded(12);
    const corner = (): Point => [Math.fround(next() * 19 - 3), Math.fround(next() * 19 - 3)];
    for (let i = 0; i < 300; i++) {
      const [a, b, c, d] = [corner(), corner(), corner(), corner()];
      const filled = (ring: Point[]): Mask => rasterize(13, 11, [ring]);
      const halves = symmetricDifference(filled([a, b, c]), filled([c, d, a]));
      expect(sameMask(halves, filled([a, b, c, d]))).toBe(true);
    }
  });

  it('fills the image between far corners', () => {
    const far = 2 ** 24;
    const ring: Point[] = [
      [-far, -far],
      [far, -far],
      [far, far],
      [-far, far],
    ];
    expect(area(rasterize(3, 2, [ring]))).toBe(6);
  });
});

describe('contours', () => {
  it('are those of the server', () => {
    const frame = contours(pictured(['....', '.###', '.#.#', '.###']));
    expect(frame).toEqual([
      {
        outer: [
          [1, 1],
          [4, 1],
          [4, 4],
          [1, 4],
        ],
        holes: [
          [
            [2, 2],
            [2, 3],
            [3, 3],
            [3, 2],
          ],
        ],
      },
    ]);
    expect(contours(pictured(['#.', '.#'])).map(({ outer }) => outer.length)).toEqual([4, 4]);
    const meets = contours(pictured(['##.', '#.#', '###']));
    expect(meets.map(({ outer, holes }) => [outer.length, ...holes.map((hole) => hole.length)])).toEqual([
      [6, 4],
    ]);
    const island = contours(pictured(['#####', '#...#', '#.#.#', '#...#', '#####']));
    expect(island.map(({ holes }) => holes.length)).toEqual([1, 0]);
  });

  it('enclose the same pixels', () => {
    const next = seeded(13);
    for (let i = 0; i < 300; i++) {
      const { width, height, mask } = drawn(next);
      const found = contours(mask);
      const filled = found.map(({ outer, holes }) => rasterize(width, height, [outer, ...holes]));
      filled.sort((a, b) => (a.toggles[0] as number) - (b.toggles[0] as number));
      const parts = components(mask);
      expect(filled.map(picture)).toEqual(parts.map(picture));
      for (const { outer, holes } of found) {
        expect(signedArea(outer)).toBeGreaterThan(0);
        for (const hole of holes) expect(signedArea(hole)).toBeLessThan(0);
        for (const ring of [outer, ...holes]) expect(new Set(ring.map(String)).size).toBe(ring.length);
      }
    }
  });

  it('become simpler within the tolerance', () => {
    const ring = ellipseCorners({ x: 0, y: 0, width: 200, height: 100 });
    const fewer = simplified(ring, 1);
    expect(fewer.length).toBeLessThan(ring.length / 2);
    expect(Math.abs(signedArea(fewer)) / Math.abs(signedArea(ring))).toBeGreaterThan(0.97);
  });
});

describe('brush', () => {
  it('paints what is within its radius of the way', () => {
    const next = seeded(14);
    const [width, height] = [30, 24];
    for (let i = 0; i < 200; i++) {
      const [from, to] = [
        [next() * 34 - 2, next() * 28 - 2],
        [next() * 34 - 2, next() * 28 - 2],
      ] as [Point, Point];
      const radius = 0.8 + next() * 7;
      const mask = capsule(width, height, from, to, radius);
      const length2 = (to[0] - from[0]) ** 2 + (to[1] - from[1]) ** 2;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [px, py] = [x + 0.5, y + 0.5];
          const along = (px - from[0]) * (to[0] - from[0]) + (py - from[1]) * (to[1] - from[1]);
          const share = Math.min(1, Math.max(0, along / length2));
          const distance = Math.hypot(
            px - from[0] - share * (to[0] - from[0]),
            py - from[1] - share * (to[1] - from[1]),
          );
          if (Math.abs(distance - radius) > 1e-6) expect(contains(mask, x, y)).toBe(distance < radius);
        }
      }
    }
  });

  it('finer than a pixel paints one', () => {
    expect(area(capsule(9, 9, [4.9, 4.9], [4.9, 4.9], 0.2))).toBe(1);
    expect(area(capsule(9, 9, [-4, 4], [-4, 4], 0.2))).toBe(0);
  });
});

describe('cuts', () => {
  it('part a mask without losing a pixel', () => {
    const next = seeded(15);
    let parted = 0;
    for (let i = 0; i < 200; i++) {
      const [width, height] = [24, 20];
      const mask = rasterize(width, height, [
        ellipseCorners({ x: 2 + next() * 4, y: 2 + next() * 4, width: 14, height: 12 }),
      ]);
      const cut: Point[] = [
        [next() * 24, 0],
        [next() * 24, next() * 20],
        [next() * 24, 20],
      ];
      const parts = split(mask, cut);
      if (parts.length > 1) parted++;
      expect(parts.reduce((sum, part) => sum + area(part), 0)).toBe(area(mask));
      expect(bitmapOf(merged(parts) ?? emptyMask(width, height))).toEqual(bitmapOf(mask));
    }
    expect(parted).toBeGreaterThan(100);
  });

  it('leave what they miss', () => {
    const mask = pictured(['###...##', '###...##', '###...##']);
    expect(
      split(mask, [
        [4, 0],
        [4, 3],
      ]),
    ).toEqual([mask]);
    const parts = split(mask, [
      [1.5, -1],
      [1.5, 4],
    ]);
    expect(parts.map(area)).toHaveLength(2);
    expect(area(union(parts[0] as Mask, parts[1] as Mask))).toBe(15);
  });

  it('follow lines whose pixels share sides', () => {
    const line = lineMask(12, 12, [
      [0.5, 0.5],
      [11.2, 7.3],
    ]);
    expect(components(line, 'four')).toHaveLength(1);
    expect(contains(line, 0, 0) && contains(line, 11, 7)).toBe(true);
  });
});
