/** A proportion with its 95 % interval as a small bar beside its number. */
import type { Estimate } from '../api/types';
import { percent } from '../words/numbers';
import { linear } from './scale';

const WIDTH = 96;
const HEIGHT = 16;

export function Interval({ estimate }: { estimate: Estimate | null | undefined }) {
  if (estimate == null) return <span class="quiet">too few</span>;
  const x = linear([0, 1], [1, WIDTH - 1]);
  const middle = HEIGHT / 2;
  const { value, low, high } = estimate;
  return (
    <span class="interval">
      <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
        <line class="interval-track" x1={x(0)} x2={x(1)} y1={middle} y2={middle} />
        <line class="interval-range" x1={x(low)} x2={x(high)} y1={middle} y2={middle} />
        <circle class="interval-dot" cx={x(value)} cy={middle} r="3.5" />
      </svg>
      <span class="interval-value">{percent(value, 0)}</span>
      <span class="quiet interval-bounds">
        {(low * 100).toFixed(0)}–{(high * 100).toFixed(0)}
      </span>
    </span>
  );
}
