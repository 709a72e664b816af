/** Which marks lie in a rectangle, without looking at all of them: a grid of cells. */
import type { Rect } from '../core/mask';

/** Cells along the longer side of an image. */
const CELLS = 64;
const SMALLEST_CELL_PX = 16;
/** Marks that would fill more cells than this are kept in a list of their own. */
const MOST_CELLS = 256;

export interface SpatialIndex {
  insert: (id: number, extent: Rect) => void;
  remove: (id: number) => void;
  /** Numbers of marks whose rectangle meets this one, rising. */
  query: (rect: Rect) => number[];
  clear: () => void;
}

export function createSpatialIndex(width: number, height: number): SpatialIndex {
  const side = Math.max(SMALLEST_CELL_PX, Math.ceil(Math.max(width, height) / CELLS));
  const columns = Math.ceil(width / side);
  const rows = Math.ceil(height / side);
  const cells = new Map<number, Set<number>>();
  const extents = new Map<number, Rect>();
  const large = new Set<number>();

  const cellsOf = (rect: Rect): number[] => {
    // What lies outside the image belongs to the cells at its border.
    const column = (x: number): number => Math.min(columns - 1, Math.max(0, Math.floor(x / side)));
    const row = (y: number): number => Math.min(rows - 1, Math.max(0, Math.floor(y / side)));
    const found: number[] = [];
    for (let y = row(rect.top); y <= row(rect.bottom - 1e-6); y++) {
      for (let x = column(rect.left); x <= column(rect.right - 1e-6); x++) found.push(y * columns + x);
    }
    return found;
  };

  return {
    insert(id, extent) {
      extents.set(id, extent);
      const own = cellsOf(extent);
      if (own.length > MOST_CELLS) {
        large.add(id);
        return;
      }
      for (const cell of own) {
        const ids = cells.get(cell);
        if (ids === undefined) cells.set(cell, new Set([id]));
        else ids.add(id);
      }
    },
    remove(id) {
      const extent = extents.get(id);
      if (extent === undefined) return;
      extents.delete(id);
      if (large.delete(id)) return;
      for (const cell of cellsOf(extent)) cells.get(cell)?.delete(id);
    },
    query(rect) {
      const found = new Set<number>();
      const take = (id: number): void => {
        const extent = extents.get(id);
        if (extent !== undefined && meets(extent, rect)) found.add(id);
      };
      large.forEach(take);
      for (const cell of cellsOf(rect)) cells.get(cell)?.forEach(take);
      return [...found].sort((a, b) => a - b);
    },
    clear() {
      cells.clear();
      extents.clear();
      large.clear();
    },
  };
}

export function meets(a: Rect, b: Rect): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** The rectangle around two. */
export function around(a: Rect | null, b: Rect | null): Rect | null {
  if (a === null || b === null) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}
