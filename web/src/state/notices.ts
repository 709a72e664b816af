/** Short messages to the person: one banner that stays until it is read, and spoken updates. */
import { signal } from '@preact/signals';

export interface Banner {
  kind: 'problem' | 'news';
  text: string;
}

export const banner = signal<Banner | null>(null);

/** What a screen reader says next (polite). */
export const spoken = signal('');

export function say(text: string): void {
  // The same words twice are only spoken twice when the text changes.
  spoken.value = spoken.value === text ? `${text}\u00a0` : text;
}

export function tellProblem(cause: unknown): void {
  banner.value = { kind: 'problem', text: cause instanceof Error ? cause.message : String(cause) };
}

export function tellNews(text: string): void {
  banner.value = { kind: 'news', text };
}

export function dismissBanner(): void {
  banner.value = null;
}
