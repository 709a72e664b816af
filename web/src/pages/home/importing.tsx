/** Import under way: how far, how fast, how long, and what could not be read. */
import { cancelJob } from '../../api/client';
import type { JobView, ProjectView } from '../../api/types';
import { Bar } from '../../parts/bar';
import { Refused } from '../../parts/refused';
import { tellProblem } from '../../state/notices';
import { count, plural, timeLeft } from '../../words/numbers';

export function Importing({ job, view }: { job: JobView | null; view: ProjectView }) {
  const share = job === null || job.total === 0 ? 0 : job.done / job.total;
  return (
    <section class="importing" data-testid="importing" aria-label="Import">
      <h2>{job === null ? 'Getting the images ready' : job.message}</h2>
      <Bar share={share} label="Import" tone="bar-tall" />
      <p class="importing-numbers" role="status">
        {job !== null && job.total > 0 && (
          <strong>
            {count(job.done)} of {plural(job.total, 'image')}
          </strong>
        )}
        {job !== null && job.rate > 0 && <span>{count(job.rate)} a second</span>}
        {job?.seconds_left != null && <span>about {timeLeft(job.seconds_left)} left</span>}
        {view.counts.refused > 0 && <span>{plural(view.counts.refused, 'file')} refused</span>}
      </p>
      {job !== null && (
        <p>
          <button
            type="button"
            class="plain"
            onClick={() => {
              cancelJob(job.id).catch(tellProblem);
            }}
          >
            Stop the import
          </button>
          <span class="quiet"> What is already in stays; the rest comes in with the next import.</span>
        </p>
      )}
      {view.counts.refused > 0 && <Refused count={view.counts.refused} open={view.counts.refused <= 10} />}
    </section>
  );
}
