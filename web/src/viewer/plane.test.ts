import { describe, expect, it } from 'vitest';
import { parsePlane } from './plane';

interface Fields {
  magic?: string;
  width?: number;
  height?: number;
  channels?: number;
  sampleBytes?: number;
  low?: number;
  high?: number;
}

function encode(fields: Fields, samples: Uint8Array): ArrayBuffer {
  const bytes = new ArrayBuffer(24 + samples.byteLength);
  const view = new DataView(bytes);
  new TextEncoder().encodeInto(fields.magic ?? 'ALP1', new Uint8Array(bytes, 0, 4));
  view.setUint32(4, fields.width ?? 2, true);
  view.setUint32(8, fields.height ?? 2, true);
  view.setUint8(12, fields.channels ?? 1);
  view.setUint8(13, fields.sampleBytes ?? 1);
  view.setFloat32(16, fields.low ?? 0, true);
  view.setFloat32(20, fields.high ?? 255, true);
  new Uint8Array(bytes, 24).set(samples);
  return bytes;
}

describe('ALP1', () => {
  it('reads 8-bit grey', () => {
    const plane = parsePlane(encode({}, Uint8Array.of(1, 2, 3, 4)));
    expect(plane).toMatchObject({ width: 2, height: 2, channels: 1, defaultWindow: { low: 0, high: 255 } });
    expect([...plane.samples]).toEqual([1, 2, 3, 4]);
  });

  it('reads 16-bit samples little-endian and without loss', () => {
    const plane = parsePlane(
      encode({ width: 2, height: 1, sampleBytes: 2 }, Uint8Array.of(0x34, 0x12, 0xff, 0xff)),
    );
    expect([...plane.samples]).toEqual([0x1234, 0xffff]);
  });

  it('reads interleaved colour', () => {
    const plane = parsePlane(encode({ width: 1, height: 1, channels: 3 }, Uint8Array.of(9, 8, 7)));
    expect(plane.channels).toBe(3);
    expect([...plane.samples]).toEqual([9, 8, 7]);
  });

  it('gives an empty window a width', () => {
    const { defaultWindow } = parsePlane(encode({ low: 70, high: 70 }, new Uint8Array(4)));
    expect(defaultWindow.high).toBeGreaterThan(defaultWindow.low);
  });

  it.each([
    ['another format', { magic: 'PNG1' }, 4],
    ['four channels', { channels: 4 }, 16],
    ['samples of 4 bytes', { sampleBytes: 4 }, 16],
    ['no pixels', { width: 0 }, 4],
    ['missing samples', {}, 3],
    ['a size beyond the data', { width: 100_000, height: 100_000 }, 4],
  ] satisfies [string, Fields, number][])('refuses %s', (_, fields, length) => {
    expect(() => parsePlane(encode(fields, new Uint8Array(length)))).toThrow();
  });

  it('refuses a header that is cut off', () => {
    expect(() => parsePlane(new ArrayBuffer(10))).toThrow('header');
  });
});
