/** Reliability diagram: how often the model was right against how sure it was. */
import type { ReliabilityBin } from '../api/types';
import { count, percent } from '../words/numbers';
import { linear, ticks } from './scale';

const SIZE = 300;
const MARGIN = { top: 14, right: 22, bottom: 44, left: 48 };
const LARGEST_DOT = 13;
const SMALLEST_DOT = 3;

export function Reliability({ bins }: { bins: ReliabilityBin[] }) {
  const x = linear([0, 1], [MARGIN.left, SIZE - MARGIN.right]);
  const y = linear([0, 1], [SIZE - MARGIN.bottom, MARGIN.top]);
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const marks = ticks(0, 1, 5);
  return (
    <svg
      class="reliability"
      viewBox={`0 0 ${String(SIZE)} ${String(SIZE)}`}
      role="img"
      aria-label={`Reliability diagram with ${count(bins.length)} groups of predictions; the table below has the numbers.`}
    >
      <g class="chart-grid">
        {marks.map((value) => (
          <g key={value}>
            <line x1={x(0)} x2={x(1)} y1={y(value)} y2={y(value)} />
            <text x={MARGIN.left - 8} y={y(value) + 4} text-anchor="end">
              {percent(value, 0)}
            </text>
            <text x={x(value)} y={SIZE - MARGIN.bottom + 18} text-anchor="middle">
              {percent(value, 0)}
            </text>
          </g>
        ))}
        <text class="chart-axis" x={x(0.5)} y={SIZE - 6} text-anchor="middle">
          how sure the model was
        </text>
      </g>
      <line class="reliability-ideal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      {bins
        .filter((bin) => bin.count > 0)
        .map((bin) => (
          <g key={bin.confidence}>
            <line
              class="reliability-gap"
              x1={x(bin.confidence)}
              x2={x(bin.confidence)}
              y1={y(bin.confidence)}
              y2={y(bin.accuracy)}
            />
            {/* Area, not radius, stands for the number of predictions. */}
            <circle
              class="reliability-dot"
              cx={x(bin.confidence)}
              cy={y(bin.accuracy)}
              r={Math.max(SMALLEST_DOT, LARGEST_DOT * Math.sqrt(bin.count / most))}
            />
          </g>
        ))}
    </svg>
  );
}
