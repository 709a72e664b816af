/** Shapes from the drawn slices around an image, as proposals: what lies between two, or a copy of one. */
import { useRef } from 'preact/hooks';
import { getNeighbours } from '../api/client';
import type { DrawnSlice, ImageView, SliceNeighbours } from '../api/types';
import { geometryOf } from '../drawing/core/geometry';
import { layerBetween, type Layer, type Shape } from '../drawing/core/layers';
import { proposeInstead } from '../drawing/session/proposals';
import type { DrawingSession } from '../drawing/session/session';

/** Asks for them and says what was found. */
export function useNeighbours(
  image: ImageView | null,
  session: DrawingSession,
): (say: (text: string) => void) => void {
  const inHand = useRef(session);
  inHand.current = session;
  return (say) => {
    if (image === null) return;
    const slice = image.slice ?? null;
    if (slice === null) {
      say('This image is no slice of a series; a table with the columns series and slice says which are.');
      return;
    }
    say('Looking at the slices around…');
    getNeighbours(image.id).then(
      (neighbours) => {
        // Another image, or another drawing of it, is on the screen now.
        if (inHand.current !== session) return;
        const { shapes, words } = shapesFrom(neighbours, session, slice.position);
        if (shapes.length > 0) proposeInstead(session, shapes);
        say(words);
      },
      (cause: unknown) => {
        if (inHand.current === session) say(cause instanceof Error ? cause.message : String(cause));
      },
    );
  };
}

function shapesFrom(
  { before, after }: SliceNeighbours,
  session: DrawingSession,
  position: number,
): { shapes: readonly Shape[]; words: string } {
  const fits = (slice: DrawnSlice | null | undefined): slice is DrawnSlice =>
    slice != null && slice.width === session.width && slice.height === session.height;
  const drawn = [before, after].filter(fits);
  const [first, second] = drawn.map(layerOf);
  const numbers = drawn.map((slice) => String(slice.position)).join(' and ');
  if (first === undefined) return { shapes: [], words: NONE_DRAWN };
  if (second === undefined) {
    return first.shapes.length === 0
      ? { shapes: [], words: `Nothing is drawn on slice ${numbers}, the only one to copy from.` }
      : { shapes: first.shapes, words: `Copied from slice ${numbers}. Enter accepts.` };
  }
  const shapes = layerBetween(session.task, session, [first, second], position);
  return shapes.length === 0
    ? { shapes, words: `Nothing lies between slices ${numbers}.` }
    : { shapes, words: `Between slices ${numbers}. Enter accepts.` };
}

function layerOf({ position, drawing }: DrawnSlice): Layer {
  const shapes = drawing.shapes.map((shape) => ({
    class: shape.class,
    geometry: geometryOf(shape.geometry),
  }));
  return { position, shapes };
}

const NONE_DRAWN = 'No other slice of this series and size is drawn yet.';
