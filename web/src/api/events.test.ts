// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listen } from './events';

class FakeSource {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (message: { data: string }) => void>();
  addEventListener(kind: string, listener: (message: { data: string }) => void): void {
    this.listeners.set(kind, listener);
  }
  send(kind: string, data = '{}'): void {
    this.listeners.get(kind)?.({ data });
  }
  close(): void {
    this.closed = true;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function bench() {
  const sources: FakeSource[] = [];
  const heard: string[] = [];
  const stop = listen(
    {
      onEvent: (event) => heard.push(JSON.stringify(event)),
      onSync: () => heard.push('sync'),
      onBreak: () => heard.push('break'),
    },
    () => {
      const source = new FakeSource();
      sources.push(source);
      return source as unknown as EventSource;
    },
  );
  return { sources, heard, stop };
}

it('passes on events with their data', () => {
  const { sources, heard } = bench();
  sources[0]?.send('curve');
  sources[0]?.send('job', '{"kind":"job","job":{"id":3}}');
  expect(heard.map((text) => JSON.parse(text) as unknown)).toEqual([
    { kind: 'curve' },
    { kind: 'job', job: { id: 3 } },
  ]);
});

it('asks for everything when the stream opens, when events were missed, and after odd data', () => {
  const { sources, heard } = bench();
  sources[0]?.onopen?.();
  sources[0]?.send('sync');
  sources[0]?.send('project', '{}');
  sources[0]?.send('job', 'not json');
  expect(heard).toEqual(['sync', 'sync', 'sync', 'sync']);
});

it('reopens a broken stream, more slowly each time, and at once again after it held', () => {
  const { sources, heard } = bench();
  sources[0]?.onerror?.();
  expect(sources[0]?.closed).toBe(true);
  vi.advanceTimersByTime(499);
  expect(sources).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(2);
  sources[1]?.onerror?.();
  vi.advanceTimersByTime(999);
  expect(sources).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(3);
  sources[2]?.onopen?.();
  sources[2]?.onerror?.();
  vi.advanceTimersByTime(500);
  expect(sources).toHaveLength(4);
  expect(heard).toEqual(['break', 'break', 'sync', 'break']);
});

it('ends when told to', () => {
  const { sources, stop } = bench();
  sources[0]?.onerror?.();
  stop();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
});
