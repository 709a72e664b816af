/**
 * The region that a click means: random walks with priors (Grady 2005). How likely a pixel looks like what
 * was clicked says where its walk tends to; steps over edges are rare, so the region ends at them. What was
 * clicked is learnt again from the region found, as in GrabCut. Runs in the browser on a small window.
 */
import { componentAt, withoutHoles } from './components';
import { emptyMask, maskOfWindow, type Mask, type Rect } from './mask';
import { union } from './mask-sets';
import { smoothed, valuesIn, windowAround, type Values } from './values';

/** A click: wanted, or not. */
export interface SmartPoint {
  x: number;
  y: number;
  wanted: boolean;
}

export interface Crop {
  window: Rect;
  values: Float32Array;
}

/** Pixels on each side of the clicks; the window is 512 pixels wide at most. */
const REACH = 256;
/** Sweeps of each round; the first ones only have to find what the object looks like. */
const SWEEPS = [8, 8, 20];
/** Pixels around a click that say what it looks like. */
const SEED_RADIUS = 3;
/** How much the looks of a pixel count beside its neighbours. */
const PRIOR = 0.06;

/** The values that `smartRegion` needs, small enough to send to a worker. */
export function cropAround(values: Values, points: readonly SmartPoint[]): Crop | null {
  const wanted = points.filter((point) => point.wanted);
  if (wanted.length === 0) return null;
  const x = wanted.reduce((sum, point) => sum + point.x, 0) / wanted.length;
  const y = wanted.reduce((sum, point) => sum + point.y, 0) / wanted.length;
  const window = windowAround(values, x, y, REACH - 1);
  return { window, values: valuesIn(values, window) };
}

export function smartRegion(
  width: number,
  height: number,
  { window, values }: Crop,
  points: readonly SmartPoint[],
): Mask {
  const [wide, high] = [window.right - window.left, window.bottom - window.top];
  const soft = smoothed(values, wide, high);
  const seeds = seedsOf(points, window, wide, high);
  let region = seedRegion(seeds, wide, high);
  if (!region.includes(1)) return emptyMask(width, height);
  const chance = new Float32Array(values.length).fill(0.5);
  for (const [round, sweeps] of SWEEPS.entries()) {
    const prior = likelihood(soft, region, seeds);
    pushAway(prior, points, window);
    walk(soft, prior, seeds, chance, wide, sweeps);
    const all = maskOfWindow(
      width,
      height,
      window,
      Uint8Array.from(chance, (p) => (p > 0.5 ? 1 : 0)),
    );
    const kept = atClicks(all, points);
    region = bitmap(kept, window, wide);
    if (!region.includes(1)) return kept;
    if (round === SWEEPS.length - 1) return withoutHoles(kept, 64);
  }
  return emptyMask(width, height);
}

/** Parts of the region that hold a wanted click. */
function atClicks(mask: Mask, points: readonly SmartPoint[]): Mask {
  let found = emptyMask(mask.width, mask.height);
  for (const point of points) {
    const part = point.wanted ? componentAt(mask, Math.floor(point.x), Math.floor(point.y)) : null;
    if (part !== null) found = union(found, part);
  }
  return found;
}

function bitmap(mask: Mask, window: Rect, wide: number): Uint8Array {
  const samples = new Uint8Array(wide * (window.bottom - window.top));
  const { toggles, height } = mask;
  for (let i = 0; i < toggles.length; i += 2) {
    for (let position = toggles[i] as number; position < (toggles[i + 1] as number); position++) {
      const [x, y] = [Math.floor(position / height), position % height];
      samples[(y - window.top) * wide + x - window.left] = 1;
    }
  }
  return samples;
}

/** 1 at wanted clicks, 2 at others, 0 elsewhere. */
function seedsOf(points: readonly SmartPoint[], window: Rect, wide: number, high: number): Uint8Array {
  const seeds = new Uint8Array(wide * high);
  for (const { x, y, wanted } of points) {
    const [column, row] = [Math.floor(x) - window.left, Math.floor(y) - window.top];
    if (column < 0 || row < 0 || column >= wide || row >= high) continue;
    seeds[row * wide + column] = wanted ? 1 : 2;
  }
  return seeds;
}

function seedRegion(seeds: Uint8Array, wide: number, high: number): Uint8Array {
  const region = new Uint8Array(seeds.length);
  seeds.forEach((seed, at) => {
    if (seed !== 1) return;
    const [x, y] = [at % wide, Math.floor(at / wide)];
    for (let row = Math.max(0, y - SEED_RADIUS); row <= Math.min(high - 1, y + SEED_RADIUS); row++) {
      for (
        let column = Math.max(0, x - SEED_RADIUS);
        column <= Math.min(wide - 1, x + SEED_RADIUS);
        column++
      ) {
        if (Math.hypot(column - x, row - y) <= SEED_RADIUS) region[row * wide + column] = 1;
      }
    }
  });
  return region;
}

