/** The smart click: a region from a few clicks. Whoever has a better way hands in another `SmartTool`. */
import type { Mask } from '../core/mask';
import { cropAround, smartRegion, type Crop, type SmartPoint } from '../core/smart-region';
import type { Values } from '../core/values';
import { emptyMask } from '../core/mask';

export type SmartTool = (values: Values, points: readonly SmartPoint[]) => Promise<Mask>;

export interface SmartRequest {
  id: number;
  width: number;
  height: number;
  crop: Crop;
  points: readonly SmartPoint[];
}

export interface SmartReply {
  id: number;
  toggles: Uint32Array;
}

/** Our own way, in a worker where the browser lets us have one, so that the pointer never waits. */
export function createSmartTool(startWorker: (() => Worker) | null): SmartTool {
  let worker: Worker | null = null;
  let last = 0;
  const waiting = new Map<number, { request: SmartRequest; resolve: (mask: Mask) => void }>();
  const here = ({ width, height, crop, points }: SmartRequest): Mask =>
    smartRegion(width, height, crop, points);

  const start = (): Worker | null => {
    if (worker !== null || startWorker === null) return worker;
    try {
      worker = startWorker();
    } catch {
      startWorker = null;
      return null;
    }
    worker.onmessage = ({ data }: MessageEvent<SmartReply>) => {
      const asked = waiting.get(data.id);
      waiting.delete(data.id);
      asked?.resolve({ ...asked.request, toggles: data.toggles });
    };
    worker.onerror = () => {
      // A policy or an old browser: what waits is done here.
      worker = null;
      startWorker = null;
      for (const { request, resolve } of waiting.values()) resolve(here(request));
      waiting.clear();
    };
    return worker;
  };

  return (values, points) => {
    const crop = cropAround(values, points);
    const { width, height } = values;
    if (crop === null) return Promise.resolve(emptyMask(width, height));
    const request: SmartRequest = { id: ++last, width, height, crop, points: [...points] };
    const running = start();
    if (running === null) return Promise.resolve(here(request));
    return new Promise((resolve) => {
      waiting.set(request.id, { request, resolve });
      running.postMessage(request);
    });
  };
}

/** Vite makes a file of its own of the worker. */
export function startSmartWorker(): Worker {
  return new Worker(new URL('./smart-worker.ts', import.meta.url), { type: 'module' });
}
