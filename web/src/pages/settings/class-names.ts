/** Rules of the names and colours of classes, grades and findings, the same as the server's. */
import type { Words } from '../../words/labels';

/** Okabe and Ito's colour-blind-safe palette (2008), brightened for a dark screen. */
const PALETTE = ['#56b4e9', '#e69f00', '#2fbf8f', '#f0e442', '#4f8fd6', '#e8743b', '#d98cbf', '#b9c0c8'];

export function nextColor(index: number): string {
  return PALETTE[index % PALETTE.length] ?? '#b9c0c8';
}

/** From the lowest to the highest grade: rising lightness, from blue to yellow; as the program has it. */
const RAMP = [
  [0x5b, 0x6f, 0xc9],
  [0x3f, 0x97, 0xc2],
  [0x3f, 0xb9, 0x9b],
  [0x9c, 0xd3, 0x5f],
  [0xfb, 0xe7, 0x4a],
] as const;

/** The colour of a grade of so many. */
export function gradeColor(grade: number, count: number): string {
  const last = RAMP.length - 1;
  const place = Math.min((grade / (Math.max(count, 2) - 1)) * last, last);
  const below = Math.min(Math.floor(place), last - 1);
  const channel = (i: 0 | 1 | 2): string => {
    const [from, to] = [RAMP[below]?.[i] ?? 0, RAMP[below + 1]?.[i] ?? 0];
    return Math.round(from + (place - below) * (to - from))
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(1)}${channel(2)}`;
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
