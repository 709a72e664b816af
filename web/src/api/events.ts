/**
 * The server's event stream. Events say what changed, some carry the new state. After a break, or
 * when the server says that events were missed, everything on the screen is to be read again, so a
 * lost event costs nothing.
 */
import type { ProjectEvent } from './types';

const EVENT_KINDS = ['project', 'queue', 'curve', 'job', 'audit'] as const;
export type EventKind = ProjectEvent['kind'];

export interface EventListeners {
  onEvent: (event: ProjectEvent) => void;
  /** Read everything again: the stream was opened, or events were missed. */
  onSync: () => void;
  onBreak: () => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Listens until the returned function is called; reopens the stream whenever it ends. */
export function listen(
  listeners: EventListeners,
  open: (url: string) => EventSource = (url) => new EventSource(url),
): () => void {
  let source: EventSource | null = null;
  let waitMs = FIRST_WAIT_MS;
  let timer = 0;
  let closed = false;

  const connect = (): void => {
    source = open('/api/v1/events');
    source.onopen = () => {
      waitMs = FIRST_WAIT_MS;
      listeners.onSync();
    };
    source.onerror = () => {
      listeners.onBreak();
      // Browsers retry a dropped stream by themselves but give up after an HTTP error; one own
      // timer serves both cases.
      source?.close();
      if (closed) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(connect, waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    source.addEventListener('sync', listeners.onSync);
    for (const kind of EVENT_KINDS) {
      source.addEventListener(kind, (message) => {
        const event = parse(kind, message);
        if (event === null) listeners.onSync();
        else listeners.onEvent(event);
      });
    }
  };

  connect();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    source?.close();
  };
}

/** The event, or `null` for data that are not what their kind promises. */
function parse(kind: EventKind, message: MessageEvent<string>): ProjectEvent | null {
  try {
    const value: unknown = JSON.parse(message.data);
    if (typeof value !== 'object' || value === null) return null;
    if (kind === 'project' && !('project' in value)) return null;
    if (kind === 'job' && !('job' in value)) return null;
    return { ...value, kind } as ProjectEvent;
  } catch {
    return null;
  }
}
