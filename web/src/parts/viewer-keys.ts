/** Keys and states of looking at an image, the same on every screen that shows one. */
import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Tool } from '../viewer/gestures';
import type { Viewer } from '../viewer/viewer';

export interface Looking {
  controls: RefObject<Viewer | null>;
  tool: Tool;
  /** Everything but the image is hidden. */
  bare: boolean;
  setTool: (tool: Tool) => void;
  toggleBare: () => void;
  /** `true` when the key was one of these. */
  onKeyDown: (event: KeyboardEvent) => boolean;
  onKeyUp: (event: KeyboardEvent) => void;
}

const ZOOM_STEP = 1.25;
const PAN_STEP_PX = 60;
const WINDOW_STEP_PX = 20;

/** Direction of each arrow key: right and down are positive. */
const ARROWS: Record<string, readonly [number, number]> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};

export function useLooking(): Looking {
  const controls = useRef<Viewer | null>(null);
  const [tool, setToolState] = useState<Tool>('pan');
  const [bare, setBare] = useState(false);

  const setTool = (next: Tool): void => {
    setToolState(next);
    controls.current?.setTool(next);
  };

  const command = (key: string, shift: boolean): (() => void) | null => {
    const viewer = controls.current;
    if (viewer === null) return null;
    const arrow = ARROWS[key];
    if (arrow !== undefined) {
      const [x, y] = arrow;
      // The view follows the arrow, so the image moves the other way.
      return shift
        ? () => {
            viewer.windowBy(x * WINDOW_STEP_PX, y * WINDOW_STEP_PX);
          }
        : () => {
            viewer.panBy(-x * PAN_STEP_PX, -y * PAN_STEP_PX);
          };
    }
    const commands: Record<string, () => void> = {
      '+': () => {
        viewer.zoom(ZOOM_STEP);
      },
      '=': () => {
        viewer.zoom(ZOOM_STEP);
      },
      '-': () => {
        viewer.zoom(1 / ZOOM_STEP);
      },
      i: viewer.invert,
      r: viewer.reset,
      h: () => {
        setBare(!bare);
      },
    };
    return commands[key] ?? null;
  };

  return {
    controls,
    tool,
    bare,
    setTool,
    toggleBare() {
      setBare(!bare);
    },
    onKeyDown(event) {
      const key = event.key.toLowerCase();
      if (key === ' ') {
        // Space held: the left button moves the image, whatever the tool.
        controls.current?.setTool('pan');
        event.preventDefault();
        return true;
      }
      const run = command(key, event.shiftKey);
      if (run === null) return false;
      run();
      event.preventDefault();
      return true;
    },
    onKeyUp(event) {
      if (event.key === ' ') controls.current?.setTool(tool);
    },
  };
}
