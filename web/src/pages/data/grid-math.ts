/**
 * Geometry of the virtual grid. A million rows are far higher than browsers let an element be, so
 * beyond a limit the scroll bar stands for a taller list: small moves scroll pixel by pixel, large
 * ones (dragging the bar) jump in proportion. The idea is that of SlickGrid's paged viewport.
 *
 * Two heights: `_list` is the true list, `_bar` is the element the browser scrolls.
 */

/** Safely below the limits of today's browsers (Firefox stops at about 17 million pixels). */
export const LARGEST_BAR = 8_000_000;

export interface GridLayout {
  columns: number;
  rows: number;
  cellWidth: number;
  rowHeight: number;
  height_list: number;
  height_bar: number;
}

/** Cells as wide as fit at `cell` px or more, with `gap` px between; square plus `caption` px below. */
export function layoutGrid(
  total: number,
  width: number,
  cell: number,
  gap: number,
  caption: number,
): GridLayout {
  const columns = Math.max(1, Math.floor((width + gap) / (cell + gap)));
  const cellWidth = (width - gap * (columns - 1)) / columns;
  const rowHeight = Math.round(cellWidth + caption + gap);
  const rows = Math.ceil(total / columns);
  const height_list = rows * rowHeight;
  return {
    columns,
    rows,
    cellWidth,
    rowHeight,
    height_list,
    height_bar: Math.min(height_list, LARGEST_BAR),
  };
}

/** Where the viewport stands: the scroll bar's position and how far the list is shifted under it. */
export interface ScrollState {
  top_bar: number;
  /** `top_list = top_bar + shift`. */
  shift: number;
}

export const TOP: ScrollState = { top_bar: 0, shift: 0 };

/** The state after the browser has scrolled to `top_bar`. */
export function scrollTo(
  before: ScrollState,
  top_bar: number,
  layout: GridLayout,
  viewport: number,
): ScrollState {
  const range_bar = layout.height_bar - viewport;
  const range_list = layout.height_list - viewport;
  if (range_list <= range_bar || range_bar <= 0) return { top_bar, shift: 0 };
  // At the ends the list must end too, however small the move.
  if (top_bar <= 0) return { top_bar: 0, shift: 0 };
  if (top_bar >= range_bar) return { top_bar: range_bar, shift: range_list - range_bar };
  const small = Math.abs(top_bar - before.top_bar) < viewport;
  if (small) return { top_bar, shift: clamp(before.shift, -top_bar, range_list - top_bar) };
  const top_list = Math.round((top_bar / range_bar) * range_list);
  return { top_bar, shift: top_list - top_bar };
}

/** The state that shows `row` entirely, moving as little as possible; `null` when it is shown. */
export function showRow(
  before: ScrollState,
  row: number,
  layout: GridLayout,
  viewport: number,
): ScrollState | null {
  const top_list = before.top_bar + before.shift;
  const rowTop = row * layout.rowHeight;
  const rowEnd = rowTop + layout.rowHeight;
  if (rowTop >= top_list && rowEnd <= top_list + viewport) return null;
  const wanted = clamp(rowTop < top_list ? rowTop : rowEnd - viewport, 0, layout.height_list - viewport);
  const range_bar = layout.height_bar - viewport;
  const range_list = layout.height_list - viewport;
  if (range_list <= range_bar) return { top_bar: Math.max(0, wanted), shift: 0 };
  const top_bar = Math.round((wanted / range_list) * range_bar);
  return { top_bar, shift: wanted - top_bar };
}

export interface VisibleRange {
  firstRow: number;
  /** One past the last row. */
  endRow: number;
  first: number;
  /** One past the last item. */
  end: number;
}

/** Rows and items in sight, with `margin` rows more on either side. */
export function visibleRange(
  state: ScrollState,
  layout: GridLayout,
  viewport: number,
  total: number,
  margin = 1,
): VisibleRange {
  const top_list = state.top_bar + state.shift;
  const firstRow = clamp(Math.floor(top_list / layout.rowHeight) - margin, 0, Math.max(0, layout.rows));
  const endRow = clamp(Math.ceil((top_list + viewport) / layout.rowHeight) + margin, firstRow, layout.rows);
  return {
    firstRow,
    endRow,
    first: Math.min(firstRow * layout.columns, total),
    end: Math.min(endRow * layout.columns, total),
  };
}

/** Position of a row inside the scrolled element. */
export function rowTop(row: number, state: ScrollState, layout: GridLayout): number {
  return row * layout.rowHeight - state.shift;
}

/** Numbers of the pages of `size` items that cover [first, end). */
export function pagesFor(first: number, end: number, size: number): number[] {
  if (end <= first) return [];
  const from = Math.floor(first / size);
  const to = Math.floor((end - 1) / size);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}
