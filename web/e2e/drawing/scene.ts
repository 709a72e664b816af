/** Pictures and proposals made up in the page, so that the harness needs no server. */
import { toCoco } from '../../src/drawing/core/coco-rle';
import type { Drawing, WireGeometry } from '../../src/drawing/core/geometry';
import { seeded } from '../../src/drawing/core/random-masks';
import { ellipseCorners, rasterize } from '../../src/drawing/core/rasterize';
import type { DrawingTask } from '../../src/drawing/session/marks';
import type { Proposal } from '../../src/drawing/session/session';

export interface Blob {
  x: number;
  y: number;
  rx: number;
  ry: number;
}

/** Bright ellipses: what there is to draw around. */
export function blobsOf(size: number): Blob[] {
  const next = seeded(7);
  return Array.from({ length: 9 }, (_, i) => ({
    x: size * (0.2 + 0.3 * (i % 3) + 0.04 * (next() - 0.5)),
    y: size * (0.2 + 0.3 * Math.floor(i / 3) + 0.04 * (next() - 0.5)),
    rx: size * (0.05 + 0.04 * next()),
    ry: size * (0.05 + 0.04 * next()),
  }));
}

/** The picture in the format ALP1, 16 bit. */
export function planeBytes(size: number): ArrayBuffer {
  const header = 24;
  const bytes = new ArrayBuffer(header + 2 * size * size);
  const view = new DataView(bytes);
  new Uint8Array(bytes).set([65, 76, 80, 49]);
  view.setUint32(4, size, true);
  view.setUint32(8, size, true);
  view.setUint8(12, 1);
  view.setUint8(13, 2);
  view.setFloat32(16, 0, true);
  view.setFloat32(20, 4000, true);
  const samples = new Uint16Array(bytes, header);
  const next = seeded(3);
  const noise = Float32Array.from({ length: 4096 }, () => (next() + next() - 1) * 220);
  const blobs = blobsOf(size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const ground = 900 + (700 * x) / size + 200 * Math.sin((9 * y) / size);
      samples[y * size + x] = ground + (noise[(x * 31 + y * 57 + ((x * y) >> 3)) & 4095] as number);
    }
  }
  for (const { x, y, rx, ry } of blobs) {
    for (let row = Math.floor(y - ry); row < y + ry; row++) {
      for (let column = Math.floor(x - rx); column < x + rx; column++) {
        const distance = Math.hypot((column + 0.5 - x) / rx, (row + 0.5 - y) / ry);
        if (distance < 1) samples[row * size + column] = (samples[row * size + column] as number) + 1400;
      }
    }
  }
  return bytes;
}

/** Many small shapes, half boxes and half polygons; in tasks of pixels every fourth is a mask. */
export function manyShapes(count: number, size: number, task: DrawingTask): Drawing {
  const next = seeded(11);
  const side = Math.ceil(Math.sqrt(count));
  const cell = size / side;
  const shapes = Array.from({ length: count }, (_, i) => {
    const [x, y] = [(i % side) * cell, Math.floor(i / side) * cell];
    const [width, height] = [cell * (0.4 + 0.4 * next()), cell * (0.4 + 0.4 * next())];
    const box = { x: Math.floor(x + 2), y: Math.floor(y + 2), width: Math.ceil(width), height: Math.ceil(height) };
    const corners = ellipseCorners(box).filter((_, k, all) => k % Math.max(1, Math.floor(all.length / 14)) === 0);
    let geometry: WireGeometry = { type: 'box', ...box };
    if (task !== 'detection' && i % 4 === 0) geometry = { type: 'mask', ...toCoco(rasterize(size, size, [corners])) };
    else if (i % 2 === 0 && task !== 'detection') {
      geometry = { type: 'polygon', outer: corners.map(([a, b]): [number, number] => [a, b]), holes: [] };
    }
    return { class: i % 3, geometry };
  });
  return { shapes };
}

/** What a model would propose: the blobs, a little wrong, with doubts that are not in order. */
export function proposalsOf(count: number, size: number, task: DrawingTask): Proposal[] {
  return blobsOf(size)
    .slice(0, count)
    .map(({ x, y, rx, ry }, i) => {
      const box = { x: Math.round(x - rx), y: Math.round(y - ry), width: Math.round(2 * rx), height: Math.round(2 * ry) };
      const geometry: WireGeometry =
        task === 'detection'
          ? { type: 'box', ...box }
          : { type: 'mask', ...toCoco(rasterize(size, size, [ellipseCorners(box)])) };
      return { class: i % 3, geometry, doubt: [0.3, 0.8, 0.5, 0.1, 0.6][i % 5] ?? null };
    });
}
