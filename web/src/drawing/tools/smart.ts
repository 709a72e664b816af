/** Smart clicks: the region is shown after each click; Alt says what is not meant; Enter takes it. */
import { isEmpty, type Mask } from '../core/mask';
import type { SmartPoint } from '../core/smart-region';
import { preview } from './click-tools';
import { addPixels, type Tool, type ToolParts } from './tool';

export function createSmartClickTool(parts: ToolParts): Tool {
  let points: SmartPoint[] = [];
  let found: Mask | null = null;
  let asked = 0;

  const find = (): void => {
    const values = parts.values();
    const own = ++asked;
    found = points.length === 0 ? null : found;
    parts.onSketch();
    if (values === null || points.length === 0) return;
    parts.smart(values, points).then(
      (mask) => {
        // Clicks that came meanwhile have asked again.
        if (own !== asked) return;
        found = mask;
        if (isEmpty(mask)) parts.say('No region was found here; try another click.');
        parts.onSketch();
      },
      () => {
        if (own === asked) parts.say('The region could not be found.');
      },
    );
  };
  const clear = (): boolean => {
    const had = points.length > 0;
    points = [];
    found = null;
    find();
    return had;
  };
  return {
    drags: false,
    down(at) {
      if (at.alt && points.length === 0) {
        parts.say('Click first what is meant, then with Alt what is not.');
        return;
      }
      points = [...points, { x: at.x, y: at.y, wanted: !at.alt }];
      find();
    },
    confirm() {
      const pixels = found;
      if (points.length === 0 || pixels === null || isEmpty(pixels)) return false;
      clear();
      addPixels(parts, pixels, 'smart');
      return true;
    },
    stepBack() {
      if (points.length === 0) return false;
      points = points.slice(0, -1);
      find();
      return true;
    },
    cancel: clear,
    sketches: () => [...preview(found), ...(points.length > 0 ? [{ kind: 'dots' as const, points }] : [])],
  };
}
