/**
 * A picture of all marks in tiles, painted once for a scale: moving the image then only copies tiles, and
 * an edit paints again what it touches. While the scale changes, tiles of another scale stand in; what is
 * missing is painted over several frames, so that no frame waits for ten thousand shapes.
 */
import type { Rect } from '../core/mask';
import type { Size, Viewport } from '../../viewer/viewport';
import type { Region } from './mask-paint';

export type PaintRegion = (
  context: CanvasRenderingContext2D,
  region: Region,
  offsetX: number,
  offsetY: number,
) => void;

interface Tile {
  /** `null` where nothing was ever painted. */
  context: CanvasRenderingContext2D | null;
  /** Part of the image whose picture is out of date; `null` where none is. */
  stale: Rect | null;
  usedAt: number;
}

interface Level {
  scale: number;
  tiles: Map<string, Tile>;
}

/** Device pixels. */
const SIDE = 256;
/** Time for painting in one frame, in milliseconds; an edit may take a little more. */
const BUDGET_MS = 5;
/** A scale that stays this long is painted for; until then tiles of the last one are stretched. */
const SETTLED_MS = 90;
/** Beyond this stretching is too coarse to wait. */
const MOST_STRETCH = 2;
const MOST_TILES = 320;
/** Device pixels around a change whose lines may look different. */
const MARGIN = 4;

export interface TileLayer {
  /** Draws what there is; `true` while there is more to paint. */
  draw: (context: CanvasRenderingContext2D, viewport: Viewport, size: Size, pixelRatio: number) => boolean;
  /** A part of the image, or all of it, looks different now. */
  invalidate: (dirty: Rect | null) => void;
  /** Tiles waiting to be painted, after the last drawing. */
  waiting: () => number;
}

export function createTileLayer(
  paint: PaintRegion,
  isEmpty: (region: Region) => boolean,
  image: Size,
): TileLayer {
  let level: Level | null = null;
  let before: Level | null = null;
  /** The whole image at the scale at which it fits: always there to stand in. */
  let overview: Level | null = null;
  let asked = { scale: 0, since: 0 };
  let frame = 0;
  let waiting = 0;

  const paintTile = (own: Level, x: number, y: number): void => {
    const key = `${String(x)} ${String(y)}`;
    const region = { x: x * SIDE, y: y * SIDE, width: SIDE, height: SIDE, scale: own.scale };
    const tile = own.tiles.get(key);
    if (tile === undefined) {
      const context = isEmpty(region) ? null : newContext();
      own.tiles.set(key, { context, stale: null, usedAt: frame });
      if (context !== null) paint(context, region, 0, 0);
      return;
    }
    if (tile.context === null && tile.stale !== null) {
      own.tiles.delete(key);
      paintTile(own, x, y);
      return;
    }
    if (tile.context === null) return;
    if (tile.stale === null) return;
    const { left, top, right, bottom } = tile.stale;
    tile.stale = null;
    const from = (value: number, start: number): number =>
      Math.max(0, Math.floor(value * own.scale) - start * SIDE - MARGIN);
    const to = (value: number, start: number): number =>
      Math.min(SIDE, Math.ceil(value * own.scale) - start * SIDE + MARGIN);
    const [offsetX, offsetY] = [from(left, x), from(top, y)];
    const [width, height] = [to(right, x) - offsetX, to(bottom, y) - offsetY];
    if (width <= 0 || height <= 0) return;
    const part = { x: x * SIDE + offsetX, y: y * SIDE + offsetY, width, height, scale: own.scale };
    paint(tile.context, part, offsetX, offsetY);
  };

  const chooseLevel = (scale: number, now: number): Level => {
    if (asked.scale !== scale) asked = { scale, since: now };
    if (level === null) level = { scale, tiles: new Map() };
    const stretch = Math.max(scale / level.scale, level.scale / scale);
    if (stretch > 1 && (stretch > MOST_STRETCH || now - asked.since >= SETTLED_MS)) {
      if (before === null || level.tiles.size > 0) before = level;
      level = { scale, tiles: new Map() };
    }
    return level;
  };

  return {
    draw(context, viewport, size, pixelRatio) {
      frame++;
      const start = performance.now();
      const { width, height } = context.canvas;
      const scale = viewport.scale * pixelRatio;
      const own = chooseLevel(scale, start);
      const fitted = Math.min(size.width / image.width, size.height / image.height) * pixelRatio;
      if (overview?.scale !== fitted)
        overview = own.scale === fitted ? own : { scale: fitted, tiles: new Map() };
      const fallbacks = [before, overview].filter((other) => other !== null && other !== own) as Level[];
      const view = { viewport, scale, width, height };

      const visible = tilesIn(own, view);
      const todo = visible.filter(({ key }) => own.tiles.get(key)?.stale !== null);
      // What somebody is changing comes first, then the middle of the view.
      const rank = ({ key, distance }: Visible): number => (own.tiles.has(key) ? -1e9 : 0) + distance;
      todo.sort((a, b) => rank(a) - rank(b));
      waiting = todo.length;
      for (const { x, y } of todo) {
        if (performance.now() - start > BUDGET_MS) break;
        paintTile(own, x, y);
        waiting--;
      }
      for (const place of visible) {
        if (own.tiles.has(place.key)) blit(context, own, place, view);
        else fallBack(context, fallbacks, own, place, view);
      }
      if (waiting === 0) {
        if (own.scale === scale) before = null;
        waiting += paintOverview(overview, own, start);
      }
      trim(own);
      return waiting > 0 || own.scale !== scale;
    },
    invalidate(dirty) {
      if (dirty === null) {
        before = null;
        overview = null;
        if (level !== null) level = { scale: level.scale, tiles: new Map() };
        return;
      }
      for (const own of new Set([level, before, overview])) if (own !== null) markStale(own, dirty);
    },
    waiting: () => waiting,
  };

  function paintOverview(whole: Level, own: Level, start: number): number {
    if (whole === own) return 0;
    let left = 0;
    for (let y = 0; y * SIDE < image.height * whole.scale; y++) {
      for (let x = 0; x * SIDE < image.width * whole.scale; x++) {
        if (whole.tiles.get(`${String(x)} ${String(y)}`)?.stale === null) continue;
        if (performance.now() - start > BUDGET_MS) left++;
        else paintTile(whole, x, y);
      }
    }
    return left;
  }

  function trim(own: Level): void {
    if (own.tiles.size <= MOST_TILES) return;
    const oldest = [...own.tiles].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key] of oldest.slice(0, own.tiles.size - MOST_TILES)) own.tiles.delete(key);
  }

  function blit(context: CanvasRenderingContext2D, own: Level, { x, y, key }: Visible, view: View): void {
    const tile = own.tiles.get(key);
    if (tile === undefined) return;
    tile.usedAt = frame;
    if (tile.context === null) return;
    const { canvas } = tile.context;
    const { left, top, right, bottom } = onScreen(own, x, y, view);
    if (right - left === SIDE && bottom - top === SIDE) context.drawImage(canvas, left, top);
    else context.drawImage(canvas, left, top, right - left, bottom - top);
  }

  /** Fills the place of a missing tile from other scales. */
  function fallBack(
    context: CanvasRenderingContext2D,
    fallbacks: readonly Level[],
    own: Level,
    place: Visible,
    view: View,
  ): void {
    const hole = onScreen(own, place.x, place.y, view);
    for (const other of fallbacks) {
      const found = tilesIn(other, view, hole).filter(({ key }) => other.tiles.has(key));
      if (found.length === 0) continue;
      context.save();
      context.beginPath();
      context.rect(hole.left, hole.top, hole.right - hole.left, hole.bottom - hole.top);
      context.clip();
      for (const tile of found) blit(context, other, tile, view);
      context.restore();
      return;
    }
  }
}

