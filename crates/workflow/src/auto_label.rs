//! Auto-labeling: the threshold that keeps the target → labels for what passes, people for the rest,
//! and a frozen list for the audit, all in one write.

use crate::WorkflowError;
use crate::audit::AuditState;
use crate::error::conflict;
use crate::project::live::{AutoRun, Live, version};
use crate::project::{
    ALPHA, PROGRAM, Project, ProjectEvent, aside, now, threshold_config, to_the_end,
};
use crate::queue::put_next_batch;
use crate::round::{RoundModel, Validation};
use crate::unusual::Unusual;
use crate::view::AutoLabelView;
use autolabel_annotation::{ImageId, Label};
use autolabel_quality::{ThresholdChoice, ThresholdConfig, ThresholdLimit, ValidationItem};
use autolabel_store::{Event, NewEvent, StoreError};
use std::sync::Arc;

/// An image nobody answered, with the label the model gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Proposal {
    pub row: u32,
    pub label: Label,
    pub confidence: f32,
}

impl Project {
    /// What auto-labeling would do now; nothing is changed.
    ///
    /// # Errors
    /// There is no model yet.
    pub async fn auto_label_preview(&self) -> Result<AutoLabelView, WorkflowError> {
        let model = self.exact_model().await?;
        let unusual = self.unusual().await?;
        let project = self.clone();
        aside(move || {
            let live = project.live();
            let choice = choice(&live, &model, &threshold_config(&live))?;
            let accepted = accepted(&proposals(&live, &model), &choice);
            Ok(auto_label_view(&live, &choice, &accepted, &unusual, false))
        })
        .await
    }

    /// Labels what passes the threshold, gives the rest back to people, and begins the audit.
    ///
    /// # Errors
    /// There is no model, nothing passes, an audit is under way, or the disk is full.
    pub async fn auto_label(&self) -> Result<AutoLabelView, WorkflowError> {
        if self.inner().store.is_read_only() {
            return Err(StoreError::ReadOnly.into());
        }
        let model = self.exact_model().await?;
        let unusual = self.unusual().await?;
        let project = self.clone();
        let view = to_the_end(async move { apply(&project, model, unusual).await }).await?;
        self.tell(ProjectEvent::Audit);
        self.tell(ProjectEvent::Queue);
        self.tell_project();
        Ok(view)
    }
}

/// What auto-labeling writes down and leaves in memory.
struct Applied {
    events: Vec<NewEvent>,
    run: AutoRun,
    audit: AuditState,
    view: AutoLabelView,
}

async fn apply(
    project: &Project,
    model: Arc<RoundModel>,
    unusual: Arc<Unusual>,
) -> Result<AutoLabelView, WorkflowError> {
    let _writing = project.inner().writing.lock().await;
    let files = project.inner().store.file_names().await?;
    let beside = project.clone();
    let applied = aside(move || prepare(&beside, (&model, &unusual), &files)).await?;
    project.append(&applied.events).await?;
    {
        let mut live = project.live_mut();
        live.runs = applied.run.run;
        live.attempts = applied.audit.attempt;
        live.run = Some(applied.run);
        live.audit = Some(applied.audit);
        // What was certified before are not these labels.
        live.certificate = None;
    }
    put_next_batch(project).await?;
    Ok(applied.view)
}

fn prepare(
    project: &Project,
    (model, unusual): (&RoundModel, &Unusual),
    files: &[String],
) -> Result<Applied, WorkflowError> {
    let live = project.live();
    refuse_during_audit(&live)?;
    let choice = choice(&live, model, &threshold_config(&live))?;
    let accepted = accepted(&proposals(&live, model), &choice);
    let view = auto_label_view(&live, &choice, &accepted, unusual, true);
    let Some(threshold) = choice.threshold.filter(|_| !accepted.is_empty()) else {
        return Err(conflict(view.text));
    };
    let run = AutoRun {
        run: live.runs + 1,
        model: version(&live),
        threshold,
        target_error: live.settings.target_error,
        expected_error: choice.expected_error,
        random_part: model.validation.iter().map(Validation::item).collect(),
        evidence: Vec::new(),
    };
    let audit = new_audit(project, &live, &run, next_attempt(&live), &accepted, files)?;
    Ok(Applied {
        events: run_events(&live, &run, &audit, &accepted),
        run,
        audit,
        view,
    })
}

