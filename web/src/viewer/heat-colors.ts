/**
 * Heat → colour. Lightness rises all the way, so that the order is seen without telling red from
 * green: stops of "inferno" (Smith and van der Walt, matplotlib, CC0). Little heat is transparent:
 * the picture stays readable where nothing is shown.
 */

/** Red, green, blue, 0 to 255, evenly spaced over heat 0 to 1. */
const STOPS: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
];

/** Heat up to which nothing is drawn, and from which the cover no longer grows. */
const FAINT = 0.15;
const PLAIN = 0.6;

/** Largest share of the picture that the colour covers. */
const COVER = 0.5;

/** Red, green, blue and cover, each 0 to 255, of a heat from 0 to 1. */
export function heatColor(heat: number): [number, number, number, number] {
  const value = Math.min(1, Math.max(0, heat));
  const place = value * (STOPS.length - 1);
  const index = Math.min(Math.floor(place), STOPS.length - 2);
  const [from, to] = [STOPS[index], STOPS[index + 1]];
  if (from === undefined || to === undefined) return [0, 0, 0, 0];
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (place - index));
  const cover = COVER * Math.min(1, Math.max(0, (value - FAINT) / (PLAIN - FAINT)));
  return [mix(0), mix(1), mix(2), Math.round(255 * cover)];
}
