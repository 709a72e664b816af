/**
 * Where the image lies on the screen. Two spaces: `_px` are image pixels (y down, corner of the
 * first pixel at 0,0), `_screen` are CSS pixels of the canvas. Plain numbers, no drawing.
 */
import { clamp } from './window';

export interface Size {
  width: number;
  height: number;
}

export interface Viewport {
  /** CSS pixels per image pixel. */
  scale: number;
  /** Image pixel shown in the middle of the canvas. */
  centerX_px: number;
  centerY_px: number;
}

/** Largest magnification, in CSS pixels per image pixel. */
const LARGEST_SCALE = 32;

/** The whole image, centred. Small images are magnified too: the reader wants to see them. */
export function fit(image: Size, canvas: Size): Viewport {
  return {
    scale: fitScale(image, canvas),
    centerX_px: image.width / 2,
    centerY_px: image.height / 2,
  };
}

export function fitScale(image: Size, canvas: Size): number {
  return Math.min(canvas.width / image.width, canvas.height / image.height);
}

/** Zooms by `factor` so that the image point under (x, y) stays under it. */
export function zoomAt(
  view: Viewport,
  factor: number,
  x_screen: number,
  y_screen: number,
  image: Size,
  canvas: Size,
): Viewport {
  const smallest = fitScale(image, canvas) * 0.5;
  const scale = clamp(view.scale * factor, smallest, Math.max(LARGEST_SCALE, smallest));
  const fromCenterX = x_screen - canvas.width / 2;
  const fromCenterY = y_screen - canvas.height / 2;
  return keepInSight(
    {
      scale,
      centerX_px: view.centerX_px + fromCenterX / view.scale - fromCenterX / scale,
      centerY_px: view.centerY_px + fromCenterY / view.scale - fromCenterY / scale,
    },
    image,
  );
}

/** Moves the image with the pointer. */
export function pan(view: Viewport, dx_screen: number, dy_screen: number, image: Size): Viewport {
  return keepInSight(
    {
      scale: view.scale,
      centerX_px: view.centerX_px - dx_screen / view.scale,
      centerY_px: view.centerY_px - dy_screen / view.scale,
    },
    image,
  );
}

/** The middle of the canvas never leaves the image, so that the image cannot be lost. */
export function keepInSight(view: Viewport, image: Size): Viewport {
  return {
    scale: view.scale,
    centerX_px: clamp(view.centerX_px, 0, image.width),
    centerY_px: clamp(view.centerY_px, 0, image.height),
  };
}

export function pxFromScreen(
  view: Viewport,
  x_screen: number,
  y_screen: number,
  canvas: Size,
): { x_px: number; y_px: number } {
  return {
    x_px: view.centerX_px + (x_screen - canvas.width / 2) / view.scale,
    y_px: view.centerY_px + (y_screen - canvas.height / 2) / view.scale,
  };
}

export function screenFromPx(
  view: Viewport,
  x_px: number,
  y_px: number,
  canvas: Size,
): { x_screen: number; y_screen: number } {
  return {
    x_screen: (x_px - view.centerX_px) * view.scale + canvas.width / 2,
    y_screen: (y_px - view.centerY_px) * view.scale + canvas.height / 2,
  };
}
