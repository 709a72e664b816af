/** Shapes as the server sends and takes them, and as the drawing engine holds them. */
import { fromCoco, toCoco, type CocoRle } from './coco-rle';
import {
  bounds,
  contains,
  GeometryError,
  maskOfBox,
  moved,
  area as maskArea,
  type Mask,
  type Rect,
} from './mask';
import { distanceToSegment, signedArea } from './contours';
import { rasterize, type Point } from './rasterize';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type WireGeometry =
  | ({ type: 'box' } & Box)
  | { type: 'polygon'; outer: [number, number][]; holes: [number, number][][] }
  | { type: 'mask'; size: [number, number]; counts: string };

export interface WireShape {
  class: number;
  geometry: WireGeometry;
}

export interface Drawing {
  shapes: WireShape[];
  /** Pixels that count neither way. */
  ignored?: { size: [number, number]; counts: string };
}

export type Geometry =
  | ({ readonly type: 'box' } & Readonly<Box>)
  | {
      readonly type: 'polygon';
      readonly outer: readonly Point[];
      readonly holes: readonly (readonly Point[])[];
    }
  | { readonly type: 'mask'; readonly mask: Mask };

/** Further out, single precision skips pixels; the server refuses such coordinates. */
const MOST_COORDINATE = 2 ** 24;

export function geometryOf(wire: WireGeometry): Geometry {
  switch (wire.type) {
    case 'box': {
      const { x, y, width, height } = wire;
      [x, y, width, height].forEach(checkCoordinate);
      if (!(width > 0 && height > 0)) throw new GeometryError('A box has no inside.');
      return { type: 'box', x, y, width, height };
    }
    case 'polygon': {
      const rings = [wire.outer, ...((wire.holes as typeof wire.holes | undefined) ?? [])];
      for (const ring of rings) {
        if (ring.length < 3) throw new GeometryError('A ring of a polygon has fewer than 3 corners.');
        for (const corner of ring) corner.forEach(checkCoordinate);
      }
      return { type: 'polygon', outer: wire.outer, holes: rings.slice(1) };
    }
    case 'mask':
      return { type: 'mask', mask: fromCoco(wire satisfies CocoRle) };
  }
}

export function wireOf(geometry: Geometry): WireGeometry {
  const pair = ([x, y]: Point): [number, number] => [Math.fround(x), Math.fround(y)];
  switch (geometry.type) {
    case 'box': {
      const [x, y] = [Math.fround(geometry.x), Math.fround(geometry.y)];
      return { type: 'box', x, y, width: Math.fround(geometry.width), height: Math.fround(geometry.height) };
    }
    case 'polygon':
      return {
        type: 'polygon',
        outer: geometry.outer.map(pair),
        holes: geometry.holes.map((ring) => ring.map(pair)),
      };
    case 'mask':
      return { type: 'mask', ...toCoco(geometry.mask) };
  }
}

function checkCoordinate(value: number): void {
  if (!(Math.abs(value) <= MOST_COORDINATE))
    throw new GeometryError('A coordinate is no number or too far out.');
}

const masks = new WeakMap<Geometry, Mask>();

/** The pixels of a shape; made once for each. */
export function pixelsOf(geometry: Geometry, width: number, height: number): Mask {
  if (geometry.type === 'mask') return geometry.mask;
  const known = masks.get(geometry);
  if (known !== undefined && known.width === width && known.height === height) return known;
  const made =
    geometry.type === 'box'
      ? maskOfBox(width, height, geometry)
      : rasterize(width, height, [geometry.outer, ...geometry.holes]);
  masks.set(geometry, made);
  return made;
}

const extents = new WeakMap<Geometry, Rect>();
const NOWHERE: Rect = { left: 0, top: 0, right: 0, bottom: 0 };

/** The rectangle of whole pixels around a shape, also where it reaches outside the image. */
export function extentOf(geometry: Geometry): Rect {
  const known = extents.get(geometry);
  if (known !== undefined) return known;
  const made = newExtent(geometry);
  extents.set(geometry, made);
  return made;
}

function newExtent(geometry: Geometry): Rect {
  if (geometry.type === 'mask') return bounds(geometry.mask) ?? NOWHERE;
  if (geometry.type === 'box') {
    const { x, y, width, height } = geometry;
    return {
      left: Math.floor(x),
      top: Math.floor(y),
      right: Math.ceil(x + width),
      bottom: Math.ceil(y + height),
    };
  }
  const found = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [x, y] of geometry.outer) {
    found.left = Math.min(found.left, Math.floor(x));
    found.top = Math.min(found.top, Math.floor(y));
    found.right = Math.max(found.right, Math.ceil(x));
    found.bottom = Math.max(found.bottom, Math.ceil(y));
  }
  return found;
}

/** Area in square pixels. */
export function areaOf(geometry: Geometry): number {
  if (geometry.type === 'mask') return maskArea(geometry.mask);
  if (geometry.type === 'box') return geometry.width * geometry.height;
  const size = (ring: readonly Point[]): number => Math.abs(signedArea(ring));
  return size(geometry.outer) - geometry.holes.reduce((sum, ring) => sum + size(ring), 0);
}

/** Whether a place is in a shape, or within `reach` of the outline of a box or polygon. */
export function isAt(geometry: Geometry, x: number, y: number, reach: number): boolean {
  switch (geometry.type) {
    case 'mask':
      return contains(geometry.mask, Math.floor(x), Math.floor(y));
    case 'box':
      return (
        x >= geometry.x - reach &&
        y >= geometry.y - reach &&
        x < geometry.x + geometry.width + reach &&
        y < geometry.y + geometry.height + reach
      );
    case 'polygon': {
      let inside = false;
      for (const ring of [geometry.outer, ...geometry.holes]) {
        for (let i = 0; i < ring.length; i++) {
          const [a, b] = [ring[i] as Point, ring[(i + 1) % ring.length] as Point];
          if (distanceToSegment([x, y], a, b) <= reach) return true;
          const crosses = a[0] <= x !== b[0] <= x;
          if (crosses && a[1] + ((x - a[0]) * (b[1] - a[1])) / (b[0] - a[0]) <= y) inside = !inside;
        }
      }
      return inside;
    }
  }
}

/** The same shape moved; pixels of a mask move by whole pixels. */
export function movedBy(geometry: Geometry, dx: number, dy: number): Geometry {
  const place = ([x, y]: Point): Point => [x + dx, y + dy];
  switch (geometry.type) {
    case 'box':
      return { ...geometry, x: geometry.x + dx, y: geometry.y + dy };
    case 'polygon':
      return {
        type: 'polygon',
        outer: geometry.outer.map(place),
        holes: geometry.holes.map((ring) => ring.map(place)),
      };
    case 'mask':
      return { type: 'mask', mask: moved(geometry.mask, Math.round(dx), Math.round(dy)) };
  }
}
