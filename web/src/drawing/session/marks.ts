/** What is drawn on an image, and how it changes. Plain data; a change can be undone and written down. */
import { fromCoco, toCocoString } from '../core/coco-rle';
import { geometryOf, wireOf, type Geometry, type WireGeometry } from '../core/geometry';
import type { Mask } from '../core/mask';
import { symmetricDifference } from '../core/mask-sets';

/** What shapes stand for; decides which tools there are and who keeps a pixel. */
export type DrawingTask = 'detection' | 'semantic' | 'instances';

/** The class of pixels that count neither way. */
export const IGNORED = -1;

/** One shape. */
export interface Mark {
  readonly id: number;
  /** Position in the schema, or `IGNORED`. */
  readonly class: number;
  readonly geometry: Geometry;
  /** Drawn by the model, and not accepted yet. */
  readonly proposed: boolean;
  /** How doubtful the model is, 0 to 1; `null` where nobody said. */
  readonly doubt: number | null;
}

type Facts = Omit<Mark, 'id' | 'geometry'>;

/** A mark without its number; `geometry` is `null` where the change says it by `flipped`. */
interface Side extends Facts {
  geometry: Geometry | null;
}

/** What happens to one mark; `null` where it is not there. */
export interface Change {
  id: number;
  before: Side | null;
  after: Side | null;
  /** Pixels that change sides, where both sides are masks: far smaller than two masks. */
  flipped: Mask | null;
}

/** Changes that are undone together. */
export interface Entry {
  what: string;
  changes: Change[];
}

export function changeOf(before: Mark | null, after: Mark | null): Change {
  const id = (after ?? before)?.id ?? 0;
  const masks = [before?.geometry, after?.geometry].map((geometry) =>
    geometry?.type === 'mask' ? geometry.mask : null,
  );
  const [first, second] = masks;
  if (first == null || second == null) {
    return { id, before: before && sideOf(before), after: after && sideOf(after), flipped: null };
  }
  return {
    id,
    before: before && { ...sideOf(before), geometry: null },
    after: after && { ...sideOf(after), geometry: null },
    flipped: first === second ? null : symmetricDifference(first, second),
  };
}

function sideOf({ class: index, geometry, proposed, doubt }: Mark): Side {
  return { class: index, geometry, proposed, doubt };
}

/** The mark after a change was made, or taken back. */
export function changed(now: Mark | undefined, change: Change, back: boolean): Mark | null {
  const side = back ? change.before : change.after;
  if (side === null) return null;
  const { class: index, proposed, doubt } = side;
  return { id: change.id, class: index, proposed, doubt, geometry: geometryAfter(now, side, change) };
}

function geometryAfter(now: Mark | undefined, side: Side, change: Change): Geometry {
  if (side.geometry !== null) return side.geometry;
  if (now?.geometry.type !== 'mask') throw new Error('a change of pixels meets a shape that has none');
  if (change.flipped === null) return now.geometry;
  return { type: 'mask', mask: symmetricDifference(now.geometry.mask, change.flipped) };
}

export interface SavedMark extends Facts {
  id: number;
  geometry: WireGeometry;
}

interface SavedSide extends Facts {
  geometry: WireGeometry | null;
}

interface SavedChange {
  id: number;
  before: SavedSide | null;
  after: SavedSide | null;
  flipped: string | null;
}

export interface SavedEntry {
  what: string;
  changes: SavedChange[];
}

export function saveMark(mark: Mark): SavedMark {
  return { ...mark, geometry: wireOf(mark.geometry) };
}

export function readMark(saved: SavedMark): Mark {
  return { ...saved, geometry: geometryOf(saved.geometry) };
}

export function saveEntry({ what, changes }: Entry): SavedEntry {
  const side = (from: Side | null): SavedSide | null =>
    from && { ...from, geometry: from.geometry && wireOf(from.geometry) };
  return {
    what,
    changes: changes.map(({ id, before, after, flipped }) => ({
      id,
      before: side(before),
      after: side(after),
      flipped: flipped && toCocoString(flipped),
    })),
  };
}

export function readEntry(saved: SavedEntry, width: number, height: number): Entry {
  const side = (from: SavedSide | null): Side | null =>
    from && { ...from, geometry: from.geometry && geometryOf(from.geometry) };
  return {
    what: saved.what,
    changes: saved.changes.map(({ id, before, after, flipped }) => ({
      id,
      before: side(before),
      after: side(after),
      flipped: flipped === null ? null : fromCoco({ size: [height, width], counts: flipped }),
    })),
  };
}
