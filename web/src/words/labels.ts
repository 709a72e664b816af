/**
 * What an image is said to show: one class or grade, or any number of findings. The one place that knows how
 * a label is put into words, compared and changed; everything else hands labels through.
 */
import type { Answer, ClassDefinition, Label, PredictionView, Task } from '../api/types';
import { plural } from './numbers';

/** What the task calls the things that are told apart. */
export interface Words {
  one: string;
  many: string;
  /** The same at the beginning of a sentence. */
  One: string;
  Many: string;
}

const CLASSES: Words = { one: 'class', many: 'classes', One: 'Class', Many: 'Classes' };
const FINDINGS: Words = { one: 'finding', many: 'findings', One: 'Finding', Many: 'Findings' };
const GRADES: Words = { one: 'grade', many: 'grades', One: 'Grade', Many: 'Grades' };

const WORDS: Record<Task, Words> = {
  classification: CLASSES,
  findings: FINDINGS,
  grades: GRADES,
  detection: CLASSES,
  semantic_segmentation: CLASSES,
  instance_segmentation: CLASSES,
};

export function wordsOf(task: Task): Words {
  return WORDS[task];
}

export const NO_FINDING = 'No finding';
export const DRAWN = 'Drawn';
export const UNREADABLE = 'Cannot be read';
export const NOTHING_HERE = 'Nothing here';

/** A drawing that the server has not numbered yet. */
export const UNNUMBERED: Answer = { kind: 'drawn', drawing: -1 };

/** What an image shows as a whole: a class or findings. */
type WholeLabel = Exclude<Label, { drawing: number }>;

export function isDrawn(label: Label): label is { drawing: number } {
  return typeof label === 'object' && 'drawing' in label;
}

/** Positions in the schema that a label names; a drawing names none by itself. */
export function named(label: Label): readonly number[] {
  if (isDrawn(label)) return [];
  return typeof label === 'number' ? [label] : label;
}

/** The label that an answer gives; `null` where the image cannot be read. */
export function labelOf(answer: Answer): Label | null {
  switch (answer.kind) {
    case 'class':
      return answer.class;
    case 'findings':
      return answer.present;
    case 'drawn':
      return { drawing: answer.drawing };
    case 'unreadable':
      return null;
  }
}

/** The findings of an answer; none where it gives a class or the image cannot be read. */
export function findingsOf(answer: Answer): readonly number[] {
  return answer.kind === 'findings' ? answer.present : [];
}

export function answerOf(label: Label): Answer {
  if (isDrawn(label)) return { kind: 'drawn', drawing: label.drawing };
  return typeof label === 'number' ? { kind: 'class', class: label } : { kind: 'findings', present: label };
}

/** Whether both say the same; a class and a set of one finding do not. Equal drawings have one number. */
export function sameLabel(a: Label, b: Label): boolean {
  if (isDrawn(a) || isDrawn(b)) return isDrawn(a) && isDrawn(b) && a.drawing === b.drawing;
  return sameWhole(a, b);
}

function sameWhole(a: WholeLabel, b: WholeLabel): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  const [first, second] = [new Set(a), new Set(b)];
  return first.size === second.size && a.every((index) => second.has(index));
}

export function sameAnswer(a: Answer, b: Answer): boolean {
  const [first, second] = [labelOf(a), labelOf(b)];
  return first === null || second === null ? first === second : sameLabel(first, second);
}

/** The set with one finding switched; rising, as the server keeps it. */
export function toggled(present: readonly number[], index: number): number[] {
  const others = present.filter((other) => other !== index);
  return (others.length < present.length ? others : [...others, index]).sort((a, b) => a - b);
}

export function nameOf(index: number, classes: readonly ClassDefinition[], task: Task): string {
  return classes[index]?.name ?? `${wordsOf(task).one} ${String(index + 1)}`;
}

/** "pneumonia", "effusion, nodule", "No finding" or "Drawn" */
export function labelInWords(label: Label, classes: readonly ClassDefinition[]): string {
  if (isDrawn(label)) return DRAWN;
  if (typeof label === 'number') return nameOf(label, classes, 'classification');
  if (label.length === 0) return NO_FINDING;
  return label.map((index) => nameOf(index, classes, 'findings')).join(', ');
}

export function answerInWords(answer: Answer, classes: readonly ClassDefinition[]): string {
  const label = labelOf(answer);
  return label === null ? UNREADABLE : labelInWords(label, classes);
}

/** "no finding", "1 finding", "3 findings": a set where there is no room for its names. */
export function sizeInWords(present: readonly number[]): string {
  return present.length === 0 ? NO_FINDING.toLowerCase() : plural(present.length, FINDINGS.one);
}

/** "Nothing here", "1 shape", "3 shapes": a drawing in words. */
export function shapesInWords(count: number): string {
  return count === 0 ? NOTHING_HERE : plural(count, 'shape');
}

/** What the button says that confirms a set. */
export function confirmInWords(present: readonly number[]): string {
  return present.length === 0 ? NO_FINDING : `Save ${sizeInWords(present)}`;
}

/** Position that the model holds most probable; `null` where it says nothing. */
export function mostProbable({ probabilities }: PredictionView): number | null {
  return probabilities.length === 0 ? null : probabilities.indexOf(Math.max(...probabilities));
}
