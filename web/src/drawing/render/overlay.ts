/** The layer of marks over the picture: tiles of all of them, then what is selected, then the tool. */
import type { Layer } from '../../viewer/layers/surface';
import type { Pyramid } from '../../viewer/pyramid';
import type { Size, Viewport } from '../../viewer/viewport';
import type { Rect } from '../core/mask';
import type { Mark } from '../session/marks';
import type { DrawingSession } from '../session/session';
import { paintMask, type Region } from './mask-paint';
import { paintDot, paintSelected, paintShapes, type Place } from './shape-paint';
import { createSketchPainter, type Sketch } from './sketch';
import { colorOf, rgbOf, SELECTED, type OverlayStyle } from './style';
import { createTileLayer } from './tiles';

export interface View {
  viewport: Viewport;
  size: Size;
  pixelRatio: number;
}

export interface OverlayParts {
  session: DrawingSession;
  style: () => OverlayStyle;
  sketches: () => readonly Sketch[];
  /** The picture lies elsewhere now. */
  onView: (view: View, pyramid: Pyramid) => void;
  /** A frame was drawn, after so many milliseconds. */
  onDrawn?: (elapsedMs: number) => void;
}

export interface Overlay extends Layer {
  /** Draws again in the next frame; marks are painted again only where they changed. */
  refresh: () => void;
  /** Everything looks different: colours, opacity. */
  repaint: () => void;
  /** Nothing waits to be painted. */
  isComplete: () => boolean;
}

export function createOverlay(host: HTMLElement, parts: OverlayParts): Overlay {
  const { session, style } = parts;
  const canvas = document.createElement('canvas');
  canvas.className = 'viewer-overlay';
  canvas.setAttribute('aria-hidden', 'true');
  host.append(canvas);
  const context = canvas.getContext('2d');
  const paintSketch = createSketchPainter();
  const tiles = createTileLayer(
    paintRegion,
    (region) => session.within(rectOf(region)).length === 0,
    session,
  );
  let view: View | null = null;
  let frame = 0;
  let isComplete = false;

  const render = (): void => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (context === null) return;
    const start = performance.now();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (view === null) return;
    const { viewport, size, pixelRatio } = view;
    const scale = viewport.scale * pixelRatio;
    const place: Place = {
      scale,
      x: canvas.width / 2 - viewport.centerX_px * scale,
      y: canvas.height / 2 - viewport.centerY_px * scale,
      pixelRatio,
    };
    const look = style();
    context.imageSmoothingEnabled = true;
    const more = look.visible && tiles.draw(context, viewport, size, pixelRatio);
    isComplete = !more;
    if (look.visible) {
      for (const mark of lifted(session)) paintSelected(context, mark, place, look);
    }
    const color = colorOf(look, session.currentClass.value);
    for (const sketch of parts.sketches()) paintSketch(context, sketch, place, color);
    parts.onDrawn?.(performance.now() - start);
    if (more) refresh();
  };
  const refresh = (): void => {
    if (frame === 0) frame = requestAnimationFrame(render);
  };
  const stop = session.onChange((dirty) => {
    tiles.invalidate(dirty);
    isComplete = false;
    refresh();
  });

  return {
    resize(width, height) {
      canvas.width = width;
      canvas.height = height;
    },
    draw(pyramid, viewport, size, pixelRatio) {
      view = pyramid === null ? null : { viewport, size: { ...size }, pixelRatio };
      if (view !== null && pyramid !== null) parts.onView(view, pyramid);
      render();
    },
    refresh,
    repaint() {
      tiles.invalidate(null);
      isComplete = false;
      refresh();
    },
    isComplete: () => isComplete,
    dispose() {
      stop();
      cancelAnimationFrame(frame);
      canvas.remove();
    },
  };

  /** The part of the image whose marks may be seen in a region. */
  function rectOf(region: Region): Rect {
    const margin = 4 * (view?.pixelRatio ?? 1);
    return {
      left: (region.x - margin) / region.scale,
      top: (region.y - margin) / region.scale,
      right: (region.x + region.width + margin) / region.scale,
      bottom: (region.y + region.height + margin) / region.scale,
    };
  }

  /** Paints a part of a tile anew: masks pixel by pixel, then lines over them. */
  function paintRegion(
    target: CanvasRenderingContext2D,
    region: Region,
    offsetX: number,
    offsetY: number,
  ): void {
    const look = style();
    const pixelRatio = view?.pixelRatio ?? 1;
    const selected = new Set(session.selection.value);
    const shapes: Mark[] = [];
    const place: Place = {
      scale: region.scale,
      x: offsetX - region.x,
      y: offsetY - region.y,
      pixelRatio,
    };
    const image = new ImageData(region.width, region.height);
    const pixels = new Uint32Array(image.data.buffer);
    const small: Mark[] = [];
    for (const mark of session.within(rectOf(region))) {
      if (mark.geometry.type !== 'mask') {
        // A selected shape is drawn by itself, so that dragging it paints nothing here.
        if (!selected.has(mark.id)) shapes.push(mark);
        continue;
      }
      const color = rgbOf(colorOf(look, mark.class));
      const isSelected = selected.has(mark.id);
      paintMask(pixels, region, mark.geometry.mask, {
        color,
        outline: isSelected ? rgbOf(SELECTED) : color,
        fill: look.filled ? Math.min(1, look.opacity * (isSelected ? 1.25 : 1)) : 0,
        dashed: mark.proposed,
        line: (isSelected ? 3 : 2) * pixelRatio,
      });
      if (mark.geometry.mask.toggles.length <= 8) small.push(mark);
    }
    target.putImageData(image, offsetX, offsetY);
    target.save();
    target.beginPath();
    target.rect(offsetX, offsetY, region.width, region.height);
    target.clip();
    // Single pixels would be lost when the image is drawn small.
    for (const mark of small) {
      if (isTiny(mark, region.scale)) {
        paintDot(target, mark, place, selected.has(mark.id) ? SELECTED : colorOf(look, mark.class));
      }
    }
    paintShapes(target, shapes, place, look);
    target.restore();
  }
}

function isTiny({ geometry }: Mark, scale: number): boolean {
  if (geometry.type !== 'mask') return false;
  const { toggles, height } = geometry.mask;
  const first = toggles[0] ?? 0;
  const last = toggles[toggles.length - 1] ?? 0;
  return (Math.floor(last / height) - Math.floor(first / height) + 1) * scale < 3 && toggles.length <= 8;
}

/** Selected boxes and polygons, which are drawn above the tiles. */
function lifted(session: DrawingSession): Mark[] {
  return session.selection.value.flatMap((id) => {
    const mark = session.mark(id);
    return mark === undefined || mark.geometry.type === 'mask' ? [] : [mark];
  });
}
