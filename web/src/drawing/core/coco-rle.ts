/** COCO's run lengths, and the string that `pycocotools` and `crates/annotation` make of them. */
import { GeometryError, Toggles, type Mask } from './mask';

/** A mask as JSON holds it; lists of counts are read, too, as COCO files have them. */
export interface CocoRle {
  /** Height and width of the image, in this order. */
  size: readonly [number, number];
  counts: string | readonly number[];
}

/** Longest side and most pixels of an image, as `ImageSize` of the server has them. */
const MOST_SIDE = 2 ** 20;
const MOST_PIXELS = 2 ** 30;
const ZERO = 48;

export function toCoco(mask: Mask): { size: [number, number]; counts: string } {
  return { size: [mask.height, mask.width], counts: toCocoString(mask) };
}

export function fromCoco({ size: [height, width], counts }: CocoRle): Mask {
  const isSide = (side: number): boolean => Number.isInteger(side) && side > 0 && side <= MOST_SIDE;
  if (!isSide(width) || !isSide(height) || width * height > MOST_PIXELS) {
    throw new GeometryError(`Images of ${String(width)} x ${String(height)} pixels cannot hold masks.`);
  }
  return typeof counts === 'string'
    ? fromCocoString(width, height, counts)
    : fromCounts(width, height, counts);
}

/** Outside and inside by turns, outside first, all pixels of the image. */
export function toCounts(mask: Mask): number[] {
  const { toggles } = mask;
  const pixels = mask.width * mask.height;
  const counts: number[] = [];
  let before = 0;
  for (const toggle of toggles) {
    counts.push(toggle - before);
    before = toggle;
  }
  if (toggles.length === 0 || before !== pixels) counts.push(pixels - before);
  return counts;
}

export function fromCounts(width: number, height: number, counts: readonly number[]): Mask {
  const reader = new CountReader(width, height);
  for (const count of counts) {
    if (!Number.isInteger(count) || count < 0) throw new GeometryError('A run length is no whole number.');
    reader.push(count);
  }
  return reader.finish();
}

export function toCocoString(mask: Mask): string {
  const counts = toCounts(mask);
  const codes: number[] = [];
  const parts: string[] = [];
  for (let index = 0; index < counts.length; index++) {
    // From the fourth on, the difference to the last run of the same kind.
    let value = (counts[index] as number) - (index > 2 ? (counts[index - 2] as number) : 0);
    for (;;) {
      const bits = value & 0x1f;
      value >>= 5;
      // Goes on until the rest is only copies of the sign.
      const more = value !== ((bits & 0x10) === 0 ? 0 : -1);
      codes.push(ZERO + bits + (more ? 0x20 : 0));
      if (!more) break;
    }
    if (codes.length > 4096) parts.push(String.fromCharCode(...codes.splice(0)));
  }
  parts.push(String.fromCharCode(...codes));
  return parts.join('');
}

export function fromCocoString(width: number, height: number, text: string): Mask {
  const refused = (reason: string, position: number): GeometryError =>
    new GeometryError(`The run lengths hold ${reason} at byte ${String(position)}.`);
  const reader = new CountReader(width, height);
  let older = 0;
  let newer = 0;
  let value = 0;
  let shift = 0;
  let index = 0;
  for (let position = 0; position < text.length; position++) {
    const bits = text.charCodeAt(position) - ZERO;
    if (bits < 0 || bits > 63) throw refused('a character that has no meaning', position);
    // Seven characters hold 35 bits, more than any difference of run lengths.
    if (shift === 35) throw refused('a number without an end', position);
    // No shifts of bits here: 35 of them do not fit.
    value += (bits & 0x1f) * 2 ** shift;
    shift += 5;
    if ((bits & 0x20) !== 0) continue;
    if ((bits & 0x10) !== 0) value -= 2 ** shift;
    if (index > 2) value += older;
    if (value < 0) throw refused('a run length below 0', position);
    reader.push(value);
    older = newer;
    newer = value;
    value = 0;
    shift = 0;
    index++;
  }
  if (shift > 0) throw refused('a number without an end', text.length);
  return reader.finish();
}

/** Adds run lengths up. */
class CountReader {
  private readonly toggles = new Toggles();
  private readonly pixels: number;
  private end = 0;
  private inside = false;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.pixels = width * height;
  }

  push(count: number): void {
    const start = this.end;
    this.end += count;
    if (this.end > this.pixels) throw this.unfilled();
    if (this.inside) this.toggles.run(start, this.end);
    this.inside = !this.inside;
  }

  finish(): Mask {
    if (this.end !== this.pixels) throw this.unfilled();
    return { width: this.width, height: this.height, toggles: this.toggles.finish() };
  }

  private unfilled(): GeometryError {
    const [found, expected] = [String(this.end), String(this.pixels)];
    return new GeometryError(`The run lengths cover ${found} pixels but the image has ${expected}.`);
  }
}
