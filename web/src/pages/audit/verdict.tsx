/** The end of an audit, in plain words. */
import { Bound } from '../../charts/bound';
import type { AuditView } from '../../api/types';
import { Shell } from '../../parts/shell';
import { count, goal, percent, plural } from '../../words/numbers';

export function Verdict({ view }: { view: AuditView }) {
  const target = 1 - view.target_error;
  const certified = view.verdict === 'certified';
  return (
    <Shell title="Audit">
      <div
        class={certified ? 'verdict verdict-good' : 'verdict'}
        data-testid="verdict"
        data-verdict={view.verdict}
      >
        <p class="verdict-word">{WORDS[view.verdict]}</p>
        <h1>{view.text}</h1>
        <Bound bound={view.accuracy_lower_bound} target={target} width={360} />
        <Facts view={view} />
        {certified ? (
          <p class="form-line">
            <a class="button button-primary" href="/release" data-testid="to-certificate">
              Certificate and export
            </a>
            <a href="/data">Look at the labels</a>
          </p>
        ) : (
          <p class="form-line">
            <a class="button button-primary" href="/label" data-testid="continue-labeling">
              Continue labeling
            </a>
            <a href="/">Home</a>
          </p>
        )}
      </div>
    </Shell>
  );
}

const WORDS: Record<AuditView['verdict'], string> = {
  certified: 'Certified',
  refuted: 'Not certified',
  running: 'Audit',
};

/** The numbers of an audit. */
export function Facts({ view }: { view: AuditView }) {
  const rows: [string, string][] = [
    ['Auto-labels under audit', count(view.population)],
    ['Checked', `${count(view.checked)}, ${plural(view.wrong, 'error')}`],
    ['Right, at least', percent(view.accuracy_lower_bound)],
    ['The same by Clopper and Pearson', percent(view.clopper_pearson_lower_bound)],
    ['Target', goal(1 - view.target_error)],
  ];
  const { grades } = view;
  if (grades != null) {
    const { within_one_share: within, quadratic_kappa: kappa } = grades;
    rows.push([
      'Within one grade',
      `${percent(within.value)} (${percent(within.low)} to ${percent(within.high)})`,
    ]);
    if (kappa != null)
      rows.push([
        'Quadratically weighted kappa',
        `${kappa.value.toFixed(3)} (${kappa.low.toFixed(3)} to ${kappa.high.toFixed(3)})`,
      ]);
  }
  return (
    <>
      <dl class="about facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet chart-note">
        Lower bounds at {goal(0.95)} confidence. The first holds at any moment the audit stops; Clopper and
        Pearson&rsquo;s is for a sample whose size was fixed before.
      </p>
    </>
  );
}
