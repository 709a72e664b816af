/**
 * The filtered list of images, fetched page by page as it comes into sight. Pages that have left
 * the sight before they arrived are cancelled, so a fast scroll over a million images asks for a
 * handful of pages.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { ImagePage, ImageView } from '../../api/types';
import { pagesFor } from './grid-math';

export const PAGE_SIZE = 120;
const MOST_PAGES = 40;

export interface ImageList {
  /** Images that pass the filter; `null` until the first page has come. */
  total: ReadonlySignal<number | null>;
  /** Counts up whenever a page arrives or an image changes. */
  version: ReadonlySignal<number>;
  problem: ReadonlySignal<string | null>;
  at: (index: number) => ImageView | undefined;
  /** Fetches what is missing of [first, end) and cancels the rest. */
  show: (first: number, end: number) => void;
  /** Puts a changed image in its place. */
  put: (image: ImageView) => void;
  /** Fetches what is in sight again (labels have changed); the old state stays until it comes. */
  refresh: () => void;
  dispose: () => void;
}

export function createImageList(
  fetchPage: (offset: number, limit: number, signal: AbortSignal) => Promise<ImagePage>,
): ImageList {
  const total = signal<number | null>(null);
  const version = signal(0);
  const problem = signal<string | null>(null);
  const pages = new Map<number, ImageView[]>();
  const underway = new Map<number, AbortController>();
  let sight = { first: 0, end: PAGE_SIZE };

  const request = (page: number): void => {
    const controller = new AbortController();
    underway.set(page, controller);
    fetchPage(page * PAGE_SIZE, PAGE_SIZE, controller.signal).then(
      (answer) => {
        if (underway.get(page) !== controller) return;
        underway.delete(page);
        pages.delete(page);
        pages.set(page, answer.images);
        trim();
        total.value = answer.total;
        problem.value = null;
        version.value += 1;
      },
      (cause: unknown) => {
        if (underway.get(page) !== controller) return;
        underway.delete(page);
        problem.value = cause instanceof Error ? cause.message : String(cause);
      },
    );
  };

  const trim = (): void => {
    const needed = new Set(pagesFor(sight.first, sight.end, PAGE_SIZE));
    for (const page of pages.keys()) {
      if (pages.size <= MOST_PAGES) return;
      if (!needed.has(page)) pages.delete(page);
    }
  };

  const cancel = (keep: ReadonlySet<number>): void => {
    for (const [page, controller] of underway) {
      if (keep.has(page)) continue;
      underway.delete(page);
      controller.abort();
    }
  };

  return {
    total,
    version,
    problem,
    at: (index) => pages.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE],
    show(first, end) {
      sight = { first, end };
      const needed = pagesFor(first, end, PAGE_SIZE);
      cancel(new Set(needed));
      for (const page of needed) if (!pages.has(page) && !underway.has(page)) request(page);
    },
    put(image) {
      for (const images of pages.values()) {
        const at = images.findIndex((known) => known.id === image.id);
        if (at >= 0) images[at] = image;
      }
      version.value += 1;
    },
    refresh() {
      cancel(new Set());
      const needed = pagesFor(sight.first, sight.end, PAGE_SIZE);
      for (const page of pages.keys()) if (!needed.includes(page)) pages.delete(page);
      needed.forEach(request);
    },
    dispose() {
      cancel(new Set());
      pages.clear();
    },
  };
}
