/**
 * The set of findings being put together for the image on the screen, before it is confirmed. It
 * belongs to one image: what was switched for another is never taken for this one. Pure state.
 */
import { signal } from '@preact/signals';
import type { Answer } from '../api/types';
import { answerOf, sameAnswer, sameLabel, toggled } from '../words/labels';

/** An image and the set it begins with. */
export interface Beginning {
  image: number;
  start: readonly number[];
}

export interface FindingsDraft {
  /** The set as it stands. */
  present: (of: Beginning) => readonly number[];
  /** Whether something was switched or cleared for the image. */
  isTouched: (of: Beginning) => boolean;
  toggle: (of: Beginning, index: number) => void;
  /** Switches everything off. */
  clear: (of: Beginning) => void;
  /** Goes back to the beginning; `false` when the set stood there already. */
  takeBack: (of: Beginning) => boolean;
  /** Forgets what was switched: the image was answered or left. */
  drop: () => void;
}

export function createFindingsDraft(): FindingsDraft {
  const draft = signal<{ image: number; present: readonly number[] } | null>(null);

  const own = (image: number): readonly number[] | null =>
    draft.value !== null && draft.value.image === image ? draft.value.present : null;

  const present = ({ image, start }: Beginning): readonly number[] => own(image) ?? start;

  return {
    present,
    isTouched: ({ image }) => own(image) !== null,
    toggle(of, index) {
      draft.value = { image: of.image, present: toggled(present(of), index) };
    },
    clear({ image }) {
      draft.value = { image, present: [] };
    },
    takeBack({ image, start }) {
      const set = own(image);
      if (set === null) return false;
      draft.value = null;
      return !sameLabel([...set], [...start]);
    },
    drop() {
      draft.value = null;
    },
  };
}

/**
 * The answer that confirming a set gives; `null` where an earlier answer stays as it is: untouched,
 * or switched back to what it was.
 */
export function confirmed(
  present: readonly number[],
  touched: boolean,
  earlier: Answer | null,
): Answer | null {
  const answer = answerOf([...present]);
  if (earlier !== null && (!touched || sameAnswer(earlier, answer))) return null;
  return answer;
}
