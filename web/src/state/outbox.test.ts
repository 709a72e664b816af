import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { createOutbox, type Outbox, type Outgoing } from './outbox';

interface Bench {
  outbox: Outbox<string>;
  /** Every attempt, in order. */
  sent: Outgoing[];
  /** What the next attempts come to; after the last one everything succeeds. */
  outcomes: (Error | 'ok')[];
  waits: number[];
  storage: Map<string, string>;
  files: Map<number, string>;
  received: string[];
  refused: string[];
}

function bench(storage = new Map<string, string>()): Bench {
  const parts: Omit<Bench, 'outbox'> = {
    sent: [],
    outcomes: [],
    waits: [],
    storage,
    files: new Map(),
    received: [],
    refused: [],
  };
  let keys = 0;
  let clock = 0;
  const outbox = createOutbox<string>({
    storage: {
      get length() {
        return storage.size;
      },
      key: (i) => [...storage.keys()][i] ?? null,
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => void storage.set(key, value),
      removeItem: (key) => void storage.delete(key),
    },
    send(message) {
      parts.sent.push(message);
      const outcome = parts.outcomes.shift() ?? 'ok';
      return outcome === 'ok' ? Promise.resolve(`receipt ${message.key}`) : Promise.reject(outcome);
    },
    fileOf: (image) => Promise.resolve(parts.files.get(image) ?? `${String(image)}.png`),
    now: () => ++clock,
    newKey: () => `key-${String(++keys)}`,
    // Waits end at once; their lengths are what is tested.
    wait(milliseconds) {
      parts.waits.push(milliseconds);
      return { done: Promise.resolve(), cut: () => undefined };
    },
  });
  outbox.subscribe({
    onReceipt: (message) => parts.received.push(message.key),
    onRefused: (message, reason) => parts.refused.push(`${message.key}: ${reason}`),
  });
  return { ...parts, outbox };
}

const answerFor = (image: number, index = 0): Omit<Outgoing, 'key' | 'givenAtMs'> => ({
  kind: 'annotation',
  image,
  file: `${String(image)}.png`,
  answer: { kind: 'class', class: index },
  seconds: 3,
});

const away = (): ApiError => new ApiError('away', 0, 'network');

describe('outbox', () => {
  it('carries sets of findings, an empty one too, over a reload', async () => {
    const first = bench();
    const sets = [[0, 2], []];
    first.outcomes.push(...Array.from({ length: 50 }, away));
    for (const [image, present] of sets.entries()) {
      first.outbox.post({ ...answerFor(image), answer: { kind: 'findings', present } });
    }
    const second = bench(new Map(first.storage));
    await second.outbox.restore();
    await second.outbox.settled();
    expect(second.sent.map((message) => message.answer)).toEqual([
      { kind: 'findings', present: [0, 2] },
      { kind: 'findings', present: [] },
    ]);
    expect(second.received).toEqual(['key-1', 'key-2']);
    expect(second.storage.size).toBe(0);
  });

  it('sends in the order given, one at a time', async () => {
    const { outbox, sent, received } = bench();
    for (const image of [5, 3, 9]) outbox.post(answerFor(image));
    expect(sent).toHaveLength(1);
    await outbox.settled();
    expect(sent.map((message) => message.image)).toEqual([5, 3, 9]);
    expect(received).toEqual(['key-1', 'key-2', 'key-3']);
    expect(outbox.state.value.waiting).toBe(0);
  });

  it('keeps an answer in the storage from before it is sent until it is acknowledged', async () => {
    const { outbox, storage } = bench();
    outbox.post(answerFor(1));
    expect([...storage.values()].join()).toContain('"image":1');
    await outbox.settled();
    expect(storage.size).toBe(0);
  });

  it('tries again with the same key, waiting longer each time, and loses and doubles nothing', async () => {
    const { outbox, outcomes, sent, waits, received } = bench();
    outcomes.push(away(), new ApiError('busy', 503, 'busy'), away(), 'ok');
    outbox.post(answerFor(1));
    outbox.post(answerFor(2));
    await outbox.settled();
    expect(sent.map((message) => message.key)).toEqual(['key-1', 'key-1', 'key-1', 'key-1', 'key-2']);
    expect(waits).toEqual([400, 800, 1600]);
    expect(received).toEqual(['key-1', 'key-2']);
  });

  it('tells that the server is away while it is', async () => {
    const { outbox, outcomes } = bench();
    const seen: boolean[] = [];
    outbox.state.subscribe((state) => seen.push(state.reachable));
    outcomes.push(away());
    outbox.post(answerFor(1));
    await outbox.settled();
    expect(seen).toContain(false);
    expect(outbox.state.value.reachable).toBe(true);
  });

  it('gives up an answer that the server refuses, says why, and goes on with the next', async () => {
    const { outbox, outcomes, refused, received, storage } = bench();
    outcomes.push(new ApiError('The class does not exist.', 422, 'class'));
    outbox.post(answerFor(1, 99));
    outbox.post(answerFor(2));
    await outbox.settled();
    expect(refused).toEqual(['key-1: The class does not exist.']);
    expect(received).toEqual(['key-2']);
    expect(storage.size).toBe(0);
  });

  it('sends a correction after what it corrects', async () => {
    const { outbox, outcomes, sent } = bench();
    outcomes.push(away());
    outbox.post(answerFor(1, 0));
    outbox.post(answerFor(1, 2));
    await outbox.settled();
    expect(sent.at(-1)?.answer).toEqual({ kind: 'class', class: 2 });
    expect(new Set(sent.map((message) => message.key)).size).toBe(2);
  });

  it('takes up what a closed page left behind, with the old key', async () => {
    const first = bench();
    first.outcomes.push(...Array.from({ length: 3 }, away));
    first.outbox.post(answerFor(7));
    const copy = new Map(first.storage);
    await first.outbox.settled();

    const second = bench(copy);
    await second.outbox.restore();
    await second.outbox.settled();
    expect(second.sent.map((message) => message.key)).toEqual(['key-1']);
    expect(copy.size).toBe(0);
  });

  it('does not send an answer that belongs to another project, and keeps it', async () => {
    const first = bench();
    first.outbox.post(answerFor(7));
    const copy = new Map(first.storage);
    await first.outbox.settled();

    const second = bench(copy);
    second.files.set(7, 'another-picture.png');
    await second.outbox.restore();
    await second.outbox.settled();
    expect(second.sent).toEqual([]);
    expect(second.outbox.state.value.foreign).toBe(1);
    expect(copy.size).toBe(1);
  });

  it('keeps back an answer when another project answers after an outage', async () => {
    const { outbox, outcomes, sent, files, storage } = bench();
    outcomes.push(away());
    files.set(1, 'another-picture.png');
    outbox.post(answerFor(1));
    outbox.post(answerFor(2));
    await outbox.settled();
    expect(sent.map((message) => message.image)).toEqual([1, 2]);
    expect(outbox.state.value).toEqual({ waiting: 0, reachable: true, foreign: 1 });
    expect(storage.size).toBe(1);
  });

  it('ignores storage entries that are not answers', async () => {
    const { outbox, sent, storage } = bench();
    storage.set('autolabel.outbox.x', '{"key":');
    storage.set('autolabel.outbox.y', '{"key":"y"}');
    storage.set('something.else', '{}');
    await outbox.restore();
    await outbox.settled();
    expect(sent).toEqual([]);
  });

  it('still sends when the storage is full', async () => {
    const { outbox, received, storage } = bench();
    storage.set = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    outbox.post(answerFor(1));
    await outbox.settled();
    expect(received).toEqual(['key-1']);
  });
});
