/**
 * One image as the server sends it: format ALP1, a header of 24 bytes and then the samples, all
 * little-endian, so that 8- and 16-bit samples arrive without loss.
 *
 * | bytes | meaning |
 * |---|---|
 * | 0-3 | `ALP1` |
 * | 4-7, 8-11 | width, height (u32) |
 * | 12 | channels, 1 or 3 (interleaved) |
 * | 13 | bytes per sample, 1 or 2 |
 * | 14-15 | zero |
 * | 16-19, 20-23 | default window: sample shown black, sample shown white (f32) |
 */
import type { Window } from './window';

export interface Plane {
  width: number;
  height: number;
  channels: 1 | 3;
  samples: Uint8Array | Uint16Array;
  defaultWindow: Window;
}

const HEADER_BYTES = 24;

export class PlaneError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PlaneError';
  }
}

/** Reads ALP1 bytes; the samples are a view into `bytes`, nothing is copied. */
export function parsePlane(bytes: ArrayBuffer): Plane {
  if (bytes.byteLength < HEADER_BYTES) throw new PlaneError('The image data ends before its header does.');
  const view = new DataView(bytes);
  const magic = String.fromCharCode(...new Uint8Array(bytes, 0, 4));
  if (magic !== 'ALP1') throw new PlaneError('The image data is not in the ALP1 format.');
  const width = view.getUint32(4, true);
  const height = view.getUint32(8, true);
  const channels = view.getUint8(12);
  const sampleBytes = view.getUint8(13);
  if (channels !== 1 && channels !== 3)
    throw new PlaneError(`Images of ${String(channels)} channels cannot be shown.`);
  if (sampleBytes !== 1 && sampleBytes !== 2)
    throw new PlaneError(`Samples of ${String(sampleBytes)} bytes cannot be shown.`);
  const count = width * height * channels;
  if (width === 0 || height === 0) throw new PlaneError('The image has no pixels.');
  if (bytes.byteLength < HEADER_BYTES + count * sampleBytes) {
    throw new PlaneError('The image data is shorter than its header says.');
  }
  const samples =
    sampleBytes === 1
      ? new Uint8Array(bytes, HEADER_BYTES, count)
      : new Uint16Array(bytes, HEADER_BYTES, count);
  const low = view.getFloat32(16, true);
  const high = view.getFloat32(20, true);
  return { width, height, channels, samples, defaultWindow: { low, high: Math.max(high, low + 1) } };
}
