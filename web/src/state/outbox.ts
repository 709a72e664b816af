/**
 * The way of an answer from the key press to the server's disk. An answer is first kept in the
 * browser's storage, then sent; it is removed only when the server has acknowledged or refused it.
 * Retries carry the same idempotency key, so an answer whose acknowledgement was lost is not
 * counted twice. Answers go out one at a time in the order they were given, because a correction
 * must arrive after what it corrects.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { ApiError } from '../api/client';
import type { Answer, Drawing } from '../api/types';

export type AnswerKind = 'annotation' | 'audit';

/** One answer on its way. */
export interface Outgoing {
  /** Idempotency key: the same for every attempt. */
  key: string;
  kind: AnswerKind;
  image: number;
  /** File of the image; an answer found after a reload is sent only if it still names that image. */
  file: string;
  answer: Answer;
  /** What was drawn, where the answer is a drawing: it is saved first, and the answer then names it. */
  drawing?: Drawing;
  /** From the picture on the screen to the key press. */
  seconds: number;
  givenAtMs: number;
}

export interface OutboxState {
  /** Answers not yet acknowledged. */
  waiting: number;
  /** `false` when the last attempt did not get through. */
  reachable: boolean;
  /** Answers kept in this browser that belong to another project. */
  foreign: number;
}

export interface OutboxListener<Receipt> {
  onReceipt?: (message: Outgoing, receipt: Receipt) => void;
  /** The server will never take this answer; `reason` is its sentence. */
  onRefused?: (message: Outgoing, reason: string) => void;
}

export interface OutboxParts<Receipt> {
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;
  send: (message: Outgoing) => Promise<Receipt>;
  /** File name that the server has for an image now. */
  fileOf: (image: number) => Promise<string>;
  now: () => number;
  newKey: () => string;
  wait: (milliseconds: number) => { done: Promise<void>; cut: () => void };
}

export interface Outbox<Receipt> {
  state: ReadonlySignal<OutboxState>;
  /** Keeps and sends an answer; returns it with its key. */
  post: (answer: Omit<Outgoing, 'key' | 'givenAtMs'>) => Outgoing;
  /** Takes up what an earlier page left behind. */
  restore: () => Promise<void>;
  /** Ends the pause between two attempts. */
  retryNow: () => void;
  isWaiting: (image: number) => boolean;
  waitingAnswers: () => readonly Outgoing[];
  subscribe: (listener: OutboxListener<Receipt>) => () => void;
  /** Resolves when nothing is on its way. */
  settled: () => Promise<void>;
}

const PREFIX = 'autolabel.outbox.';
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 10_000;

export function createOutbox<Receipt>(parts: OutboxParts<Receipt>): Outbox<Receipt> {
  const queue: Outgoing[] = [];
  const listeners = new Set<OutboxListener<Receipt>>();
  const state = signal<OutboxState>({ waiting: 0, reachable: true, foreign: 0 });
  let running: Promise<void> | null = null;
  let pause: { cut: () => void } | null = null;

  const publish = (change: Partial<OutboxState> = {}): void => {
    state.value = { ...state.value, ...change, waiting: queue.length };
  };

  const drop = (message: Outgoing): void => {
    const at = queue.indexOf(message);
    if (at >= 0) queue.splice(at, 1);
    parts.storage.removeItem(storageKey(message));
  };

  /** Sends the first answer; `true` when it is dealt with, `false` when it must be tried again. */
  const attempt = async (message: Outgoing): Promise<boolean> => {
    try {
      const receipt = await parts.send(message);
      drop(message);
      publish({ reachable: true });
      for (const listener of listeners) listener.onReceipt?.(message, receipt);
      return true;
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.mayPass) return false;
      drop(message);
      publish({ reachable: true });
      for (const listener of listeners) listener.onRefused?.(message, cause.message);
      return true;
    }
  };

  const run = async (): Promise<void> => {
    let waitMs = FIRST_WAIT_MS;
    for (let message = queue[0]; message !== undefined; message = queue[0]) {
      if (await attempt(message)) {
        waitMs = FIRST_WAIT_MS;
        continue;
      }
      publish({ reachable: false });
      const { done, cut } = parts.wait(waitMs);
      pause = { cut };
      await done;
      pause = null;
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      // Whoever answers after a break may be another project at the same address.
      if (await belongs(message, parts.fileOf)) continue;
      queue.splice(queue.indexOf(message), 1);
      publish({ reachable: true, foreign: state.value.foreign + 1 });
    }
  };

  const start = (): void => {
    running ??= run().finally(() => {
      running = null;
      if (queue.length > 0) start();
    });
  };

  return {
    state,
    post(answer) {
      const message: Outgoing = { ...answer, key: parts.newKey(), givenAtMs: parts.now() };
      keep(parts.storage, message);
      queue.push(message);
      publish();
      start();
      return message;
    },
    async restore() {
      let foreign = 0;
      for (const message of kept(parts.storage)) {
        if (queue.some((known) => known.key === message.key)) continue;
        if (await belongs(message, parts.fileOf)) queue.push(message);
        else foreign += 1;
      }
      queue.sort((a, b) => a.givenAtMs - b.givenAtMs);
      publish({ foreign });
      if (queue.length > 0) start();
    },
    retryNow() {
      pause?.cut();
    },
    isWaiting: (image) => queue.some((message) => message.image === image),
    waitingAnswers: () => queue,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async settled() {
      while (running !== null) await running;
    },
  };
}

/** One entry of the storage per answer, so that two tabs never overwrite each other's list. */
function storageKey(message: Outgoing): string {
  return PREFIX + message.key;
}

function keep(storage: OutboxParts<unknown>['storage'], message: Outgoing): void {
  try {
    storage.setItem(storageKey(message), JSON.stringify(message));
  } catch {
    // A full or forbidden storage only costs the protection against closing the tab while the
    // server is down; the answer itself stays in memory and is sent.
  }
}

function kept(storage: OutboxParts<unknown>['storage']): Outgoing[] {
  const found: Outgoing[] = [];
  for (let i = 0; i < storage.length; i++) {
    const key = storage.key(i);
    if (key?.startsWith(PREFIX) !== true) continue;
    const message = parse(storage.getItem(key));
    if (message !== null) found.push(message);
  }
  return found.sort((a, b) => a.givenAtMs - b.givenAtMs);
}

function parse(text: string | null): Outgoing | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null) return null;
    const message = value as Partial<Outgoing>;
    const whole =
      typeof message.key === 'string' &&
      typeof message.image === 'number' &&
      typeof message.file === 'string' &&
      typeof message.answer === 'object' &&
      (message.kind === 'annotation' || message.kind === 'audit');
    return whole ? (message as Outgoing) : null;
  } catch {
    return null;
  }
}

/** Two projects opened one after the other on the same address share the browser's storage. */
async function belongs(message: Outgoing, fileOf: (image: number) => Promise<string>): Promise<boolean> {
  try {
    return (await fileOf(message.image)) === message.file;
  } catch (cause) {
    // No answer from the server says nothing about the image: keep trying to send.
    return cause instanceof ApiError && cause.mayPass;
  }
}
