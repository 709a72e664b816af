//! What follows the stop in a simulation: threshold, auto-labels, audits until one certifies, costs.

use super::measure::found_in_pool;
use super::plan::Plan;
use super::replay::Stand;
use crate::WorkflowError;
use crate::audit::MOST_ATTEMPTS;
use crate::dataset::Dataset;
use crate::round::{Labeled, RoundModel, Validation};
use autolabel_annotation::Label;
use autolabel_quality::{
    Audit, AuditOutcome, AuditTarget, ThresholdConfig, ThresholdLimit, ValidationItem,
};
use autolabel_selection::StopDecision;
use serde::Serialize;
use std::collections::BTreeMap;

/// One seed of the main arm after its stop.
#[derive(Debug, Clone, Serialize)]
pub struct FinishedRun {
    /// Seed.
    pub seed: u64,
    /// Expert labels at the stop.
    pub labels: usize,
    /// Criteria that were met: `gain+stability`, `budget` or `exhausted`.
    pub stopped_by: String,
    /// Share of right predictions among all images without an expert label.
    pub rest_accuracy: f64,
    /// The program's own estimate of it from the random part, with its 95 % interval.
    pub estimated_accuracy: Option<[f64; 3]>,
    /// Calibrated probability from which images were auto-labeled in the end.
    pub threshold: Option<f64>,
    /// Share of wrong labels the program expected among them.
    pub expected_error: f64,
    /// Images auto-labeled in the end.
    pub auto_labels: usize,
    /// Share of the pool that was auto-labeled in the end.
    pub automation: f64,
    /// Share of right labels among the auto-labels.
    pub auto_label_accuracy: Option<f64>,
    /// Images returned to people.
    pub returned: usize,
    /// Audits, the last included.
    pub attempts: u32,
    /// Checks of the last audit.
    pub audited: u32,
    /// Checks of all audits.
    pub audited_in_all: u32,
    /// Wrong labels found in the last audit.
    pub errors: u32,
    /// Anytime-valid lower bound of the accuracy of the auto-labels after the last audit.
    pub accuracy_lower_bound_95: Option<f64>,
    /// The last audit certified the target.
    pub certified: bool,
    /// Of all images of each class in the pool, the share that has the right label in the end: labels of
    /// experts, labels of the program, and what people read afterwards because it was left to them or
    /// audited, where they are taken to be right.
    pub found: Vec<Option<f64>>,
    /// Hours of experts: labels, returned images, checks.
    pub expert_hours: f64,
}

impl FinishedRun {
    /// At the stop, with nothing auto-labeled.
    fn before_audit(stand: &Stand<'_>, stop: &StopDecision, seed: u64) -> Self {
        Self {
            seed,
            labels: stand.effort.images,
            stopped_by: stopped_by(stop),
            rest_accuracy: 1.0,
            estimated_accuracy: estimate(&stand.model.validation),
            threshold: None,
            expected_error: 0.0,
            auto_labels: 0,
            automation: 0.0,
            auto_label_accuracy: None,
            returned: stand.plan.pool - stand.effort.images,
            attempts: 0,
            audited: 0,
            audited_in_all: 0,
            errors: 0,
            accuracy_lower_bound_95: None,
            certified: false,
            found: Vec::new(),
            expert_hours: 0.0,
        }
    }

    /// Certified although more than the target share is wrong.
    #[must_use]
    pub fn is_false_certificate(&self, target_error: f64) -> bool {
        self.certified
            && self
                .auto_label_accuracy
                .is_some_and(|a| 1.0 - a > target_error)
    }
}

/// An unlabeled image with the model's label for it.
#[derive(Clone, Copy)]
struct Proposal {
    row: u32,
    label: Label,
    confidence: f32,
}

/// What would be auto-labeled if the loop stopped now; the same for any order of audit.
#[derive(Clone)]
pub(super) struct Proposed {
    rest: Vec<Proposal>,
    random: Vec<ValidationItem>,
    /// What the first audit would be about; `None` when nothing is worth it.
    first: Option<(Vec<Proposal>, Choice)>,
}

