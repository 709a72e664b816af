/** Scales and ticks of the charts: plain numbers. */

export interface Scale {
  (value: number): number;
  domain: readonly [number, number];
  range: readonly [number, number];
}

/** Maps `domain` linearly to `range`; a domain without extent maps to the middle. */
export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const map = (value: number): number =>
    d0 === d1 ? (r0 + r1) / 2 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0);
  return Object.assign(map, { domain, range });
}

/** Round numbers (1, 2, 2.5 or 5 times a power of ten) within [low, high], about `wanted` of them. */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low) || wanted < 1) return [low];
  const step = tickStep((high - low) / wanted);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiples of the step are computed afresh, so that rounding errors do not add up.
  return Array.from({ length: last - first + 1 }, (_, i) => round((first + i) * step));
}

function tickStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = rough / power;
  const nice = unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 2.5 ? 2.5 : unit <= 5 ? 5 : 10;
  return nice * power;
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}

/** Domain for shares whose upper end is 1: the lower end goes down in steps of 10 % below `lowest`. */
export function shareDomain(lowest: number): [number, number] {
  return [Math.min(0.9, Math.max(0, Math.floor(lowest * 10 - 1e-9) / 10)), 1];
}

/** SVG path through points. */
export function linePath(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${fixed(x)} ${fixed(y)}`).join('');
}

/** SVG path of a band: along the upper points and back along the lower ones. */
export function bandPath(
  upper: readonly (readonly [number, number])[],
  lower: readonly (readonly [number, number])[],
): string {
  if (upper.length === 0) return '';
  return `${linePath(upper)}${linePath([...lower].reverse()).replace('M', 'L')}Z`;
}

/** SVG arc along a circle, angles in turns clockwise from the top. */
export function arcPath(cx: number, cy: number, radius: number, from: number, to: number): string {
  // A full circle has equal ends, which SVG would not draw.
  const end = Math.min(to, from + 0.99999);
  const [x0, y0] = onCircle(cx, cy, radius, from);
  const [x1, y1] = onCircle(cx, cy, radius, end);
  const large = end - from > 0.5 ? 1 : 0;
  const r = fixed(radius);
  return `M${fixed(x0)} ${fixed(y0)}A${r} ${r} 0 ${String(large)} 1 ${fixed(x1)} ${fixed(y1)}`;
}

function onCircle(cx: number, cy: number, radius: number, turn: number): [number, number] {
  const angle = turn * 2 * Math.PI;
  return [cx + radius * Math.sin(angle), cy - radius * Math.cos(angle)];
}

function fixed(value: number): string {
  return Number(value.toFixed(2)).toString();
}
