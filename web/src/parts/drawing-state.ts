/** What the screens say about a drawing. */
import { IGNORED } from '../drawing/session/marks';
import { openProposals } from '../drawing/session/proposals';
import type { DrawingSession } from '../drawing/session/session';

export interface DrawingState {
  /** Shapes that would be saved. */
  shapes: number;
  /** Proposals that are neither accepted nor rejected. */
  proposed: number;
}

/** Follows the drawing: who calls it while rendering is rendered again when it changes. */
export function stateOf(session: DrawingSession): DrawingState {
  void session.revision.value;
  const proposed = openProposals(session).length;
  const ignored = session.marks().filter((mark) => !mark.proposed && mark.class === IGNORED).length;
  return { shapes: session.marks().length - proposed - ignored, proposed };
}

/** Nothing differs from what was last saved. */
export function isUntouched(session: DrawingSession): boolean {
  return !session.dirty.value;
}
