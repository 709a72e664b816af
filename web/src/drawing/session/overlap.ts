/** Who keeps a pixel that two shapes want. */
import { pixelsOf, type Geometry } from '../core/geometry';
import { bounds, isEmpty, type Mask } from '../core/mask';
import { difference, intersects } from '../core/mask-sets';
import { IGNORED, type DrawingTask, type Mark } from './marks';

/**
 * `keep`: a shape never takes pixels of another. `take`: what is painted last wins. `allow`: both have them.
 */
export type OverlapRule = 'keep' | 'take' | 'allow';

export function defaultRule(task: DrawingTask): OverlapRule {
  return { detection: 'allow', semantic: 'take', instances: 'keep' }[task] as OverlapRule;
}

/** What settling a new shape reads of the drawing. */
export interface Neighbours {
  width: number;
  height: number;
  task: DrawingTask;
  /** Accepted marks whose rectangle meets that of these pixels. */
  near: (pixels: Mask) => Mark[];
}

export interface Settled {
  pixels: Mask;
  /** Others that lose pixels; `null` where nothing of them is left. */
  losers: { mark: Mark; geometry: Geometry | null }[];
}

/** What is left of new pixels, and of the marks around them, under a rule. `own` is the mark they join. */
export function settle(
  drawing: Neighbours,
  pixels: Mask,
  index: number,
  own: number | null,
  rule: OverlapRule,
): Settled {
  const settled: Settled = { pixels, losers: [] };
  if (rule === 'allow' || bounds(pixels) === null) return settled;
  for (const mark of drawing.near(pixels)) {
    if (mark.id === own || isApart(drawing.task, mark.class, index)) continue;
    const theirs = pixelsOf(mark.geometry, drawing.width, drawing.height);
    if (!intersects(settled.pixels, theirs)) continue;
    if (rule === 'keep') {
      settled.pixels = difference(settled.pixels, theirs);
    } else {
      const rest = difference(theirs, settled.pixels);
      settled.losers.push({ mark, geometry: isEmpty(rest) ? null : { type: 'mask', mask: rest } });
    }
  }
  return settled;
}

/** What is ignored lies over instances, not beside them. */
function isApart(task: DrawingTask, first: number, second: number): boolean {
  return task === 'instances' && (first === IGNORED) !== (second === IGNORED);
}
