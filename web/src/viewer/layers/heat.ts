/** What lies over a picture: a heat map stretched over it, and a dashed box that is a proposal. */
import { heatColor } from '../heat-colors';
import { screenFromPx, type Size, type Viewport } from '../viewport';

/** A box in image pixels. */
export interface OverlayBox {
  left_px: number;
  top_px: number;
  width_px: number;
  height_px: number;
}

export interface Overlay {
  rows: number;
  columns: number;
  /** `rows * columns` numbers from 0 to 1, row by row; together they cover the image. */
  values: readonly number[];
  proposal: OverlayBox | null;
}

export interface HeatLayer {
  set: (overlay: Overlay | null) => void;
  resize: (width: number, height: number) => void;
  /** Draws over an image of this size, or clears for `null`. */
  draw: (image: Size | null, viewport: Viewport, canvasSize: Size, pixelRatio: number) => void;
  dispose: () => void;
}

const DASH = [8, 6];

export function createHeatLayer(host: HTMLElement): HeatLayer {
  const canvas = document.createElement('canvas');
  canvas.className = 'viewer-overlay';
  canvas.setAttribute('aria-hidden', 'true');
  // An empty canvas costs as much as a full one wherever the processor puts layers together.
  canvas.hidden = true;
  host.append(canvas);
  const context = canvas.getContext('2d');
  let overlay: Overlay | null = null;
  let picture: HTMLCanvasElement | null = null;

  return {
    set(next) {
      overlay = next;
      canvas.hidden = next === null;
      picture = next === null ? null : paint(next);
    },
    resize(width, height) {
      canvas.width = width;
      canvas.height = height;
    },
    draw(image, viewport, canvasSize, pixelRatio) {
      if (context === null) return;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      if (image === null || overlay === null || picture === null) return;
      context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
      const corner = screenFromPx(viewport, 0, 0, canvasSize);
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = 'high';
      context.drawImage(
        picture,
        corner.x_screen,
        corner.y_screen,
        image.width * viewport.scale,
        image.height * viewport.scale,
      );
      if (overlay.proposal !== null) drawDashed(context, overlay.proposal, viewport, canvasSize);
    },
    dispose() {
      canvas.remove();
    },
  };
}

/** White dashes on black ones, to be seen on any picture. */
function drawDashed(
  context: CanvasRenderingContext2D,
  box: OverlayBox,
  viewport: Viewport,
  canvasSize: Size,
): void {
  const corner = screenFromPx(viewport, box.left_px, box.top_px, canvasSize);
  const lines: [string, number][] = [
    ['#000', 4],
    ['#fff', 2],
  ];
  context.setLineDash(DASH);
  for (const [color, width] of lines) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.strokeRect(
      corner.x_screen,
      corner.y_screen,
      box.width_px * viewport.scale,
      box.height_px * viewport.scale,
    );
  }
  context.setLineDash([]);
}

function paint(overlay: Overlay): HTMLCanvasElement | null {
  const picture = document.createElement('canvas');
  picture.width = overlay.columns;
  picture.height = overlay.rows;
  const context = picture.getContext('2d');
  if (context === null) return null;
  const pixels = new ImageData(overlay.columns, overlay.rows);
  overlay.values.forEach((value, i) => {
    pixels.data.set(heatColor(value), 4 * i);
  });
  context.putImageData(pixels, 0, 0);
  return picture;
}
