//! Background jobs on standard error.

use crate::output::say;
use crate::progress::Progress;
use anyhow::{Context, bail};
use autolabel_workflow::view::{JobState, JobView};
use autolabel_workflow::{Project, ProjectEvent};
use std::collections::BTreeMap;
use tokio::sync::broadcast::error::RecvError;

/// Shows every job of a project as long as it lives.
pub async fn follow_jobs(project: Project) {
    let mut events = project.subscribe();
    let mut bars: BTreeMap<u64, Progress> = BTreeMap::new();
    loop {
        match events.recv().await {
            Ok(ProjectEvent::Job { job }) => show(&mut bars, &job),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Waits for a job and shows its progress.
///
/// # Errors
/// The job fails or is cancelled.
pub async fn finish_job(project: &Project, started: JobView) -> anyhow::Result<JobView> {
    let mut events = project.subscribe();
    let mut bars = BTreeMap::new();
    let mut job = started;
    // The job may have ended before the subscription began.
    if let Some(now) = project.jobs().await?.into_iter().find(|j| j.id == job.id) {
        job = now;
    }
    while job.state == JobState::Running {
        show(&mut bars, &job);
        match events.recv().await {
            Ok(ProjectEvent::Job { job: change }) if change.id == job.id => job = change,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                let jobs = project.jobs().await?;
                let id = job.id;
                job = jobs
                    .into_iter()
                    .find(|j| j.id == id)
                    .context("the job is gone")?;
            }
            Err(RecvError::Closed) => bail!("the project was closed before the job was done"),
        }
    }
    match job.state {
        JobState::Failed => bail!("{}", job.message),
        JobState::Cancelled => bail!("the job was cancelled"),
        JobState::Running | JobState::Done => Ok(job),
    }
}

fn show(bars: &mut BTreeMap<u64, Progress>, job: &JobView) {
    if job.state == JobState::Running {
        let bar = bars
            .entry(job.id)
            .or_insert_with(|| Progress::new(&title(&job.kind)));
        bar.show(job.done, job.total, &pace(job));
        return;
    }
    drop(bars.remove(&job.id));
    let word = match job.state {
        JobState::Failed => "failed: ",
        JobState::Cancelled => "cancelled ",
        JobState::Running | JobState::Done => "",
    };
    say(&format!("{}: {word}{}", title(&job.kind), job.message));
}

fn title(kind: &str) -> String {
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Rate and time left, as far as they are known.
fn pace(job: &JobView) -> String {
    let mut words = Vec::new();
    if job.rate > 0.0 {
        words.push(format!("{:.0}/s", job.rate));
    }
    if let Some(seconds) = job.seconds_left {
        words.push(format!("{} left", duration(seconds)));
    }
    words.join(", ")
}

/// Seconds, rounded to what a person wants to know.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(12.4), "12 s");
        assert_eq!(duration(91.0), "2 min");
        assert_eq!(duration(5400.0), "1 h 30 min");
    }

    #[test]
    fn titles_are_words() {
        assert_eq!(title("auto_label"), "Auto label");
    }
}
