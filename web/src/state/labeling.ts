/** Ties the labeling session to the server: the queue, the outbox, flags and going back. */
import { signal } from '@preact/signals';
import { ApiError, getImage, getQueue, setFlag, undoAnswer } from '../api/client';
import type { Answer, Drawing, QueueItem, QueueView } from '../api/types';
import { outbox } from './answers';
import { createLabelSession, type Answered } from './label-session';
import { say, tellProblem } from './notices';
import { answerText, connected, onServerEvent } from './project';
import { shapesInWords } from '../words/labels';
import { coalesce } from './refresh';

export const session = createLabelSession();

/** `true` until the first queue has come. */
export const loadingQueue = signal(true);

/** Images asked for: the one shown, three prefetched, and some for when the server is away. */
const WANTED = 8;
/** With fewer than this ahead, more are asked for. */
const FEW = 4;

const HISTORY_KEY = 'autolabel.history';
const KEPT_HISTORY = 30;

function merge(queue: QueueView): void {
  session.merge(queue, outbox.isWaiting);
  loadingQueue.value = false;
}

export const refreshQueue = coalesce(async () => {
  try {
    // Unsent answers still stand in the server's queue; ask for as many more.
    merge(await getQueue(WANTED + outbox.state.value.waiting));
    connected.value = true;
  } catch (cause) {
    if (cause instanceof ApiError && cause.code === 'network') connected.value = false;
    else tellProblem(cause);
  }
});

let started = false;

/** Begins to keep the session in step with the server; calling it again only refreshes. */
export function startLabeling(): void {
  if (!started) {
    started = true;
    outbox.subscribe({
      onReceipt(message, receipt) {
        if (receipt.kind !== 'annotation') return;
        if (message.drawing !== undefined) session.settle(message.key, receipt.answer);
        merge(receipt.receipt.queue);
        if (session.ahead.value.length < FEW) void refreshQueue();
      },
      onRefused(message, reason) {
        if (message.kind !== 'annotation') return;
        session.rollBack(message.key);
        tellProblem(`The answer for ${message.file} was not taken: ${reason} The image is shown again.`);
      },
    });
    onServerEvent((kind) => {
      if (kind === 'queue') void refreshQueue();
    });
    void restoreHistory();
    session.history.subscribe(keepHistory);
  }
  void refreshQueue();
}

/**
 * Answers the shown image: at once on the screen, then on its way to the server, with what was drawn where
 * that is the answer. Returns the key of the answer.
 */
export function giveAnswer(answer: Answer, seconds: number, drawing?: Drawing): string {
  let given = '';
  session.answer(answer, (item) => {
    given = outbox.post({
      kind: 'annotation',
      image: item.image.id,
      file: item.image.file,
      answer,
      ...(drawing === undefined ? {} : { drawing }),
      seconds,
    }).key;
    return given;
  });
  const next = session.current.value;
  const place = next === null ? '' : ` Image ${String(next.position)} of ${String(next.batch_size)}.`;
  const words = drawing === undefined ? answerText(answer) : shapesInWords(drawing.shapes.length);
  say(`${words}.${place}`);
  return given;
}

/**
 * Shows the image before. Within this session nothing is undone by looking back: the answer
 * stands until another one is given. Beyond it the server takes back the last answer it has.
 */
export async function goBack(): Promise<void> {
  if (session.back()) return;
  await outbox.settled();
  try {
    const shown = session.current.value?.image.id;
    const queue = await undoAnswer();
    const first = queue.items[0] ?? null;
    if (first === null || first.image.id === shown) say('There is nothing to go back to.');
    else session.putFirst(first);
    merge(queue);
  } catch (cause) {
    tellProblem(cause);
  }
}

export async function toggleFlag(item: QueueItem): Promise<void> {
  const { id, flagged } = item.image;
  session.patchFlag(id, !flagged);
  say(flagged ? 'Flag removed.' : 'Flagged for a second look.');
  try {
    await setFlag(id, !flagged);
  } catch (cause) {
    session.patchFlag(id, flagged);
    tellProblem(cause);
  }
}

function keepHistory(history: readonly Answered[]): void {
  try {
    window.sessionStorage.setItem(HISTORY_KEY, JSON.stringify(history.slice(-KEPT_HISTORY)));
  } catch {
    // Without storage a reload only forgets where going back leads; every answer is on the server.
  }
}

/** After a reload, going back works as before, provided that this is still the same project. */
async function restoreHistory(): Promise<void> {
  try {
    const history = JSON.parse(window.sessionStorage.getItem(HISTORY_KEY) ?? '[]') as Answered[];
    const last = history.at(-1);
    if (last === undefined) return;
    const image = await getImage(last.item.image.id);
    if (image.file === last.item.image.file && image.answer != null) session.restore(history);
  } catch {
    window.sessionStorage.removeItem(HISTORY_KEY);
  }
}
