/**
 * The labeling session: which image is shown, what was answered before it, and where going back
 * leads. It moves on at the key press and lets the receipts arrive later; a refused answer brings
 * its image back. Pure state: it neither fetches nor draws.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Answer, QueueItem, QueueView } from '../api/types';

/** An image answered in this session. */
export interface Answered {
  item: QueueItem;
  answer: Answer;
  /** Idempotency key of its latest answer. */
  key: string;
}

export interface BatchProgress {
  done: number;
  size: number;
  minutesLeft: number;
}

/** Images one can go back over. */
const LONGEST_HISTORY = 100;

export interface LabelSession {
  /** The image to show; `null` when there is none. */
  current: ReadonlySignal<QueueItem | null>;
  /** The answer the shown image already has, when looking back. */
  earlier: ReadonlySignal<Answer | null>;
  /** Idempotency key of that answer. */
  earlierKey: ReadonlySignal<string | null>;
  /** Images after the shown one, the next first. */
  ahead: ReadonlySignal<QueueItem[]>;
  /** How many images back the shown one lies; 0 = the image to label. */
  stepsBack: ReadonlySignal<number>;
  history: ReadonlySignal<readonly Answered[]>;
  batch: ReadonlySignal<BatchProgress>;
  emptyBecause: ReadonlySignal<string | null>;
  /** Answers the shown image and moves on. `post` sends the answer and returns its key. */
  answer: (answer: Answer, post: (item: QueueItem) => string) => void;
  /** Shows the image before; `false` when this session knows none. */
  back: () => boolean;
  /** Leaves an earlier image as it was answered. */
  forward: () => void;
  /** Takes in the server's queue; images for which `isWaiting` holds are answered already. */
  merge: (queue: QueueView, isWaiting: (image: number) => boolean) => void;
  /** Puts an image in front, to be answered now: the server has taken its answer back. */
  putFirst: (item: QueueItem) => void;
  /** The server has an answer in this form: a drawing has its number now. */
  settle: (key: string, answer: Answer) => void;
  /** The server refused this answer: its image is shown again. */
  rollBack: (key: string) => void;
  /** Takes up the history of an earlier page. */
  restore: (history: Answered[]) => void;
  /** Replaces the shown state of an image (a flag, for example). */
  patchFlag: (image: number, flagged: boolean) => void;
}

export function createLabelSession(): LabelSession {
  const upcoming = signal<QueueItem[]>([]);
  const history = signal<readonly Answered[]>([]);
  const stepsBack = signal(0);
  const batch = signal<BatchProgress>({ done: 0, size: 0, minutesLeft: 0 });
  const emptyBecause = signal<string | null>(null);

  const lookedAt = computed(() =>
    stepsBack.value === 0 ? undefined : history.value[history.value.length - stepsBack.value],
  );

  const putFirst = (item: QueueItem): void => {
    upcoming.value = [item, ...upcoming.value.filter((other) => other.image.id !== item.image.id)];
  };

  const isAnswered = (image: number): boolean => history.value.some((past) => past.item.image.id === image);

  return {
    current: computed(() => lookedAt.value?.item ?? upcoming.value[0] ?? null),
    earlier: computed(() => lookedAt.value?.answer ?? null),
    earlierKey: computed(() => lookedAt.value?.key ?? null),
    ahead: computed(() => {
      if (stepsBack.value === 0) return upcoming.value.slice(1);
      const later = history.value.slice(history.value.length - stepsBack.value + 1);
      return [...later.map((past) => past.item), ...upcoming.value];
    }),
    stepsBack,
    history,
    batch,
    emptyBecause,

    answer(answer, post) {
      const past = lookedAt.value;
      if (past !== undefined) {
        const changed = { item: past.item, answer, key: post(past.item) };
        history.value = history.value.map((entry) => (entry === past ? changed : entry));
        stepsBack.value -= 1;
        return;
      }
      const item = upcoming.value[0];
      if (item === undefined) return;
      const key = post(item);
      history.value = [...history.value, { item, answer, key }].slice(-LONGEST_HISTORY);
      upcoming.value = upcoming.value.slice(1);
      batch.value = { ...batch.value, done: batch.value.done + 1 };
    },

    back() {
      if (stepsBack.value >= history.value.length) return false;
      stepsBack.value += 1;
      return true;
    },

    forward() {
      if (stepsBack.value > 0) stepsBack.value -= 1;
    },

    merge(queue, isWaiting) {
      const unsent = queue.items.filter((item) => !isWaiting(item.image.id));
      const fresh = unsent.filter((item) => !isAnswered(item.image.id));
      // A reply that was under way while an answer was given still lists that image. Only when
      // nothing else is left does the server mean it: somebody took the answer back elsewhere.
      const items = fresh.length > 0 ? fresh : unsent;
      const shown = upcoming.value[0];
      // The image under the reader's eyes is never exchanged, whatever the new order says.
      upcoming.value =
        shown === undefined ? items : [shown, ...items.filter((item) => item.image.id !== shown.image.id)];
      const onTheWay = queue.items.length - unsent.length;
      batch.value = {
        done: queue.batch_done + onTheWay,
        size: queue.batch_size,
        minutesLeft: queue.minutes_left,
      };
      emptyBecause.value = queue.empty_because ?? null;
    },

    putFirst,

    settle(key, answer) {
      history.value = history.value.map((past) => (past.key === key ? { ...past, answer } : past));
    },

    rollBack(key) {
      const past = history.value.find((entry) => entry.key === key);
      if (past === undefined) return;
      const position = history.value.length - history.value.indexOf(past);
      history.value = history.value.filter((entry) => entry !== past);
      if (stepsBack.value >= position) stepsBack.value -= 1;
      putFirst(past.item);
    },

    restore(past) {
      if (history.value.length === 0) history.value = past.slice(-LONGEST_HISTORY);
    },

    patchFlag(image, flagged) {
      const patch = (item: QueueItem): QueueItem =>
        item.image.id === image ? { ...item, image: { ...item.image, flagged } } : item;
      upcoming.value = upcoming.value.map(patch);
      history.value = history.value.map((past) => ({ ...past, item: patch(past.item) }));
    },
  };
}
