//! What follows the last round of a simulation on shapes: auto-labels of the proposals that need no edit,
//! as far as the program can tell, their audit, costs.

use autolabel_annotation::LabelOrigin;
use autolabel_quality::{ThresholdConfig, ValidationItem, attempt_alpha};
use serde::{Deserialize, Serialize};

use super::dataset::ShapeDataset;
use super::plan::Plan;
use super::replay::Asked;
use crate::WorkflowError;
use crate::audited_release::{Candidate, first_accepted, release};
use crate::shapes::fit::fit_of;
use crate::shapes::proposing::Proposal;
use crate::shapes::trust::Trust;

/// One seed of the main arm after its last round.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShapesFinished {
    /// Seed.
    pub seed: u64,
    /// Images drawn.
    pub labels: usize,
    /// Share of the proposals for the rest that fit well enough to need no edit.
    pub rest_accepted: f64,
    /// The share that the program expected.
    pub expected_accepted: f64,
    /// Chance of needing no edit from which proposals became auto-labels; `None` where none did.
    pub threshold: Option<f64>,
    /// Share of auto-labels to edit that the program expected.
    pub expected_error: f64,
    /// Certified auto-labels.
    pub auto_labels: usize,
    /// Their share of the pool.
    pub automation: f64,
    /// Share of them that need no edit.
    pub auto_label_accuracy: Option<f64>,
    /// Mean fit of them.
    pub auto_label_fit: Option<f64>,
    /// Audits, the last included.
    pub attempts: u32,
    /// Checks of the last audit.
    pub audited: u32,
    /// Checks of all audits.
    pub audited_in_all: u32,
    /// Labels to edit found in the last audit.
    pub errors: u32,
    /// Anytime-valid lower bound of the share that needs no edit, after the last audit.
    pub accuracy_lower_bound_95: Option<f64>,
    /// The last audit certified the target.
    pub certified: bool,
    /// Certified although more than the target share has to be edited.
    pub false_certificate: bool,
    /// Hours of people: drawing, correcting what is left to them, checks.
    pub expert_hours: f64,
    /// Hours to draw the pool from nothing.
    pub by_hand_hours: f64,
}

/// Where a replay stands after its last round.
pub(super) struct Stand<'a> {
    pub(super) dataset: &'a ShapeDataset,
    pub(super) plan: &'a Plan,
    pub(super) asked: &'a [Asked],
    /// Seconds of people so far.
    pub(super) seconds: f64,
    /// Of the rest, in rising order of rows.
    pub(super) proposals: &'a [Proposal],
    pub(super) trust: &'a Trust,
}

/// Auto-labels the rest and audits it with the known shapes as the auditor.
///
/// # Errors
/// Settings outside their range.
pub(super) fn finish(stand: &Stand<'_>, seed: u64) -> Result<ShapesFinished, WorkflowError> {
    let Stand {
        dataset,
        plan,
        trust,
        ..
    } = *stand;
    let mut rest = Vec::with_capacity(stand.proposals.len());
    let mut fits = Vec::with_capacity(stand.proposals.len());
    let (mut by_correcting, mut from_nothing) = (Vec::new(), 0.0);
    for proposal in stand.proposals {
        let truth = &dataset.truth[proposal.row as usize];
        let size = dataset.sizes[proposal.row as usize];
        let fit = fit_of(dataset.task, truth, &proposal.drawing)?;
        rest.push(Candidate {
            row: proposal.row,
            confidence: trust.chance_of(proposal.claim(), plan.least_fit) as f32,
            is_right: fit >= plan.least_fit,
        });
        fits.push(fit);
        let drawing = Some(&proposal.drawing);
        by_correcting.push(plan.speed.seconds(dataset.task, truth, drawing, size)?);
        from_nothing += plan.speed.seconds(dataset.task, truth, None, size)?;
    }
    for asked in stand.asked {
        let row = asked.row as usize;
        let (truth, size) = (&dataset.truth[row], dataset.sizes[row]);
        from_nothing += plan.speed.seconds(dataset.task, truth, None, size)?;
    }
    let random = stand
        .asked
        .iter()
        .filter(|asked| asked.origin == LabelOrigin::Random);
    let random: Vec<ValidationItem> = random
        .filter_map(|asked| asked.tested)
        .map(|tested| ValidationItem {
            confidence: trust.chance_of(tested.claim, plan.least_fit) as f32,
            correct: tested.fit >= plan.least_fit,
        })
        .collect();
    let config = ThresholdConfig {
        target_error: plan.target_error,
        alpha: attempt_alpha(0.05, 1),
        label_cost: by_correcting.iter().sum::<f64>() / by_correcting.len().max(1) as f64,
        audit_cost: plan.seconds_per_audit,
        ..ThresholdConfig::default()
    };
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), v| (sum + v, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    };
    let right = |c: &Candidate| f64::from(u8::from(c.is_right));
    let rest_accepted = mean(&mut rest.iter().map(right)).unwrap_or(1.0);
    let expected_accepted = mean(&mut rest.iter().map(|c| f64::from(c.confidence))).unwrap_or(1.0);
    let first = first_accepted(&rest, &random, &config)?;
    let rows: Vec<u32> = rest.iter().map(|c| c.row).collect();
    let released = release(rest, &random, first, &config, seed)?;
    let accuracy = released.accuracy();
    let place = |row: u32| rows.binary_search(&row).ok();
    let accepted = released.accepted.iter().filter_map(|c| place(c.row));
    let mut by_people: Vec<bool> = vec![true; rows.len()];
    let mut auto_fits = Vec::new();
    for at in accepted {
        by_people[at] = false;
        auto_fits.push(fits[at]);
    }
    // What a failed audit looked at was corrected then, so that it takes its correction once as well.
    let corrected = by_correcting.iter().zip(&by_people);
    let correcting: f64 = corrected.filter(|(_, by)| **by).map(|(s, _)| s).sum();
    let checks = f64::from(released.audited_in_all) * plan.seconds_per_audit;
    Ok(ShapesFinished {
        seed,
        labels: stand.asked.len(),
        rest_accepted,
        expected_accepted,
        threshold: released.threshold,
        expected_error: released.expected_error,
        auto_labels: released.accepted.len(),
        automation: released.accepted.len() as f64 / plan.pool.len() as f64,
        auto_label_accuracy: accuracy,
        auto_label_fit: mean(&mut auto_fits.into_iter()),
        attempts: released.attempts,
        audited: released.audited,
        audited_in_all: released.audited_in_all,
        errors: released.errors,
        accuracy_lower_bound_95: released.accuracy_lower_bound_95,
        certified: released.certified,
        false_certificate: released.certified
            && accuracy.is_some_and(|accuracy| 1.0 - accuracy > plan.target_error),
        expert_hours: (stand.seconds + correcting + checks) / 3600.0,
        by_hand_hours: from_nothing / 3600.0,
    })
}
