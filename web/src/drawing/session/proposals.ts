/** Going through what the model proposes: most doubtful first, accept, reject. */
import { extentOf, pixelsOf } from '../core/geometry';
import type { Shape } from '../core/layers';
import { isEmpty } from '../core/mask';
import type { Mark } from './marks';
import type { DrawingSession } from './session';
import { settle } from './overlap';

/** Proposals still open, most doubtful first. */
export function openProposals(session: DrawingSession): Mark[] {
  return session
    .marks()
    .filter((mark) => mark.proposed)
    .sort((a, b) => (b.doubt ?? 0) - (a.doubt ?? 0) || a.id - b.id);
}

/**
 * Selects the next or the one before; `null` past either end, so that the key that asked can go on to the
 * rest of the page.
 */
export function stepProposal(session: DrawingSession, step: 1 | -1): Mark | null {
  const open = openProposals(session);
  const at = open.findIndex((mark) => session.selection.value.includes(mark.id));
  const next = open[at < 0 ? (step === 1 ? 0 : open.length - 1) : at + step] ?? null;
  session.select(next === null ? [] : [next.id]);
  return next;
}

/** Accepts the selected proposals, or all where none is selected; says how many. */
export function acceptProposals(session: DrawingSession): number {
  const open = openProposals(session);
  const chosen = open.filter((mark) => session.selection.value.includes(mark.id));
  const following = chosen.length === 1 ? after(open, chosen[0]) : null;
  // Surest first: of two proposals that want a pixel the surer one gets it.
  const taken = (chosen.length > 0 ? chosen : open).reverse();
  const edit = session.begin('accept');
  for (const mark of taken) accept(session, edit, mark);
  edit.commit();
  if (following !== null) session.select([following.id]);
  return taken.length;
}

/** Rejects the selected proposals; says how many there were. */
export function rejectProposals(session: DrawingSession): number {
  const open = openProposals(session);
  const chosen = open.filter((mark) => session.selection.value.includes(mark.id));
  if (chosen.length === 0) return 0;
  const following = after(open, chosen[chosen.length - 1]);
  const edit = session.begin('reject');
  for (const mark of chosen) edit.remove(mark.id);
  edit.commit();
  if (following !== null) session.select([following.id]);
  return chosen.length;
}

/** Shapes to accept or reject, in the place of what was proposed before; one step of undo. */
export function proposeInstead(session: DrawingSession, shapes: readonly Shape[]): void {
  const edit = session.begin('propose');
  for (const { id } of openProposals(session)) edit.remove(id);
  for (const shape of shapes) edit.put({ ...shape, id: session.newId(), proposed: true, doubt: null });
  edit.commit();
}

function after(open: readonly Mark[], mark: Mark | undefined): Mark | null {
  const at = open.findIndex((other) => other.id === mark?.id);
  return open[at + 1] ?? open[at - 1] ?? null;
}

/** An accepted proposal never takes pixels that are somebody's already, whatever the rule of painting. */
function accept(session: DrawingSession, edit: ReturnType<DrawingSession['begin']>, mark: Mark): void {
  const { width, height, task } = session;
  if (task === 'detection' || session.overlap === 'allow') {
    edit.put({ ...mark, proposed: false });
    return;
  }
  const pixels = pixelsOf(mark.geometry, width, height);
  const near = (): Mark[] => session.within(extentOf(mark.geometry)).filter((other) => !other.proposed);
  const drawing = { width, height, task, near };
  if (task === 'semantic') {
    const own = session.marks().find((other) => other.class === mark.class && !other.proposed);
    const { pixels: kept } = settle(drawing, pixels, mark.class, own?.id ?? null, 'keep');
    edit.remove(mark.id);
    edit.paint(kept, mark.class, own?.id ?? null);
    return;
  }
  const { pixels: kept } = settle(drawing, pixels, mark.class, mark.id, 'keep');
  if (isEmpty(kept)) edit.remove(mark.id);
  else if (kept === pixels) edit.put({ ...mark, proposed: false });
  else edit.put({ ...mark, geometry: { type: 'mask', mask: kept }, proposed: false });
}
