import { describe, expect, it } from 'vitest';
import { bucket, flood, inRange, rangeOf, wand } from './flood';
import { contours } from './contours';
import { between, signedDistance } from './interpolate';
import { traceLevel } from './level-trace';
import { nearestEdge, startLivewire } from './livewire';
import { area, bounds, contains, emptyMask, fullMask, sameMask, type Mask } from './mask';
import { intersectionArea } from './mask-sets';
import { componentAt } from './components';
import { drawn, picture, pictured, seeded } from './random-masks';
import { disc, ellipseCorners, rasterize } from './rasterize';
import { cropAround, smartRegion, type SmartPoint } from './smart-region';
import { RAW, valueInWords, valuesOf, type Values } from './values';

function valuesFrom(width: number, height: number, value: (x: number, y: number) => number): Values {
  const samples = new Uint16Array(width * height);
  for (let at = 0; at < samples.length; at++) samples[at] = value(at % width, Math.floor(at / width));
  const plane = { width, height, channels: 1 as const, samples, defaultWindow: { low: 0, high: 1000 } };
  return valuesOf(plane, RAW);
}

/** A bright, noisy ellipse on a noisy ground. */
function scene(seed: number): { values: Values; truth: Mask } {
  const next = seeded(seed);
  const [width, height] = [160, 140];
  const box = { x: 40 + next() * 20, y: 35 + next() * 20, width: 50, height: 40 };
  const truth = rasterize(width, height, [ellipseCorners(box)]);
  const noise = (): number => (next() + next() + next() - 1.5) * 60;
  return {
    truth,
    values: valuesFrom(width, height, (x, y) => (contains(truth, x, y) ? 520 : 300) + noise()),
  };
}

const dice = (a: Mask, b: Mask): number => (2 * intersectionArea(a, b)) / (area(a) + area(b));

/** A region with all that its outline encloses. */
const filled = (mask: Mask): Mask =>
  rasterize(
    mask.width,
    mask.height,
    contours(mask).map(({ outer }) => outer),
  );

describe('values', () => {
  it('are in real units', () => {
    const samples = Uint16Array.of(0, 1000, 1024, 2000);
    const plane = { width: 2, height: 2, channels: 1 as const, samples, defaultWindow: { low: 0, high: 1 } };
    const values = valuesOf(plane, { slope: 1, intercept: -1024, unit: 'HU' });
    expect(valueInWords(values, 1.9, 0.2)).toBe('−24 HU');
    expect(valueInWords(values, 2, 0)).toBeNull();
    const dense = inRange(fullMask(2, 2), values, -30, 0);
    expect(picture(dense)).toEqual(['.#', '#.']);
  });

  it('of colours are their brightness', () => {
    const samples = Uint8Array.of(255, 255, 255, 0, 255, 0);
    const plane = { width: 2, height: 1, channels: 3 as const, samples, defaultWindow: { low: 0, high: 1 } };
    expect(valuesOf(plane).at(0)).toBeCloseTo(255);
    expect(valuesOf(plane).at(1)).toBeCloseTo(149.7, 1);
  });
});

describe('flood', () => {
  it('reaches the component of the seed', () => {
    const next = seeded(21);
    for (let i = 0; i < 300; i++) {
      const { width, height, samples, mask } = drawn(next);
      const [x, y] = [Math.floor(next() * width), Math.floor(next() * height)];
      const found = flood(width, height, x, y, (index) => samples[index] === 1);
      const expected = componentAt(mask, x, y) ?? emptyMask(width, height);
      expect(sameMask(found, expected)).toBe(true);
    }
  });

  it('stops at walls and at other values', () => {
    const walls = pictured(['.#.', '.#.', '.#.']);
    expect(picture(bucket(3, 3, 0, 0, [walls]))).toEqual(['#..', '#..', '#..']);
    expect(area(bucket(3, 3, 1, 1, [walls]))).toBe(0);
    const values = valuesFrom(4, 1, (x) => [10, 12, 20, 11][x] ?? 0);
    expect(picture(wand(values, 0, 0, 2))).toEqual(['##..']);
    expect(rangeOf(fullMask(4, 1), values)).toEqual({ low: 10, high: 20 });
  });
});

describe('level tracing', () => {
  it('fills the part at least as bright, or at most as bright, whichever is smaller', () => {
    const next = seeded(22);
    for (let i = 0; i < 200; i++) {
      const { width, height, samples } = drawn(next, 12, 12);
      const values = valuesFrom(width, height, (x, y) => (samples[y * width + x] === 1 ? 9 : 2));
      const [x, y] = [Math.floor(next() * width), Math.floor(next() * height)];
      const own = values.at(y * width + x);
      const regions = [(v: number) => v >= own, (v: number) => v <= own].map((holds) =>
        filled(flood(width, height, x, y, (index) => holds(values.at(index)))),
      );
      const smallest = Math.min(...regions.map(area));
      expect(area(traceLevel(values, x, y))).toBe(smallest);
    }
  });

  it('finds a soft disc', () => {
    const values = valuesFrom(80, 80, (x, y) => 1000 - 10 * Math.round(Math.hypot(x - 40, y - 40)));
    const found = traceLevel(values, 60, 40);
    expect(dice(found, disc(80, 80, [40.5, 40.5], 20.5))).toBeGreaterThan(0.97);
    expect(area(traceLevel(values, -1, 3))).toBe(0);
  });
});

