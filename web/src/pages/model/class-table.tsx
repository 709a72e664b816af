/** Sensitivity and precision of each class or finding, with intervals, from the random part only. */
import type { ModelView } from '../../api/types';
import { Interval } from '../../charts/interval';
import { Swatch } from '../../parts/swatch';
import { classes, className, words } from '../../state/project';
import { count } from '../../words/numbers';

export function ClassTable({ model }: { model: ModelView }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={`Per ${words.value.one}`}>
      <table class="class-table" data-testid="class-table">
        <thead>
          <tr>
            <th scope="col">{words.value.one}</th>
            <th scope="col" class="number">
              labels
            </th>
            <th scope="col" class="number">
              at random
            </th>
            <th scope="col">found (sensitivity)</th>
            <th scope="col">right when said (precision)</th>
            <th scope="col" class="number">
              predicted
            </th>
          </tr>
        </thead>
        <tbody>
          {model.classes.map((row) => (
            <tr key={row.class}>
              <th scope="row">
                <Swatch color={classes.value[row.class]?.color ?? '#888'} />
                {className(row.class)}
              </th>
              <td class="number">{count(row.labels)}</td>
              <td class="number">{count(row.random_labels)}</td>
              <td>
                <Interval estimate={row.sensitivity} />
              </td>
              <td>
                <Interval estimate={row.precision} />
              </td>
              <td class="number">{count(row.predicted)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
