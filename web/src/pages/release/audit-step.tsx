import type { AuditView } from '../../api/types';
import { Bound } from '../../charts/bound';
import { Facts } from '../audit/verdict';

export function AuditStep({ audit }: { audit: AuditView | null }) {
  if (audit === null || audit.population === 0) {
    return (
      <p class="quiet">
        A random sample of the auto-labels is shown to you one by one, until it is proved that the target
        holds, or that it does not.
      </p>
    );
  }
  return (
    <div data-testid="audit-step" data-verdict={audit.verdict}>
      <p class="lead">{audit.text}</p>
      <Bound bound={audit.accuracy_lower_bound} target={1 - audit.target_error} width={320} />
      <Facts view={audit} />
      {audit.verdict === 'running' && (
        <a class="button button-primary" href="/audit" data-testid="continue-audit">
          {audit.checked === 0 ? 'Start the audit' : 'Continue the audit'}
        </a>
      )}
      {audit.verdict === 'refuted' && (
        <a class="button button-primary" href="/label">
          Continue labeling
        </a>
      )}
    </div>
  );
}