describe('interpolation', () => {
  it('gives the ends back', () => {
    const [a, b] = [disc(60, 60, [20, 20], 8), disc(60, 60, [40, 35], 14)];
    expect(between(a, b, 0)).toBe(a);
    expect(between(a, b, 1)).toBe(b);
    expect(area(between(a, emptyMask(60, 60), 0.5))).toBe(0);
  });

  it('lies between in place and size, also of discs that do not touch', () => {
    const [a, b] = [disc(80, 80, [20, 20], 8), disc(80, 80, [50, 50], 14)];
    const middle = between(a, b, 0.5);
    expect(dice(middle, disc(80, 80, [35, 35], 11))).toBeGreaterThan(0.95);
    const quarter = between(a, b, 0.25);
    expect(area(quarter)).toBeGreaterThan(area(a));
    expect(area(quarter)).toBeLessThan(area(middle));
  });

  it('measures distances exactly', () => {
    const next = seeded(23);
    for (let i = 0; i < 60; i++) {
      const { width, height, mask } = drawn(next);
      const window = { left: -1, top: -1, right: width + 1, bottom: height + 1 };
      const found = signedDistance(mask, window);
      const stride = width + 2;
      for (let at = 0; at < found.length; at++) {
        const [x, y] = [(at % stride) - 1, Math.floor(at / stride) - 1];
        const inside = contains(mask, x, y);
        let nearest = Infinity;
        for (let v = -2; v <= height + 1; v++) {
          for (let u = -2; u <= width + 1; u++) {
            if (contains(mask, u, v) !== inside) nearest = Math.min(nearest, Math.hypot(u - x, v - y));
          }
        }
        if (nearest === Infinity) continue;
        expect(found[at]).toBeCloseTo(inside ? 0.5 - nearest : nearest - 0.5, 4);
      }
    }
  });
});

describe('edges', () => {
  it('pull a way along them', () => {
    const values = valuesFrom(120, 120, (x, y) => (Math.hypot(x - 60, y - 60) < 40 ? 800 : 100));
    const wire = startLivewire(values, [100, 60]);
    const way = wire.to(60, 100);
    expect(way.length).toBeGreaterThan(3);
    for (const [x, y] of way) expect(Math.abs(Math.hypot(x - 60, y - 60) - 40)).toBeLessThan(3);
    expect(wire.to(500, 500)).toEqual([
      [100, 60],
      [500, 500],
    ]);
    const [x, y] = nearestEdge(values, 94, 60, 10);
    expect(Math.abs(Math.hypot(x - 60, y - 60) - 40)).toBeLessThan(2.5);
    expect(
      nearestEdge(
        valuesFrom(30, 30, () => 5),
        10,
        10,
        5,
      ),
    ).toEqual([10, 10]);
  });
});

describe('smart click', () => {
  it('finds the object under one click', () => {
    for (let seed = 31; seed < 37; seed++) {
      const { values, truth } = scene(seed);
      const box = bounds(truth) ?? { left: 0, top: 0, right: 0, bottom: 0 };
      const points: SmartPoint[] = [
        { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, wanted: true },
      ];
      const crop = cropAround(values, points);
      const found = crop === null ? null : smartRegion(values.width, values.height, crop, points);
      expect(found === null ? 0 : dice(found, truth)).toBeGreaterThan(0.9);
    }
  });

  it('leaves out what is clicked away', () => {
    const values = valuesFrom(120, 80, (x, y) => {
      const inside = Math.hypot(x - 35, y - 40) < 20 || Math.hypot(x - 75, y - 40) < 20;
      return inside || (Math.abs(y - 40) < 3 && x > 35 && x < 75) ? 700 : 100;
    });
    const points: SmartPoint[] = [{ x: 35, y: 40, wanted: true }];
    const crop = cropAround(values, points);
    if (crop === null) throw new Error('there is a wanted click');
    const both = smartRegion(120, 80, crop, points);
    points.push({ x: 80, y: 40, wanted: false }, { x: 66, y: 40, wanted: false });
    const one = smartRegion(120, 80, crop, points);
    expect(contains(one, 35, 40)).toBe(true);
    expect(contains(one, 80, 40)).toBe(false);
    expect(area(one)).toBeLessThan(area(both) + 1);
    expect(cropAround(values, points.slice(1))).toBeNull();
  });
});
