/** A job under way: how far, how fast, how long, and a button that ends it. */
import type { ComponentChildren } from 'preact';
import { cancelJob } from '../api/client';
import type { JobView } from '../api/types';
import { tellProblem } from '../state/notices';
import { count, plural, timeLeft } from '../words/numbers';
import { Bar } from './bar';

interface Props {
  /** `null` before it is known. */
  job: JobView | null;
  label: string;
  /** On the button. */
  stop: string;
  /** What stays when it is ended. */
  kept: string;
  /** Further numbers. */
  children?: ComponentChildren;
}

export function JobProgress({ job, label, stop, kept, children }: Props) {
  const share = job === null || job.total === 0 ? 0 : job.done / job.total;
  return (
    <>
      <Bar share={share} label={label} tone="bar-tall" />
      <p class="job-numbers" role="status">
        {job !== null && job.total > 0 && (
          <strong>
            {count(job.done)} of {plural(job.total, 'image')}
          </strong>
        )}
        {job !== null && job.rate > 0 && <span>{count(job.rate)} a second</span>}
        {job?.seconds_left != null && <span>about {timeLeft(job.seconds_left)} left</span>}
        {children}
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
            {stop}
          </button>
          <span class="quiet"> {kept}</span>
        </p>
      )}
    </>
  );
}
