/** Boxes and polygons on a canvas: many of one look in one path, tiny ones as dots. */
import { extentOf, type Box } from '../core/geometry';
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
/** Outlines of shapes smaller than this have no dark edge: it would be most of what is seen. */
const SMALL_PX = 24;
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
    if (mark.geometry.type === 'box' && !mark.proposed) {
      paintBox(context, mark.geometry, place, style, colorOf(style, mark.class));
      continue;
    }
    const form = mark.proposed ? 'dashed' : isSmall(mark, place) ? 'small' : 'plain';
    const look = `${colorOf(style, mark.class)} ${form}`;
    const batch = batches.get(look);
    if (batch === undefined) batches.set(look, [mark]);
    else batch.push(mark);
  }
  for (const [look, batch] of batches) {
    const [color = SELECTED, form = 'plain'] = look.split(' ');
    for (let i = 0; i < batch.length; i += BATCH) {
      paintBatch(context, batch.slice(i, i + BATCH), place, style, color, form);
    }
  }
}

function paintBatch(
  context: CanvasRenderingContext2D,
  marks: readonly Mark[],
  place: Place,
  style: OverlayStyle,
  color: string,
  form: string,
): void {
  const dashed = form === 'dashed';
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
  stroke(context, color, place.pixelRatio, form !== 'small');
  context.setLineDash([]);
}

/** On whole pixels, without paths: by far the fastest, and crisp. */
function paintBox(
  context: CanvasRenderingContext2D,
  box: Box,
  place: Place,
  style: OverlayStyle,
  color: string,
): void {
  const line = Math.max(1, Math.round(1.5 * place.pixelRatio));
  const left = Math.round(place.x + box.x * place.scale);
  const top = Math.round(place.y + box.y * place.scale);
  const width = Math.round(place.x + (box.x + box.width) * place.scale) - left;
  const height = Math.round(place.y + (box.y + box.height) * place.scale) - top;
  if (style.filled && style.opacity > 0) {
    context.fillStyle = color;
    context.globalAlpha = style.opacity * 0.5;
    context.fillRect(left, top, width, height);
    context.globalAlpha = 1;
  }
  context.fillStyle = HALO;
  frame(context, left - 1, top - 1, width + 2, height + 2, 1);
  frame(context, left + line, top + line, width - 2 * line, height - 2 * line, 1);
  context.fillStyle = color;
  frame(context, left, top, width, height, line);
}

function frame(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  line: number,
): void {
  if (width <= 2 * line || height <= 2 * line) return;
  context.fillRect(left, top, width, line);
  context.fillRect(left, top + height - line, width, line);
  context.fillRect(left, top + line, line, height - 2 * line);
  context.fillRect(left + width - line, top + line, line, height - 2 * line);
}

/** A line that is seen on black and on white. */
function stroke(
  context: CanvasRenderingContext2D,
  color: string,
  pixelRatio: number,
  hasHalo: boolean,
): void {
  context.lineJoin = hasHalo ? 'round' : 'bevel';
  if (hasHalo) {
    context.strokeStyle = HALO;
    context.lineWidth = 3.5 * pixelRatio;
    context.stroke();
  }
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

function isDot(mark: Mark, place: Place): boolean {
  return sizeOnScreen(mark, place) < DOT_PX;
}

function isSmall(mark: Mark, place: Place): boolean {
  return sizeOnScreen(mark, place) < SMALL_PX;
}

/** Longer side in CSS pixels. */
function sizeOnScreen(mark: Mark, { scale, pixelRatio }: Place): number {
  const { left, top, right, bottom } = extentOf(mark.geometry);
  return (Math.max(right - left, bottom - top) * scale) / pixelRatio;
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
