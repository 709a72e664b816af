/**
 * Where the log of a drawing is kept, so that undo survives a reload. A log is written entry by entry;
 * what was undone is overwritten by the next edit.
 */
import type { DrawingTask, SavedEntry, SavedMark } from './marks';

export interface SavedHead {
  version: 1;
  task: DrawingTask;
  width: number;
  height: number;
  /** What the drawing began from, or was last saved as; a log on another beginning is not taken up. */
  base: string;
  /** Marks before the first entry. */
  start: SavedMark[];
  /** Entries that are in effect; those after it have been undone. */
  position: number;
  /** Position at which the drawing was last saved on the server; −1 where it cannot be reached again. */
  savedPosition: number;
}

/** Where a log stands: what changes of a head while one draws. */
export type Standing = Pick<SavedHead, 'position' | 'savedPosition' | 'base'>;

export interface SavedLog {
  head: SavedHead;
  entries: SavedEntry[];
}

export interface LogStore {
  load: (key: string) => Promise<SavedLog | null>;
  /** Replaces all that is kept under this key. */
  reset: (key: string, log: SavedLog) => Promise<void>;
  /** Replaces the entries from `from` on, and where the log stands. */
  write: (key: string, from: number, entries: readonly SavedEntry[], standing: Standing) => Promise<void>;
  forget: (key: string) => Promise<void>;
}

/** Keeps logs for the life of the page: for tests, and where the browser refuses to keep anything. */
export function createMemoryStore(): LogStore {
  const logs = new Map<string, SavedLog>();
  return {
    load: (key) => Promise.resolve(structuredClone(logs.get(key) ?? null)),
    reset(key, log) {
      logs.set(key, structuredClone(log));
      return Promise.resolve();
    },
    write(key, from, entries, standing) {
      const log = logs.get(key);
      if (log !== undefined) {
        log.entries.splice(from, Infinity, ...structuredClone([...entries]));
        Object.assign(log.head, standing);
      }
      return Promise.resolve();
    },
    forget(key) {
      logs.delete(key);
      return Promise.resolve();
    },
  };
}

const DATABASE = 'autolabel.drawings';
const HEADS = 'heads';
const ENTRIES = 'entries';

/** Keeps logs in IndexedDB; `key` names project and image. */
export function createIndexedDbStore(factory: IDBFactory): LogStore {
  let opened: Promise<IDBDatabase> | null = null;
  const open = (): Promise<IDBDatabase> => {
    opened ??= new Promise((resolve, reject) => {
      const request = factory.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(HEADS);
        request.result.createObjectStore(ENTRIES);
      };
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        opened = null;
        reject(failure(request.error));
      };
    });
    return opened;
  };
  /** Runs in one transaction and resolves when it is complete: all of it is kept, or nothing. */
  const run = async <T>(
    mode: IDBTransactionMode,
    work: (heads: IDBObjectStore, entries: IDBObjectStore) => () => T,
  ): Promise<T> => {
    const transaction = (await open()).transaction([HEADS, ENTRIES], mode);
    const result = work(transaction.objectStore(HEADS), transaction.objectStore(ENTRIES));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => {
        resolve(result());
      };
      transaction.onabort = () => {
        reject(failure(transaction.error));
      };
    });
  };
  const nothing = (): void => undefined;
  const entriesFrom = (key: string, from: number): IDBKeyRange =>
    IDBKeyRange.bound([key, from], [key, Infinity]);
  const put = (store: IDBObjectStore, key: string, from: number, entries: readonly SavedEntry[]): void => {
    entries.forEach((entry, index) => store.put(entry, [key, from + index]));
  };

  return {
    load: (key) =>
      run('readonly', (heads, entries) => {
        const head = heads.get(key) as IDBRequest<SavedHead | undefined>;
        const all = entries.getAll(entriesFrom(key, 0)) as IDBRequest<SavedEntry[]>;
        return () => (head.result === undefined ? null : { head: head.result, entries: all.result });
      }),
    reset: (key, log) =>
      run('readwrite', (heads, entries) => {
        entries.delete(entriesFrom(key, 0));
        heads.put(log.head, key);
        put(entries, key, 0, log.entries);
        return nothing;
      }),
    write: (key, from, added, standing) =>
      run('readwrite', (heads, entries) => {
        entries.delete(entriesFrom(key, from));
        put(entries, key, from, added);
        const head = heads.get(key) as IDBRequest<SavedHead | undefined>;
        head.onsuccess = () => {
          if (head.result !== undefined) heads.put({ ...head.result, ...standing }, key);
        };
        return nothing;
      }),
    forget: (key) =>
      run('readwrite', (heads, entries) => {
        heads.delete(key);
        entries.delete(entriesFrom(key, 0));
        return nothing;
      }),
  };
}

function failure(cause: DOMException | null): Error {
  return new Error(`The browser could not keep the drawing: ${cause?.message ?? 'no reason given'}`);
}
