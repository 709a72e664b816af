/** How marks look. Colours come from the project's classes, so that no page has to draw. */
import { IGNORED } from '../session/marks';

export interface OverlayStyle {
  /** Colour of each class, `#rrggbb`. */
  colors: readonly string[];
  /** Marks are drawn at all. */
  visible: boolean;
  /** Areas are tinted; otherwise outlines only. */
  filled: boolean;
  /** Of the tint, 0 to 1. */
  opacity: number;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** Pixels that count neither way are grey, whatever the classes look like. */
export const IGNORED_COLOR = '#9aa0a6';
/** The frame of what is selected, and its dark edge; to be seen on any picture. */
export const SELECTED = '#ffffff';
export const HALO = 'rgb(0 0 0 / 70%)';
export const HANDLE_PX = 8;

export function colorOf(style: OverlayStyle, index: number): string {
  return index === IGNORED ? IGNORED_COLOR : (style.colors[index % style.colors.length] ?? IGNORED_COLOR);
}

export function rgbOf(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
