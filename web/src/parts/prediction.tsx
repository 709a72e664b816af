/** The model's probabilities of the likeliest classes. */
import type { PredictionView } from '../api/types';
import { classes, className } from '../state/project';
import { percent } from '../words/numbers';
import { Bar } from './bar';
import { Swatch } from './swatch';

const SHOWN = 5;

export function Prediction({ prediction }: { prediction: PredictionView }) {
  const rows = prediction.probabilities
    .map((probability, index) => ({ index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, SHOWN);
  return (
    <ul class="prediction">
      {rows.map(({ index, probability }) => (
        <li key={index}>
          <Swatch color={classes.value[index]?.color ?? '#888'} />
          <span class="prediction-name">{className(index)}</span>
          <Bar share={probability} label={className(index)} />
          <span class="prediction-value">{percent(probability, 0)}</span>
        </li>
      ))}
    </ul>
  );
}
