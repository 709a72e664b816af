//! What follows the stop in a simulation: threshold, auto-labels, audits until one certifies, costs.

use super::measure::found_in_pool;
use super::replay::Stand;
use crate::WorkflowError;
use crate::audited_release::{Accepted, Candidate, Release, first_accepted, release};
use crate::round::{RoundModel, Validation};
use autolabel_annotation::Label;
use autolabel_quality::ValidationItem;
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

/// What would be auto-labeled if the loop stopped now; the same for any order of audit.
#[derive(Clone)]
pub(super) struct Proposed {
    rest: Vec<Candidate>,
    random: Vec<ValidationItem>,
    /// What the first audit would be about; `None` when nothing is worth it.
    first: Option<Accepted>,
}

/// Chooses what to auto-label.
///
/// # Errors
/// Settings outside their range.
pub(super) fn propose(stand: &Stand<'_>) -> Result<Proposed, WorkflowError> {
    let rest = candidates(stand);
    let random: Vec<ValidationItem> = stand
        .model
        .validation
        .iter()
        .map(Validation::item)
        .collect();
    let first = first_accepted(&rest, &random, &stand.plan.round.threshold)?;
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
        rest,
        random,
        first,
    } = proposed.clone();
    let right_now = rest.iter().filter(|c| c.is_right).count();
    let mut run = FinishedRun {
        rest_accuracy: share(right_now, rest.len()).unwrap_or(1.0),
        ..FinishedRun::before_audit(stand, stop, seed)
    };
    let released = release(rest, &random, first, &plan.round.threshold, seed)?;
    run.threshold = released.threshold;
    run.expected_error = released.expected_error;
    run.attempts = released.attempts;
    run.audited = released.audited;
    run.audited_in_all = released.audited_in_all;
    run.errors = released.errors;
    run.accuracy_lower_bound_95 = released.accuracy_lower_bound_95;
    run.certified = released.certified;
    run.auto_labels = released.accepted.len();
    run.auto_label_accuracy = released.accuracy();
    run.automation = run.auto_labels as f64 / plan.pool as f64;
    run.returned = plan.pool - stand.effort.images - run.auto_labels;
    run.expert_hours = expert_hours(stand, &run, &released);
    let automatic = unchecked(stand.model, &released);
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
fn unchecked(model: &RoundModel, released: &Release) -> BTreeMap<u32, Label> {
    let is_checked = |row: &u32| released.checked.binary_search(row).is_ok();
    let rows = released.accepted.iter().map(|c| c.row);
    rows.filter(|row| !is_checked(row))
        .filter_map(|row| Some((row, model.pool.first_of(row)?.0)))
        .collect()
}

/// Hours of people: labels, returned images, checks.
fn expert_hours(stand: &Stand<'_>, run: &FinishedRun, released: &Release) -> f64 {
    let (plan, effort) = (stand.plan, stand.effort);
    // Images a failed audit settled are not labeled a second time.
    let by_hand = run.returned.saturating_sub(released.settled());
    // What is returned is read as the images before it were.
    let seconds_per_image = effort.seconds / effort.images.max(1) as f64;
    (effort.seconds
        + by_hand as f64 * seconds_per_image
        + f64::from(run.audited_in_all) * plan.cost.seconds_per_audit)
        / 3600.0
}

fn candidates(stand: &Stand<'_>) -> Vec<Candidate> {
    let pool = &stand.model.pool;
    let open = pool.rows.iter().enumerate();
    open.filter(|(_, row)| stand.labels[**row as usize].is_none())
        .map(|(position, &row)| {
            let (label, confidence) = pool.first(position);
            Candidate {
                row,
                confidence: confidence.clamp(0.0, 1.0),
                is_right: label == stand.dataset.truth[row as usize],
            }
        })
        .collect()
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
