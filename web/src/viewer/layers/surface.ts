/** What draws a plane: WebGL2 where there is one, canvas 2D otherwise. */
import type { Pyramid } from '../pyramid';
import type { Size, Viewport } from '../viewport';
import type { Window } from '../window';

export interface Scene {
  pyramid: Pyramid;
  viewport: Viewport;
  window: Window;
  inverted: boolean;
}

export interface Surface {
  readonly kind: 'webgl2' | 'canvas2d';
  /** Makes everything ready that drawing this plane at this scale needs (textures, levels). */
  prepare: (pyramid: Pyramid, scale: number) => void;
  /** Draws, or clears for `null`; `false` while the graphics device is lost. */
  draw: (scene: Scene | null, pixelRatio: number) => boolean;
  /** Frees what belongs to this plane. */
  forget: (pyramid: Pyramid) => void;
  dispose: () => void;
}

/** What somebody lays over the picture, on a canvas of its own. */
export interface Layer {
  /** The canvas of the picture has this many device pixels now. */
  resize: (width: number, height: number) => void;
  /** The picture is being drawn at this place. */
  draw: (pyramid: Pyramid | null, viewport: Viewport, size: Size, pixelRatio: number) => void;
  dispose: () => void;
}
