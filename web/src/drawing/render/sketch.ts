/** What tools show while they are used: lines, circles, handles and previews, above all marks. */
import type { Mask } from '../core/mask';
import type { Point } from '../core/rasterize';
import { paintMask, type Region } from './mask-paint';
import { traceRing, type Place } from './shape-paint';
import { HALO, HANDLE_PX, rgbOf, SELECTED } from './style';

export type Sketch =
  | { kind: 'line'; points: readonly Point[]; closed: boolean }
  | { kind: 'circle'; center: Point; radius: number }
  | { kind: 'handles'; points: readonly Point[]; active?: number }
  /** Places where a corner can be put in. */
  | { kind: 'midpoints'; points: readonly Point[] }
  | { kind: 'dots'; points: readonly { x: number; y: number; wanted: boolean }[] }
  | { kind: 'cross'; at: Point }
  | { kind: 'mask'; mask: Mask };

export type PaintSketch = (
  context: CanvasRenderingContext2D,
  sketch: Sketch,
  place: Place,
  color: string,
) => void;

export function createSketchPainter(): PaintSketch {
  /** The preview of a mask, kept while nothing moves. */
  let kept: { mask: Mask; key: string; canvas: HTMLCanvasElement } | null = null;

  const paintPreview = (context: CanvasRenderingContext2D, mask: Mask, place: Place, color: string): void => {
    const { width, height } = context.canvas;
    const key = [place.x, place.y, place.scale, width, height, color].join(' ');
    if (kept?.mask !== mask || kept.key !== key) {
      const canvas = kept?.canvas ?? document.createElement('canvas');
      canvas.width = width;
      canvas.height = height;
      const pixels = new ImageData(width, height);
      const region: Region = {
        x: Math.round(-place.x),
        y: Math.round(-place.y),
        width,
        height,
        scale: place.scale,
      };
      const look = { color: rgbOf(color), outline: rgbOf(SELECTED), fill: 0.35, dashed: true, line: 1 };
      paintMask(new Uint32Array(pixels.data.buffer), region, mask, look);
      canvas.getContext('2d')?.putImageData(pixels, 0, 0);
      kept = { mask, key, canvas };
    }
    context.drawImage(kept.canvas, 0, 0);
  };

  return (context, sketch, place, color) => {
    const { pixelRatio } = place;
    const at = ([x, y]: Point): Point => [place.x + x * place.scale, place.y + y * place.scale];
    switch (sketch.kind) {
      case 'line':
        context.beginPath();
        traceRing(context, sketch.points, place, sketch.closed);
        twoLines(context, color, pixelRatio);
        break;
      case 'circle': {
        const [x, y] = at(sketch.center);
        context.beginPath();
        context.arc(x, y, Math.max(1, sketch.radius * place.scale), 0, 2 * Math.PI);
        twoLines(context, SELECTED, pixelRatio);
        break;
      }
      case 'handles':
        sketch.points.forEach((point, i) => {
          square(context, at(point), HANDLE_PX * pixelRatio, i === sketch.active ? color : SELECTED);
        });
        break;
      case 'midpoints':
        for (const point of sketch.points) square(context, at(point), (HANDLE_PX - 3) * pixelRatio, color);
        break;
      case 'dots':
        for (const { x, y, wanted } of sketch.points) dot(context, at([x, y]), wanted, pixelRatio);
        break;
      case 'cross': {
        const [x, y] = at(sketch.at);
        cross(context, x, y, pixelRatio);
        break;
      }
      case 'mask':
        paintPreview(context, sketch.mask, place, color);
        break;
    }
  };
}

function twoLines(context: CanvasRenderingContext2D, color: string, pixelRatio: number): void {
  context.lineJoin = 'round';
  context.strokeStyle = HALO;
  context.lineWidth = 3.5 * pixelRatio;
  context.stroke();
  context.strokeStyle = color;
  context.lineWidth = 1.5 * pixelRatio;
  context.stroke();
}

function square(context: CanvasRenderingContext2D, [x, y]: Point, side: number, color: string): void {
  context.fillStyle = HALO;
  context.fillRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
  context.fillStyle = color;
  context.fillRect(x - side / 2, y - side / 2, side, side);
}

/** A click that says what is meant, or what is not: told apart by plus and minus. */
function dot(context: CanvasRenderingContext2D, [x, y]: Point, wanted: boolean, pixelRatio: number): void {
  const radius = 7 * pixelRatio;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = HALO;
  context.fill();
  context.strokeStyle = SELECTED;
  context.lineWidth = 2 * pixelRatio;
  context.beginPath();
  context.moveTo(x - radius / 2, y);
  context.lineTo(x + radius / 2, y);
  if (wanted) {
    context.moveTo(x, y - radius / 2);
    context.lineTo(x, y + radius / 2);
  }
  context.stroke();
}

/** A crosshair with a gap, so that the pixel in question is seen. */
function cross(context: CanvasRenderingContext2D, x: number, y: number, pixelRatio: number): void {
  const [gap, arm] = [5 * pixelRatio, 22 * pixelRatio];
  context.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    context.moveTo(x + dx * gap, y + dy * gap);
    context.lineTo(x + dx * arm, y + dy * arm);
  }
  twoLines(context, SELECTED, pixelRatio);
}
