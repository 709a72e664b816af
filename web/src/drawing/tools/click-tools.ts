/** Tools that take one click: point, bucket, wand and level line. */
import { bucket, wand } from '../core/flood';
import { pixelsOf } from '../core/geometry';
import { traceLevel } from '../core/level-trace';
import { area, contains, isEmpty, type Mask } from '../core/mask';
import { withoutHoles } from '../core/components';
import { onePixel } from '../core/rasterize';
import type { Sketch } from '../render/sketch';
import { addPixels, type Pointer, type Tool, type ToolParts } from './tool';

/** A point is the pixel that was clicked; for detection the box of that pixel. */
export function createPointTool(parts: ToolParts): Tool {
  return clickTool((at) => {
    const { width, height } = parts.session;
    addPixels(parts, onePixel(width, height, Math.floor(at.x), Math.floor(at.y)), 'point');
  });
}

/** The bucket: fills holes of the shape that was clicked, or what shapes enclose around the click. */
export function createFillTool(parts: ToolParts): Tool {
  return clickTool((at) => {
    const { session } = parts;
    const { width, height } = session;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const all = session.within({ left: 0, top: 0, right: width, bottom: height });
    const marks = all.filter((mark) => !mark.proposed);
    const pixels = marks.map((mark) => pixelsOf(mark.geometry, width, height));
    const found = bucket(width, height, x, y, pixels);
    if (isEmpty(found)) {
      const hit = marks.findIndex((_, i) => hasPixel(pixels[i], x, y));
      const mark = marks[hit];
      const own = pixels[hit];
      if (mark === undefined || own === undefined) return;
      const edit = session.begin('fill');
      edit.paint(withoutHoles(own), mark.class, mark.id);
      edit.commit();
      return;
    }
    if (area(found) > (width * height) / 2) {
      parts.say('Nothing encloses this place: the bucket would fill the image.');
      return;
    }
    const target = session.task === 'instances' ? (session.selection.value[0] ?? null) : null;
    if (target === null) {
      addPixels(parts, found, 'fill');
      return;
    }
    const edit = session.begin('fill');
    edit.paint(found, session.mark(target)?.class ?? session.currentClass.value, target);
    edit.commit();
  });
}

/** The wand: what is connected and alike. Dragging to the right takes more, to the left less. */
export function createWandTool(parts: ToolParts): Tool {
  let start: Pointer | null = null;
  let found: Mask | null = null;
  let tolerance = 0;

  const find = (): void => {
    const values = parts.values();
    if (start === null || values === null) return;
    found = wand(values, Math.floor(start.x), Math.floor(start.y), tolerance);
    parts.onSketch();
  };
  const end = (): boolean => {
    const had = start !== null;
    start = null;
    found = null;
    parts.onSketch();
    return had;
  };
  return {
    drags: true,
    down(at) {
      start = at;
      tolerance = parts.settings.tolerance.value;
      find();
    },
    move(at) {
      if (start === null) return;
      const before = tolerance;
      // A tenth more or less for every tip of the pointer that it is dragged.
      const steps = Math.round((at.x - start.x) / Math.max(1e-6, at.reach));
      tolerance = Math.max(0, parts.settings.tolerance.value * 1.1 ** steps);
      if (tolerance !== before) find();
    },
    up() {
      const pixels = found;
      parts.settings.tolerance.value = tolerance;
      end();
      if (pixels !== null && !isEmpty(pixels)) addPixels(parts, pixels, 'wand');
    },
    cancel: end,
    sketches: () => preview(found),
  };
}

/** The level line through the pixel under the pointer is shown while it moves, and filled by a click. */
export function createLevelTool(parts: ToolParts): Tool {
  let found: Mask | null = null;
  let place = '';
  const look = (at: Pointer): void => {
    const values = parts.values();
    const now = `${String(Math.floor(at.x))} ${String(Math.floor(at.y))}`;
    if (values === null || now === place) return;
    place = now;
    found = traceLevel(values, Math.floor(at.x), Math.floor(at.y));
    parts.onSketch();
  };
  return {
    drags: false,
    hover: look,
    down(at) {
      look(at);
      if (found === null || isEmpty(found)) parts.say('The values here enclose nothing.');
      else addPixels(parts, found, 'level');
      found = null;
      place = '';
      parts.onSketch();
    },
    cancel() {
      const had = found !== null;
      found = null;
      parts.onSketch();
      return had;
    },
    sketches: () => preview(found),
  };
}

export function preview(mask: Mask | null): Sketch[] {
  return mask === null || isEmpty(mask) ? [] : [{ kind: 'mask', mask }];
}

function clickTool(click: (at: Pointer) => void): Tool {
  return { drags: false, down: click, cancel: () => false, sketches: () => [] };
}

function hasPixel(mask: Mask | undefined, x: number, y: number): boolean {
  return mask !== undefined && contains(mask, x, y);
}
