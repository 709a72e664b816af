/**
 * The image viewer: one canvas in a host element, one plane at a time. In: planes, gestures and a
 * few commands. Out: pixels, and a readout of zoom and window. Never: network, project state.
 */
import { attachGestures, type Pen, type Tool } from './gestures';
import { createHeatLayer, type Overlay } from './layers/heat';
import { createCanvasSurface } from './layers/plane-canvas';
import { createGlSurface } from './layers/plane-gl';
import type { Layer, Surface } from './layers/surface';
import type { Pyramid } from './pyramid';
import { fit, fitScale, keepInSight, pan, zoomAt, type Size, type Viewport } from './viewport';
import { dragWindow, type Window } from './window';

/** What the reader is told about the picture. */
export interface Readout {
  /** CSS pixels per image pixel. */
  scale: number;
  fitted: boolean;
  window: Window;
  defaultWindow: Window;
  inverted: boolean;
  surface: 'webgl2' | 'canvas2d' | 'none';
  /** The graphics device was lost; the picture returns by itself when it is back. */
  lost: boolean;
}

export interface ViewerListeners {
  onReadout: (readout: Readout) => void;
  /** The picture of this plane has reached the screen. */
  onPainted: (pyramid: Pyramid) => void;
}

export interface Viewer {
  /** Shows a plane whole, with its own window; `null` shows black. */
  show: (pyramid: Pyramid | null) => void;
  /** Uploads a plane that will be shown soon, at the scale it will be shown at. */
  prepare: (pyramid: Pyramid) => void;
  forget: (pyramid: Pyramid) => void;
  /** Lays a heat map over the picture until it is taken away by `null`. */
  overlay: (overlay: Overlay | null) => void;
  /** Zooms about the middle. */
  zoom: (factor: number) => void;
  panBy: (dx_screen: number, dy_screen: number) => void;
  /** Changes the window as a drag by this travel would. */
  windowBy: (dx_screen: number, dy_screen: number) => void;
  invert: () => void;
  /** Whole image, default window. */
  reset: () => void;
  setTool: (tool: Tool) => void;
  /** Lays a layer of its own over picture and heat map; returns what takes it away. */
  attach: (create: (host: HTMLElement) => Layer) => () => void;
  /** Who draws while the tool is `draw`. */
  setPen: (pen: Pen | null) => void;
  /** The whole image is shown. */
  isFitted: () => boolean;
  /** Shows this image point in the middle, at this scale or the present one. */
  centerOn: (x_px: number, y_px: number, scale?: number) => void;
  dispose: () => void;
}

interface View {
  pyramid: Pyramid | null;
  viewport: Viewport;
  fitted: boolean;
  window: Window;
  inverted: boolean;
}

const NO_WINDOW: Window = { low: 0, high: 255 };

