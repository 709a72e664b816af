//! Background jobs: threads of their own, whose progress people can see and which they can end.

use crate::WorkflowError;
use crate::project::{Project, ProjectEvent};
use crate::view::{JobState, JobView};
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Jobs shown after a restart.
const REMEMBERED: u32 = 20;

/// Progress is told no more often than this.
const BETWEEN_REPORTS: Duration = Duration::from_millis(200);

/// The rate is that of this much time.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// All jobs of a project.
pub(crate) struct Jobs {
    table: Mutex<Table>,
    /// Told whenever a job ends.
    ended: Notify,
}

struct Table {
    next: u64,
    entries: BTreeMap<u64, Entry>,
}

struct Entry {
    view: JobView,
    cancel: Arc<AtomicBool>,
}

/// What a running job has in hand.
pub(crate) struct JobHandle {
    project: Project,
    id: u64,
    cancel: Arc<AtomicBool>,
    samples: VecDeque<(Instant, u64)>,
    reported: Option<Instant>,
}

impl Jobs {
    /// The jobs of earlier runs of the program. One that was running then is over.
    pub(crate) fn remembered(earlier: Vec<JobView>) -> Self {
        let entries: BTreeMap<u64, Entry> = earlier
            .into_iter()
            .map(|mut view| {
                if view.state == JobState::Running {
                    view.state = JobState::Cancelled;
                    view.message = "The program ended before this was done.".to_owned();
                    view.seconds_left = None;
                }
                let entry = Entry {
                    view,
                    cancel: Arc::new(AtomicBool::new(true)),
                };
                (entry.view.id, entry)
            })
            .collect();
        Self {
            table: Mutex::new(Table {
                next: entries.keys().next_back().map_or(1, |last| last + 1),
                entries,
            }),
            ended: Notify::new(),
        }
    }

    /// How many jobs [`Jobs::remembered`] should be given.
    pub(crate) fn remembered_count() -> u32 {
        REMEMBERED
    }

    /// All jobs, newest first.
    pub(crate) fn views(&self) -> Vec<JobView> {
        let table = self.table();
        table
            .entries
            .values()
            .rev()
            .map(|e| e.view.clone())
            .collect()
    }

    fn view(&self, id: u64) -> Option<JobView> {
        Some(self.table().entries.get(&id)?.view.clone())
    }

    /// The running job of a kind.
    pub(crate) fn running(&self, kind: &str) -> Option<JobView> {
        let table = self.table();
        let mut views = table.entries.values().map(|e| &e.view);
        let found = views.find(|v| v.kind == kind && v.state == JobState::Running);
        found.cloned()
    }

    /// Asks a job to end; it does so at its next step.
    pub(crate) fn cancel(&self, id: u64) -> Option<JobView> {
        let table = self.table();
        let entry = table.entries.get(&id)?;
        entry.cancel.store(true, Ordering::Relaxed);
        Some(entry.view.clone())
    }

    /// Asks all jobs to end.
    pub(crate) fn cancel_all(&self) {
        for entry in self.table().entries.values() {
            entry.cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Returns when no job is running.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            let busy = {
                let table = self.table();
                let mut views = table.entries.values().map(|e| &e.view);
                views.any(|v| v.state == JobState::Running)
            };
            if !busy {
                return;
            }
            ended.await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut JobView)) -> Option<JobView> {
        let mut table = self.table();
        let entry = table.entries.get_mut(&id)?;
        change(&mut entry.view);
        Some(entry.view.clone())
    }
}

/// Starts a job of a kind on a thread of its own, or finds the one that is running. `work` returns
/// the sentence that the job ends with.
pub(crate) fn start(
    project: &Project,
    kind: &'static str,
    message: &str,
    work: impl FnOnce(&mut JobHandle) -> Result<String, WorkflowError> + Send + 'static,
) -> Result<JobView, WorkflowError> {
    let jobs = &project.inner().jobs;
    let (view, mut handle) = {
        let mut table = jobs.table();
        let mut views = table.entries.values().map(|e| &e.view);
        let running = views.find(|v| v.kind == kind && v.state == JobState::Running);
        if let Some(running) = running {
            return Ok(running.clone());
        }
        let view = JobView {
            id: table.next,
            kind: kind.to_owned(),
            state: JobState::Running,
            message: message.to_owned(),
            done: 0,
            total: 0,
            rate: 0.0,
            seconds_left: None,
        };
        let cancel = Arc::new(AtomicBool::new(false));
        table.next += 1;
        table.entries.insert(
            view.id,
            Entry {
                view: view.clone(),
                cancel: Arc::clone(&cancel),
            },
        );
        let handle = JobHandle {
            project: project.clone(),
            id: view.id,
            cancel,
            samples: VecDeque::new(),
            reported: None,
        };
        (view, handle)
    };
    let thread = std::thread::Builder::new().name(format!("autolabel-{kind}"));
    let spawned = thread.spawn(move || {
        handle.remember(|_| {});
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| work(&mut handle)));
        handle.end(result.unwrap_or(Err(WorkflowError::JobBroke)));
    });
    if let Err(error) = spawned {
        jobs.change(view.id, |view| view.state = JobState::Failed);
        return Err(WorkflowError::Io(error));
    }
    Ok(view)
}