function newContext(): CanvasRenderingContext2D | null {
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  // Painted by the processor: thousands of small paths are slow where there is no real graphics device,
  // and the pixels of masks would have to travel there anyway.
  return canvas.getContext('2d', { willReadFrequently: true });
}

interface View {
  viewport: Viewport;
  /** Device pixels a pixel of the image. */
  scale: number;
  width: number;
  height: number;
}

interface Visible {
  x: number;
  y: number;
  key: string;
  distance: number;
}

/** Where a tile lies on the canvas, in whole device pixels: neighbours share an edge, so no seam shows. */
function onScreen(own: Level, x: number, y: number, { viewport, scale, width, height }: View): Rect {
  const stretch = scale / own.scale;
  const left = Math.round(width / 2 - viewport.centerX_px * scale);
  const top = Math.round(height / 2 - viewport.centerY_px * scale);
  return {
    left: Math.round(left + x * SIDE * stretch),
    top: Math.round(top + y * SIDE * stretch),
    right: Math.round(left + (x + 1) * SIDE * stretch),
    bottom: Math.round(top + (y + 1) * SIDE * stretch),
  };
}

/** Tiles that meet the canvas, or a part of it. */
function tilesIn(own: Level, view: View, part?: Rect): Visible[] {
  const { viewport, scale, width, height } = view;
  const within = part ?? { left: 0, top: 0, right: width, bottom: height };
  const side = (SIDE * scale) / own.scale;
  const originX = width / 2 - viewport.centerX_px * scale;
  const originY = height / 2 - viewport.centerY_px * scale;
  const found: Visible[] = [];
  for (let y = Math.floor((within.top - originY) / side); originY + y * side < within.bottom; y++) {
    for (let x = Math.floor((within.left - originX) / side); originX + x * side < within.right; x++) {
      const distance = Math.hypot(
        originX + (x + 0.5) * side - width / 2,
        originY + (y + 0.5) * side - height / 2,
      );
      found.push({ x, y, key: `${String(x)} ${String(y)}`, distance });
    }
  }
  return found;
}

function markStale(own: Level, dirty: Rect): void {
  const margin = MARGIN / own.scale;
  for (const [key, tile] of own.tiles) {
    const [x = 0, y = 0] = key.split(' ').map(Number);
    const side = SIDE / own.scale;
    const meets =
      x * side < dirty.right + margin &&
      dirty.left - margin < (x + 1) * side &&
      y * side < dirty.bottom + margin &&
      dirty.top - margin < (y + 1) * side;
    if (!meets) continue;
    const { stale } = tile;
    tile.stale =
      stale === null
        ? { ...dirty }
        : {
            left: Math.min(stale.left, dirty.left),
            top: Math.min(stale.top, dirty.top),
            right: Math.max(stale.right, dirty.right),
            bottom: Math.max(stale.bottom, dirty.bottom),
          };
  }
}
