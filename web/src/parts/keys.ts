/** Keys of a screen. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const TEXT_FIELDS = 'input:not([type=checkbox]):not([type=radio]):not([type=color]), textarea, select';

/**
 * Calls `handler` for key presses that are meant for the screen: not while typing, not with a
 * modifier, and only while the screen's own dialog (`within`), or none, is on top.
 */
export function useKeys(
  handler: (event: KeyboardEvent) => void,
  within?: RefObject<HTMLDialogElement | null>,
  type: 'keydown' | 'keyup' = 'keydown',
): void {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.matches(TEXT_FIELDS)) return;
      const open = document.querySelectorAll('dialog[open]');
      if ((open[open.length - 1] ?? null) !== (within?.current ?? null)) return;
      latest.current(event);
    };
    window.addEventListener(type, onKey);
    return () => {
      window.removeEventListener(type, onKey);
    };
  }, [type, within]);
}

/** Classes beyond these have no key of their own. */
export const DIGITS = 10;

/** The class a digit key stands for: 1 is the first class, 0 the tenth; `null` for other keys. */
export function classOfDigit(event: Pick<KeyboardEvent, 'code' | 'key'>): number | null {
  // The key's place counts, not its sign: French keyboards give digits only with Shift.
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? (/^\d$/.test(event.key) ? event.key : null);
  if (digit == null) return null;
  return digit === '0' ? 9 : Number(digit) - 1;
}

/** The digit of a class, or `null` where it has none. */
export function digitOfClass(index: number): string | null {
  if (index >= DIGITS) return null;
  return index === 9 ? '0' : String(index + 1);
}

/** Whether 0 is the key of a class, and so cannot clear a set of findings. */
export function hasTenthDigit(classes: number): boolean {
  return classes >= DIGITS;
}

/** Enter and Space belong to a focused button or link. */
export function isPressing(event: KeyboardEvent): boolean {
  return (
    event.target instanceof Element && event.target.closest('button, a, summary, [role=button]') !== null
  );
}

/** For `onMouseDown`: a click must not move the focus, or the next Enter would press again. */
export function keepFocus(event: Event): void {
  event.preventDefault();
}
