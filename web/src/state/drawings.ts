/**
 * Opens the drawing of an image, to go on with it: the log of an earlier page if it fits, else what the answer
 * holds, else the network's proposal. One tab at a time keeps the log of an image.
 */
import type { Signal } from '@preact/signals';
import type { Drawing, ImageView, ShapeProposal } from '../api/types';
import { createIndexedDbStore, type LogStore } from '../drawing/session/log-store';
import type { DrawingTask } from '../drawing/session/marks';
import { createDrawingSession, type DrawingSession, type Proposal } from '../drawing/session/session';
import { proposalFor } from './proposals';

/** Which drawing is wanted. */
export interface Wanted {
  /** Names project, screen and image: what the log is kept under. */
  key: string;
  image: Pick<ImageView, 'id' | 'width' | 'height'>;
  task: DrawingTask;
  /** What is begun from, by name; `null` goes on with whatever log there is. */
  base: string | null;
  /** What `base` names, where no log of it is kept here; `null` = nothing is drawn yet. */
  begin: (() => Promise<Drawing>) | null;
  currentClass: Signal<number>;
}

/** A drawing in hand. */
export interface OpenDrawing {
  image: number;
  session: DrawingSession;
  /** Another tab has it, too, and keeps its log: undo ends here with this page. */
  isElsewhere: boolean;
  /** Resolves when that tab has let it go. */
  freed: Promise<void>;
  proposal: ShapeProposal | null;
  /** Lets other tabs have it, when all edits are kept. */
  close: () => void;
}

/** A page that was just left gives its drawing back within this time. */
const WAIT_FOR_LEFT_PAGE_MS = 1000;
const WAIT_FOR_PROPOSAL_MS = 800;
/** Base of a drawing that nobody has answered with. */
const NEW = 'new';

let store: LogStore | null = null;

export async function openDrawing(wanted: Wanted): Promise<OpenDrawing> {
  const { image, task, currentClass } = wanted;
  const key = `${wanted.key}${ownSuffix()}`;
  const lock = await hold(key);
  try {
    const session = createDrawingSession({
      task,
      width: image.width,
      height: image.height,
      currentClass,
      ...(lock.isElsewhere ? {} : { store: logStore(), key }),
    });
    const proposal = await fill(session, wanted);
    const close = (): void => {
      void session.settled().finally(() => {
        lock.end();
      });
    };
    const { isElsewhere, freed } = lock;
    return { image: image.id, session, isElsewhere, freed, proposal, close };
  } catch (cause) {
    lock.end();
    throw cause;
  }
}

/** Puts into a session what there is to go on with; returns the proposal that is part of it. */
async function fill(session: DrawingSession, { image, base, begin }: Wanted): Promise<ShapeProposal | null> {
  const asked = begin === null ? inTime(proposalFor(image.id)) : null;
  const isRestored = await session.restore(base);
  if (begin !== null) {
    if (!isRestored) await session.fromDrawing(await begin(), [], base ?? NEW);
    return null;
  }
  const proposal = await asked;
  // A log without an edit is only an earlier proposal.
  const isEdited = isRestored && (session.canUndo.value || session.canRedo.value);
  if (!isEdited) await session.fromDrawing({ shapes: [] }, proposalsOf(proposal), NEW);
  return proposal;
}

/** Nobody waits for a slow network: then one draws without. */
function inTime(asked: Promise<ShapeProposal | null>): Promise<ShapeProposal | null> {
  const late = new Promise<null>((resolve) => {
    window.setTimeout(resolve, WAIT_FOR_PROPOSAL_MS, null);
  });
  return Promise.race([asked, late]);
}

function proposalsOf(proposal: ShapeProposal | null): Proposal[] {
  return (proposal?.shapes ?? []).map(({ class: index, geometry, confidence }) => ({
    class: index,
    geometry,
    doubt: 1 - confidence,
  }));
}

function logStore(): LogStore {
  store ??= createIndexedDbStore(indexedDB);
  return store;
}

/** The lock of a drawing, or the wait for it. */
interface Hold {
  /** Another page has it. */
  isElsewhere: boolean;
  /** Resolves when it is free after all. */
  freed: Promise<void>;
  /** Gives it back, or stops waiting. */
  end: () => void;
}

/** Waits a moment for the lock of a drawing, and goes on waiting where another page has it. */
async function hold(key: string): Promise<Hold> {
  const hold: Hold = { isElsewhere: false, freed: new Promise(() => undefined), end: () => undefined };
  if (!hasLocks()) return hold;
  const waiting = new AbortController();
  hold.end = () => {
    waiting.abort();
  };
  const granted = new Promise<void>((resolve) => {
    const keep = (): Promise<void> =>
      new Promise((release) => {
        hold.end = release;
        resolve();
      });
    // An end of the wait is no failure.
    navigator.locks
      .request(`autolabel.drawing/${key}`, { signal: waiting.signal }, keep)
      .catch(() => undefined);
  });
  const late = new Promise<boolean>((resolve) => {
    window.setTimeout(resolve, WAIT_FOR_LEFT_PAGE_MS, true);
  });
  hold.isElsewhere = await Promise.race([granted.then(() => false), late]);
  if (hold.isElsewhere) hold.freed = granted;
  return hold;
}

/** Browsers have locks only on secure origins; the DOM types do not say so. */
function hasLocks(): boolean {
  return 'locks' in navigator;
}

const TAB = 'autolabel.tab';

/** Where there are no locks, each tab keeps logs of its own. */
function ownSuffix(): string {
  if (hasLocks()) return '';
  try {
    const tab = window.sessionStorage.getItem(TAB) ?? String(Math.random()).slice(2);
    window.sessionStorage.setItem(TAB, tab);
    return `/${tab}`;
  } catch {
    return '';
  }
}
