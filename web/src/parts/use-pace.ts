/** When an image came to the screen, how long it was looked at, and how soon the next one is there. */
import { useRef } from 'preact/hooks';
import { session } from '../state/labeling';
import { planes, recordNextImage } from '../state/planes';

export interface Pace {
  onPainted: (image: number) => void;
  /** Makes a move that may bring another image. */
  step: (event: Event, move: () => void) => void;
  /** An image that is not on the screen yet cannot be judged: keys for it are ignored. */
  isShown: () => boolean;
  /** Seconds since the picture came to the screen. */
  seconds: () => number;
}

export function usePace(image: number | null): Pace {
  /** Image on the screen and the moment it came there. */
  const painted = useRef<{ image: number; at: number } | null>(null);
  /** The key press that asked for the image now on its way to the screen. */
  const asked = useRef<{ at: number; prefetched: boolean } | null>(null);
  return {
    onPainted(shown) {
      painted.current = { image: shown, at: performance.now() };
      if (asked.current !== null) recordNextImage(asked.current.at, shown, asked.current.prefetched);
      asked.current = null;
    },
    step(event, move) {
      move();
      const next = session.current.value?.image.id;
      if (next === undefined || next === image) return;
      asked.current = { at: event.timeStamp, prefetched: planes.peek(next) !== undefined };
    },
    isShown: () => image !== null && painted.current?.image === image,
    seconds: () => (performance.now() - (painted.current?.at ?? performance.now())) / 1000,
  };
}
