import { describe, expect, it } from 'vitest';
import { layerBetween, type Layer, type Shape } from './layers';
import { area, sameMask, type Mask } from './mask';
import { intersectionArea } from './mask-sets';
import { disc } from './rasterize';

const SIZE = { width: 80, height: 60 };
const round = (x: number, y: number, radius: number): Mask => disc(80, 60, [x, y], radius);
const shape = (index: number, mask: Mask): Shape => ({ class: index, geometry: { type: 'mask', mask } });
const box = (index: number, x: number, y: number, width: number, height: number): Shape => ({
  class: index,
  geometry: { type: 'box', x, y, width, height },
});
const layer = (position: number, ...shapes: Shape[]): Layer => ({ position, shapes });
const masks = (shapes: Shape[]): Mask[] =>
  shapes.flatMap(({ geometry }) => (geometry.type === 'mask' ? [geometry.mask] : []));

describe('between two slices', () => {
  it('masks of a class are mixed by where the slice lies', () => {
    const first = layer(10, shape(1, round(20, 30, 6)), shape(0, round(60, 30, 5)));
    const second = layer(30, shape(1, round(36, 30, 12)));
    const [only, ...others] = layerBetween('semantic', SIZE, [first, second], 15);
    expect(others).toEqual([]);
    expect(only?.class).toBe(1);
    const wanted = round(24, 30, 7.5);
    const [mask] = masks([only as Shape]) as [Mask];
    expect(intersectionArea(mask, wanted) / area(wanted)).toBeGreaterThan(0.9);
  });

  it('boxes go with the nearest of their class; one without a partner stays on the nearer half', () => {
    const first = layer(0, box(0, 10, 10, 10, 10), box(0, 40, 10, 10, 10), box(1, 60, 40, 8, 8));
    const second = layer(4, box(0, 44, 14, 14, 10), box(0, 10, 12, 10, 14));
    const pairs = [box(0, 10, 10.5, 10, 11), box(0, 41, 11, 11, 10)];
    expect(layerBetween('detection', SIZE, [first, second], 1)).toEqual([...pairs, box(1, 60, 40, 8, 8)]);
    expect(layerBetween('detection', SIZE, [first, second], 3)).toHaveLength(2);
    // Either way round it is the same.
    expect(layerBetween('detection', SIZE, [second, first], 1)).toHaveLength(3);
  });

  it('instances that lie far apart are two objects', () => {
    const [near, far] = [round(20, 20, 5), round(60, 40, 5)];
    const shapes = layerBetween('instances', SIZE, [layer(0, shape(0, near)), layer(2, shape(0, far))], 0.5);
    expect(masks(shapes)).toHaveLength(1);
    expect(sameMask(masks(shapes)[0] as Mask, near)).toBe(true);
  });
});
