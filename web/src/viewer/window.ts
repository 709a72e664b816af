/**
 * The window: which sample values are shown black and white. Radiology says the same with a width
 * and a level (centre); drags change those two, in sample values of the image itself.
 */

export interface Window {
  /** Sample value shown black. */
  low: number;
  /** Sample value shown white; always above `low`. */
  high: number;
}

export interface WidthLevel {
  width: number;
  level: number;
}

export function widthLevel(window: Window): WidthLevel {
  return { width: window.high - window.low, level: (window.low + window.high) / 2 };
}

export function fromWidthLevel({ width, level }: WidthLevel): Window {
  return { low: level - width / 2, high: level + width / 2 };
}

/** Pixels of pointer travel that change width or level by one default width. */
const TRAVEL_PX = 500;
const SMALLEST_WIDTH = 1;

/**
 * The window after a drag: right widens (less contrast), down raises the level (darker), as on a
 * PACS. One default width per 500 px makes the gesture feel the same on 8- and 16-bit images.
 *
 * @param start window when the drag began
 * @param dx pointer travel to the right, CSS pixels
 * @param dy pointer travel downwards, CSS pixels
 * @param full default window of the image: sets the speed and the range of the level
 */
export function dragWindow(start: Window, dx: number, dy: number, full: Window): Window {
  const perPixel = (full.high - full.low) / TRAVEL_PX;
  const { width, level } = widthLevel(start);
  const span = full.high - full.low;
  return fromWidthLevel({
    width: clamp(width + dx * perPixel, SMALLEST_WIDTH, span * 8),
    level: clamp(level + dy * perPixel, full.low - span * 2, full.high + span * 2),
  });
}

/** Brightness 0..1 of a sample; the shader computes the same. */
export function brightness(sample: number, window: Window, inverted: boolean): number {
  const value = clamp((sample - window.low) / (window.high - window.low), 0, 1);
  return inverted ? 1 - value : value;
}

export function sameWindow(a: Window, b: Window): boolean {
  return a.low === b.low && a.high === b.high;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
