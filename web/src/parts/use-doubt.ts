/** A walk through the places of an image where the network is least sure. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { getDoubt } from '../api/client';
import type { DoubtView } from '../api/types';
import type { Viewer } from '../viewer/viewer';

/** How much nearer a place is looked at than the whole image. */
const NEARER = 2.5;

/** Goes to the next place and says which it is; past the last one the map is taken away. */
export function useDoubt(
  image: number | null,
  controls: RefObject<Viewer | null>,
): (say: (text: string) => void) => void {
  const shownNow = useRef(image);
  shownNow.current = image;
  const walk = useRef<{ view: DoubtView; at: number } | null>(null);

  useEffect(
    () => () => {
      // At once: the map of one image must never lie over another.
      walk.current = null;
      controls.current?.overlay(null);
    },
    [image, controls],
  );

  const show = (say: (text: string) => void): void => {
    const viewer = controls.current;
    if (walk.current === null || viewer === null) return;
    const { view, at } = walk.current;
    const spot = view.spots[at];
    if (spot === undefined) {
      walk.current = null;
      viewer.overlay(null);
      say(view.spots.length === 0 ? SURE : 'That was the last doubtful place.');
      return;
    }
    // By the most doubtful cell of the image: what counts is where to look first.
    const most = view.values.reduce((high, value) => Math.max(high, value), Number.EPSILON);
    const values = view.values.map((value) => value / most);
    viewer.overlay({ rows: view.rows, columns: view.columns, values, proposal: null });
    if (viewer.isFitted()) viewer.zoom(NEARER);
    viewer.centerOn(spot.x, spot.y);
    say(`Least sure here (${String(at + 1)} of ${String(view.spots.length)}). Once more for the next place.`);
  };

  return (say) => {
    if (image === null) return;
    if (walk.current !== null) {
      walk.current.at += 1;
      show(say);
      return;
    }
    const asked = image;
    say('Looking where the model is least sure…');
    getDoubt(image).then(
      (view) => {
        if (shownNow.current !== asked) return;
        walk.current = { view, at: 0 };
        show(say);
      },
      (cause: unknown) => {
        if (shownNow.current === asked) say(cause instanceof Error ? cause.message : String(cause));
      },
    );
  };
}

const SURE = 'The model is sure everywhere on this image.';
