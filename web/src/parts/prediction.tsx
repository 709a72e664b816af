/** The model's probabilities of the likeliest classes, grades or findings. */
import type { PredictionView } from '../api/types';
import { asksFindings, asksGrades, classes, className, labelText } from '../state/project';
import { percent } from '../words/numbers';
import { Bar } from './bar';
import { Swatch } from './swatch';

const SHOWN = 5;

export function Prediction({ prediction }: { prediction: PredictionView }) {
  const rows = prediction.probabilities
    .map((probability, index) => ({ index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, SHOWN);
  if (asksGrades.value) rows.sort((a, b) => a.index - b.index);
  return (
    <>
      {asksFindings.value && (
        <p class="prediction-label">
          {labelText(prediction.label)} <span class="quiet">– each finding by itself:</span>
        </p>
      )}
      {asksGrades.value && (
        <p class="prediction-label">
          {labelText(prediction.label)} <span class="quiet">– as likely above as below it:</span>
        </p>
      )}
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
    </>
  );
}
