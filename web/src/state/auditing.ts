/** The audit: one auto-label at a time, agreed or corrected. */
import { signal } from '@preact/signals';
import type { Answer, AuditView, Drawing } from '../api/types';
import { setFlag } from '../api/client';
import { outbox } from './answers';
import { say, tellNews, tellProblem } from './notices';
import { answerOf, sameAnswer, shapesInWords } from '../words/labels';
import { answerText, audit, labelText, refreshAudit } from './project';

/** The last check, to be named on the screen. */
export interface LastCheck {
  image: number;
  agreed: boolean;
  text: string;
}

/** Image whose check is on its way; the next one comes with its receipt. */
export const checking = signal<number | null>(null);
export const lastCheck = signal<LastCheck | null>(null);

let started = false;

export function startAuditing(): void {
  if (!started) {
    started = true;
    outbox.subscribe({
      onReceipt(message, receipt) {
        if (receipt.kind !== 'audit') return;
        const before = audit.value;
        if (before !== null && before !== 'none' && receipt.view.attempt > before.attempt) {
          // A refuted audit may be followed at once by one with a stricter threshold.
          tellNews(`A new audit has begun, with a stricter threshold. ${receipt.view.text}`);
        }
        audit.value = receipt.view;
        if (checking.value === message.image) checking.value = null;
      },
      onRefused(message, reason) {
        if (message.kind !== 'audit') return;
        checking.value = null;
        lastCheck.value = null;
        tellProblem(`The check of ${message.file} was not taken: ${reason}`);
        void refreshAudit();
      },
    });
  }
  void refreshAudit();
}

/** Agrees with a label or corrects it; a corrected drawing comes with its shapes. */
export function giveCheck(view: AuditView, answer: Answer, seconds: number, drawing?: Drawing): void {
  const item = view.next;
  if (item == null || checking.value !== null) return;
  const agreed = sameAnswer(answer, answerOf(item.label));
  const words = agreed
    ? `agreed: ${labelText(item.label)}`
    : answer.kind === 'unreadable'
      ? answerText(answer).toLowerCase()
      : `corrected to ${drawing === undefined ? answerText(answer) : shapesInWords(drawing.shapes.length)}`;
  lastCheck.value = { image: item.image.id, agreed, text: words };
  checking.value = item.image.id;
  say(words);
  outbox.post({
    kind: 'audit',
    image: item.image.id,
    file: item.image.file,
    answer,
    ...(drawing === undefined ? {} : { drawing }),
    seconds,
  });
}

export async function flagChecked(view: AuditView): Promise<void> {
  const image = view.next?.image;
  if (image === undefined) return;
  try {
    await setFlag(image.id, !image.flagged);
    await refreshAudit();
  } catch (cause) {
    tellProblem(cause);
  }
}
