/**
 * Pointer and wheel on the image: drag moves, right-drag sets the window, wheel and pinch zoom; a pen,
 * where there is one, takes the left button and one finger. Knows pointers only; what a gesture does is
 * told by the handlers.
 */

export type Tool = 'pan' | 'window' | 'draw';

/** Draws with the left button or one finger, while the tool is `draw`. */
export interface Pen {
  down: (event: PointerEvent, x_screen: number, y_screen: number) => void;
  move: (event: PointerEvent, x_screen: number, y_screen: number) => void;
  up: (event: PointerEvent, x_screen: number, y_screen: number) => void;
  /** What was begun is no drawing: a second finger came, or the pointer was lost. */
  cancel: () => void;
  /** The pointer moves with no button held. */
  hover: (event: PointerEvent, x_screen: number, y_screen: number) => void;
  leave: () => void;
  /** `true` when the turn of the wheel was the pen's. */
  wheel: (event: WheelEvent) => boolean;
}

export interface GestureHandlers {
  /** Tool of the left button and of one finger. */
  tool: () => Tool;
  pen: () => Pen | null;
  onPan: (dx_screen: number, dy_screen: number) => void;
  /** A window drag begins: remember the window. */
  onWindowStart: () => void;
  /** Travel since the window drag began. */
  onWindow: (dx_screen: number, dy_screen: number) => void;
  onZoom: (factor: number, x_screen: number, y_screen: number) => void;
}

interface Point {
  x: number;
  y: number;
}

const RIGHT_BUTTON = 2;
/** Wheel travel (CSS pixels) that zooms by e. */
const WHEEL_TRAVEL_PX = 500;
const LINE_PX = 16;

export function attachGestures(element: HTMLElement, handlers: GestureHandlers): () => void {
  const pointers = new Map<number, Point>();
  let mode: Tool = 'pan';
  let start: Point = { x: 0, y: 0 };

  const at = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const onDown = (event: PointerEvent): void => {
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    if (pointers.size > 1) {
      if (mode === 'draw') handlers.pen()?.cancel();
      mode = 'pan';
      return;
    }
    mode = modeOf(event);
    start = at(event);
    if (mode === 'draw') handlers.pen()?.down(event, start.x, start.y);
    if (mode === 'window') handlers.onWindowStart();
  };

  const modeOf = (event: PointerEvent): Tool => {
    // On a Mac, Ctrl with the only button is the right button.
    if (event.button === RIGHT_BUTTON || (event.button === 0 && event.ctrlKey)) return 'window';
    if (event.button !== 0) return 'pan';
    const tool = handlers.tool();
    return tool === 'draw' && handlers.pen() === null ? 'pan' : tool;
  };

  const onMove = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId);
    const now = at(event);
    if (before === undefined) {
      if (handlers.tool() === 'draw') handlers.pen()?.hover(event, now.x, now.y);
      return;
    }
    if (pointers.size === 1) {
      if (mode === 'draw') handlers.pen()?.move(event, now.x, now.y);
      else if (mode === 'window') handlers.onWindow(now.x - start.x, now.y - start.y);
      else handlers.onPan(now.x - before.x, now.y - before.y);
    } else {
      pinch(event.pointerId, before, now);
    }
    pointers.set(event.pointerId, now);
  };

  const pinch = (id: number, before: Point, now: Point): void => {
    const other = [...pointers.entries()].find(([key]) => key !== id)?.[1];
    if (other === undefined) return;
    const spreadBefore = Math.hypot(before.x - other.x, before.y - other.y);
    const spreadNow = Math.hypot(now.x - other.x, now.y - other.y);
    // Each finger moves the middle by half of its own travel.
    handlers.onPan((now.x - before.x) / 2, (now.y - before.y) / 2);
    if (spreadBefore > 0 && spreadNow > 0) {
      handlers.onZoom(spreadNow / spreadBefore, (now.x + other.x) / 2, (now.y + other.y) / 2);
    }
  };

  const onUp = (event: PointerEvent): void => {
    const wasDown = pointers.delete(event.pointerId);
    if (wasDown && mode === 'draw') {
      const { x, y } = at(event);
      if (event.type === 'pointerup') handlers.pen()?.up(event, x, y);
      else handlers.pen()?.cancel();
    }
    // A finger that stays after a pinch moves the image; it must not change the window by surprise.
    mode = 'pan';
  };

  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (handlers.tool() === 'draw' && handlers.pen()?.wheel(event) === true) return;
    const travel = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    const { x, y } = at(event);
    handlers.onZoom(Math.exp(-travel / WHEEL_TRAVEL_PX), x, y);
  };

  const onLeave = (): void => {
    handlers.pen()?.leave();
  };

  const onMenu = (event: Event): void => {
    event.preventDefault();
  };

  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  element.addEventListener('pointerleave', onLeave);
  element.addEventListener('wheel', onWheel, { passive: false });
  element.addEventListener('contextmenu', onMenu);
  return () => {
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    element.removeEventListener('pointerleave', onLeave);
    element.removeEventListener('wheel', onWheel);
    element.removeEventListener('contextmenu', onMenu);
  };
}
