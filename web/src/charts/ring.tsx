/** The ring of the home screen: shares of all images, with the first one in words in the middle. */
import { arcPath } from './scale';

export interface RingPart {
  /** CSS class that colours the part. */
  tone: 'labeled' | 'auto' | 'check' | 'ghost';
  share: number;
}

interface Props {
  parts: RingPart[];
  /** Large text in the middle. */
  value: string;
  caption: string;
  /** The whole ring in one sentence, for people who do not see it. */
  label: string;
}

const SIZE = 280;
const RADIUS = 118;
/** Gap between parts, in turns. */
const GAP = 0.004;

export function Ring({ parts, value, caption, label }: Props) {
  const middle = SIZE / 2;
  let start = 0;
  const arcs = parts
    .filter((part) => part.share > 0)
    .map((part) => {
      const from = start;
      start += part.share;
      // A tiny share still shows as a dot; gaps shrink with the part they belong to.
      const gap = Math.min(GAP, part.share / 4);
      return { part, d: arcPath(middle, middle, RADIUS, from + gap, Math.max(from + gap * 2, start - gap)) };
    });
  return (
    <svg class="ring" viewBox={`0 0 ${String(SIZE)} ${String(SIZE)}`} role="img" aria-label={label}>
      <circle class="ring-track" cx={middle} cy={middle} r={RADIUS} />
      {arcs.map(({ part, d }) => (
        <path key={part.tone} class={`ring-part ring-${part.tone}`} d={d} />
      ))}
      <text class="ring-value" x={middle} y={middle + 6} text-anchor="middle">
        {value}
      </text>
      <text class="ring-caption" x={middle} y={middle + 34} text-anchor="middle">
        {caption}
      </text>
    </svg>
  );
}
