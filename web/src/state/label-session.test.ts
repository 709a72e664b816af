import { describe, expect, it } from 'vitest';
import type { Answer, QueueItem, QueueView } from '../api/types';
import { createLabelSession, type LabelSession } from './label-session';

const item = (id: number): QueueItem => ({
  image: {
    id,
    file: `${String(id)}.png`,
    width: 10,
    height: 10,
    state: 'unlabeled',
    flagged: false,
    answer: null,
    origin: null,
    auto_label: null,
    prediction: null,
    group: null,
    duplicate_of: null,
  },
  reason: { origin: 'chosen', strategy: 'margin', score: 1, text: '' },
  position: id,
  batch_size: 50,
});

const queue = (ids: number[], done = 0): QueueView => ({
  items: ids.map(item),
  batch_done: done,
  batch_size: 50,
  minutes_left: 6,
  empty_because: null,
});

const cls = (index: number): Answer => ({ kind: 'class', class: index });
const nothingWaits = (): boolean => false;

function begin(...ids: number[]): { session: LabelSession; give: (index: number) => string } {
  const session = createLabelSession();
  session.merge(queue(ids), nothingWaits);
  let keys = 0;
  const give = (index: number): string => {
    const key = `key-${String(++keys)}`;
    session.answer(cls(index), () => key);
    return key;
  };
  return { session, give };
}

const shown = (session: LabelSession): number | undefined => session.current.value?.image.id;
const next = (session: LabelSession): number[] => session.ahead.value.map((one) => one.image.id);

describe('labeling session', () => {
  it('moves on at the answer, before any receipt', () => {
    const { session, give } = begin(1, 2, 3);
    give(0);
    expect(shown(session)).toBe(2);
    expect(next(session)).toEqual([3]);
    expect(session.batch.value.done).toBe(1);
  });

  it('does not show an answered image again when an old reply still lists it', () => {
    const { session, give } = begin(1, 2, 3);
    give(0);
    session.merge(queue([1, 2, 3, 4]), (image) => image === 1);
    expect(shown(session)).toBe(2);
    expect(next(session)).toEqual([3, 4]);
    // The receipt came in the meantime, the reply is from before it.
    session.merge(queue([1, 2, 3, 4]), nothingWaits);
    expect([shown(session), ...next(session)]).toEqual([2, 3, 4]);
  });

  it('counts answers that are on their way as done', () => {
    const { session, give } = begin(1, 2, 3);
    give(0);
    session.merge(queue([1, 2, 3], 10), (image) => image === 1);
    expect(session.batch.value.done).toBe(11);
  });

  it('never exchanges the image under the eyes when the queue is ranked anew', () => {
    const { session } = begin(1, 2, 3);
    session.merge(queue([9, 8, 1]), nothingWaits);
    expect(shown(session)).toBe(1);
    expect(next(session)).toEqual([9, 8]);
  });

  it('takes over the number that a drawing was given', () => {
    const { session, give } = begin(1, 2, 3);
    const key = give(0);
    session.settle(key, { kind: 'drawn', drawing: 7 });
    session.back();
    expect(session.earlier.value).toEqual({ kind: 'drawn', drawing: 7 });
    expect(session.earlierKey.value).toBe(key);
  });

  it('goes back over several images, shows what was answered, and forward again', () => {
    const { session, give } = begin(1, 2, 3);
    give(0);
    give(2);
    expect(session.back()).toBe(true);
    expect(shown(session)).toBe(2);
    expect(session.earlier.value).toEqual(cls(2));
    expect(session.back()).toBe(true);
    expect(shown(session)).toBe(1);
    expect(next(session)).toEqual([2, 3]);
    expect(session.back()).toBe(false);
    session.forward();
    session.forward();
    expect(shown(session)).toBe(3);
    expect(session.earlier.value).toBeNull();
  });

  it('changes an earlier answer and returns towards the present', () => {
    const { session, give } = begin(1, 2, 3);
    give(0);
    session.back();
    give(1);
    expect(shown(session)).toBe(2);
    session.back();
    expect(session.earlier.value).toEqual(cls(1));
    expect(session.history.value).toHaveLength(1);
  });

  it('shows an image again when its answer was refused', () => {
    const { session, give } = begin(1, 2, 3);
    const key = give(0);
    give(1);
    session.rollBack(key);
    expect(shown(session)).toBe(1);
    expect(next(session)).toEqual([3]);
    expect(session.history.value.map((past) => past.item.image.id)).toEqual([2]);
  });

  it('stays at the looked-at image when a later answer is refused', () => {
    const { session, give } = begin(1, 2, 3);
    give(0);
    const key = give(1);
    session.back();
    session.back();
    expect(shown(session)).toBe(1);
    session.rollBack(key);
    expect(shown(session)).toBe(1);
    expect(next(session)).toEqual([2, 3]);
  });

  it('accepts an answered image again when the server asks for nothing else', () => {
    const { session, give } = begin(1);
    give(0);
    expect(shown(session)).toBeUndefined();
    session.merge(queue([1]), nothingWaits);
    expect(shown(session)).toBe(1);
  });

  it('says why there is nothing to label', () => {
    const { session } = begin();
    session.merge({ ...queue([]), empty_because: 'All images are labeled.' }, nothingWaits);
    expect(session.current.value).toBeNull();
    expect(session.emptyBecause.value).toBe('All images are labeled.');
  });

  it('keeps a flag on images ahead and behind', () => {
    const { session, give } = begin(1, 2);
    give(0);
    session.patchFlag(1, true);
    session.patchFlag(2, true);
    expect(session.current.value?.image.flagged).toBe(true);
    session.back();
    expect(session.current.value?.image.flagged).toBe(true);
  });

  it('takes any number of findings as an answer, none included, and shows them again', () => {
    const { session } = begin(1, 2, 3);
    const sets: Answer[] = [
      { kind: 'findings', present: [0, 2] },
      { kind: 'findings', present: [] },
    ];
    for (const [at, set] of sets.entries()) session.answer(set, () => `set-${String(at)}`);
    expect(shown(session)).toBe(3);
    session.back();
    expect(session.earlier.value).toEqual(sets[1]);
    session.back();
    expect(session.earlier.value).toEqual(sets[0]);
    session.answer({ kind: 'findings', present: [1] }, () => 'changed');
    session.rollBack('set-1');
    expect([shown(session), ...next(session)]).toEqual([2, 3]);
    expect(session.history.value.map((past) => past.answer)).toEqual([{ kind: 'findings', present: [1] }]);
  });

  it('puts an image in front whose answer the server took back', () => {
    const { session } = begin(1, 2);
    session.putFirst(item(7));
    expect([shown(session), ...next(session)]).toEqual([7, 1, 2]);
  });
});