/** How likely each pixel is one of the region, from how values are spread in it and outside of it. */
function likelihood(soft: Float32Array, region: Uint8Array, seeds: Uint8Array): Float32Array {
  const inside = spread(soft, (at) => region[at] === 1);
  const outside = spread(soft, (at) => region[at] === 0 && seeds[at] !== 1);
  // Wide enough that a blurred edge ends half-way between the region and what is around it.
  const contrast = Math.abs(inside.mean - outside.mean);
  const width = Math.max(inside.deviation * 1.5, contrast * 0.22, 1e-3);
  const density = (value: number, mean: number, deviation: number): number =>
    Math.exp(-0.5 * ((value - mean) / deviation) ** 2) / deviation;
  // The rest of a picture has many shades: a broad floor stands for those that one bell does not hold.
  const floor = 0.5 / (6 * Math.max(outside.deviation, width));
  return Float32Array.from(soft, (value) => {
    const here = density(value, inside.mean, width);
    const there = 0.5 * density(value, outside.mean, Math.max(outside.deviation, 1e-3)) + floor;
    return here / (here + there);
  });
}

/**
 * What lies nearer to an unwanted click than to a wanted one is less likely, however much it looks alike:
 * an unwanted click is mostly made on something that does.
 */
function pushAway(prior: Float32Array, points: readonly SmartPoint[], window: Rect): void {
  if (points.every((point) => point.wanted)) return;
  const stride = window.right - window.left;
  for (let at = 0; at < prior.length; at++) {
    const [x, y] = [window.left + (at % stride), window.top + Math.floor(at / stride)];
    let [wanted, unwanted] = [Infinity, Infinity];
    for (const point of points) {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (point.wanted) wanted = Math.min(wanted, distance);
      else unwanted = Math.min(unwanted, distance);
    }
    const [near, far] = [wanted ** 3, unwanted ** 3];
    prior[at] = (prior[at] as number) * (far / (near + far + 1e-9));
  }
}

function spread(values: Float32Array, counts: (at: number) => boolean): { mean: number; deviation: number } {
  let [count, sum, squares] = [0, 0, 0];
  for (let at = 0; at < values.length; at++) {
    if (!counts(at)) continue;
    const value = values[at] as number;
    count++;
    sum += value;
    squares += value * value;
  }
  if (count === 0) return { mean: 0, deviation: 1 };
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

/** Relaxes chances in place, over-relaxed, in alternating directions. */
function walk(
  soft: Float32Array,
  prior: Float32Array,
  seeds: Uint8Array,
  chance: Float32Array,
  wide: number,
  sweeps: number,
): void {
  const { across, down } = stepWeights(soft, wide, soft.length / wide);
  const count = chance.length;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const step = sweep % 2 === 0 ? 1 : -1;
    let at = step === 1 ? 0 : count - 1;
    let x = step === 1 ? 0 : wide - 1;
    for (let i = 0; i < count; i++, at += step) {
      const seed = seeds[at];
      if (seed !== 0) {
        chance[at] = seed === 1 ? 1 : 0;
      } else {
        // Steps out of the window have no weight; what is read there counts nothing.
        const left = x > 0 ? (across[at - 1] as number) : 0;
        const right = across[at] as number;
        const above = at >= wide ? (down[at - wide] as number) : 0;
        const below = down[at] as number;
        let sum = PRIOR * (prior[at] as number);
        if (left > 0) sum += left * (chance[at - 1] as number);
        if (right > 0) sum += right * (chance[at + 1] as number);
        if (above > 0) sum += above * (chance[at - wide] as number);
        if (below > 0) sum += below * (chance[at + wide] as number);
        const now = chance[at] as number;
        chance[at] = now + 1.4 * (sum / (PRIOR + left + right + above + below) - now);
      }
      x += step;
      if (x === wide) x = 0;
      else if (x < 0) x = wide - 1;
    }
  }
}

/** How readily a walk steps to the right and down: rarely where values differ more than is usual. */
function stepWeights(
  soft: Float32Array,
  wide: number,
  high: number,
): { across: Float32Array; down: Float32Array } {
  const across = new Float32Array(soft.length);
  const down = new Float32Array(soft.length);
  let squares = 0;
  for (let at = 0; at < soft.length; at++) {
    const [x, y] = [at % wide, Math.floor(at / wide)];
    const value = soft[at] as number;
    across[at] = x < wide - 1 ? ((soft[at + 1] as number) - value) ** 2 : 0;
    down[at] = y < high - 1 ? ((soft[at + wide] as number) - value) ** 2 : 0;
    squares += (across[at] as number) + (down[at] as number);
  }
  const usual = Math.max(1e-12, squares / (2 * soft.length));
  const weight = (difference2: number): number => Math.exp(-difference2 / usual) + 1e-4;
  for (let at = 0; at < soft.length; at++) {
    across[at] = at % wide < wide - 1 ? weight(across[at] as number) : 0;
    down[at] = at < soft.length - wide ? weight(down[at] as number) : 0;
  }
  return { across, down };
}
