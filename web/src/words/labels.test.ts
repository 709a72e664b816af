import { describe, expect, it } from 'vitest';
import type { Answer } from '../api/types';
import {
  answerInWords,
  answerOf,
  confirmInWords,
  findingsOf,
  labelInWords,
  labelOf,
  mostProbable,
  named,
  sameAnswer,
  sameLabel,
  sizeInWords,
  toggled,
  wordsOf,
} from './labels';

const CHEST = ['effusion', 'nodule', 'pneumothorax'].map((name) => ({ name, color: '#000000' }));
const findings = (...present: number[]): Answer => ({ kind: 'findings', present });
const UNREADABLE: Answer = { kind: 'unreadable' };

describe('labels', () => {
  it('that are drawn are the same where they have one number', () => {
    const drawn: Answer = { kind: 'drawn', drawing: 3 };
    expect(labelOf(drawn)).toEqual({ drawing: 3 });
    expect(answerOf({ drawing: 3 })).toEqual(drawn);
    expect(named({ drawing: 3 })).toEqual([]);
    expect(sameLabel({ drawing: 3 }, { drawing: 3 })).toBe(true);
    expect(sameLabel({ drawing: 3 }, { drawing: 4 })).toBe(false);
    expect(sameLabel({ drawing: 3 }, 3)).toBe(false);
    expect(sameLabel([3], { drawing: 3 })).toBe(false);
  });

  it('are put into words', () => {
    expect(labelInWords(1, CHEST)).toBe('nodule');
    expect(labelInWords([0, 1], CHEST)).toBe('effusion, nodule');
    expect(labelInWords([], CHEST)).toBe('No finding');
    expect(labelInWords(7, CHEST)).toBe('class 8');
    expect(labelInWords([7], CHEST)).toBe('finding 8');
    expect(labelInWords({ drawing: 3 }, CHEST)).toBe('Drawn');
  });

  it('name classes by position', () => {
    expect(named(2)).toEqual([2]);
    expect(named([0, 2])).toEqual([0, 2]);
    expect(named([])).toEqual([]);
  });

  it('are compared by what they say', () => {
    expect(sameLabel(1, 1)).toBe(true);
    expect(sameLabel(1, 2)).toBe(false);
    expect(sameLabel([], [])).toBe(true);
    expect(sameLabel([0, 2], [2, 0])).toBe(true);
    expect(sameLabel([0, 2], [0])).toBe(false);
    expect(sameLabel([0], [0, 2])).toBe(false);
    expect(sameLabel([0, 1], [0, 2])).toBe(false);
    expect(sameLabel(1, [1])).toBe(false);
  });

  it('change by switching one finding, and stay in order', () => {
    expect(toggled([], 2)).toEqual([2]);
    expect(toggled([2], 0)).toEqual([0, 2]);
    expect(toggled([0, 1, 2], 1)).toEqual([0, 2]);
    expect(toggled([2, 10], 9)).toEqual([2, 9, 10]);
    const before = [1];
    toggled(before, 0);
    expect(before).toEqual([1]);
  });
});

describe('answers', () => {
  it.each([[3], [[]], [[0, 2]]])('give the label %j and come from it', (label) => {
    expect(labelOf(answerOf(label))).toEqual(label);
  });

  it('are put into words', () => {
    expect(answerInWords({ kind: 'class', class: 2 }, CHEST)).toBe('pneumothorax');
    expect(answerInWords(findings(0, 2), CHEST)).toBe('effusion, pneumothorax');
    expect(answerInWords(findings(), CHEST)).toBe('No finding');
    expect(answerInWords(UNREADABLE, CHEST)).toBe('Cannot be read');
  });

  it('hold findings or none', () => {
    expect(findingsOf(findings(0, 2))).toEqual([0, 2]);
    expect(findingsOf({ kind: 'class', class: 1 })).toEqual([]);
    expect(findingsOf(UNREADABLE)).toEqual([]);
  });

  it('are compared by what they say', () => {
    expect(sameAnswer(findings(), findings())).toBe(true);
    expect(sameAnswer(UNREADABLE, { kind: 'unreadable' })).toBe(true);
    expect(sameAnswer(findings(), UNREADABLE)).toBe(false);
    expect(sameAnswer(findings(1), { kind: 'class', class: 1 })).toBe(false);
  });
});

it('counts findings where there is no room for names', () => {
  const words = (present: number[]): string => sizeInWords(present).replace('\u00a0', ' ');
  expect(words([])).toBe('no finding');
  expect(words([4])).toBe('1 finding');
  expect(words([1, 4])).toBe('2 findings');
  expect(confirmInWords([])).toBe('No finding');
  expect(confirmInWords([1, 4])).toBe('Save 2\u00a0findings');
});

it('knows what the model holds most probable', () => {
  expect(mostProbable({ label: [], probabilities: [0.1, 0.3, 0.2] })).toBe(1);
  expect(mostProbable({ label: [], probabilities: [] })).toBeNull();
});

it('speaks of findings where the task does', () => {
  expect(wordsOf('classification').many).toBe('classes');
  expect(wordsOf('findings').One).toBe('Finding');
});

describe('words of a task', () => {
  it('speak of classes, findings or grades', () => {
    expect(wordsOf('classification').Many).toBe('Classes');
    expect(wordsOf('findings').one).toBe('finding');
    expect(wordsOf('grades').one).toBe('grade');
  });
});
