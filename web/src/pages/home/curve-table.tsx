/** The curve in numbers, for reading and for screen readers. */
import type { CurveView } from '../../api/types';
import { count, estimate, percent } from '../../words/numbers';

export function CurveTable({ curve }: { curve: CurveView }) {
  return (
    <details class="data-table">
      <summary>The curve as a table</summary>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="The curve as a table">
        <table data-testid="curve-table">
          <thead>
            <tr>
              <th scope="col">labels</th>
              <th scope="col">accuracy over the rest (95 % interval)</th>
              <th scope="col">random labels</th>
              <th scope="col">could be auto-labeled</th>
              <th scope="col">agreement with the model before</th>
              <th scope="col">round took</th>
            </tr>
          </thead>
          <tbody>
            {curve.points.map((point) => (
              <tr key={point.labels}>
                <td>{count(point.labels)}</td>
                <td>
                  {point.accuracy == null
                    ? 'not known yet'
                    : estimate(point.accuracy, point.low ?? point.accuracy, point.high ?? point.accuracy)}
                </td>
                <td>{count(point.random_labels)}</td>
                <td>{percent(point.auto_share)}</td>
                <td>{point.kappa == null ? '' : `κ ${point.kappa.toFixed(2)}`}</td>
                <td>{point.round_seconds.toFixed(2)} s</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
