/** What auto-labeling would do, and the button that does it. */
import type { AutoLabelView } from '../../api/types';
import { startJob } from '../../api/client';
import { Bar } from '../../parts/bar';
import { JobProgress } from '../../parts/job-progress';
import { Swatch } from '../../parts/swatch';
import { tellProblem } from '../../state/notices';
import { classes, drawingTask, project, refreshJobs, runningJobs, words } from '../../state/project';
import { UNUSUAL_ADDRESS } from '../data/filters';
import { count, percent, plural } from '../../words/numbers';

interface Props {
  /** A sentence when there is nothing to preview yet. */
  plan: AutoLabelView | string | null;
  busy: boolean;
  onApply: () => void;
}

export function AutoLabel({ plan, busy, onApply }: Props) {
  if (plan === null) return <p class="quiet">Working out what could be auto-labeled…</p>;
  if (typeof plan === 'string') return <p class="lead">{plan}</p>;
  return (
    <div data-testid="auto-label" data-applied={plan.applied}>
      <p class="lead" data-testid="auto-label-text">
        {plan.text}
      </p>
      <dl class="figures">
        <Figure
          name={plan.applied ? 'Auto-labeled' : 'Would be auto-labeled'}
          value={count(plan.accepted)}
          strong
        />
        <Figure name="Returned to you" value={count(plan.returned)} />
        <Figure
          name={drawingTask.value === null ? 'From a probability of' : 'From a chance to need no edit of'}
          value={percent(plan.threshold)}
        />
        <Figure
          name="Expected errors"
          value={percent(plan.expected_error)}
          note={plan.error_bound == null ? '' : `at most ${percent(plan.error_bound)}`}
        />
        <Figure name="Audit checks to expect" value={`about ${count(plan.expected_audit)}`} />
      </dl>
      {plan.unusual > 0 && !plan.applied && (
        <p data-testid="unusual">
          {plural(plan.unusual, 'image')} among them {plan.unusual === 1 ? 'resembles' : 'resemble'} nothing
          you have labeled. <a href={UNUSUAL_ADDRESS}>Look at {plan.unusual === 1 ? 'it' : 'them'} first</a>.
        </p>
      )}
      {drawingTask.value === null && <PerClass plan={plan} />}
      {!plan.applied && plan.unseen > 0 && <DrawOnRest images={plan.unseen} />}
      {!plan.applied && plan.unseen === 0 && (
        <div class="apply">
          <button
            type="button"
            class="button button-primary"
            data-testid="apply-auto-label"
            disabled={busy || plan.accepted === 0}
            onClick={onApply}
          >
            {busy ? 'Auto-labeling…' : `Auto-label ${plural(plan.accepted, 'image')}`}
          </button>
          <p class="quiet">
            Your own labels are not touched. Every auto-label is marked as the program&rsquo;s, and nothing
            counts as certified before the audit. If the audit fails, the doubtful ones come back to you.
          </p>
        </div>
      )}
    </div>
  );
}

/** In a large pool the model has drawn on a sample; before its drawings can be labels it draws on the rest. */
function DrawOnRest({ images }: { images: number }) {
  const job = runningJobs.value.find(({ kind }) => kind === 'propose');
  if (job !== undefined) {
    return (
      <div class="apply" data-testid="drawing-on-rest">
        <JobProgress
          job={job}
          label="Drawing on the other images"
          stop="Stop"
          kept="What is drawn stays; the rest follows when you start again."
        />
      </div>
    );
  }
  const start = (): void => {
    startJob('propose').then(() => refreshJobs(), tellProblem);
  };
  return (
    <div class="apply">
      <button type="button" class="button button-primary" data-testid="draw-on-rest" onClick={start}>
        Let the model draw on {plural(images, 'more image')}
      </button>
      <p class="quiet">
        A round draws on a sample of a large pool, and not on images that come later. Nothing is labeled yet;
        you see the figures for all images first.
      </p>
    </div>
  );
}

function Figure({
  name,
  value,
  note,
  strong,
}: {
  name: string;
  value: string;
  note?: string;
  strong?: boolean;
}) {
  return (
    <div class={strong === true ? 'figure-strong' : ''}>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && note !== '' && <span class="quiet">{note}</span>}
      </dd>
    </div>
  );
}

function PerClass({ plan }: { plan: AutoLabelView }) {
  const most = Math.max(1, ...plan.per_class);
  if (project.value === null) return null;
  return (
    <ul class="per-class" aria-label={`Auto-labels of each ${words.value.one}`}>
      {classes.value.map(({ name, color }, index) => {
        const images = plan.per_class[index] ?? 0;
        return (
          <li key={name}>
            <Swatch color={color} />
            <span>{name}</span>
            <Bar share={images / most} label={name} />
            <span class="number">{count(images)}</span>
          </li>
        );
      })}
    </ul>
  );
}
