import { describe, expect, it } from 'vitest';
import { contains } from '../core/mask';
import { drawn, pictured, seeded } from '../core/random-masks';
import { paintMask, type Region } from './mask-paint';

const RED = [255, 0, 0] as const;
const WHITE = [255, 255, 255] as const;
const PLAIN = { color: RED, outline: WHITE, fill: 1, dashed: false, line: 1 };

describe('paintMask', () => {
  it('paints the device pixels whose centre is in the mask, in any window and scale', () => {
    const next = seeded(51);
    for (let i = 0; i < 200; i++) {
      const { mask } = drawn(next);
      const scale = [0.3, 0.5, 1, 1.7, 3][i % 5] ?? 1;
      const region: Region = {
        x: Math.floor(next() * 8) - 4,
        y: Math.floor(next() * 8) - 4,
        width: 20,
        height: 17,
        scale,
      };
      const pixels = new Uint32Array(region.width * region.height);
      paintMask(pixels, region, mask, PLAIN);
      pixels.forEach((value, at) => {
        const x = Math.floor((region.x + (at % region.width) + 0.5) / scale);
        const y = Math.floor((region.y + Math.floor(at / region.width) + 0.5) / scale);
        expect(value !== 0, `${String(x)} ${String(y)} at ${String(scale)}`).toBe(contains(mask, x, y));
      });
    }
  });

  it('gives the same in parts as whole, so that tiles have no seams', () => {
    const next = seeded(52);
    for (let i = 0; i < 60; i++) {
      const { mask } = drawn(next, 12, 12);
      const look = { ...PLAIN, dashed: i % 2 === 0, fill: 0.5, line: 1 + (i % 2) };
      const whole: Region = { x: 0, y: 0, width: 24, height: 24, scale: 2 };
      const all = new Uint32Array(24 * 24);
      paintMask(all, whole, mask, look);
      for (const [x, y] of [
        [0, 0],
        [12, 0],
        [0, 12],
        [12, 12],
      ] as const) {
        // prettier-ignore
        const part = new Uint32Array(12 * 12);
        paintMask(part, { x, y, width: 12, height: 12, scale: 2 }, mask, look);
        part.forEach((value, at) => {
          expect(value).toBe(all[(y + Math.floor(at / 12)) * 24 + x + (at % 12)]);
        });
      }
    }
  });

  it('tells edge from inside', () => {
    const pixels = new Uint32Array(25);
    paintMask(
      pixels,
      { x: 0, y: 0, width: 5, height: 5, scale: 1 },
      pictured(['.....', '.###.', '.###.', '.###.', '.....']),
      PLAIN,
    );
    expect(pixels[12]).toBe(0xff0000ff);
    expect(pixels[6]).toBe(0xffffffff);
  });
});
