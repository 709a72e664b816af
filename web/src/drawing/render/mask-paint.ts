/**
 * Masks as tinted pixels with an outline, straight from their runs to the pixels of a tile: what a tile
 * costs is bounded by its own size, however large or ragged the mask is.
 */
import { bounds, forEachRun, type Mask } from '../core/mask';
import type { Rgb } from './style';

/** Pixels of a canvas over an image: `scale` device pixels a pixel of the image. */
export interface Region {
  /** First device pixel, counted from the corner of the image. */
  x: number;
  y: number;
  width: number;
  height: number;
  scale: number;
}

export interface MaskLook {
  color: Rgb;
  outline: Rgb;
  /** 0 to 1; 0 draws the outline alone. */
  fill: number;
  /** The outline is dashed and the tint hatched: a proposal, told apart without colour. */
  dashed: boolean;
  /** Width of the outline in device pixels. */
  line: number;
}

const HATCH_PX = 7;
const DASH_PX = 10;

let inside = new Uint8Array(0);

/** Paints over `pixels` (RGBA, one number a pixel, `width * height` of the region). */
export function paintMask(pixels: Uint32Array, region: Region, mask: Mask, look: MaskLook): void {
  const around = bounds(mask);
  if (around === null) return;
  const { scale } = region;
  const reach = Math.max(1, Math.round(look.line));
  // Device pixels whose centre may be in the mask, with a margin that the outline looks at.
  const left = Math.max(0, deviceOf(around.left, scale) - region.x) - reach;
  const top = Math.max(0, deviceOf(around.top, scale) - region.y) - reach;
  const right = Math.min(region.width, deviceOf(around.right, scale) - region.x) + reach;
  const bottom = Math.min(region.height, deviceOf(around.bottom, scale) - region.y) + reach;
  const [wide, high] = [right - left, bottom - top];
  if (wide <= 2 * reach || high <= 2 * reach) return;
  if (inside.length < wide * high) inside = new Uint8Array(wide * high);
  cover(inside, mask, region.x + left, region.y + top, wide, high, scale);

  const [fill, dim] = [packed(look.color, look.fill), packed(look.color, look.fill * 0.4)];
  const line = packed(look.outline, 1);
  for (let row = reach; row < high - reach; row++) {
    const y = top + row;
    let at = row * wide + reach;
    let target = y * region.width + left + reach;
    for (let column = reach; column < wide - reach; column++, at++, target++) {
      if (inside[at] === 0) continue;
      const onEdge = isOnEdge(inside, at, wide, reach);
      if (!onEdge && look.fill === 0) continue;
      if (!look.dashed) {
        pixels[target] = onEdge ? line : fill;
        continue;
      }
      const diagonal = region.x + left + column + region.y + y;
      if (onEdge) pixels[target] = modulo(diagonal, DASH_PX) < 6 ? line : dim;
      else pixels[target] = modulo(diagonal, HATCH_PX) < 2 ? fill : dim;
    }
  }
}

function isOnEdge(covered: Uint8Array, at: number, wide: number, reach: number): boolean {
  for (let step = 1; step <= reach; step++) {
    if (
      covered[at - step] === 0 ||
      covered[at + step] === 0 ||
      covered[at - step * wide] === 0 ||
      covered[at + step * wide] === 0
    ) {
      return true;
    }
  }
  return false;
}

/** Marks device pixels whose centre lies in the mask. */
function cover(
  target: Uint8Array,
  mask: Mask,
  x: number,
  y: number,
  wide: number,
  high: number,
  scale: number,
): void {
  target.fill(0, 0, wide * high);
  const rows = { top: Math.floor(y / scale), bottom: Math.ceil((y + high) / scale) };
  let last = Number.NaN;
  for (let column = 0; column < wide; column++) {
    const source = Math.floor((x + column + 0.5) / scale);
    if (source === last) {
      for (let at = column; at < wide * high; at += wide) target[at] = target[at - 1] as number;
      continue;
    }
    last = source;
    forEachRun(mask, { left: source, right: source + 1, ...rows }, (_, top, bottom) => {
      const to = Math.min(high, deviceOf(bottom, scale) - y);
      for (let row = Math.max(0, deviceOf(top, scale) - y); row < to; row++) target[row * wide + column] = 1;
    });
  }
}

/** The first device pixel whose centre is at or beyond a place of the image. */
export function deviceOf(place: number, scale: number): number {
  return Math.ceil(place * scale - 0.5);
}

function packed([red, green, blue]: Rgb, alpha: number): number {
  // Canvas bytes are red, green, blue, alpha; all machines that run browsers are little-endian.
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
