//! Many replays side by side.
//!
//! Replays know nothing of each other, and a replay gives the same numbers with any number of threads,
//! so their order does not matter. Each worker has threads of its own: in a shared pool a replay that
//! waits would pick up another's work and its rounds would seem to take seconds longer.

use crate::WorkflowError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// Workers and their threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Workers {
    /// Replays side by side.
    pub(crate) at_once: usize,
    /// Threads of each.
    pub(crate) threads_each: usize,
}

impl Workers {
    /// As many workers as threads, unless fewer are wanted or there are fewer jobs.
    pub(crate) fn for_jobs(jobs: usize, wanted: Option<usize>) -> Self {
        let threads = rayon::current_num_threads();
        let at_once = wanted.unwrap_or(threads).min(threads).min(jobs).max(1);
        Self {
            at_once,
            threads_each: (threads / at_once).max(1),
        }
    }

    /// Does all jobs and gives their results in order. A job gets its number and something to call
    /// after each step; `progress` then hears the number, in the calling thread.
    ///
    /// # Errors
    /// That of the first job that failed; jobs not yet begun are left out then.
    pub(crate) fn run<T: Send>(
        self,
        jobs: usize,
        work: impl Fn(usize, &dyn Fn()) -> Result<T, WorkflowError> + Sync,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<T>, WorkflowError> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let results: Mutex<Vec<(usize, Result<T, WorkflowError>)>> = Mutex::new(Vec::new());
        let (ticks, ticked) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.at_once {
                let ticks = ticks.clone();
                let (next, failed, results, work) = (&next, &failed, &results, &work);
                scope.spawn(move || {
                    while !failed.load(Ordering::Relaxed) {
                        let job = next.fetch_add(1, Ordering::Relaxed);
                        if job >= jobs {
                            break;
                        }
                        // The receiver is there until all senders are gone, so this arrives.
                        let tick = || {
                            let _heard = ticks.send(job).is_ok();
                        };
                        let result = self.with_own_threads(|| work(job, &tick));
                        failed.fetch_or(result.is_err(), Ordering::Relaxed);
                        results
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((job, result));
                    }
                });
            }
            drop(ticks);
            for job in ticked {
                progress(job);
            }
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(job, _)| *job);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn with_own_threads<T: Send>(
        self,
        work: impl FnOnce() -> Result<T, WorkflowError> + Send,
    ) -> Result<T, WorkflowError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads_each)
            .build()
            .map_err(|error| WorkflowError::Setting {
                name: "the threads",
                problem: format!("the system refuses to start them ({error}); ask for fewer"),
            })?;
        pool.install(work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKERS: Workers = Workers {
        at_once: 3,
        threads_each: 1,
    };

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let mut heard = Vec::new();
        let squares = WORKERS
            .run(
                20,
                |job, tick| {
                    tick();
                    Ok(job * job)
                },
                &mut |job| heard.push(job),
            )
            .unwrap();
        assert_eq!(squares, (0..20).map(|job| job * job).collect::<Vec<_>>());
        heard.sort_unstable();
        assert_eq!(heard, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn one_failure_fails_all() {
        let result = WORKERS.run(
            50,
            |job, _| match job {
                7 => Err(WorkflowError::JobBroke),
                _ => Ok(job),
            },
            &mut |_| {},
        );
        assert!(matches!(result, Err(WorkflowError::JobBroke)));
    }

    #[test]
    fn there_are_never_more_workers_than_jobs() {
        assert_eq!(Workers::for_jobs(1, None).at_once, 1);
        assert_eq!(Workers::for_jobs(0, None).at_once, 1);
        assert_eq!(Workers::for_jobs(9, Some(1)).at_once, 1);
    }
}
