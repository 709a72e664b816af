/** Outlines to masks: polygons by the rule of `crates/annotation`, and what brushes leave. */
import { emptyMask, firstPixel, Toggles, type Mask } from './mask';

export type Point = readonly [x: number, y: number];

/** A side of a ring, from left to right, and the columns whose centres it passes. */
interface Side {
  x: number;
  y: number;
  run: number;
  rise: number;
  first: number;
  past: number;
}

/**
 * The pixels whose centres lie inside the rings by the even-odd rule; a centre exactly on a side belongs
 * to the shape to the right of or below it. Coordinates count in single precision, as the server keeps
 * them. Takes time by the columns that each side passes.
 */
export function rasterize(width: number, height: number, rings: readonly (readonly Point[])[]): Mask {
  const sides: Side[] = [];
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i++) {
      const side = sideBetween(ring[i] as Point, ring[(i + 1) % ring.length] as Point, width);
      if (side !== null) sides.push(side);
    }
  }
  if (sides.length === 0) return emptyMask(width, height);
  sides.sort((a, b) => a.first - b.first);
  const toggles = new Toggles();
  let waiting = 0;
  let crossed: Side[] = [];
  let x = 0;
  while (crossed.length > 0 || waiting < sides.length) {
    if (crossed.length === 0) x = (sides[waiting] as Side).first;
    while (waiting < sides.length && (sides[waiting] as Side).first === x) {
      crossed.push(sides[waiting++] as Side);
    }
    const rows = crossed.map((side) => rowBelow(side, x, height)).sort((a, b) => a - b);
    // Rings are closed, so the sides that a column crosses are even in number.
    for (let i = 0; i + 1 < rows.length; i += 2) {
      toggles.run(x * height + (rows[i] as number), x * height + (rows[i + 1] as number));
    }
    x++;
    crossed = crossed.filter((side) => side.past > x);
  }
  return { width, height, toggles: toggles.finish() };
}

/** `null` for a side that passes no centre of a column of the image, upright ones among them. */
function sideBetween(start: Point, end: Point, width: number): Side | null {
  const a: Point = [Math.fround(start[0]), Math.fround(start[1])];
  const b: Point = [Math.fround(end[0]), Math.fround(end[1])];
  // Always from left to right: two shapes that share a side then get the same numbers for it.
  const [from, to] = a[0] < b[0] ? [a, b] : [b, a];
  const first = firstPixel(from[0], width);
  const past = firstPixel(to[0], width);
  if (first >= past) return null;
  return { x: from[0], y: from[1], run: to[0] - from[0], rise: to[1] - from[1], first, past };
}

/** The first row whose centre is at or below the side in a column. */
function rowBelow(side: Side, column: number, height: number): number {
  // Divided last: a centre on the side is then met exactly.
  return firstPixel(side.y + ((column + 0.5 - side.x) * side.rise) / side.run, height);
}

/** Pixels whose centres are within `radius` of the way from one point to another: a step of a brush. */
export function capsule(width: number, height: number, from: Point, to: Point, radius: number): Mask {
  const toggles = new Toggles();
  const left = firstPixel(Math.min(from[0], to[0]) - radius, width);
  const right = firstPixel(Math.max(from[0], to[0]) + radius, width);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  const [nx, ny] = length === 0 ? [0, 0] : [(-dy / length) * radius, (dx / length) * radius];
  const quad: Point[] = [
    [from[0] + nx, from[1] + ny],
    [to[0] + nx, to[1] + ny],
    [to[0] - nx, to[1] - ny],
    [from[0] - nx, from[1] - ny],
  ];
  for (let x = left; x < right; x++) {
    // The shape is convex, so the parts of a column that its pieces hold join to one run.
    let top = Infinity;
    let bottom = -Infinity;
    const take = (y: number): void => {
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    };
    for (const end of [from, to]) {
      const half = radius * radius - (x + 0.5 - end[0]) ** 2;
      if (half < 0) continue;
      take(end[1] - Math.sqrt(half));
      take(end[1] + Math.sqrt(half));
    }
    if (length > 0) {
      for (let i = 0; i < 4; i++) {
        const [a, b] = [quad[i] as Point, quad[(i + 1) % 4] as Point];
        const share = (x + 0.5 - a[0]) / (b[0] - a[0]);
        if (share >= 0 && share <= 1) take(a[1] + share * (b[1] - a[1]));
      }
    }
    toggles.run(x * height + firstPixel(top, height), x * height + firstPixel(bottom, height));
  }
  const found: Mask = { width, height, toggles: toggles.finish() };
  // A brush finer than a pixel still paints the one that it is on.
  return found.toggles.length > 0 ? found : onePixel(width, height, Math.floor(to[0]), Math.floor(to[1]));
}

export function disc(width: number, height: number, center: Point, radius: number): Mask {
  return capsule(width, height, center, center, radius);
}

export function onePixel(width: number, height: number, x: number, y: number): Mask {
  if (x < 0 || y < 0 || x >= width || y >= height) return emptyMask(width, height);
  const position = x * height + y;
  return { width, height, toggles: Uint32Array.of(position, position + 1) };
}

/** Corners of an ellipse in a box, enough of them that no side is further than 1/20 px from the curve. */
export function ellipseCorners(box: { x: number; y: number; width: number; height: number }): Point[] {
  const [rx, ry] = [box.width / 2, box.height / 2];
  const step = 2 * Math.acos(Math.max(0, 1 - 0.05 / Math.max(rx, ry, 0.1)));
  const count = Math.min(256, Math.max(12, 4 * Math.ceil((2 * Math.PI) / step / 4)));
  return Array.from({ length: count }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / count;
    return [Math.fround(box.x + rx + rx * Math.cos(angle)), Math.fround(box.y + ry + ry * Math.sin(angle))];
  });
}

/**
 * Pixels that a line passes, each sharing a side with the next, so that what lies on both sides of it
 * is not connected by sides or, in a mask cut along it, at all.
 */
export function lineMask(width: number, height: number, points: readonly Point[]): Mask {
  const places = new Set<number>();
  for (let i = 0; i + 1 < points.length; i++) {
    walkLine(points[i] as Point, points[i + 1] as Point, (x, y) => {
      if (x >= 0 && y >= 0 && x < width && y < height) places.add(x * height + y);
    });
  }
  const toggles = new Toggles(places.size * 2);
  for (const position of Uint32Array.from(places).sort()) toggles.run(position, position + 1);
  return { width, height, toggles: toggles.finish() };
}

/** Steps from pixel to pixel over shared sides (Amanatides and Woo 1987). */
function walkLine(from: Point, to: Point, visit: (x: number, y: number) => void): void {
  let [x, y] = [Math.floor(from[0]), Math.floor(from[1])];
  const [endX, endY] = [Math.floor(to[0]), Math.floor(to[1])];
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const [stepX, stepY] = [Math.sign(dx), Math.sign(dy)];
  let nextX = dx === 0 ? Infinity : ((stepX > 0 ? x + 1 : x) - from[0]) / dx;
  let nextY = dy === 0 ? Infinity : ((stepY > 0 ? y + 1 : y) - from[1]) / dy;
  visit(x, y);
  for (let left = Math.abs(endX - x) + Math.abs(endY - y); left > 0; left--) {
    if (nextX < nextY) {
      x += stepX;
      nextX += stepX / dx;
    } else {
      y += stepY;
      nextY += stepY / dy;
    }
    visit(x, y);
  }
}
