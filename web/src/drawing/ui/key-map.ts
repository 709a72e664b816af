/** Which key does what: data only, with profiles for people who come from other programs. */
import type { ToolName } from '../tools/tool';

export type Action =
  | ToolName
  | 'smaller'
  | 'larger'
  | 'new'
  | 'merge'
  | 'separate'
  | 'duplicate'
  | 'fill-holes'
  | 'largest-part'
  | 'delete'
  | 'magnet'
  | 'hide'
  | 'outline'
  | 'opacity'
  | 'ignore'
  | 'previous-class'
  | 'next-class'
  | 'undo'
  | 'redo'
  | 'next-proposal'
  | 'previous-proposal'
  | 'accept'
  | 'reject'
  | 'cancel';

export type KeyMap = Readonly<Record<Action, readonly string[]>>;

export const ACTION_WORDS: Readonly<Record<Action, string>> = {
  select: 'select and move shapes',
  box: 'box',
  polygon: 'polygon',
  ellipse: 'ellipse',
  point: 'point',
  brush: 'brush (Alt takes away)',
  eraser: 'eraser',
  threshold: 'paint what lies in a range of values',
  fill: 'fill a hole or what shapes enclose',
  wand: 'wand: connected and alike',
  level: 'level line at the value under the pointer',
  smart: 'smart click (Alt: not this), Enter takes it',
  split: 'cut a shape in two',
  smaller: 'smaller brush',
  larger: 'larger brush',
  new: 'begin a new shape',
  merge: 'join the selected shapes',
  separate: 'make a shape of each part',
  duplicate: 'copy the selected shapes',
  'fill-holes': 'fill holes of the selected shapes',
  'largest-part': 'keep the largest part',
  delete: 'delete the selected shape or corner',
  magnet: 'polygons follow edges',
  hide: 'hide or show all shapes',
  outline: 'outlines only, or tinted',
  opacity: 'stronger or weaker tint',
  ignore: 'mark what counts neither way',
  'previous-class': 'class before',
  'next-class': 'next class',
  undo: 'undo',
  redo: 'redo',
  'next-proposal': 'next proposal, most doubtful first',
  'previous-proposal': 'proposal before',
  accept: 'accept the proposal, or all where none is selected',
  reject: 'reject the proposal',
  cancel: 'give up what is begun; select nothing',
};

const DEFAULT: KeyMap = {
  select: ['v'],
  box: ['q'],
  polygon: ['p'],
  ellipse: ['c'],
  point: ['y'],
  brush: ['b'],
  eraser: ['e'],
  threshold: ['t'],
  fill: ['k'],
  wand: ['m'],
  level: ['l'],
  smart: ['s'],
  split: ['z'],
  smaller: ['['],
  larger: [']'],
  new: ['n'],
  merge: ['j'],
  separate: ['shift+j'],
  duplicate: ['ctrl+d'],
  'fill-holes': ['shift+k'],
  'largest-part': ['shift+l'],
  delete: ['delete', 'x'],
  magnet: ['shift+p'],
  hide: ['.'],
  outline: ['o'],
  opacity: [','],
  ignore: ['shift+i'],
  'previous-class': ['<'],
  'next-class': ['>'],
  undo: ['ctrl+z'],
  redo: ['ctrl+shift+z', 'ctrl+y'],
  'next-proposal': ['tab'],
  'previous-proposal': ['shift+tab'],
  accept: ['enter'],
  reject: ['backspace'],
  cancel: ['escape'],
};

export const PROFILES = {
  default: DEFAULT,
  CVAT: {
    ...DEFAULT,
    merge: ['m'],
    split: ['alt+m'],
    wand: ['shift+m'],
    separate: ['alt+j'],
    hide: ['t'],
    threshold: ['shift+t'],
    duplicate: ['ctrl+b', 'ctrl+d'],
    delete: ['delete'],
  },
  Slicer: {
    ...DEFAULT,
    undo: ['z', 'ctrl+z'],
    redo: ['y', 'ctrl+y', 'ctrl+shift+z'],
    split: ['shift+z'],
    point: ['shift+y'],
    'previous-class': ['q'],
    'next-class': ['shift+q'],
    box: ['shift+b'],
  },
} as const satisfies Record<string, KeyMap>;

export type ProfileName = keyof typeof PROFILES;

/** A profile and what somebody has changed in it. */
export interface KeyChoice {
  profile: ProfileName;
  changes: Partial<Record<Action, readonly string[]>>;
}

export const ACTIONS = Object.keys(DEFAULT) as Action[];

export function keysOf({ profile, changes }: KeyChoice): KeyMap {
  return { ...PROFILES[profile], ...changes };
}

/** Gives an action one key; whatever had it before loses it, so that no key does two things. */
export function rebound(choice: KeyChoice, action: Action, key: string): KeyChoice {
  const keys = keysOf(choice);
  const changes: KeyChoice['changes'] = { ...choice.changes };
  for (const other of ACTIONS) {
    if (other !== action && keys[other].includes(key)) {
      changes[other] = keys[other].filter((own) => own !== key);
    }
  }
  changes[action] = [key];
  return { ...choice, changes };
}

export function actionOf(keys: KeyMap, key: string): Action | null {
  return ACTIONS.find((action) => keys[action].includes(key)) ?? null;
}

/** Places of keys that bear other signs on other keyboards. */
const PLACES: Readonly<Record<string, string>> = { BracketLeft: '[', BracketRight: ']' };

/** How a key press is written in a map: "b", "shift+tab", "ctrl+z". On a Mac Command counts as Ctrl. */
export function nameOfKey(
  event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string {
  const place = PLACES[event.code];
  if (place !== undefined) return place;
  const key = event.key.toLowerCase();
  const isSign = key.length === 1 && !/[a-z]/.test(key);
  const parts = [
    (event.ctrlKey || event.metaKey) && 'ctrl',
    event.altKey && 'alt',
    // Of signs the shift is part of the sign already.
    event.shiftKey && !isSign && 'shift',
    key === ' ' ? 'space' : key,
  ];
  return parts.filter((part) => part !== false).join('+');
}

/** As it stands on a key cap. */
export function keyInWords(key: string): string {
  const words: Record<string, string> = {
    ctrl: 'Ctrl',
    shift: 'Shift',
    alt: 'Alt',
    backspace: '⌫',
    escape: 'Esc',
  };
  const parts = key.split('+').map((part) => words[part] ?? part.charAt(0).toUpperCase() + part.slice(1));
  return parts.join(' ');
}

const STORED = 'autolabel.drawing-keys';

export function readKeyChoice(storage: Pick<Storage, 'getItem'>): KeyChoice {
  try {
    const found = JSON.parse(storage.getItem(STORED) ?? '{}') as Partial<KeyChoice>;
    const profile = found.profile !== undefined && found.profile in PROFILES ? found.profile : 'default';
    return { profile, changes: found.changes ?? {} };
  } catch {
    return { profile: 'default', changes: {} };
  }
}

export function keepKeyChoice(storage: Pick<Storage, 'setItem'>, choice: KeyChoice): void {
  storage.setItem(STORED, JSON.stringify(choice));
}
