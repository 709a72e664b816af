/**
 * Fetches planes and keeps the last ones, so that the next images are decoded before they are
 * asked for and going back shows the earlier ones at once.
 */
import { parsePlane } from './plane';
import { pyramidOf, type Pyramid } from './pyramid';

export interface PlaneCache {
  /** The plane, from the cache or the server. A failed fetch is not remembered. */
  load: (id: number) => Promise<Pyramid>;
  /** The plane, when it is already here. */
  peek: (id: number) => Pyramid | undefined;
  /** Called with each plane that leaves the cache. */
  onDrop: (listener: (pyramid: Pyramid) => void) => () => void;
}

const BUDGET_BYTES = 384 * 1024 * 1024;
/** Kept whatever their size: the image shown, one before it and three after it. */
const SMALLEST_COUNT = 5;

export function createPlaneCache(fetchBytes: (id: number) => Promise<ArrayBuffer>): PlaneCache {
  const ready = new Map<number, Pyramid>();
  const underway = new Map<number, Promise<Pyramid>>();
  const listeners = new Set<(pyramid: Pyramid) => void>();

  const touch = (id: number, pyramid: Pyramid): void => {
    ready.delete(id);
    ready.set(id, pyramid);
  };

  const trim = (): void => {
    let bytes = 0;
    for (const pyramid of ready.values()) bytes += pyramid.plane.samples.byteLength;
    for (const [id, pyramid] of ready) {
      if (bytes <= BUDGET_BYTES || ready.size <= SMALLEST_COUNT) return;
      ready.delete(id);
      bytes -= pyramid.plane.samples.byteLength;
      for (const listener of listeners) listener(pyramid);
    }
  };

  const fetchPlane = async (id: number): Promise<Pyramid> => {
    try {
      const pyramid = pyramidOf(parsePlane(await fetchBytes(id)));
      touch(id, pyramid);
      trim();
      return pyramid;
    } finally {
      underway.delete(id);
    }
  };

  return {
    load(id) {
      const known = ready.get(id);
      if (known !== undefined) {
        touch(id, known);
        return Promise.resolve(known);
      }
      const running = underway.get(id) ?? fetchPlane(id);
      underway.set(id, running);
      return running;
    },
    peek(id) {
      return ready.get(id);
    },
    onDrop(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
