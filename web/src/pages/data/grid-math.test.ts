import { describe, expect, it } from 'vitest';
import { LARGEST_BAR, layoutGrid, pagesFor, rowTop, scrollTo, showRow, TOP, visibleRange } from './grid-math';

const VIEWPORT = 700;
const MILLION = layoutGrid(1_000_000, 390, 104, 10, 40);

describe('layout', () => {
  it('fills the width with as many columns as fit', () => {
    const layout = layoutGrid(100, 1000, 168, 10, 40);
    expect(layout.columns).toBe(5);
    expect(layout.cellWidth * 5 + 40).toBeCloseTo(1000);
    expect(layout.rows).toBe(20);
  });

  it('has one column on the narrowest screen, and no rows for no images', () => {
    expect(layoutGrid(5, 60, 104, 10, 40).columns).toBe(1);
    expect(layoutGrid(0, 1000, 168, 10, 40)).toMatchObject({ rows: 0, height_list: 0 });
  });

  it('keeps the scrolled element below what browsers allow', () => {
    expect(MILLION.height_list).toBeGreaterThan(LARGEST_BAR);
    expect(MILLION.height_bar).toBe(LARGEST_BAR);
  });
});

describe('scrolling', () => {
  it('is one to one while the list fits', () => {
    const layout = layoutGrid(9000, 1300, 168, 10, 40);
    expect(scrollTo(TOP, 54_321, layout, VIEWPORT)).toEqual({ top_bar: 54_321, shift: 0 });
  });

  it('reaches the first and the last image of a million', () => {
    const end = scrollTo(TOP, MILLION.height_bar - VIEWPORT, MILLION, VIEWPORT);
    expect(visibleRange(end, MILLION, VIEWPORT, 1_000_000).end).toBe(1_000_000);
    const start = scrollTo(end, 0, MILLION, VIEWPORT);
    expect(visibleRange(start, MILLION, VIEWPORT, 1_000_000).first).toBe(0);
  });

  it('moves pixel by pixel for small moves anywhere', () => {
    const middle = scrollTo(TOP, 4_000_000, MILLION, VIEWPORT);
    const moved = scrollTo(middle, 4_000_120, MILLION, VIEWPORT);
    expect(moved.top_bar + moved.shift - middle.top_bar - middle.shift).toBe(120);
  });

  it('never leaves the list, whatever the order of moves', () => {
    let state = TOP;
    let seed = 1;
    for (let i = 0; i < 5000; i++) {
      seed = (seed * 48271) % 2147483647;
      const far = seed % 5 === 0;
      const target = far ? seed % (MILLION.height_bar - VIEWPORT) : state.top_bar + (seed % 800) - 400;
      const top = Math.min(Math.max(target, 0), MILLION.height_bar - VIEWPORT);
      state = scrollTo(state, top, MILLION, VIEWPORT);
      const top_list = state.top_bar + state.shift;
      expect(top_list).toBeGreaterThanOrEqual(0);
      expect(top_list).toBeLessThanOrEqual(MILLION.height_list - VIEWPORT);
    }
  });

  it('places rows where the browser looks', () => {
    const state = scrollTo(TOP, 5_000_000, MILLION, VIEWPORT);
    const { firstRow, endRow } = visibleRange(state, MILLION, VIEWPORT, 1_000_000, 0);
    expect(rowTop(firstRow, state, MILLION)).toBeLessThanOrEqual(state.top_bar);
    expect(rowTop(endRow, state, MILLION)).toBeGreaterThanOrEqual(state.top_bar + VIEWPORT);
    expect(endRow - firstRow).toBeLessThanOrEqual(VIEWPORT / MILLION.rowHeight + 2);
  });
});

describe('showing a row', () => {
  it('does nothing for a row in sight', () => {
    expect(showRow(TOP, 1, MILLION, VIEWPORT)).toBeNull();
  });

  it.each([0, 3, 5_000, 333_333])('brings row %d into sight', (row) => {
    const start = scrollTo(TOP, 2_000_000, MILLION, VIEWPORT);
    const state = showRow(start, row, MILLION, VIEWPORT) ?? start;
    const top_list = state.top_bar + state.shift;
    expect(row * MILLION.rowHeight).toBeGreaterThanOrEqual(top_list);
    expect((row + 1) * MILLION.rowHeight).toBeLessThanOrEqual(top_list + VIEWPORT);
    expect(state.top_bar).toBeGreaterThanOrEqual(0);
    expect(state.top_bar).toBeLessThanOrEqual(MILLION.height_bar - VIEWPORT);
    // The browser reports the new position back; that must not move anything.
    expect(scrollTo(state, state.top_bar, MILLION, VIEWPORT).shift).toBe(state.shift);
  });
});

describe('pages', () => {
  it('covers the range and nothing more', () => {
    expect(pagesFor(0, 120, 120)).toEqual([0]);
    expect(pagesFor(119, 121, 120)).toEqual([0, 1]);
    expect(pagesFor(240, 240, 120)).toEqual([]);
  });
});
