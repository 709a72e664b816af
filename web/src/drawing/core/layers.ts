/** Shapes of a slice from those of its neighbours: what lies between two, or what one has. */
import { between } from './interpolate';
import { extentOf, pixelsOf, type Geometry } from './geometry';
import { emptyMask, isEmpty, type Mask } from './mask';
import { union } from './mask-sets';

export interface Shape {
  class: number;
  geometry: Geometry;
}

/** A drawn slice. */
export interface Layer {
  /** Where it lies in its series. */
  position: number;
  shapes: readonly Shape[];
}

/**
 * What to expect at `position` between two drawn slices: masks of a class by signed distances; boxes and
 * instances each with its partner, and without one as they are on the nearer slice.
 */
export function layerBetween(
  task: 'detection' | 'semantic' | 'instances',
  { width, height }: { width: number; height: number },
  [first, second]: readonly [Layer, Layer],
  position: number,
): Shape[] {
  const share = (position - first.position) / (second.position - first.position);
  if (task === 'semantic') {
    const classes = new Set([...first.shapes, ...second.shapes].map((shape) => shape.class));
    return [...classes]
      .sort((a, b) => a - b)
      .flatMap((index) => {
        const [a, b] = [first, second].map((layer) => pixelsOfClass(layer, index, width, height));
        return found(index, between(a as Mask, b as Mask, share));
      });
  }
  const pairs = partners(first.shapes, second.shapes);
  const nearer = share < 0.5 ? first : second;
  const single = nearer.shapes.filter((shape) => !pairs.some((pair) => pair.includes(shape)));
  const middle = pairs.flatMap(([a, b]) => {
    if (a.geometry.type === 'box' && b.geometry.type === 'box') {
      return [{ class: a.class, geometry: boxBetween(a.geometry, b.geometry, share) }];
    }
    const [from, to] = [a, b].map((shape) => pixelsOf(shape.geometry, width, height));
    return found(a.class, between(from as Mask, to as Mask, share));
  });
  return [...middle, ...single];
}

function found(index: number, mask: Mask): Shape[] {
  return isEmpty(mask) ? [] : [{ class: index, geometry: { type: 'mask', mask } }];
}

function pixelsOfClass(layer: Layer, index: number, width: number, height: number): Mask {
  return layer.shapes
    .filter((shape) => shape.class === index)
    .map((shape) => pixelsOf(shape.geometry, width, height))
    .reduce(union, emptyMask(width, height));
}

type BoxGeometry = Extract<Geometry, { type: 'box' }>;

function boxBetween(a: BoxGeometry, b: BoxGeometry, share: number): Geometry {
  const mix = (from: number, to: number): number => from + share * (to - from);
  return {
    type: 'box',
    x: mix(a.x, b.x),
    y: mix(a.y, b.y),
    width: mix(a.width, b.width),
    height: mix(a.height, b.height),
  };
}

/** Shapes of one class that are the same object on both slices, the closest first; each at most once. */
function partners(first: readonly Shape[], second: readonly Shape[]): [Shape, Shape][] {
  const candidates = first.flatMap((a) =>
    second
      .filter((b) => b.class === a.class)
      .map((b) => ({ pair: [a, b] as [Shape, Shape], far: apart(a.geometry, b.geometry) }))
      .filter(({ far }) => far <= 1),
  );
  candidates.sort((a, b) => a.far - b.far);
  const taken = new Set<Shape>();
  return candidates.flatMap(({ pair }) => {
    if (pair.some((shape) => taken.has(shape))) return [];
    for (const shape of pair) taken.add(shape);
    return [pair];
  });
}

/** How far two centres lie apart, for half the diagonals of both; beyond 1 it is hardly one object. */
function apart(a: Geometry, b: Geometry): number {
  const [first, second] = [a, b].map((geometry) => {
    const { left, top, right, bottom } = extentOf(geometry);
    return {
      x: (left + right) / 2,
      y: (top + bottom) / 2,
      reach: Math.hypot(right - left, bottom - top) / 2,
    };
  }) as [Place, Place];
  return Math.hypot(first.x - second.x, first.y - second.y) / (first.reach + second.reach);
}

interface Place {
  x: number;
  y: number;
  reach: number;
}
