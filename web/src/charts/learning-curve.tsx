/**
 * The learning curve: estimated accuracy over the unlabeled rest against the number of expert
 * labels, with its 95 % interval and the point where stopping was first advised.
 */
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { CurvePoint, CurveView } from '../api/types';
import { count, estimate, percent } from '../words/numbers';
import { bandPath, linear, linePath, shareDomain, ticks, type Scale } from './scale';
import { useWidth } from './use-width';

export type CurveMeasure = 'accuracy' | 'auto_share';

interface Props {
  curve: CurveView;
  measure: CurveMeasure;
  height: number;
  /** Stands above the chart, beside the numbers of the point in focus. */
  children: ComponentChildren;
}

const MARGIN = { top: 12, right: 12, bottom: 48, left: 52 };

interface Drawn {
  point: CurvePoint;
  x: number;
  y: number;
  low: number;
  high: number;
}

export function LearningCurve({ curve, measure, height, children }: Props) {
  const clip = useId();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const [near, setNear] = useState<number | null>(null);
  const lastLabels = curve.points.at(-1)?.labels ?? 0;
  const x = linear([0, Math.max(lastLabels * 1.06, 10)], [MARGIN.left, width - MARGIN.right]);
  const y = linear(shareDomain(lowestOf(curve.points, measure)), [height - MARGIN.bottom, MARGIN.top]);
  const drawn = place(curve.points, measure, x, y);
  const picked = near === null ? drawn.at(-1) : drawn[near];

  const onMove = (event: PointerEvent): void => {
    const box = host.current?.getBoundingClientRect();
    if (box === undefined || drawn.length === 0) return;
    const at = event.clientX - box.left;
    const distances = drawn.map((d) => Math.abs(d.x - at));
    setNear(distances.indexOf(Math.min(...distances)));
  };

  return (
    <div class="curve">
      <div class="curve-head">
        {children}
        <p class="curve-readout">{picked === undefined ? '' : wordsOf(picked.point, measure)}</p>
      </div>
      <div
        class="chart"
        ref={host}
        onPointerMove={onMove}
        onPointerLeave={() => {
          setNear(null);
        }}
      >
        <svg width={width} height={height} role="img" aria-label={describe(curve, measure)}>
          <clipPath id={clip}>
            <rect x={MARGIN.left} y={0} width={width - MARGIN.left} height={height - MARGIN.bottom} />
          </clipPath>
          <Grid x={x} y={y} height={height} width={width} />
          <path
            class="curve-band"
            clip-path={`url(#${clip})`}
            d={bandPath(
              drawn.map((d) => [d.x, d.high]),
              drawn.map((d) => [d.x, d.low]),
            )}
          />
          {curve.stop_at_labels != null && (
            <StopLine
              x={x(curve.stop_at_labels)}
              width={width}
              height={height}
              labels={curve.stop_at_labels}
            />
          )}
          {picked !== undefined && (
            <line
              class="curve-whisker"
              clip-path={`url(#${clip})`}
              x1={picked.x}
              x2={picked.x}
              y1={picked.low}
              y2={picked.high}
            />
          )}
          <path class="curve-line" d={linePath(drawn.map((d) => [d.x, d.y]))} />
          {drawn.map((d) => (
            <circle
              key={d.point.labels}
              class={d === picked ? 'curve-dot curve-dot-picked' : 'curve-dot'}
              cx={d.x}
              cy={d.y}
              r={d === picked ? 4.5 : 2.5}
            />
          ))}
        </svg>
      </div>
    </div>
  );
}

/**
 * Lower end of what must be seen: every value, and the band of the later half. The first bands rest
 * on a handful of labels and would push the curve into a corner; they run out of the picture.
 */
function lowestOf(points: readonly CurvePoint[], measure: CurveMeasure): number {
  if (measure === 'auto_share') return Math.min(1, ...points.map((point) => point.auto_share));
  const later = points.slice(Math.floor(points.length / 2)).map((point) => point.low);
  const known = [...points.map((point) => point.accuracy), ...later].filter((value) => value != null);
  return known.length === 0 ? 0.5 : Math.min(...known);
}

function place(points: readonly CurvePoint[], measure: CurveMeasure, x: Scale, y: Scale): Drawn[] {
  return points.flatMap((point) => {
    const value = measure === 'accuracy' ? point.accuracy : point.auto_share;
    if (value == null) return [];
    const low = measure === 'accuracy' ? (point.low ?? value) : value;
    const high = measure === 'accuracy' ? (point.high ?? value) : value;
    return [{ point, x: x(point.labels), y: y(value), low: y(low), high: y(high) }];
  });
}

function Grid({ x, y, width, height }: { x: Scale; y: Scale; width: number; height: number }) {
  const bottom = height - MARGIN.bottom;
  return (
    <g class="chart-grid" aria-hidden="true">
      {ticks(y.domain[0], y.domain[1], 5).map((value) => (
        <g key={value}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
          <text x={MARGIN.left - 10} y={y(value) + 4} text-anchor="end">
            {percent(value, 0)}
          </text>
        </g>
      ))}
      {ticks(x.domain[0], x.domain[1], Math.max(2, width / 130)).map((value) => (
        <text key={value} x={x(value)} y={bottom + 20} text-anchor="middle">
          {count(value)}
        </text>
      ))}
      <text class="chart-axis" x={width - MARGIN.right} y={bottom + 42} text-anchor="end">
        labels by experts
      </text>
    </g>
  );
}

function StopLine({
  x,
  width,
  height,
  labels,
}: {
  x: number;
  width: number;
  height: number;
  labels: number;
}) {
  // The words stand on the side that has room.
  const left = x > width * 0.6;
  return (
    <g class="curve-stop" aria-hidden="true">
      <line x1={x} x2={x} y1={MARGIN.top - 6} y2={height - MARGIN.bottom} />
      <text x={left ? x - 8 : x + 8} y={height - MARGIN.bottom - 10} text-anchor={left ? 'end' : 'start'}>
        stop advised at {count(labels)}
      </text>
    </g>
  );
}

function wordsOf(point: CurvePoint, measure: CurveMeasure): string {
  if (measure === 'auto_share')
    return `${percent(point.auto_share)} could be auto-labeled at ${count(point.labels)} labels`;
  if (point.accuracy == null) return '';
  return `${estimate(point.accuracy, point.low ?? point.accuracy, point.high ?? point.accuracy)} at ${count(point.labels)} labels`;
}

/** The chart in one sentence. */
export function describe(curve: CurveView, measure: CurveMeasure): string {
  const last = curve.points.at(-1);
  if (last === undefined) return 'The learning curve is empty: no model has been trained yet.';
  const stop =
    curve.stop_at_labels == null
      ? ''
      : ` Stopping was first advised at ${count(curve.stop_at_labels)} labels.`;
  const what =
    measure === 'accuracy' ? 'Accuracy over the unlabeled rest' : 'Share that could be auto-labeled';
  return `${what} after ${count(curve.points.length)} rounds: ${wordsOf(last, measure) || 'not known yet'}.${stop}`;
}
