/** What keys do while drawing. Returns `true` for keys that were meant for it; the page has the rest. */
import { largestComponent, withoutHoles } from '../core/components';
import { classOfDigit } from '../../parts/keys';
import { acceptProposals, openProposals, rejectProposals, stepProposal } from '../session/proposals';
import { IGNORED } from '../session/marks';
import { nudge } from '../tools/adjust';
import { duplicateSelected, mergeSelected, reshapeSelected, separateSelected } from '../tools/split-tool';
import type { ToolName } from '../tools/tool';
import { resizeBrush, type Controller } from './controller';
import { actionOf, nameOfKey, type Action, type KeyMap } from './key-map';

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};
const FAR_PX = 10;
const BRUSH_STEP = 1.25;
const OPACITIES = [0.2, 0.45, 0.7];
/** Tools whose shapes the arrows move, once one is selected. */
const MOVERS: readonly ToolName[] = ['select', 'box', 'polygon', 'ellipse', 'point'];

export function drawingKey(
  controller: Controller,
  keys: KeyMap,
  classes: number,
  event: KeyboardEvent,
): boolean {
  const name = nameOfKey(event);
  const arrow = ARROWS[event.key.toLowerCase()];
  if (arrow !== undefined && !event.altKey) return arrowKey(controller, arrow, event);
  if (name === 'space') return controller.pressAtCursor();
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const digit = plain ? classOfDigit(event) : null;
  if (digit !== null && digit < classes) {
    chooseClass(controller, digit);
    return true;
  }
  const action = actionOf(keys, name);
  if (action === null || (event.repeat && !MAY_REPEAT.has(action))) return action !== null;
  return runAction(controller, action, classes, isOnPicture(event));
}

const MAY_REPEAT: ReadonlySet<Action> = new Set<Action>(['smaller', 'larger', 'undo', 'redo', 'opacity']);

export function runAction(
  controller: Controller,
  action: Action,
  classes: number,
  onPicture = true,
): boolean {
  const { session, toolbox, settings } = controller;
  const { selection } = session;
  const found: Partial<Record<Action, () => boolean>> = {
    smaller: done(() => {
      resizeBrush(settings, 1 / BRUSH_STEP);
    }),
    larger: done(() => {
      resizeBrush(settings, BRUSH_STEP);
    }),
    new: done(() => {
      session.select([]);
      if (toolbox.tool.value === 'select') toolbox.choose(toolbox.names[1] ?? 'select');
    }),
    merge: done(() => {
      if (!mergeSelected(session))
        controller.say('Select two or more shapes first; Shift adds to the selection.');
    }),
    separate: done(() => separateSelected(session)),
    duplicate: done(() => duplicateSelected(session, FAR_PX)),
    'fill-holes': done(() => reshapeSelected(session, 'fill holes', (mask) => withoutHoles(mask))),
    'largest-part': done(() => reshapeSelected(session, 'largest part', (mask) => largestComponent(mask))),
    delete() {
      if (toolbox.removeCorner()) return true;
      if (selection.value.length === 0) return false;
      session.remove(selection.value);
      return true;
    },
    magnet: done(() => {
      settings.magnet.value = !settings.magnet.value;
      controller.say(settings.magnet.value ? 'Polygons follow edges.' : 'Polygons are straight.');
    }),
    hide: done(() => {
      controller.visible.value = !controller.visible.value;
    }),
    outline: done(() => {
      controller.filled.value = !controller.filled.value;
    }),
    opacity: done(() => {
      const next = OPACITIES.findIndex((value) => value > controller.opacity.value);
      controller.opacity.value = OPACITIES[next] ?? OPACITIES[0] ?? 0.45;
    }),
    ignore: done(() => {
      chooseClass(controller, IGNORED);
    }),
    'previous-class': done(() => {
      stepClass(controller, classes, -1);
    }),
    'next-class': done(() => {
      stepClass(controller, classes, 1);
    }),
    undo: done(() => {
      if (!toolbox.stepBack() && !session.undo()) controller.say('Nothing to undo.');
    }),
    redo: done(() => {
      if (!session.redo()) controller.say('Nothing to redo.');
    }),
    'next-proposal': () => onPicture && step(controller, 1),
    'previous-proposal': () => onPicture && step(controller, -1),
    accept: () => accept(controller),
    reject: () => toolbox.stepBack() || rejectProposals(session) > 0,
    cancel: () => cancel(controller),
  };
  const run = found[action];
  if (run !== undefined) return run();
  toolbox.choose(action as ToolName);
  return true;
}

/** What is begun comes first, then the place under the cursor, then proposals. */
function accept(controller: Controller): boolean {
  if (controller.confirm()) return afterPress(controller);
  if (controller.cursor.value !== null && controller.toolbox.tool.value !== 'select') {
    controller.pressAtCursor();
    return afterPress(controller);
  }
  if (openProposals(controller.session).length === 0) return false;
  acceptProposals(controller.session);
  return true;
}

/** A shape that was drawn with keys is moved by them next; Escape gives the cursor back. */
function afterPress({ toolbox, session, hideCursor }: Controller): boolean {
  const isMovable = MOVERS.includes(toolbox.tool.value) && session.task !== 'semantic';
  if (
    isMovable &&
    !toolbox.isPressed() &&
    toolbox.sketches().every(({ kind }) => kind === 'handles' || kind === 'midpoints')
  ) {
    if (session.selection.value.length > 0) hideCursor();
  }
  return true;
}

function cancel({ toolbox, session, hideCursor }: Controller): boolean {
  if (toolbox.cancel()) return true;
  if (session.selection.value.length > 0) {
    session.select([]);
    return true;
  }
  return hideCursor();
}

function step(controller: Controller, by: 1 | -1): boolean {
  const mark = stepProposal(controller.session, by);
  if (mark !== null) controller.show(mark);
  return mark !== null;
}

function arrowKey(controller: Controller, [x, y]: readonly [number, number], event: KeyboardEvent): boolean {
  const { session, toolbox, cursor } = controller;
  const far = event.shiftKey ? FAR_PX : 1;
  const resizes = event.ctrlKey || event.metaKey;
  const moves = cursor.value === null && MOVERS.includes(toolbox.tool.value);
  if (moves && session.selection.value.length > 0) return nudge(session, x * far, y * far, resizes);
  if (toolbox.tool.value === 'select') return false;
  const way = resizes ? Math.max(1, Math.round(controller.span() / 10)) : far;
  controller.moveCursor(x * way, y * way);
  return true;
}

/** The class of the selected shapes and of the next ones. */
export function chooseClass({ session }: Controller, index: number): void {
  session.currentClass.value = index;
  if (session.task === 'semantic' || session.selection.value.length === 0) return;
  session.setClass(session.selection.value, index);
}

function stepClass(controller: Controller, classes: number, by: number): void {
  const now = controller.session.currentClass.value;
  if (classes > 0) chooseClass(controller, (now + by + classes) % classes);
}

/** Tab goes through proposals only while the picture has the focus; elsewhere it is the page's. */
function isOnPicture(event: KeyboardEvent): boolean {
  const { target } = event;
  return (
    !(target instanceof Element) ||
    target === document.body ||
    target.closest('.viewer, .drawing-focus') !== null
  );
}

function done(run: () => unknown): () => boolean {
  return () => {
    run();
    return true;
  };
}
