/** Rules of the names and colours of classes and findings, the same as the server's. */
import type { Words } from '../../words/labels';

/** Okabe and Ito's colour-blind-safe palette (2008), brightened for a dark screen. */
const PALETTE = ['#56b4e9', '#e69f00', '#2fbf8f', '#f0e442', '#4f8fd6', '#e8743b', '#d98cbf', '#b9c0c8'];

export function nextColor(index: number): string {
  return PALETTE[index % PALETTE.length] ?? '#b9c0c8';
}

/** What is wrong with a list of names, or `null`. */
export function namesProblem(names: readonly string[], words: Words): string | null {
  const seen = new Set<string>();
  for (const [index, raw] of names.entries()) {
    const name = raw.trim();
    if (name === '') return `${words.One} number ${String(index + 1)} has no name.`;
    if (seen.has(name)) return `The name “${name}” is used twice.`;
    seen.add(name);
  }
  return null;
}
