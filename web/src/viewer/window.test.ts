import { describe, expect, it } from 'vitest';
import { brightness, dragWindow, fromWidthLevel, widthLevel } from './window';

const CHEST = { low: 300, high: 3300 };

describe('window', () => {
  it('is the same in width and level and back', () => {
    expect(widthLevel(CHEST)).toEqual({ width: 3000, level: 1800 });
    expect(fromWidthLevel(widthLevel(CHEST))).toEqual(CHEST);
  });

  it('shows low black, high white, the middle grey, and nothing beyond', () => {
    expect([0, 300, 1800, 3300, 4095].map((sample) => brightness(sample, CHEST, false))).toEqual([
      0, 0, 0.5, 1, 1,
    ]);
    expect([0, 1800, 4095].map((sample) => brightness(sample, CHEST, true))).toEqual([1, 0.5, 0]);
  });

  it('widens to the right and darkens downwards', () => {
    const wider = dragWindow(CHEST, 100, 0, CHEST);
    expect(widthLevel(wider)).toEqual({ width: 3600, level: 1800 });
    const darker = dragWindow(CHEST, 0, 100, CHEST);
    expect(widthLevel(darker)).toEqual({ width: 3000, level: 2400 });
    expect(brightness(1800, darker, false)).toBeLessThan(brightness(1800, CHEST, false));
  });

  it('feels the same on 8 and 16 bits: equal travel, equal share of the default', () => {
    const byte = { low: 0, high: 255 };
    const word = { low: 0, high: 65535 };
    const share = (full: typeof byte): number => {
      const { width } = widthLevel(dragWindow(full, -200, 0, full));
      return width / (full.high - full.low);
    };
    expect(share(byte)).toBeCloseTo(share(word), 12);
  });

  it('never turns over, however far the drag', () => {
    for (const dx of [-10_000, -500, 0, 10_000]) {
      const window = dragWindow(CHEST, dx, dx, CHEST);
      expect(window.high).toBeGreaterThan(window.low);
    }
  });
});
