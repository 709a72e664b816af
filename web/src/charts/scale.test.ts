import { describe, expect, it } from 'vitest';
import { arcPath, bandPath, linear, linePath, shareDomain, ticks } from './scale';

describe('linear', () => {
  it('maps ends to ends and the middle to the middle', () => {
    const y = linear([0.5, 1], [300, 20]);
    expect([0.5, 0.75, 1].map(y)).toEqual([300, 160, 20]);
  });

  it('does not divide by zero', () => {
    expect(linear([3, 3], [0, 10])(3)).toBe(5);
  });
});

describe('ticks', () => {
  it.each([
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.6, 1, 5, [0.6, 0.7, 0.8, 0.9, 1]],
    [0, 371, 4, [0, 100, 200, 300]],
    [0, 9, 3, [0, 5]],
    [5, 5, 4, [5]],
  ])('%d to %d, about %d', (low, high, wanted, expected) => {
    expect(ticks(low, high, wanted)).toEqual(expected);
  });

  it('stays within the domain and evenly spaced for any domain', () => {
    for (let i = 1; i < 400; i++) {
      const low = Math.sin(i) * 50;
      const high = low + Math.abs(Math.cos(i * 1.7)) * 10 ** (i % 6) + 0.001;
      const found = ticks(low, high, 5);
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(12);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(low - 1e-6);
      expect(Math.max(...found)).toBeLessThanOrEqual(high + 1e-6);
    }
  });
});

describe('share domain', () => {
  it('ends at 1 and begins at a round value below the lowest', () => {
    expect(shareDomain(0.71)).toEqual([0.7, 1]);
    expect(shareDomain(0.7)).toEqual([0.6, 1]);
    expect(shareDomain(0)).toEqual([0, 1]);
    expect(shareDomain(1)).toEqual([0.9, 1]);
  });
});

describe('paths', () => {
  it('draws a line and a band', () => {
    expect(
      linePath([
        [0, 1],
        [2.345, 3],
      ]),
    ).toBe('M0 1L2.35 3');
    expect(
      bandPath(
        [
          [0, 1],
          [5, 1],
        ],
        [
          [0, 4],
          [5, 4],
        ],
      ),
    ).toBe('M0 1L5 1L5 4L0 4Z');
    expect(bandPath([], [])).toBe('');
  });

  it('draws arcs clockwise from the top, and full circles too', () => {
    expect(arcPath(10, 10, 10, 0, 0.25)).toBe('M10 0A10 10 0 0 1 20 10');
    expect(arcPath(10, 10, 10, 0, 0.75)).toBe('M10 0A10 10 0 1 1 0 10');
    const [start, end] = arcPath(10, 10, 10, 0, 1).split('A');
    expect(end?.endsWith(start?.slice(1) ?? '')).toBe(true);
  });
});
