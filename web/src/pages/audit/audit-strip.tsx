/** Where the audit stands, in one line. */
import { Bound } from '../../charts/bound';
import type { AuditView } from '../../api/types';
import { count, goal, percent, plural } from '../../words/numbers';

export function AuditStrip({ view }: { view: AuditView }) {
  const target = 1 - view.target_error;
  return (
    <div class="strip-progress strip-audit" data-testid="audit-progress">
      <p>
        <strong>{plural(view.checked, 'check')}</strong>
        <span>, {plural(view.wrong, 'error')}</span>
      </p>
      <p class="strip-bound">
        <span class="quiet">at least</span> {percent(view.accuracy_lower_bound)}{' '}
        <span class="quiet">right</span>
        <Bound bound={view.accuracy_lower_bound} target={target} width={140} />
        <span class="quiet">target {goal(target)}</span>
      </p>
      {view.expected_remaining != null && (
        <p class="strip-remaining">about {count(view.expected_remaining)} more</p>
      )}
    </div>
  );
}
