/**
 * Draws planes on a 2D canvas, for browsers without WebGL2. The window still acts on the real
 * sample values, but in the processor, so large images move slowly; the screen says so.
 */
import { levelAt, levelCount, levelFor, type Level, type Pyramid } from '../pyramid';
import { brightness, sameWindow, type Window } from '../window';
import type { Surface } from './surface';

interface Painted {
  pyramid: Pyramid;
  level: number;
  window: Window;
  inverted: boolean;
  picture: HTMLCanvasElement;
}

export function createCanvasSurface(canvas: HTMLCanvasElement): Surface | null {
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return null;
  let painted: Painted | null = null;

  return {
    kind: 'canvas2d',
    prepare(pyramid, scale) {
      levelAt(pyramid, levelFor(scale, levelCount(pyramid.plane.width, pyramid.plane.height)));
    },
    draw(scene, pixelRatio) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = '#000';
      context.fillRect(0, 0, canvas.width, canvas.height);
      if (scene === null) return true;
      const { pyramid, viewport, window, inverted } = scene;
      const { width, height, channels } = pyramid.plane;
      const scale = viewport.scale * pixelRatio;
      const index = levelFor(scale, levelCount(width, height));
      const fresh =
        painted !== null &&
        painted.pyramid === pyramid &&
        painted.level === index &&
        painted.inverted === inverted &&
        sameWindow(painted.window, window);
      if (!fresh) {
        const picture = paint(levelAt(pyramid, index), channels, window, inverted);
        painted = { pyramid, level: index, window, inverted, picture };
      }
      if (painted === null) return false;
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = 'high';
      context.drawImage(
        painted.picture,
        canvas.width / 2 - viewport.centerX_px * scale,
        canvas.height / 2 - viewport.centerY_px * scale,
        painted.picture.width * 2 ** index * scale,
        painted.picture.height * 2 ** index * scale,
      );
      return true;
    },
    forget(pyramid) {
      if (painted?.pyramid === pyramid) painted = null;
    },
    dispose() {
      painted = null;
    },
  };
}

function paint(level: Level, channels: 1 | 3, window: Window, inverted: boolean): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  picture.width = level.width;
  picture.height = level.height;
  const pixels = new ImageData(level.width, level.height);
  const count = level.width * level.height;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      const sample = level.samples[channels === 1 ? i : i * 3 + c] ?? 0;
      pixels.data[i * 4 + c] = 255 * brightness(sample, window, inverted);
    }
    pixels.data[i * 4 + 3] = 255;
  }
  picture.getContext('2d')?.putImageData(pixels, 0, 0);
  return picture;
}
