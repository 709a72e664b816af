/** What a tool is: it takes a pointer in image pixels and edits the session; one file a tool. */
import { signal, type Signal } from '@preact/signals';
import { capsule, type Point } from '../core/rasterize';
import type { Mask } from '../core/mask';
import type { Values } from '../core/values';
import type { Sketch } from '../render/sketch';
import type { DrawingSession } from '../session/session';
import type { DrawingTask } from '../session/marks';
import type { SmartTool } from './smart-tool';

export const TOOL_NAMES = [
  'select',
  'box',
  'polygon',
  'ellipse',
  'point',
  'brush',
  'eraser',
  'threshold',
  'fill',
  'wand',
  'level',
  'smart',
  'split',
] as const;

export type ToolName = (typeof TOOL_NAMES)[number];

/** Tools that make sense for a task. */
export function toolsFor(task: DrawingTask): ToolName[] {
  if (task === 'detection') return ['select', 'box', 'ellipse', 'polygon', 'point', 'smart'];
  return TOOL_NAMES.filter((name) => name !== 'split' || task === 'instances');
}

/** Where the pointer is, in image pixels. */
export interface Pointer {
  x: number;
  y: number;
  /** Image pixels that a fingertip or the tip of a mouse covers. */
  reach: number;
  shift: boolean;
  alt: boolean;
}

export interface Tool {
  /** Drags from one place to another; otherwise it clicks. */
  readonly drags: boolean;
  down: (at: Pointer) => void;
  move?: (at: Pointer) => void;
  up?: (at: Pointer) => void;
  /** The pointer passes over the image with nothing held. */
  hover?: (at: Pointer) => void;
  /** Ends what is begun as it stands; `false` where nothing is. */
  confirm?: () => boolean;
  /** Takes the last step of what is begun back; `false` where nothing is. */
  stepBack?: () => boolean;
  /** Gives up what is begun; `false` where nothing is. */
  cancel: () => boolean;
  sketches: () => Sketch[];
}

export interface ToolSettings {
  /** Radius of brush and eraser in image pixels. */
  radius: Signal<number>;
  /** Values that threshold paint takes; `null` learns them where a stroke begins. */
  range: Signal<{ low: number; high: number } | null>;
  /** Difference of values that the wand still takes. */
  tolerance: Signal<number>;
  /** Polygons follow edges. */
  magnet: Signal<boolean>;
}

export function createToolSettings(): ToolSettings {
  return { radius: signal(12), range: signal(null), tolerance: signal(20), magnet: signal(false) };
}

/** What tools work with. */
export interface ToolParts {
  session: DrawingSession;
  /** The tool in hand, where it goes on from image to image; `null` takes the first of the task. */
  tool?: Signal<ToolName | null>;
  settings: ToolSettings;
  /** Values of the picture on the screen; `null` while there is none. */
  values: () => Values | null;
  smart: SmartTool;
  /** What the tool shows has changed. */
  onSketch: () => void;
  /** Tells the person, in a sentence. */
  say: (text: string) => void;
}

/** The mark that the brush adds to: of a class its mask, of instances the selected one. */
export function paintTarget({ session }: Pick<ToolParts, 'session'>): number | null {
  const index = session.currentClass.value;
  if (session.task === 'semantic' || index < 0) {
    return session.marks().find((mark) => mark.class === index && !mark.proposed)?.id ?? null;
  }
  const [only, ...more] = session.selection.value;
  return only !== undefined && more.length === 0 ? only : null;
}

/** Adds pixels as the task has it, and selects what they became. */
export function addPixels(parts: ToolParts, pixels: Mask, what: string): void {
  const { session } = parts;
  if (session.task === 'detection') {
    session.add({ type: 'mask', mask: pixels });
    return;
  }
  const edit = session.begin(what);
  const target = session.task === 'semantic' || session.currentClass.value < 0 ? paintTarget(parts) : null;
  const id = edit.paint(pixels, session.currentClass.value, target);
  edit.commit();
  if (id === null) parts.say('Other shapes have all of these pixels already.');
  else if (session.task === 'instances') session.select([id]);
}

export const point = (at: Pointer): Point => [at.x, at.y];

/** The way of a brush between two pointers. */
export function dab(session: DrawingSession, from: Pointer, to: Pointer, radius: number): Mask {
  return capsule(session.width, session.height, point(from), point(to), radius);
}
