/** Boxes and polygons on a canvas: many of one look in one path, tiny ones as dots. */
import { extentOf } from '../core/geometry';
import type { Point } from '../core/rasterize';
import type { Mark } from '../session/marks';
import { colorOf, HALO, SELECTED, type OverlayStyle } from './style';

export interface Place {
  /** Device pixels a pixel of the image. */
  scale: number;
  /** Device pixel of the corner of the image. */
  x: number;
  y: number;
  pixelRatio: number;
}

/** Shapes smaller than this on the screen are dots: there is no outline to see. */
const DOT_PX = 4;
/** Shapes of one path; longer ones take the canvas more than their share of time. */
const BATCH = 64;
const DASH = [6, 4];

export function paintShapes(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  place: Place,
  style: OverlayStyle,
): void {
  const batches = new Map<string, Mark[]>();
  for (const mark of marks) {
    if (isDot(mark, place)) {
      paintDot(context, mark, place, colorOf(style, mark.class));
      continue;
    }
    const look = `${colorOf(style, mark.class)} ${mark.proposed ? 'dashed' : ''}`;
    const batch = batches.get(look);
    if (batch === undefined) batches.set(look, [mark]);
    else batch.push(mark);
  }
  for (const [look, batch] of batches) {
    const [color = SELECTED, dashed = ''] = look.split(' ');
    for (let i = 0; i < batch.length; i += BATCH) {
      paintBatch(context, batch.slice(i, i + BATCH), place, style, color, dashed !== '');
    }
  }
}

function paintBatch(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  place: Place,
  style: OverlayStyle,
  color: string,
  dashed: boolean,
): void {
  if (style.filled && style.opacity > 0) {
    context.fillStyle = color;
    context.globalAlpha = style.opacity * (dashed ? 0.25 : 0.5);
    for (const mark of marks) {
      context.beginPath();
      trace(context, mark, place);
      context.fill('evenodd');
    }
    context.globalAlpha = 1;
  }
  context.beginPath();
  for (const mark of marks) trace(context, mark, place);
  context.setLineDash(dashed ? DASH.map((length) => length * place.pixelRatio) : []);
  stroke(context, color, place.pixelRatio);
  context.setLineDash([]);
}

/** A line that is seen on black and on white. */
function stroke(context: CanvasRenderingContext2D, color: string, pixelRatio: number): void {
  context.lineJoin = 'round';
  context.strokeStyle = HALO;
  context.lineWidth = 3.5 * pixelRatio;
  context.stroke();
  context.strokeStyle = color;
  context.lineWidth = 1.75 * pixelRatio;
  context.stroke();
}

/** The selected shape, drawn by itself above all others. */
export function paintSelected(
  context: CanvasRenderingContext2D,
  mark: Mark,
  place: Place,
  style: OverlayStyle,
): void {
  if (mark.geometry.type === 'mask') return;
  if (isDot(mark, place)) {
    paintDot(context, mark, place, SELECTED);
    return;
  }
  context.beginPath();
  trace(context, mark, place);
  context.fillStyle = colorOf(style, mark.class);
  context.globalAlpha = style.filled ? style.opacity * 0.6 : 0;
  context.fill('evenodd');
  context.globalAlpha = 1;
  context.lineJoin = 'round';
  context.strokeStyle = HALO;
  context.lineWidth = 5 * place.pixelRatio;
  context.stroke();
  context.strokeStyle = SELECTED;
  context.lineWidth = 3 * place.pixelRatio;
  context.stroke();
  context.strokeStyle = colorOf(style, mark.class);
  context.lineWidth = 1.5 * place.pixelRatio;
  if (mark.proposed) context.setLineDash(DASH.map((length) => length * place.pixelRatio));
  context.stroke();
  context.setLineDash([]);
}

function isDot(mark: Mark, { scale, pixelRatio }: Place): boolean {
  const { left, top, right, bottom } = extentOf(mark.geometry);
  return Math.max(right - left, bottom - top) * scale < DOT_PX * pixelRatio;
}

export function paintDot(context: CanvasRenderingContext2D, mark: Mark, place: Place, color: string): void {
  const { left, top, right, bottom } = extentOf(mark.geometry);
  const x = place.x + ((left + right) / 2) * place.scale;
  const y = place.y + ((top + bottom) / 2) * place.scale;
  const half = 2 * place.pixelRatio;
  context.fillStyle = HALO;
  context.fillRect(x - half - 1, y - half - 1, 2 * half + 2, 2 * half + 2);
  context.fillStyle = color;
  context.fillRect(x - half, y - half, 2 * half, 2 * half);
}

function trace(context: CanvasRenderingContext2D, { geometry }: Mark, place: Place): void {
  if (geometry.type === 'box') {
    const { x, y, width, height } = geometry;
    const [left, top] = [place.x + x * place.scale, place.y + y * place.scale];
    context.rect(left, top, width * place.scale, height * place.scale);
  } else if (geometry.type === 'polygon') {
    traceRing(context, geometry.outer, place);
    for (const ring of geometry.holes) traceRing(context, ring, place);
  }
}

/** Leaves out corners that are less than a device pixel from the one before. */
export function traceRing(
  context: CanvasRenderingContext2D,
  ring: readonly Point[],
  place: Place,
  closed = true,
): void {
  let [lastX, lastY] = [Infinity, Infinity];
  ring.forEach(([cornerX, cornerY], i) => {
    const [x, y] = [place.x + cornerX * place.scale, place.y + cornerY * place.scale];
    if (i === 0) context.moveTo(x, y);
    else if (Math.abs(x - lastX) + Math.abs(y - lastY) < 1 && i < ring.length - 1) return;
    else context.lineTo(x, y);
    [lastX, lastY] = [x, y];
  });
  if (closed) context.closePath();
}
