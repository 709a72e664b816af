import { describe, expect, it } from 'vitest';
import { fit, pan, pxFromScreen, screenFromPx, zoomAt } from './viewport';

const CANVAS = { width: 1240, height: 856 };
const IMAGE = { width: 2048, height: 2500 };

describe('viewport', () => {
  it('fits the whole image, touching one pair of edges', () => {
    const view = fit(IMAGE, CANVAS);
    const first = screenFromPx(view, 0, 0, CANVAS);
    const last = screenFromPx(view, IMAGE.width, IMAGE.height, CANVAS);
    expect(first.y_screen).toBeCloseTo(0);
    expect(last.y_screen).toBeCloseTo(CANVAS.height);
    expect(first.x_screen).toBeGreaterThan(0);
    expect(last.x_screen).toBeCloseTo(CANVAS.width - first.x_screen);
  });

  it('maps there and back', () => {
    const view = { scale: 1.7, centerX_px: 812, centerY_px: 40 };
    const there = screenFromPx(view, 123.25, 999.5, CANVAS);
    const back = pxFromScreen(view, there.x_screen, there.y_screen, CANVAS);
    expect(back.x_px).toBeCloseTo(123.25);
    expect(back.y_px).toBeCloseTo(999.5);
  });

  it('keeps the point under the pointer while zooming', () => {
    const view = fit(IMAGE, CANVAS);
    const before = pxFromScreen(view, 500, 300, CANVAS);
    const after = pxFromScreen(zoomAt(view, 2.5, 500, 300, IMAGE, CANVAS), 500, 300, CANVAS);
    expect(after.x_px).toBeCloseTo(before.x_px);
    expect(after.y_px).toBeCloseTo(before.y_px);
  });

  it('zooms no further than its limits', () => {
    const view = fit(IMAGE, CANVAS);
    expect(zoomAt(view, 1e6, 0, 0, IMAGE, CANVAS).scale).toBe(32);
    expect(zoomAt(view, 1e-6, 0, 0, IMAGE, CANVAS).scale).toBeCloseTo(view.scale / 2);
  });

  it('cannot lose the image', () => {
    const far = pan(fit(IMAGE, CANVAS), 1e6, -1e6, IMAGE);
    expect(far.centerX_px).toBe(0);
    expect(far.centerY_px).toBe(IMAGE.height);
  });
});