fn refuse_during_audit(live: &Live) -> Result<(), WorkflowError> {
    match &live.audit {
        Some(audit) if audit.is_running() && !audit.checks.is_empty() => Err(conflict(
            "An audit of the present auto-labels is under way; finish it before labeling anew.",
        )),
        _ => Ok(()),
    }
}

/// Number of the next audit. One that nobody has begun has spent nothing of the error rate, so its
/// number is used again.
pub(crate) fn next_attempt(live: &Live) -> u32 {
    let unused = live
        .audit
        .as_ref()
        .is_some_and(|audit| audit.is_running() && audit.checks.is_empty());
    live.attempts + u32::from(!unused)
}

/// The audit that freezes these labels.
pub(crate) fn new_audit(
    project: &Project,
    live: &Live,
    run: &AutoRun,
    attempt: u32,
    accepted: &[Proposal],
    files: &[String],
) -> Result<AuditState, WorkflowError> {
    let schema = &live.settings.schema;
    let labels: Vec<(&str, String)> = accepted
        .iter()
        .filter_map(|p| Some((files.get(p.row as usize)?.as_str(), schema.cell(p.label))))
        .collect();
    let labels = labels.iter().map(|(file, label)| (*file, label.as_str()));
    let target = autolabel_quality::AuditTarget {
        population: u32::try_from(accepted.len()).unwrap_or(u32::MAX),
        target_error: run.target_error,
        alpha: autolabel_quality::attempt_alpha(ALPHA, attempt),
    };
    // Every attempt has an order of its own.
    let seed = project.inner().seed.wrapping_add(u64::from(attempt) << 32);
    let hash = autolabel_quality::auto_label_list_hash(labels);
    AuditState::begin(attempt, run, seed, target, accepted.to_vec(), hash)
}

/// What is written when labels are given: the run, each label, each image left to people, the audit.
fn run_events(
    live: &Live,
    run: &AutoRun,
    audit: &AuditState,
    accepted: &[Proposal],
) -> Vec<NewEvent> {
    let left = left_to_people(live, accepted);
    let mut events = vec![run_event(run, accepted.len(), left.len(), None)];
    events.extend(accepted.iter().map(|p| Event::AutoLabel {
        image: ImageId(p.row),
        run: run.run,
        label: p.label,
        confidence: p.confidence,
    }));
    events.extend(return_events(&left, run.run));
    events.push(audit.started_event());
    by_program(events)
}

/// Rows that nobody answered and that are not accepted, by row. A missing file is nobody's work,
/// unless it had an automatic label to lose.
fn left_to_people(live: &Live, accepted: &[Proposal]) -> Vec<u32> {
    let mut is_accepted = vec![false; live.index.len()];
    for proposal in accepted {
        is_accepted[proposal.row as usize] = true;
    }
    let left = (0_u32..).zip(&live.index.labels).filter(|(row, label)| {
        let row = *row as usize;
        let was_automatic = label.auto_label.is_some();
        label.answer.is_none() && !is_accepted[row] && (was_automatic || !live.index.missing[row])
    });
    left.map(|(row, _)| row).collect()
}

/// The event of a run.
pub(crate) fn run_event(
    run: &AutoRun,
    accepted: usize,
    returned: usize,
    tightens: Option<f64>,
) -> Event {
    let pair = |item: &ValidationItem| (item.confidence, item.correct);
    Event::AutoLabelRun {
        run: run.run,
        model: run.model,
        threshold: run.threshold,
        target_error: run.target_error,
        accepted: accepted as u64,
        returned: returned as u64,
        expected_error: run.expected_error,
        random_part: run.random_part.iter().map(pair).collect(),
        tightens,
    }
}

/// The events that leave images to people.
pub(crate) fn return_events(rows: &[u32], run: u32) -> impl Iterator<Item = Event> + '_ {
    rows.iter().map(move |&row| Event::ReturnToPool {
        image: ImageId(row),
        run,
    })
}

