/**
 * The tool in hand and what is done with it, whether a pointer or keys move it. Knows image pixels only; the
 * pane beside the viewer says where on the image a pointer is.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Sketch } from '../render/sketch';
import { createAdjuster } from './adjust';
import { createBoxTool } from './box';
import { createBrushTool } from './brush';
import { createFillTool, createLevelTool, createPointTool, createWandTool } from './click-tools';
import { createPolygonTool } from './polygon';
import { createSelectTool } from './select';
import { createSmartClickTool } from './smart';
import { createSplitTool } from './split-tool';
import { toolsFor, type Pointer, type Tool, type ToolName, type ToolParts } from './tool';

export interface Toolbox {
  readonly tool: ReadonlySignal<ToolName>;
  readonly names: readonly ToolName[];
  choose: (name: ToolName) => void;
  down: (at: Pointer) => void;
  move: (at: Pointer) => void;
  up: (at: Pointer) => void;
  hover: (at: Pointer) => void;
  /** Presses at a place by a key: begins and ends a drag by turns, or clicks. */
  press: (at: Pointer) => void;
  /** Ends what is begun; `false` where nothing is. */
  confirm: (at: Pointer | null) => boolean;
  stepBack: () => boolean;
  cancel: () => boolean;
  removeCorner: () => boolean;
  /** A drag was begun by a key and goes on with the arrows. */
  isPressed: () => boolean;
  sketches: () => Sketch[];
}

export function createToolbox(parts: ToolParts): Toolbox {
  const adjuster = createAdjuster(parts);
  const names = toolsFor(parts.session.task);
  const makers: Record<ToolName, () => Tool> = {
    select: () => createSelectTool(parts, adjuster),
    box: () => createBoxTool(parts, 'box'),
    polygon: () => createPolygonTool(parts),
    ellipse: () => createBoxTool(parts, 'ellipse'),
    point: () => createPointTool(parts),
    brush: () => createBrushTool(parts, 'brush'),
    eraser: () => createBrushTool(parts, 'eraser'),
    threshold: () => createBrushTool(parts, 'threshold'),
    fill: () => createFillTool(parts),
    wand: () => createWandTool(parts),
    level: () => createLevelTool(parts),
    smart: () => createSmartClickTool(parts),
    split: () => createSplitTool(parts),
  };
  const made = new Map<ToolName, Tool>();
  const named = (name: ToolName): Tool => {
    const known = made.get(name) ?? makers[name]();
    made.set(name, known);
    return known;
  };
  const first = names[1] ?? 'select';
  const { tool: inHand = signal<ToolName | null>(null) } = parts;
  const tool = computed<ToolName>(() => {
    const wanted = inHand.value;
    return wanted !== null && names.includes(wanted) ? wanted : first;
  });
  /** What the pointer has hold of since it went down. */
  let holding: Tool | null = null;
  let isPressed = false;
  const current = (): Tool => named(tool.value);

  const down = (at: Pointer): void => {
    const isDrafting = current().sketches().length > 0 && !current().drags;
    holding = !isDrafting && canAdjust(tool.value) && adjuster.grab(at) ? adjuster : current();
    if (holding !== adjuster) holding.down(at);
    parts.onSketch();
  };
  const move = (at: Pointer): void => {
    holding?.move?.(at);
  };
  const up = (at: Pointer): void => {
    holding?.up?.(at);
    holding = null;
    isPressed = false;
    parts.onSketch();
  };
  const cancel = (): boolean => {
    const had = adjuster.cancel() || current().cancel();
    holding = null;
    isPressed = false;
    parts.onSketch();
    return had;
  };

  return {
    tool,
    names,
    choose(name) {
      if (!names.includes(name) || name === tool.value) return;
      cancel();
      inHand.value = name;
      parts.onSketch();
    },
    down,
    move,
    up,
    hover(at) {
      current().hover?.(at);
    },
    press(at) {
      if (isPressed) {
        up(at);
      } else if (current().drags) {
        // Keys draw; handles have keys of their own.
        holding = current();
        holding.down(at);
        isPressed = true;
        parts.onSketch();
      } else {
        current().down(at);
        current().up?.(at);
      }
    },
    confirm(at) {
      if (isPressed && at !== null) {
        up(at);
        return true;
      }
      return current().confirm?.() ?? false;
    },
    stepBack: () => current().stepBack?.() ?? false,
    cancel,
    removeCorner: adjuster.removeCorner,
    isPressed: () => isPressed,
    sketches() {
      return [...(canAdjust(tool.value) ? adjuster.sketches() : []), ...current().sketches()];
    },
  };
}

/** Tools that leave a shape with handles, which can be used at once. */
function canAdjust(name: ToolName): boolean {
  return name === 'select' || name === 'box' || name === 'ellipse' || name === 'polygon';
}
