/**
 * Joins one session to one viewer: pointers and keys become what tools do, and what they do is drawn. Pieces
 * of the page read its signals.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { Pen } from '../../viewer/gestures';
import type { Viewer } from '../../viewer/viewer';
import { pxFromScreen, screenFromPx } from '../../viewer/viewport';
import { RAW, valueInWords, valuesOf, type Calibration, type Values } from '../core/values';
import { extentOf } from '../core/geometry';
import { createOverlay, type Overlay, type View } from '../render/overlay';
import type { Sketch } from '../render/sketch';
import type { Mark } from '../session/marks';
import type { DrawingSession } from '../session/session';
import { createSmartTool, startSmartWorker, type SmartTool } from '../tools/smart-tool';
import { createToolSettings, type Pointer, type ToolName, type ToolSettings } from '../tools/tool';
import { createToolbox, type Toolbox } from '../tools/toolbox';

/** What goes on from image to image: the tool in hand, its settings, how shapes look. */
export interface Habits {
  readonly tool: Signal<ToolName | null>;
  readonly settings: ToolSettings;
  readonly visible: Signal<boolean>;
  readonly filled: Signal<boolean>;
  readonly opacity: Signal<number>;
}

export function createHabits(): Habits {
  return {
    tool: signal(null),
    settings: createToolSettings(),
    visible: signal(true),
    filled: signal(true),
    opacity: signal(0.45),
  };
}

export interface ControllerParts {
  session: DrawingSession;
  habits?: Habits;
  colors: readonly string[];
  calibration?: Calibration;
  smart?: SmartTool;
}

export interface Place {
  x: number;
  y: number;
}

/** Milliseconds, newest last: for tests and for who wonders whether drawing is slow. */
export interface Timings {
  /** From the event of a pointer that draws to the end of the frame that shows it. */
  strokes: number[];
  /** Work of our own in each step of a stroke: the edit and its drawing. */
  steps: number[];
  /** Drawing of each frame. */
  frames: number[];
}

export interface Controller {
  readonly session: DrawingSession;
  readonly toolbox: Toolbox;
  readonly settings: ToolSettings;
  readonly visible: Signal<boolean>;
  readonly filled: Signal<boolean>;
  readonly opacity: Signal<number>;
  /** Where the pointer or the cursor of the keys is on the image; `null` beside it. */
  readonly place: ReadonlySignal<Place | null>;
  readonly value: ReadonlySignal<string | null>;
  /** The cursor that arrows move; `null` while a pointer is used. */
  readonly cursor: ReadonlySignal<Place | null>;
  /** What the tools have to say, in a sentence. */
  readonly message: ReadonlySignal<string>;
  readonly timings: Timings;
  /** Puts the engine on a viewer, to draw or only to show; returns what takes it away. */
  attach: (viewer: Viewer, draws?: boolean) => () => void;
  moveCursor: (dx: number, dy: number) => void;
  hideCursor: () => boolean;
  pressAtCursor: () => boolean;
  /** Ends what is begun, by a key. */
  confirm: () => boolean;
  /** Selects a shape and brings it into view. */
  show: (mark: Mark) => void;
  say: (text: string) => void;
  /** Image pixels that the view is wide. */
  span: () => number;
  isComplete: () => boolean;
}

const MOUSE_REACH_PX = 7;
const FINGER_REACH_PX = 16;
const MOST_TIMINGS = 2000;
const WHEEL_STEP = 1.1;

