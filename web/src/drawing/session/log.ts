/** The log of edits: a list of entries and how many of them are in effect, kept as they come. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { LogStore, SavedHead, Standing } from './log-store';
import {
  changed,
  readEntry,
  readMark,
  saveEntry,
  saveMark,
  type DrawingTask,
  type Entry,
  type Mark,
} from './marks';

export interface Log {
  canUndo: ReadonlySignal<boolean>;
  canRedo: ReadonlySignal<boolean>;
  dirty: ReadonlySignal<boolean>;
  failed: ReadonlySignal<string | null>;
  /** Adds an edit; what was undone before it is forgotten. */
  add: (entry: Entry) => void;
  /** The entry to take back, or to make again; `null` where there is none. */
  back: () => Entry | null;
  forward: () => Entry | null;
  reset: (start: readonly Mark[], base: string) => Promise<void>;
  /** What is kept, if it began from `base`; from wherever it began where that is `null`. */
  load: (base: string | null) => Promise<{ start: Mark[]; done: Entry[]; undone: Entry[] } | null>;
  /** What is drawn now is saved, and is what the log begins from when it is taken up again. */
  markSaved: (base?: string) => void;
  settled: () => Promise<void>;
}

interface LogConfig {
  task: DrawingTask;
  width: number;
  height: number;
  store?: LogStore;
  key?: string;
}

/** Edits that can be undone; older ones become part of the beginning. */
const MOST_ENTRIES = 1000;
/** Folded at once, so that the beginning is not written again with every edit. */
const FOLDED = 200;

export function createLog({ task, width, height, store, key = '' }: LogConfig): Log {
  let entries: Entry[] = [];
  let start = new Map<number, Mark>();
  let base = '';
  const position = signal(0);
  const length = signal(0);
  const savedPosition = signal(0);
  const failed = signal<string | null>(null);
  let writing: Promise<void> = Promise.resolve();

  /** One write after the other, in the order of the edits. */
  const keep = (write: (store: LogStore) => Promise<void>): Promise<void> => {
    if (store === undefined) return Promise.resolve();
    writing = writing
      .then(() => write(store))
      .then(
        () => {
          failed.value = null;
        },
        (cause: unknown) => {
          failed.value = cause instanceof Error ? cause.message : String(cause);
        },
      );
    return writing;
  };
  const standing = (): Standing => ({
    position: position.value,
    savedPosition: savedPosition.value,
    base,
  });
  const keepAll = (): Promise<void> => {
    const head: SavedHead = {
      version: 1,
      task,
      width,
      height,
      start: [...start.values()].map(saveMark),
      ...standing(),
    };
    const log = { head, entries: entries.map(saveEntry) };
    return keep((to) => to.reset(key, log));
  };
  const keepStanding = (): void => {
    const [from, now] = [entries.length, standing()];
    void keep((to) => to.write(key, from, [], now));
  };
  const fold = (): void => {
    for (const entry of entries.splice(0, FOLDED)) {
      for (const change of entry.changes) {
        const mark = changed(start.get(change.id), change, false);
        if (mark === null) start.delete(change.id);
        else start.set(change.id, mark);
      }
    }
    position.value -= FOLDED;
    savedPosition.value = savedPosition.value < FOLDED ? -1 : savedPosition.value - FOLDED;
  };

  return {
    canUndo: computed(() => position.value > 0),
    canRedo: computed(() => position.value < length.value),
    dirty: computed(() => position.value !== savedPosition.value),
    failed,
    add(entry) {
      const from = position.value;
      // A saved state that was undone and overwritten cannot be reached again.
      if (savedPosition.value > from) savedPosition.value = -1;
      entries.splice(from, Infinity, entry);
      position.value = from + 1;
      if (entries.length > MOST_ENTRIES) {
        fold();
        void keepAll();
      } else {
        const [saved, now] = [saveEntry(entry), standing()];
        void keep((to) => to.write(key, from, [saved], now));
      }
      length.value = entries.length;
    },
    back() {
      if (position.value === 0) return null;
      position.value--;
      keepStanding();
      return entries[position.value] ?? null;
    },
    forward() {
      const entry = entries[position.value];
      if (entry === undefined) return null;
      position.value++;
      keepStanding();
      return entry;
    },
    reset(marks, from) {
      entries = [];
      start = new Map(marks.map((mark) => [mark.id, mark]));
      base = from;
      position.value = 0;
      length.value = 0;
      savedPosition.value = 0;
      return keepAll();
    },
    async load(from) {
      const saved = (await store?.load(key).catch(() => null)) ?? null;
      if (saved === null) return null;
      const { head } = saved;
      const fits =
        head.version === 1 &&
        head.task === task &&
        head.width === width &&
        head.height === height &&
        (from === null || head.base === from);
      if (!fits) return null;
      entries = saved.entries.map((entry) => readEntry(entry, width, height));
      start = new Map(head.start.map((mark) => [mark.id, readMark(mark)]));
      base = head.base;
      position.value = Math.min(head.position, entries.length);
      length.value = entries.length;
      savedPosition.value = head.savedPosition;
      return {
        start: [...start.values()],
        done: entries.slice(0, position.value),
        undone: entries.slice(position.value),
      };
    },
    markSaved(from = base) {
      savedPosition.value = position.value;
      base = from;
      keepStanding();
    },
    settled: () => writing,
  };
}