impl JobHandle {
    /// Somebody asked the job to end.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Runs a step that writes or reads the project; only for the job's own thread.
    pub(crate) fn wait<T>(&self, step: impl Future<Output = T>) -> T {
        self.project.inner().runtime.block_on(step)
    }

    /// Tells how far the job has come.
    pub(crate) fn progress(&mut self, message: &str, done: u64, total: u64) {
        let now = Instant::now();
        if self.samples.back().is_none_or(|(_, last)| *last > done) {
            self.samples.clear();
        }
        self.samples.push_back((now, done));
        while self.samples.len() > 2
            && self
                .samples
                .front()
                .is_some_and(|(at, _)| now - *at > RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        let is_last = done == total;
        if !is_last && self.reported.is_some_and(|at| now - at < BETWEEN_REPORTS) {
            return;
        }
        self.reported = Some(now);
        let rate = rate(&self.samples);
        self.tell(|view| {
            message.clone_into(&mut view.message);
            view.done = done;
            view.total = total;
            view.rate = rate;
            view.seconds_left = (rate > 0.0).then(|| total.saturating_sub(done) as f64 / rate);
        });
    }

    fn tell(&self, change: impl FnOnce(&mut JobView)) {
        if let Some(job) = self.project.inner().jobs.change(self.id, change) {
            self.project.tell(ProjectEvent::Job { job });
        }
    }

    fn end(&self, result: Result<String, WorkflowError>) {
        if let Err(error) = &result {
            tracing::warn!("a job failed: {error}");
        }
        let (state, message) = match result {
            Ok(_) if self.is_cancelled() => (JobState::Cancelled, "Stopped on request.".to_owned()),
            Ok(message) => (JobState::Done, message),
            Err(error) => (JobState::Failed, error.to_string()),
        };
        let finish = |view: &mut JobView| {
            view.seconds_left = None;
            view.state = state;
            view.message.clone_from(&message);
        };
        // Written down first: who waits for the end may close the project right after it.
        self.remember(finish);
        self.tell(finish);
        self.project.inner().jobs.ended.notify_waiters();
    }

    /// Writes down where the job stands. That it cannot be written is no reason to stop the job.
    fn remember(&self, change: impl FnOnce(&mut JobView)) {
        let inner = self.project.inner();
        let Some(mut view) = inner.jobs.view(self.id) else {
            return;
        };
        change(&mut view);
        if !inner.store.is_read_only()
            && let Err(error) = self.wait(inner.store.put_job(self.id, &view))
        {
            tracing::warn!("a job could not be written down: {error}");
        }
    }
}

fn rate(samples: &VecDeque<(Instant, u64)>) -> f64 {
    let (Some((first_at, first)), Some((last_at, last))) = (samples.front(), samples.back()) else {
        return 0.0;
    };
    let seconds = (*last_at - *first_at).as_secs_f64();
    if seconds > 0.0 {
        (last - first) as f64 / seconds
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_samples() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!((rate(&VecDeque::from([(at(0), 10), (at(4), 30)])) - 5.0).abs() < 1e-9);
        assert!(rate(&VecDeque::from([(at(0), 10)])).abs() < 1e-9);
        assert!(rate(&VecDeque::new()).abs() < 1e-9);
    }

    #[test]
    fn a_job_that_ran_when_the_program_ended_is_over() {
        let view = JobView {
            id: 4,
            kind: "import".into(),
            state: JobState::Running,
            message: String::new(),
            done: 1,
            total: 2,
            rate: 1.0,
            seconds_left: Some(1.0),
        };
        let jobs = Jobs::remembered(vec![view]);
        assert_eq!(jobs.views()[0].state, JobState::Cancelled);
        assert_eq!(jobs.running("import"), None);
        assert_eq!(jobs.table().next, 5);
    }
}