/// Events that nobody but the program caused.
pub(crate) fn by_program(events: Vec<Event>) -> Vec<NewEvent> {
    events
        .into_iter()
        .map(|event| now(PROGRAM, event, None))
        .collect()
}

/// The threshold for what nobody has answered yet.
pub(crate) fn choice(
    live: &Live,
    model: &RoundModel,
    config: &ThresholdConfig,
) -> Result<ThresholdChoice, WorkflowError> {
    let pool: Vec<f32> = proposals(live, model)
        .iter()
        .map(|p| p.confidence)
        .collect();
    let random: Vec<ValidationItem> = model.validation.iter().map(Validation::item).collect();
    Ok(autolabel_quality::choose_threshold(&pool, &random, config)?)
}

/// The model's labels for images that nobody answered, whose files are there and which are not of a kind
/// that people could not read, by row.
fn proposals(live: &Live, model: &RoundModel) -> Vec<Proposal> {
    let rows = model.pool.rows.iter().enumerate();
    rows.filter(|(_, row)| {
        let row = **row as usize;
        live.index
            .labels
            .get(row)
            .is_some_and(|label| label.answer.is_none())
            && !live.index.missing[row]
            && model.set_aside.binary_search(&(row as u32)).is_err()
    })
    .map(|(position, &row)| {
        let (label, confidence) = model.pool.first(position);
        Proposal {
            row,
            label,
            confidence: confidence.clamp(0.0, 1.0),
        }
    })
    .collect()
}

/// Proposals that pass.
pub(crate) fn accepted(proposals: &[Proposal], choice: &ThresholdChoice) -> Vec<Proposal> {
    let Some(threshold) = choice.threshold else {
        return Vec::new();
    };
    let pass = |p: &&Proposal| f64::from(p.confidence) >= threshold;
    proposals.iter().filter(pass).copied().collect()
}

fn auto_label_view(
    live: &Live,
    choice: &ThresholdChoice,
    accepted: &[Proposal],
    unusual: &Unusual,
    applied: bool,
) -> AutoLabelView {
    let mut per_class = vec![0; live.settings.schema.classes.len()];
    for class in accepted.iter().flat_map(|proposal| proposal.label.named()) {
        if let Some(count) = per_class.get_mut(class.index()) {
            *count += 1;
        }
    }
    let returned = left_to_people(live, accepted).len();
    AutoLabelView {
        accepted: accepted.len() as u64,
        returned: returned as u64,
        threshold: choice.threshold.unwrap_or(1.0),
        expected_error: choice.expected_error,
        error_bound: choice.error_bound,
        target_error: live.settings.target_error,
        expected_audit: choice.expected_audit,
        text: in_words(
            choice,
            accepted.len(),
            returned,
            live.settings.target_error,
            applied,
        ),
        applied,
        per_class,
        unusual: accepted
            .iter()
            .filter(|p| unusual.is_unusual(p.row))
            .count() as u64,
    }
}

fn in_words(
    choice: &ThresholdChoice,
    accepted: usize,
    returned: usize,
    target: f64,
    applied: bool,
) -> String {
    let target = target * 100.0;
    if choice.limit == ThresholdLimit::NothingKeepsTarget {
        return format!(
            "Nothing can be auto-labeled at a target error of {target:.1} % yet: even the surest images may be wrong too often. Label more images."
        );
    }
    let verb = if applied { "were" } else { "can be" };
    let left = match returned {
        0 => "none is left to people".to_owned(),
        1 => "1 is left to people".to_owned(),
        n => format!("{n} are left to people"),
    };
    let advice = if choice.limit == ThresholdLimit::AuditNotWorthwhile && !applied {
        " At your pace the audit takes longer than labeling them all by hand."
    } else {
        ""
    };
    format!(
        "{accepted} images {verb} labeled automatically with about {:.1} % expected wrong (target {target:.1} %); {left}. About {} checks will show whether the target holds.{advice}",
        choice.expected_error * 100.0,
        choice.expected_audit
    )
}
