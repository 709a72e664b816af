/** The one outbox of the app: answers of the label, audit and data screens leave through it. */
import { getImage, saveDrawing, sendAnswer, sendAuditAnswer } from '../api/client';
import type { Answer, AnswerReceipt, AuditView } from '../api/types';
import { createOutbox, type Outgoing } from './outbox';

/** `answer` as the server has it: a drawing has its number now. */
export type Receipt = { answer: Answer } & (
  { kind: 'annotation'; receipt: AnswerReceipt } | { kind: 'audit'; view: AuditView }
);

async function send({ key, kind, image, answer: given, drawing, seconds }: Outgoing): Promise<Receipt> {
  // Equal drawings have one number, so that saving once more after a lost reply changes nothing.
  const answer: Answer =
    drawing === undefined ? given : { kind: 'drawn', drawing: await saveDrawing(image, drawing) };
  const body = { image, answer, seconds, idempotency_key: key };
  return kind === 'annotation'
    ? { kind, answer, receipt: await sendAnswer(body) }
    : { kind, answer, view: await sendAuditAnswer(body) };
}

/** A random key. `randomUUID` exists only on secure origins, and a hospital may use plain HTTP. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function wait(milliseconds: number): { done: Promise<void>; cut: () => void } {
  let cut = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    const timer = window.setTimeout(resolve, milliseconds);
    cut = () => {
      window.clearTimeout(timer);
      resolve();
    };
  });
  return { done, cut };
}

export const outbox = createOutbox<Receipt>({
  storage: window.localStorage,
  send,
  fileOf: async (image) => (await getImage(image)).file,
  now: () => Date.now(),
  newKey,
  wait,
});

/** Sends what an earlier page left behind, and tries again as soon as the network is back. */
export function startAnswers(): void {
  void outbox.restore();
  window.addEventListener('online', () => {
    outbox.retryNow();
  });
}
