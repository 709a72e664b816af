import { describe, expect, it } from 'vitest';
import { createPlaneCache } from './planes';

function bytesOf(width: number, height: number): ArrayBuffer {
  const bytes = new ArrayBuffer(24 + width * height);
  const view = new DataView(bytes);
  new TextEncoder().encodeInto('ALP1', new Uint8Array(bytes, 0, 4));
  view.setUint32(4, width, true);
  view.setUint32(8, height, true);
  view.setUint8(12, 1);
  view.setUint8(13, 1);
  return bytes;
}

describe('plane cache', () => {
  it('fetches an image once, however often it is asked for', async () => {
    let fetched = 0;
    const cache = createPlaneCache(() => {
      fetched += 1;
      return Promise.resolve(bytesOf(4, 4));
    });
    const [a, b] = await Promise.all([cache.load(1), cache.load(1)]);
    expect(a).toBe(b);
    expect(await cache.load(1)).toBe(a);
    expect(cache.peek(1)).toBe(a);
    expect(fetched).toBe(1);
  });

  it('tries again after a failure', async () => {
    let fetched = 0;
    const cache = createPlaneCache(() => {
      fetched += 1;
      return fetched === 1 ? Promise.reject(new Error('away')) : Promise.resolve(bytesOf(4, 4));
    });
    await expect(cache.load(1)).rejects.toThrow('away');
    expect(cache.peek(1)).toBeUndefined();
    await cache.load(1);
    expect(cache.peek(1)).toBeDefined();
  });

  it('drops the oldest first when the memory is full, and says so', async () => {
    // 100 MB each: the budget holds three, the smallest count five.
    const big = bytesOf(10_000, 10_000);
    const cache = createPlaneCache(() => Promise.resolve(big));
    const dropped: unknown[] = [];
    cache.onDrop((pyramid) => dropped.push(pyramid));
    const first = await cache.load(0);
    for (let id = 1; id < 6; id++) await cache.load(id);
    expect(dropped).toEqual([first]);
    expect(cache.peek(0)).toBeUndefined();
    expect(cache.peek(1)).toBeDefined();
  });
});