/// Chooses what to auto-label.
///
/// # Errors
/// Settings outside their range.
pub(super) fn propose(stand: &Stand<'_>) -> Result<Proposed, WorkflowError> {
    let rest = proposals(stand.model, stand.labels);
    let random: Vec<ValidationItem> = stand
        .model
        .validation
        .iter()
        .map(Validation::item)
        .collect();
    let first = accept(&rest, &random, &[], f64::INFINITY, stand.plan, 1)?;
    Ok(Proposed {
        rest,
        random,
        first,
    })
}

/// Auto-labels the rest and audits it with the known labels as the auditor.
///
/// # Errors
/// Settings outside their range.
pub(super) fn finish(
    stand: &Stand<'_>,
    proposed: &Proposed,
    stop: &StopDecision,
    seed: u64,
) -> Result<FinishedRun, WorkflowError> {
    let Stand { dataset, plan, .. } = *stand;
    let Proposed {
        mut rest,
        random,
        first: mut accepted,
    } = proposed.clone();
    let right = |p: &Proposal| p.label == dataset.truth[p.row as usize];
    let right_now = rest.iter().filter(|p| right(p)).count();
    let mut run = FinishedRun {
        rest_accuracy: share(right_now, rest.len()).unwrap_or(1.0),
        ..FinishedRun::before_audit(stand, stop, seed)
    };
    let mut evidence: Vec<ValidationItem> = Vec::new();
    let mut refuted_at = f64::INFINITY;
    let mut automatic = BTreeMap::new();
    for attempt in 1..=MOST_ATTEMPTS {
        if attempt > 1 {
            accepted = accept(&rest, &random, &evidence, refuted_at, plan, attempt)?;
        }
        let Some((accepted, choice)) = accepted.take() else {
            break;
        };
        run.threshold = choice.0;
        run.expected_error = choice.1;
        run.attempts = attempt;
        let checked = audit(dataset, plan, &accepted, seed, attempt, &mut run)?;
        run.audited_in_all += run.audited;
        if run.certified {
            run.auto_labels = accepted.len();
            run.auto_label_accuracy =
                share(accepted.iter().filter(|p| right(p)).count(), accepted.len());
            automatic = unchecked(&accepted, &checked);
            break;
        }
        refuted_at = choice.0.unwrap_or(f64::INFINITY);
        evidence.extend(checked.iter().map(|p| ValidationItem {
            confidence: p.confidence,
            correct: right(p),
        }));
        // What the auditor has looked at is settled by a person and leaves the rest.
        let mut settled: Vec<u32> = checked.iter().map(|p| p.row).collect();
        settled.sort_unstable();
        rest.retain(|p| settled.binary_search(&p.row).is_err());
    }
    run.automation = run.auto_labels as f64 / plan.pool as f64;
    run.returned = plan.pool - stand.effort.images - run.auto_labels;
    run.expert_hours = expert_hours(stand, &run);
    run.found = found_in_pool(dataset, &|row| match &stand.labels[row] {
        Some(label) => label.answer.label(),
        None => Some(
            automatic
                .get(&(row as u32))
                .copied()
                .unwrap_or(dataset.truth[row]),
        ),
    });
    Ok(run)
}

/// The labels of the accepted images that no auditor has looked at, by row.
fn unchecked(accepted: &[Proposal], checked: &[Proposal]) -> BTreeMap<u32, Label> {
    let mut labels: BTreeMap<u32, Label> = accepted.iter().map(|p| (p.row, p.label)).collect();
    for proposal in checked {
        labels.remove(&proposal.row);
    }
    labels
}

/// Hours of people: labels, returned images, checks.
fn expert_hours(stand: &Stand<'_>, run: &FinishedRun) -> f64 {
    let (plan, effort) = (stand.plan, stand.effort);
    // Images a failed audit settled are not labeled a second time.
    let settled = (run.audited_in_all - if run.certified { run.audited } else { 0 }) as usize;
    let by_hand = run.returned.saturating_sub(settled);
    // What is returned is read as the images before it were.
    let seconds_per_image = effort.seconds / effort.images.max(1) as f64;
    (effort.seconds
        + by_hand as f64 * seconds_per_image
        + f64::from(run.audited_in_all) * plan.cost.seconds_per_audit)
        / 3600.0
}

