/** From labels to a released data set, in three steps: auto-label, audit, certificate and export. */
import { useEffect, useState } from 'preact/hooks';
import { applyAutoLabel, ApiError, getAutoLabel } from '../../api/client';
import type { AuditView, AutoLabelView } from '../../api/types';
import { Shell } from '../../parts/shell';
import { navigate } from '../../router';
import { tellProblem } from '../../state/notices';
import { audit, project, refreshAudit, refreshProject, runningJobs } from '../../state/project';
import { AutoLabel } from './auto-label';
import { CertificateStep } from './certificate-step';
import { Exports } from './exports';
import { AuditStep } from './audit-step';

export function ReleasePage() {
  const [plan, setPlan] = useState<AutoLabelView | string | null>(null);
  const [busy, setBusy] = useState(false);

  const load = (): void => {
    getAutoLabel().then(setPlan, (cause: unknown) => {
      // Before the first model there is nothing to preview; the server says what is missing.
      if (cause instanceof ApiError && !cause.mayPass) setPlan(cause.message);
      else tellProblem(cause);
    });
  };
  const view = project.value;
  const standing =
    view === null ? '' : `${view.stage} ${String(view.counts.auto_labeled)} ${String(view.round)}`;
  const drawing = runningJobs.value.some(({ kind }) => kind === 'propose');
  useEffect(load, [standing, drawing]);
  useEffect(() => void refreshAudit(), []);

  const apply = async (): Promise<void> => {
    setBusy(true);
    try {
      setPlan(await applyAutoLabel());
      await Promise.all([refreshAudit(), refreshProject()]);
      navigate('/audit');
    } catch (cause) {
      tellProblem(cause);
    }
    setBusy(false);
  };

  const state: AuditView | null = audit.value === 'none' ? null : audit.value;
  return (
    <Shell title="Release">
      <h1 class="visually-hidden">Release</h1>
      <div class="steps">
        <div>
          <Step number={1} title="Auto-label" done={typeof plan === 'object' && plan?.applied === true}>
            <AutoLabel plan={plan} busy={busy} onApply={() => void apply()} />
          </Step>
          <Step number={2} title="Audit" done={state?.verdict === 'certified'}>
            <AuditStep audit={state} />
          </Step>
        </div>
        <div>
          <Step number={3} title="Certificate" done={state?.verdict === 'certified'}>
            <CertificateStep certified={state?.verdict === 'certified'} />
          </Step>
          <Step number={4} title="Export" done={false}>
            <Exports />
          </Step>
        </div>
      </div>
    </Shell>
  );
}

function Step({
  number,
  title,
  done,
  children,
}: {
  number: number;
  title: string;
  done: boolean;
  children: preact.ComponentChildren;
}) {
  return (
    <section class={done ? 'step step-done' : 'step'} aria-labelledby={`step-${String(number)}`}>
      <header>
        <span class="step-number" aria-hidden="true">
          {done ? '✓' : number}
        </span>
        <h2 id={`step-${String(number)}`}>
          {title}
          {done && <span class="visually-hidden"> (done)</span>}
        </h2>
      </header>
      <div class="step-body">{children}</div>
    </section>
  );
}
