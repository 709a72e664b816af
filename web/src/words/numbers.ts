/** Numbers as people read them. One place, so that every screen writes them the same way. */

const NBSP = '\u00a0';
const LOCALE = 'en';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

/** 12,345 */
export function count(value: number): string {
  return whole.format(value);
}

/** 0.0721 → "7.2 %". Shares that are not quite 0 or 1 are never rounded to them. */
export function percent(share: number, digits = 1): string {
  const value = share * 100;
  const step = 10 ** -digits;
  const shown = value > 0 && value < step ? step : value < 100 && value > 100 - step ? 100 - step : value;
  return `${shown.toFixed(digits)}${NBSP}%`;
}

/** A chosen number, such as a target: 0.05 → "5 %", 0.025 → "2.5 %". */
export function goal(share: number): string {
  return `${String(Number((share * 100).toPrecision(6)))}${NBSP}%`;
}

/** "91.3 % (89.0 to 93.2)" */
export function estimate(value: number, low: number, high: number, digits = 1): string {
  return `${percent(value, digits)} (${(low * 100).toFixed(digits)} to ${(high * 100).toFixed(digits)})`;
}

/** 0.4 → "24 min", 2.13 → "2.1 h", 277 → "277 h" */
export function hours(value: number): string {
  const sign = value < 0 ? '−' : '';
  const size = Math.abs(value);
  if (size === 0) return `0${NBSP}min`;
  if (size < 1 / 60) return `${sign}under 1${NBSP}min`;
  if (size < 1) return `${sign}${whole.format(size * 60)}${NBSP}min`;
  return `${sign}${size < 10 ? size.toFixed(1) : whole.format(size)}${NBSP}h`;
}

/** Seconds left, roughly: "40 s", "6 min", "1.4 h". */
export function timeLeft(seconds: number): string {
  if (seconds < 60) return `${whole.format(Math.max(1, seconds))}${NBSP}s`;
  if (seconds < 5400) return `${whole.format(seconds / 60)}${NBSP}min`;
  return `${(seconds / 3600).toFixed(1)}${NBSP}h`;
}

/** "about 6 min left" and its neighbours. */
export function minutesLeft(minutes: number): string {
  if (minutes <= 0) return 'done';
  if (minutes < 1) return 'under a minute left';
  return `about ${whole.format(minutes)}${NBSP}min left`;
}

/** Money without cents; an unknown currency code is shown as it is. */
export function money(value: number, currency: string): string {
  const digits = Math.abs(value) < 10 ? 2 : 0;
  try {
    return new Intl.NumberFormat(LOCALE, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  } catch {
    return `${value.toFixed(digits)}${NBSP}${currency}`;
  }
}

/** "1 image", "2 images" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)}${NBSP}${value === 1 ? one : many}`;
}

export function date(milliseconds: number): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(milliseconds);
}
