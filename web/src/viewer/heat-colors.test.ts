import { describe, expect, it } from 'vitest';
import { heatColor } from './heat-colors';

const lightness = ([r, g, b]: [number, number, number, number]): number =>
  0.2126 * r + 0.7152 * g + 0.0722 * b;

describe('colours of heat', () => {
  it('get lighter with the heat, so that they are told apart without hues', () => {
    const steps = Array.from({ length: 21 }, (_, i) => lightness(heatColor(i / 20)));
    for (const [i, value] of steps.slice(1).entries()) expect(value).toBeGreaterThan(steps[i] ?? 0);
  });

  it('leave the picture free where there is little heat, and readable where there is much', () => {
    expect(heatColor(0)[3]).toBe(0);
    expect(heatColor(0.15)[3]).toBe(0);
    expect(heatColor(1)[3]).toBeLessThanOrEqual(128);
    expect(heatColor(1)[3]).toBeGreaterThan(heatColor(0.3)[3]);
  });

  it('take numbers a little out of range', () => {
    expect(heatColor(-0.1)).toEqual(heatColor(0));
    expect(heatColor(1.1)).toEqual(heatColor(1));
  });
});
