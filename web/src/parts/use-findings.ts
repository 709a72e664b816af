/** The set of findings of the image on the screen, with its keys: the same on every screen that asks. */
import { useRef } from 'preact/hooks';
import { say } from '../state/notices';
import { classes, className } from '../state/project';
import { createFindingsDraft, type Beginning, type FindingsDraft } from '../state/findings-draft';
import { sizeInWords } from '../words/labels';
import { hasTenthDigit } from './keys';

export interface Findings {
  present: readonly number[];
  touched: boolean;
  toggle: (index: number) => void;
  clear: () => void;
  /** `false` when there was nothing to take back. */
  takeBack: () => boolean;
  drop: () => void;
  /** A digit key: switches its finding, or clears the set where 0 is no finding's key. */
  digit: (index: number) => void;
}

const NOTHING: Beginning = { image: -1, start: [] };

/**
 * `start` is where the set begins: empty for a new question, so that nothing leads the reader; the
 * label in question or the earlier answer where one is looked at. `isOpen` says whether the picture
 * can be judged now.
 */
export function useFindings(of: Beginning | null, isOpen: () => boolean): Findings {
  const kept = useRef<FindingsDraft | null>(null);
  const draft = (kept.current ??= createFindingsDraft());
  const beginning = of ?? NOTHING;

  const toggle = (index: number): void => {
    if (of === null || index >= classes.value.length || !isOpen()) return;
    draft.toggle(of, index);
    say(`${className(index)} ${draft.present(of).includes(index) ? 'on' : 'off'}`);
  };
  const clear = (): void => {
    if (of === null || !isOpen()) return;
    draft.clear(of);
    say(sizeInWords([]));
  };

  return {
    present: draft.present(beginning),
    touched: draft.isTouched(beginning),
    toggle,
    clear,
    takeBack: () => of !== null && draft.takeBack(of),
    drop: draft.drop,
    digit(index) {
      if (index === 9 && !hasTenthDigit(classes.value.length)) clear();
      else toggle(index);
    },
  };
}
