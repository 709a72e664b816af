/** Import under way: how far, how fast, how long, and what could not be read. */
import type { JobView, ProjectView } from '../../api/types';
import { JobProgress } from '../../parts/job-progress';
import { Refused } from '../../parts/refused';
import { plural } from '../../words/numbers';

export function Importing({ job, view }: { job: JobView | null; view: ProjectView }) {
  const { refused } = view.counts;
  return (
    <section class="importing" data-testid="importing" aria-label="Import">
      <h2>{job === null ? 'Getting the images ready' : job.message}</h2>
      <JobProgress
        job={job}
        label="Import"
        stop="Stop the import"
        kept="What is already in stays; the rest comes in with the next import."
      >
        {refused > 0 && <span>{plural(refused, 'file')} refused</span>}
      </JobProgress>
      {refused > 0 && <Refused count={refused} open={refused <= 10} />}
    </section>
  );
}
