/** The ring and its legend. */
import { Ring, type RingPart } from '../../charts/ring';
import type { ProjectView, StopAdvice } from '../../api/types';
import { count, percent, plural } from '../../words/numbers';

interface Row {
  tone: RingPart['tone'] | 'none';
  text: string;
  images: number;
}

export function Progress({ view, advice }: { view: ProjectView; advice: StopAdvice | null }) {
  const { counts } = view;
  const total = Math.max(1, counts.images);
  const rows = rowsOf(view, advice);
  const parts = rows.flatMap((row): RingPart[] =>
    row.tone === 'none' ? [] : [{ tone: row.tone, share: row.images / total }],
  );
  const sentence = rows.map((row) => `${row.text} ${percent(row.images / total)}`).join(' · ');
  return (
    <>
      <Ring parts={parts} value={percent(counts.labeled / total)} caption="labeled" label={sentence} />
      <table class="legend" data-testid="counts">
        <caption class="visually-hidden">Images by state</caption>
        <tbody>
          {rows.map((row) => (
            <tr key={row.text}>
              <th scope="row">
                <span class={`legend-key legend-${row.tone}`} aria-hidden="true" />
                {row.text}
              </th>
              <td>{count(row.images)}</td>
              <td class="quiet">{percent(row.images / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet home-total">{extras(view)}</p>
    </>
  );
}

function rowsOf(view: ProjectView, advice: StopAdvice | null): Row[] {
  const { counts } = view;
  const rows: Row[] = [{ tone: 'labeled', text: 'labeled', images: counts.labeled }];
  if (counts.auto_labeled > 0) {
    rows.push(
      { tone: 'auto', text: 'auto', images: counts.auto_labeled },
      { tone: 'check', text: 'to check', images: counts.unlabeled },
    );
  } else {
    // Nothing is auto-labeled yet; the ring shows faintly what the model could take over now.
    const ready = Math.min(advice?.auto_labels_now ?? 0, counts.unlabeled);
    if (ready > 0) rows.push({ tone: 'ghost', text: 'could be auto-labeled', images: ready });
    rows.push({
      tone: 'none',
      text: ready > 0 ? 'still open' : 'not labeled',
      images: counts.unlabeled - ready,
    });
  }
  if (counts.unreadable > 0) rows.push({ tone: 'none', text: 'cannot be read', images: counts.unreadable });
  return rows;
}

function extras({ counts }: ProjectView): string {
  return [
    plural(counts.images, 'image'),
    counts.flagged > 0 ? `${count(counts.flagged)} flagged` : '',
    counts.duplicates > 0 ? plural(counts.duplicates, 'copy', 'copies') : '',
    counts.refused > 0 ? `${plural(counts.refused, 'file')} refused` : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}
