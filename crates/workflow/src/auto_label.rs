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
use crate::remaining_proposals::{no_model, unseen};
use crate::round::{RoundModel, Validation};
use crate::shape_model::ShapeModel;
use crate::unusual::Unusual;
use crate::view::AutoLabelView;
use autolabel_annotation::{ClassId, Drawing, DrawingId, ImageId, Label};
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
        let judge = Judge::present(self).await?;
        let unusual = self.unusual().await?;
        let project = self.clone();
        aside(move || {
            let live = project.live();
            let judged = judge.judged(&live);
            let choice = choice(&judged, &threshold_config(&live))?;
            let accepted = accepted(&judged.proposals, &choice);
            Ok(auto_label_view(
                &live,
                &choice,
                (&accepted, judged.unseen),
                &unusual,
                false,
            ))
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
        let unusual = self.unusual().await?;
        let project = self.clone();
        let view = to_the_end(async move { apply(&project, unusual).await }).await?;
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

async fn apply(project: &Project, unusual: Arc<Unusual>) -> Result<AutoLabelView, WorkflowError> {
    let judge = Judge::present(project).await?;
    let _writing = project.inner().writing.lock().await;
    let files = project.inner().store.file_names().await?;
    let beside = project.clone();
    // Under the lock: an image that was answered meanwhile is nobody's to label.
    let judged = judge.judged(&project.live());
    refuse_unseen(&judged)?;
    let judged = with_kept_drawings(project, judged).await?;
    let applied = aside(move || prepare(&beside, (&judged, &unusual), &files)).await?;
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
    (judged, unusual): (&Judged, &Unusual),
    files: &[String],
) -> Result<Applied, WorkflowError> {
    let live = project.live();
    refuse_during_audit(&live)?;
    let choice = choice(judged, &threshold_config(&live))?;
    let accepted = accepted(&judged.proposals, &choice);
    let view = auto_label_view(&live, &choice, (&accepted, judged.unseen), unusual, true);
    let Some(threshold) = choice.threshold.filter(|_| !accepted.is_empty()) else {
        return Err(conflict(view.text));
    };
    let run = AutoRun {
        run: live.runs + 1,
        model: version(&live),
        threshold,
        target_error: live.settings.target_error,
        expected_error: choice.expected_error,
        random_part: judged.random.clone(),
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

/// Before any drawing is kept.
fn refuse_unseen(judged: &Judged) -> Result<(), WorkflowError> {
    match judged.unseen {
        0 => Ok(()),
        unseen => Err(conflict(format!(
            "The model has not drawn on {unseen} images yet; let it do so first, on the release page."
        ))),
    }
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

/// What the present model would answer for images nobody answered, and how far it can be believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    /// By row.
    pub proposals: Vec<Proposal>,
    /// Answers of the random part beside what models said that had not seen them.
    pub random: Vec<ValidationItem>,
    /// The model that would draw, where labels are shapes: they are not kept in the project yet.
    drawn_by: Option<Arc<ShapeModel>>,
    /// Images that it has not looked at.
    unseen: usize,
}

/// Drawings that are kept in one write.
const KEPT_AT_A_TIME: usize = 256;
/// Stands in a proposal of shapes until they are kept and have a number.
const NOT_KEPT: DrawingId = DrawingId(0);

impl Judged {
    /// The model's labels for images that nobody answered, whose files are there and which are not of a
    /// kind that people could not read.
    pub(crate) fn of_classes(live: &Live, model: &RoundModel) -> Self {
        let rows = model.pool.rows.iter().enumerate();
        let proposals = rows
            .filter(|(_, row)| {
                let row = **row as usize;
                let label = live.index.labels.get(row);
                label.is_some_and(|label| label.answer.is_none())
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
            });
        Self {
            proposals: proposals.collect(),
            random: model.validation.iter().map(Validation::item).collect(),
            drawn_by: None,
            unseen: 0,
        }
    }

    /// The network's drawings, and the chance that each needs no edit.
    pub(crate) fn of_shapes(live: &Live, model: &Arc<ShapeModel>) -> Self {
        let open = model.open(live).into_iter();
        let proposals = open.map(|(row, claim)| Proposal {
            row,
            label: Label::Drawn { drawing: NOT_KEPT },
            confidence: model.chance(claim),
        });
        Self {
            proposals: proposals.collect(),
            random: model.random_part(),
            drawn_by: Some(Arc::clone(model)),
            unseen: unseen(live, model).len(),
        }
    }
}

/// The present model, whatever it labels.
enum Judge {
    Classes(Arc<RoundModel>),
    Shapes(Arc<ShapeModel>),
}

impl Judge {
    /// Fits or reads it where it is not in memory.
    ///
    /// # Errors
    /// There is no model yet.
    async fn present(project: &Project) -> Result<Self, WorkflowError> {
        let task = project.live().settings.schema.task;
        if !task.is_drawn() {
            return project.exact_model().await.map(Self::Classes);
        }
        let model = project.shape_model().await?;
        Ok(Self::Shapes(model.ok_or_else(no_model)?))
    }

    fn judged(&self, live: &Live) -> Judged {
        match self {
            Self::Classes(model) => Judged::of_classes(live, model),
            Self::Shapes(model) => Judged::of_shapes(live, model),
        }
    }
}

/// Keeps the drawings of the proposals that pass, so that labels can name them.
async fn with_kept_drawings(
    project: &Project,
    mut judged: Judged,
) -> Result<Judged, WorkflowError> {
    let Some(model) = judged.drawn_by.clone() else {
        return Ok(judged);
    };
    let threshold = {
        let live = project.live();
        choice(&judged, &threshold_config(&live))?.threshold
    };
    let all = judged.proposals.iter_mut();
    let mut passing: Vec<&mut Proposal> = all.filter(|p| passes(p, threshold)).collect();
    for some in passing.chunks_mut(KEPT_AT_A_TIME) {
        let rows: Vec<u32> = some.iter().map(|proposal| proposal.row).collect();
        let beside = Arc::clone(&model);
        let drawings = aside(move || drawings(&beside, &rows)).await?;
        let ids = project.inner().store.save_drawings(&drawings).await?;
        for (proposal, drawing) in some.iter_mut().zip(ids) {
            proposal.label = Label::Drawn { drawing };
        }
    }
    Ok(judged)
}

/// What is proposed for images that have a proposal.
fn drawings(model: &ShapeModel, rows: &[u32]) -> Result<Vec<Drawing>, WorkflowError> {
    let read = |row: &u32| {
        let proposal = model.proposals.read(*row)?;
        proposal.map(|proposal| proposal.drawing).ok_or_else(|| {
            conflict("A drawing of the model is gone from the project's folder; label another image, and the model draws all of them anew.")
        })
    };
    rows.iter().map(read).collect()
}

/// The threshold for what nobody has answered yet.
pub(crate) fn choice(
    judged: &Judged,
    config: &ThresholdConfig,
) -> Result<ThresholdChoice, WorkflowError> {
    let pool: Vec<f32> = judged.proposals.iter().map(|p| p.confidence).collect();
    Ok(autolabel_quality::choose_threshold(
        &pool,
        &judged.random,
        config,
    )?)
}

/// Proposals that pass.
pub(crate) fn accepted(proposals: &[Proposal], choice: &ThresholdChoice) -> Vec<Proposal> {
    let all = proposals.iter();
    all.filter(|p| passes(p, choice.threshold))
        .copied()
        .collect()
}

/// Without a threshold nothing does.
fn passes(proposal: &Proposal, threshold: Option<f64>) -> bool {
    threshold.is_some_and(|threshold| f64::from(proposal.confidence) >= threshold)
}

/// How often each class is named, in schema order.
pub(crate) fn times_named(named: impl Iterator<Item = ClassId>, classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes];
    for class in named {
        if let Some(count) = counts.get_mut(class.index()) {
            *count += 1;
        }
    }
    counts
}

fn auto_label_view(
    live: &Live,
    choice: &ThresholdChoice,
    (accepted, unseen): (&[Proposal], usize),
    unusual: &Unusual,
    applied: bool,
) -> AutoLabelView {
    let named = accepted.iter().flat_map(|proposal| proposal.label.named());
    let per_class = times_named(named, live.settings.schema.classes.len());
    // What the model has not looked at is nobody's yet.
    let returned = left_to_people(live, accepted).len().saturating_sub(unseen);
    let mut text = in_words(
        choice,
        accepted.len(),
        returned,
        live.settings.target_error,
        applied,
    );
    if unseen > 0 {
        text = format!(
            "Of the images that the model has drawn on: {text} It has not drawn on {unseen} others yet."
        );
    }
    AutoLabelView {
        accepted: accepted.len() as u64,
        returned: returned as u64,
        threshold: choice.threshold.unwrap_or(1.0),
        expected_error: choice.expected_error,
        error_bound: choice.error_bound,
        target_error: live.settings.target_error,
        expected_audit: choice.expected_audit,
        text,
        applied,
        unseen: unseen as u64,
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