fn proposals(model: &RoundModel, labels: &[Option<Labeled>]) -> Vec<Proposal> {
    model
        .pool
        .rows
        .iter()
        .enumerate()
        .filter(|(_, row)| labels[**row as usize].is_none())
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

type Choice = (Option<f64>, f64);

/// The images to auto-label in this attempt; `None` when nothing is worth it.
fn accept(
    rest: &[Proposal],
    random: &[ValidationItem],
    evidence: &[ValidationItem],
    refuted_at: f64,
    plan: &Plan,
    attempt: u32,
) -> Result<Option<(Vec<Proposal>, Choice)>, WorkflowError> {
    let confidences: Vec<f32> = rest.iter().map(|p| p.confidence).collect();
    let config = ThresholdConfig {
        alpha: autolabel_quality::attempt_alpha(0.05, attempt),
        ..plan.round.threshold
    };
    let choice = if attempt == 1 {
        autolabel_quality::choose_threshold(&confidences, random, &config)?
    } else {
        autolabel_quality::tighten(&confidences, random, evidence, refuted_at, &config)?
    };
    if matches!(
        choice.limit,
        ThresholdLimit::NothingKeepsTarget | ThresholdLimit::AuditNotWorthwhile
    ) {
        return Ok(None);
    }
    let threshold = choice.threshold.unwrap_or(f64::INFINITY);
    let accepted: Vec<Proposal> = rest
        .iter()
        .copied()
        .filter(|p| f64::from(p.confidence) >= threshold)
        .collect();
    Ok((!accepted.is_empty()).then_some((accepted, (choice.threshold, choice.expected_error))))
}

/// Audits to the verdict; returns what was checked.
fn audit(
    dataset: &Dataset,
    plan: &Plan,
    accepted: &[Proposal],
    seed: u64,
    attempt: u32,
    run: &mut FinishedRun,
) -> Result<Vec<Proposal>, WorkflowError> {
    let mut audit = Audit::new(AuditTarget {
        population: u32::try_from(accepted.len()).unwrap_or(u32::MAX),
        target_error: plan.round.threshold.target_error,
        alpha: autolabel_quality::attempt_alpha(0.05, attempt),
    })?;
    let rows: Vec<u32> = accepted.iter().map(|p| p.row).collect();
    let order = autolabel_quality::audit_plan(&rows, seed.wrapping_add(u64::from(attempt) << 32));
    let mut checked = Vec::new();
    for row in order.order {
        if audit.outcome() != AuditOutcome::Running {
            break;
        }
        // Accepted images are in rising order of rows, as the pool is.
        let Ok(position) = accepted.binary_search_by_key(&row, |p| p.row) else {
            continue;
        };
        let proposal = accepted[position];
        audit.record(proposal.label != dataset.truth[row as usize])?;
        checked.push(proposal);
    }
    run.audited = audit.checked();
    run.errors = audit.wrong();
    run.accuracy_lower_bound_95 = Some(autolabel_quality::accuracy_lower_bound(&audit));
    run.certified = audit.outcome() == AuditOutcome::Certified;
    Ok(checked)
}

fn estimate(validation: &[Validation]) -> Option<[f64; 3]> {
    let items: Vec<ValidationItem> = validation.iter().map(Validation::item).collect();
    autolabel_quality::rest_accuracy(&items).map(|p| [p.value, p.low, p.high])
}

fn stopped_by(stop: &StopDecision) -> String {
    let met = |name: &str| stop.criteria.iter().any(|c| c.name == name && c.met);
    if met("exhausted") {
        "exhausted".to_owned()
    } else if met("gain") && met("stability") {
        "gain+stability".to_owned()
    } else {
        "budget".to_owned()
    }
}

fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}