export function createViewer(host: HTMLElement, listeners: ViewerListeners): Viewer {
  const size: Size = { width: 1, height: 1 };
  let pixelRatio = 1;
  let tool: Tool = 'pan';
  let pen: Pen | null = null;
  const layers = new Set<Layer>();
  let dragStart: Window = NO_WINDOW;
  let frame = 0;
  let lost = false;
  let unpainted: Pyramid | null = null;
  const view: View = {
    pyramid: null,
    viewport: { scale: 1, centerX_px: 0, centerY_px: 0 },
    fitted: true,
    window: NO_WINDOW,
    inverted: false,
  };

  const invalidate = (): void => {
    if (frame === 0) frame = requestAnimationFrame(draw);
  };
  const { canvas, surface } = createSurface(host, (isLost) => {
    lost = isLost;
    change();
  });

  const heat = createHeatLayer(host);

  const draw = (): void => {
    frame = 0;
    const { pyramid, viewport, window, inverted } = view;
    heat.draw(pyramid?.plane ?? null, viewport, size, pixelRatio);
    for (const layer of layers) layer.draw(pyramid, viewport, size, pixelRatio);
    const scene = pyramid === null ? null : { pyramid, viewport, window, inverted };
    const drawn = surface?.draw(scene, pixelRatio) ?? false;
    if (drawn && pyramid !== null && unpainted === pyramid) {
      unpainted = null;
      // The next frame begins after this one was handed to the compositor: a time that is never
      // too good.
      requestAnimationFrame(() => {
        if (view.pyramid === pyramid) listeners.onPainted(pyramid);
      });
    }
  };

  const change = (): void => {
    invalidate();
    listeners.onReadout({
      scale: view.viewport.scale,
      fitted: view.fitted,
      window: view.window,
      defaultWindow: view.pyramid?.plane.defaultWindow ?? NO_WINDOW,
      inverted: view.inverted,
      surface: surface?.kind ?? 'none',
      lost,
    });
  };

  const refit = (): void => {
    if (view.pyramid === null) return;
    view.viewport = view.fitted
      ? fit(view.pyramid.plane, size)
      : keepInSight(view.viewport, view.pyramid.plane);
  };

  const observer = new ResizeObserver((entries) => {
    const entry = entries[0];
    if (entry === undefined) return;
    const device = entry.devicePixelContentBoxSize?.[0];
    size.width = Math.max(1, entry.contentRect.width);
    size.height = Math.max(1, entry.contentRect.height);
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.max(1, device?.inlineSize ?? Math.round(size.width * ratio));
    canvas.height = Math.max(1, device?.blockSize ?? Math.round(size.height * ratio));
    pixelRatio = canvas.width / size.width;
    heat.resize(canvas.width, canvas.height);
    for (const layer of layers) layer.resize(canvas.width, canvas.height);
    refit();
    change();
    // Setting the size has cleared the canvas: draw in this frame, not in the next.
    cancelAnimationFrame(frame);
    draw();
  });
  observeDevicePixels(observer, canvas);

  const zoomBy = (factor: number, x_screen: number, y_screen: number): void => {
    if (view.pyramid === null) return;
    view.viewport = zoomAt(view.viewport, factor, x_screen, y_screen, view.pyramid.plane, size);
    view.fitted = false;
    change();
  };
  const panBy = (dx_screen: number, dy_screen: number): void => {
    if (view.pyramid === null) return;
    view.viewport = pan(view.viewport, dx_screen, dy_screen, view.pyramid.plane);
    view.fitted = false;
    change();
  };

  const windowFrom = (start: Window, dx_screen: number, dy_screen: number): void => {
    if (view.pyramid === null) return;
    view.window = dragWindow(start, dx_screen, dy_screen, view.pyramid.plane.defaultWindow);
    change();
  };

  const detach = attachGestures(canvas, {
    tool: () => tool,
    pen: () => pen,
    onPan: panBy,
    onZoom: zoomBy,
    onWindowStart() {
      dragStart = view.window;
    },
    onWindow(dx, dy) {
      windowFrom(dragStart, dx, dy);
    },
  });

  return {
    show(pyramid) {
      view.pyramid = pyramid;
      view.fitted = true;
      view.window = pyramid?.plane.defaultWindow ?? NO_WINDOW;
      unpainted = pyramid;
      refit();
      change();
    },
    prepare(pyramid) {
      surface?.prepare(pyramid, fitScale(pyramid.plane, size) * pixelRatio);
    },
    forget(pyramid) {
      surface?.forget(pyramid);
    },
    overlay(next) {
      heat.set(next);
      invalidate();
    },
    zoom(factor) {
      zoomBy(factor, size.width / 2, size.height / 2);
    },
    panBy,
    windowBy(dx, dy) {
      windowFrom(view.window, dx, dy);
    },
    invert() {
      view.inverted = !view.inverted;
      change();
    },
    reset() {
      view.fitted = true;
      view.inverted = false;
      view.window = view.pyramid?.plane.defaultWindow ?? NO_WINDOW;
      refit();
      change();
    },
    setTool(next) {
      tool = next;
    },
    attach(create) {
      const layer = create(host);
      layers.add(layer);
      layer.resize(canvas.width, canvas.height);
      invalidate();
      return () => {
        if (layers.delete(layer)) layer.dispose();
      };
    },
    setPen(next) {
      pen = next;
    },
    isFitted() {
      return view.fitted;
    },
    centerOn(x_px, y_px, scale = view.viewport.scale) {
      if (view.pyramid === null) return;
      const { plane } = view.pyramid;
      const centered = keepInSight({ scale: view.viewport.scale, centerX_px: x_px, centerY_px: y_px }, plane);
      const factor = scale / view.viewport.scale;
      view.viewport = zoomAt(centered, factor, size.width / 2, size.height / 2, plane, size);
      view.fitted = false;
      change();
    },
    dispose() {
      for (const layer of layers) layer.dispose();
      observer.disconnect();
      detach();
      cancelAnimationFrame(frame);
      surface?.dispose();
      heat.dispose();
      canvas.remove();
    },
  };
}

/** A canvas with the best surface there is. A canvas that was asked for WebGL2 can do nothing else. */
function createSurface(
  host: HTMLElement,
  onLost: (lost: boolean) => void,
): { canvas: HTMLCanvasElement; surface: Surface | null } {
  const first = newCanvas(host);
  const gl = wantsCanvas2d() ? null : createGlSurface(first, onLost);
  if (gl !== null) return { canvas: first, surface: gl };
  first.remove();
  const second = newCanvas(host);
  return { canvas: second, surface: createCanvasSurface(second) };
}

function newCanvas(host: HTMLElement): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.className = 'viewer-canvas';
  // The host carries the description; the canvas itself is only its picture.
  canvas.setAttribute('aria-hidden', 'true');
  host.append(canvas);
  return canvas;
}

/** `?canvas2d` in the address forces the slow way, to look at it and to test it. */
function wantsCanvas2d(): boolean {
  return new URLSearchParams(globalThis.location.search).has('canvas2d');
}

function observeDevicePixels(observer: ResizeObserver, canvas: HTMLCanvasElement): void {
  try {
    observer.observe(canvas, { box: 'device-pixel-content-box' });
  } catch {
    // Safari does not know this box; the rounding of its own ratio serves there.
    observer.observe(canvas);
  }
}
