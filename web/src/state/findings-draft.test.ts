import { describe, expect, it } from 'vitest';
import type { Answer } from '../api/types';
import { confirmed, createFindingsDraft } from './findings-draft';

const fresh = { image: 1, start: [] };

describe('set of findings being put together', () => {
  it('begins empty and takes findings in any order', () => {
    const draft = createFindingsDraft();
    expect(draft.present(fresh)).toEqual([]);
    expect(draft.isTouched(fresh)).toBe(false);
    draft.toggle(fresh, 2);
    draft.toggle(fresh, 0);
    expect(draft.present(fresh)).toEqual([0, 2]);
    draft.toggle(fresh, 2);
    expect(draft.present(fresh)).toEqual([0]);
    expect(draft.isTouched(fresh)).toBe(true);
  });

  it('belongs to its image alone', () => {
    const draft = createFindingsDraft();
    draft.toggle(fresh, 2);
    const next = { image: 2, start: [] };
    expect(draft.present(next)).toEqual([]);
    expect(draft.isTouched(next)).toBe(false);
    draft.toggle(next, 1);
    expect(draft.present(next)).toEqual([1]);
    expect(draft.present(fresh)).toEqual([]);
  });

  it('begins with a label under audit, or an earlier answer', () => {
    const draft = createFindingsDraft();
    const audited = { image: 5, start: [0, 3] };
    expect(draft.present(audited)).toEqual([0, 3]);
    draft.toggle(audited, 3);
    expect(draft.present(audited)).toEqual([0]);
    expect(audited.start).toEqual([0, 3]);
  });

  it('is cleared, and taken back to where it began', () => {
    const draft = createFindingsDraft();
    const audited = { image: 5, start: [0, 3] };
    expect(draft.takeBack(audited)).toBe(false);
    draft.clear(audited);
    expect(draft.present(audited)).toEqual([]);
    expect(draft.takeBack(audited)).toBe(true);
    expect(draft.present(audited)).toEqual([0, 3]);
    draft.toggle(audited, 1);
    draft.toggle(audited, 1);
    // Nothing that could be seen is taken back, so the key is free to go back an image.
    expect(draft.takeBack(audited)).toBe(false);
  });

  it('is forgotten when its image was answered', () => {
    const draft = createFindingsDraft();
    draft.toggle(fresh, 1);
    draft.drop();
    expect(draft.present(fresh)).toEqual([]);
  });
});

describe('confirming a set', () => {
  const earlier: Answer = { kind: 'findings', present: [1] };

  it('answers with it, an empty one too', () => {
    expect(confirmed([], false, null)).toEqual({ kind: 'findings', present: [] });
    expect(confirmed([0, 2], true, null)).toEqual({ kind: 'findings', present: [0, 2] });
  });

  it('changes an earlier answer only where it says something else', () => {
    expect(confirmed([1], false, earlier)).toBeNull();
    expect(confirmed([1], true, earlier)).toBeNull();
    expect(confirmed([], true, earlier)).toEqual({ kind: 'findings', present: [] });
  });

  it('leaves an image that cannot be read so until something is switched or cleared', () => {
    expect(confirmed([], false, { kind: 'unreadable' })).toBeNull();
    expect(confirmed([], true, { kind: 'unreadable' })).toEqual({ kind: 'findings', present: [] });
  });
});