export function createController(parts: ControllerParts): Controller {
  const { session, colors, calibration = RAW, habits = createHabits() } = parts;
  const { settings, visible, filled, opacity } = habits;
  const place = signal<Place | null>(null);
  const value = signal<string | null>(null);
  const cursor = signal<Place | null>(null);
  const message = signal('');
  const timings: Timings = { strokes: [], steps: [], frames: [] };
  let view: View | null = null;
  let values: Values | null = null;
  let overlay: Overlay | null = null;
  let viewer: Viewer | null = null;
  /** The first step of a stroke that no frame has shown yet. */
  let unseen: { at: number; work: number } | null = null;

  const say = (text: string): void => {
    message.value = text;
  };
  const toolbox = createToolbox({
    session,
    tool: habits.tool,
    settings,
    values: () => values,
    smart: parts.smart ?? createSmartTool(typeof Worker === 'undefined' ? null : startSmartWorker),
    onSketch: () => overlay?.refresh(),
    say,
  });

  const moveTo = (next: Place | null): void => {
    const inside =
      next !== null && next.x >= 0 && next.y >= 0 && next.x < session.width && next.y < session.height;
    place.value = inside ? next : null;
    value.value = inside && values !== null ? valueInWords(values, next.x, next.y) : null;
  };
  const pointerAt = (event: PointerEvent, x_screen: number, y_screen: number): Pointer => {
    if (view === null) return { x: 0, y: 0, reach: 1, shift: false, alt: false };
    const { x_px, y_px } = pxFromScreen(view.viewport, x_screen, y_screen, view.size);
    const reach = event.pointerType === 'touch' ? FINGER_REACH_PX : MOUSE_REACH_PX;
    return { x: x_px, y: y_px, reach: reach / view.viewport.scale, shift: event.shiftKey, alt: event.altKey };
  };
  const atCursor = ({ x, y }: Place): Pointer => ({
    x,
    y,
    reach: MOUSE_REACH_PX / (view?.viewport.scale ?? 1),
    shift: false,
    alt: false,
  });
  const note = (list: number[], ms: number): void => {
    list.push(ms);
    if (list.length > MOST_TIMINGS) list.shift();
  };
  const timed = (event: PointerEvent, work: () => void): void => {
    const start = performance.now();
    work();
    unseen ??= { at: event.timeStamp, work: 0 };
    unseen.work += performance.now() - start;
  };

  const pen: Pen = {
    down(event, x, y) {
      cursor.value = null;
      say('');
      const at = pointerAt(event, x, y);
      moveTo(at);
      timed(event, () => {
        toolbox.down(at);
      });
    },
    move(event, x, y) {
      timed(event, () => {
        // Browsers join moves of one frame; a fast stroke needs all of them to be round.
        const all = event.getCoalescedEvents();
        for (const each of all.length > 0 ? all : [event]) {
          toolbox.move(pointerAt(event, x + each.clientX - event.clientX, y + each.clientY - event.clientY));
        }
      });
      moveTo(pointerAt(event, x, y));
    },
    up(event, x, y) {
      toolbox.up(pointerAt(event, x, y));
    },
    cancel() {
      toolbox.cancel();
    },
    hover(event, x, y) {
      cursor.value = null;
      const at = pointerAt(event, x, y);
      moveTo(at);
      toolbox.hover(at);
    },
    leave() {
      moveTo(null);
    },
    wheel(event) {
      const sizes = ['brush', 'eraser', 'threshold'].includes(toolbox.tool.value);
      if (!event.shiftKey || !sizes) return false;
      // With Shift some systems turn the wheel sideways.
      const travel = event.deltaY === 0 ? event.deltaX : event.deltaY;
      resizeBrush(settings, travel < 0 ? WHEEL_STEP : 1 / WHEEL_STEP);
      overlay?.refresh();
      return true;
    },
  };

  const sketches = (): Sketch[] => {
    const at = cursor.value;
    return [
      ...toolbox.sketches(),
      ...(at === null ? [] : [{ kind: 'cross' as const, at: [at.x, at.y] as const }]),
    ];
  };

  const attach = (next: Viewer, draws = true): (() => void) => {
    viewer = next;
    let seen: unknown = null;
    const detach = next.attach((host) => {
      overlay = createOverlay(host, {
        session,
        style: () => ({
          colors,
          visible: visible.value,
          filled: filled.value,
          opacity: opacity.value,
        }),
        sketches,
        onView(now, { plane }) {
          view = now;
          if (values === null || plane !== seen) {
            seen = plane;
            values = valuesOf(plane, calibration);
          }
        },
        onDrawn(elapsedMs) {
          note(timings.frames, elapsedMs);
          if (unseen === null) return;
          note(timings.strokes, performance.now() - unseen.at);
          note(timings.steps, unseen.work + elapsedMs);
          unseen = null;
        },
      });
      return overlay;
    });
    next.setPen(draws ? pen : null);
    const stop = effect(() => {
      void [visible.value, filled.value, opacity.value];
      overlay?.repaint();
    });
    const stopCursor = effect(() => {
      void [cursor.value, session.currentClass.value, session.selection.value, settings.radius.value];
      overlay?.refresh();
    });
    return () => {
      stop();
      stopCursor();
      toolbox.cancel();
      next.setPen(null);
      detach();
      overlay = null;
      viewer = null;
    };
  };

  const isInView = ({ x, y }: Place): boolean => {
    if (view === null) return true;
    const { x_screen, y_screen } = screenFromPx(view.viewport, x, y, view.size);
    return x_screen >= 0 && y_screen >= 0 && x_screen < view.size.width && y_screen < view.size.height;
  };

  return {
    session,
    toolbox,
    settings,
    visible,
    filled,
    opacity,
    place,
    value,
    cursor,
    message,
    timings,
    attach,
    moveCursor(dx, dy) {
      const from = cursor.value ??
        place.value ?? {
          x: view?.viewport.centerX_px ?? session.width / 2,
          y: view?.viewport.centerY_px ?? session.height / 2,
        };
      // The first press shows where the cursor is; on the middle of a pixel it means just that one.
      const isNew = cursor.value === null;
      const along = (start: number, by: number, most: number): number =>
        Math.min(Math.max(Math.floor(start) + (isNew ? 0 : by), 0), most - 1) + 0.5;
      const next = { x: along(from.x, dx, session.width), y: along(from.y, dy, session.height) };
      cursor.value = next;
      moveTo(next);
      if (toolbox.isPressed()) toolbox.move(atCursor(next));
      else toolbox.hover(atCursor(next));
      if (!isInView(next)) viewer?.centerOn(next.x, next.y);
    },
    hideCursor() {
      const had = cursor.value !== null;
      cursor.value = null;
      return had;
    },
    pressAtCursor() {
      const at = cursor.value;
      if (at === null) return false;
      say('');
      toolbox.press(atCursor(at));
      return true;
    },
    confirm: () => toolbox.confirm(cursor.value === null ? null : atCursor(cursor.value)),
    show(mark) {
      session.select([mark.id]);
      const { left, top, right, bottom } = extentOf(mark.geometry);
      const isWhole = isInView({ x: left, y: top }) && isInView({ x: right - 1, y: bottom - 1 });
      if (!isWhole) viewer?.centerOn((left + right) / 2, (top + bottom) / 2);
    },
    say,
    span: () => (view === null ? session.width : view.size.width / view.viewport.scale),
    isComplete: () => overlay?.isComplete() ?? false,
  };
}

/** From half a pixel to a quarter of any image that fits the memory. */
export function resizeBrush(settings: ToolSettings, factor: number): void {
  const next = settings.radius.value * factor;
  settings.radius.value = Math.min(Math.max(Math.round(next * 10) / 10, 0.5), 1024);
}
