/** How far the certified lower bound has come, with the target as a mark. */
import { linear } from './scale';
import { percent } from '../words/numbers';

interface Props {
  bound: number;
  target: number;
  width?: number;
}

const HEIGHT = 14;

export function Bound({ bound, target, width = 200 }: Props) {
  // Below this the bar would show only emptiness: the interesting part is near the target.
  const low = Math.max(0, 1 - (1 - target) * 6);
  const x = linear([low, 1], [1, width - 1]);
  const end = x(Math.max(low, Math.min(bound, 1)));
  const middle = HEIGHT / 2;
  return (
    <svg
      class={bound >= target ? 'bound bound-met' : 'bound'}
      viewBox={`0 0 ${String(width)} ${String(HEIGHT)}`}
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`Lower bound ${percent(bound)}, target ${percent(target)}`}
    >
      <line class="bound-track" x1={x(low)} x2={x(1)} y1={middle} y2={middle} />
      <line class="bound-fill" x1={x(low)} x2={end} y1={middle} y2={middle} />
      <line class="bound-target" x1={x(target)} x2={x(target)} y1={1} y2={HEIGHT - 1} />
    </svg>
  );
}
