/** The planes of this page, fetched from the server; and how long the next one takes to appear. */
import { planeUrl, problem } from '../api/client';
import { createPlaneCache } from '../viewer/planes';

export const planes = createPlaneCache(async (id) => {
  let response: Response;
  try {
    response = await fetch(planeUrl(id));
  } catch {
    throw new Error('The image could not be fetched: AutoLabel does not answer.');
  }
  if (response.ok) return response.arrayBuffer();
  const body: unknown = await response.json().catch(() => null);
  throw problem(response, body);
});

/** One change of image, from the key press to the picture on the screen. */
export interface Timing {
  image: number;
  milliseconds: number;
  /** The plane had been fetched before the key was pressed. */
  prefetched: boolean;
}

declare global {
  interface Window {
    /** Read by the browser tests; the same numbers are performance measures `next-image-painted`. */
    __autolabelTimings?: Timing[];
  }
}

export const NEXT_IMAGE = 'next-image-painted';
const MOST_TIMINGS = 1000;

export function recordNextImage(start: number, image: number, prefetched: boolean): void {
  const end = performance.now();
  performance.measure(NEXT_IMAGE, { start, end, detail: { image, prefetched } });
  const timings = (window.__autolabelTimings ??= []);
  timings.push({ image, milliseconds: end - start, prefetched });
  if (timings.length > MOST_TIMINGS) timings.shift();
}
