//! From which calibrated probability on the program may label by itself.
//!
//! The accepted set at a threshold is every unlabeled image whose first class has at least that
//! probability. Its share of wrong labels is estimated from two sources: the model's own doubt, the
//! mean of `1 - p` over the accepted images, and the random part's answers at or above the threshold,
//! which are an unbiased sample of that set (see [`crate::error_belief`]).
//!
//! A threshold is admissible if the expected share is at most the target and the odds that the share is
//! are at least even. Thresholds are tried from strict to loose and the first that is
//! not admissible ends the search, so that one lucky dip further down does not count. Among the
//! admissible the cheapest in people's time is taken: images left to people, plus the audit. Audits
//! grow long when the true error comes near the target or above it, and what is not known about it is
//! priced in, so this leaves a margin by itself. It need not be wide: a set that turns out worse than
//! the target costs some 150 checks and a stricter second set.
//!
//! *Why this step carries no guarantee.* It looks at many thresholds, leans on the model's
//! calibration, and takes the best; the audit afterwards draws fresh labels from the frozen result
//! and proves or refutes the target whatever happened here. A mistake here costs an audit, never a
//! false certificate. [`certified_threshold`] is the variant that needs no audit; it tests thresholds
//! in a fixed sequence with exact bounds and therefore needs many more random labels.

use crate::error::{QualityError, in_range};
use crate::error_belief::ErrorBelief;
use crate::estimate::{ValidationItem, labels_needed};
use crate::intervals::clopper_pearson_upper;
use crate::planning::expected_checks;
use serde::{Deserialize, Serialize};

/// Thresholds that are looked at: one for each hundredth of the pool.
const CUTS: usize = 100;

/// Thresholds from one that is priced to the next.
const STRIDE: usize = 5;

/// Share of the target at which an audit is short, where a set that turned out worse is cut back to.
const SAFE_SHARE_OF_TARGET: f64 = 0.6;

/// Checks after which a set that is worse than expected has shown it: half more than a clean audit at
/// 5 % takes.
const CHECKS_TO_NOTICE: f64 = 150.0;

/// The level of an audit by that of the one before; see [`crate::attempt_alpha`].
const NEXT_ATTEMPT: f64 = 0.2;

/// What the threshold is to reach and what work costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdConfig {
    /// Largest acceptable share of wrong automatic labels, 0 to 1.
    pub target_error: f64,
    /// Level of the coming audit; from [`crate::attempt_alpha`].
    pub alpha: f64,
    /// What labeling one image by hand costs (seconds or money).
    pub label_cost: f64,
    /// What checking one automatic label costs, in the same unit.
    pub audit_cost: f64,
    /// How many images each of the given ones stands for: 1 for a whole pool, more for a sample of it.
    /// Prices only: what is returned costs so much more, and the audit is that of the whole pool.
    pub stands_for: f64,
}

impl Default for ThresholdConfig {
    fn default() -> Self {
        Self {
            target_error: 0.05,
            alpha: 0.025,
            label_cost: 6.0,
            audit_cost: 3.0,
            stands_for: 1.0,
        }
    }
}

/// Why the threshold is not looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdLimit {
    /// The next looser threshold would not keep the target.
    Target,
    /// A looser threshold would keep the target, but its audit would cost more than it saves.
    Cost,
    /// Every image of the pool is accepted.
    Pool,
    /// Nothing is accepted: not even the surest images keep the target.
    NothingKeepsTarget,
    /// What keeps the target is accepted, but labeling all by hand would cost less than the audit.
    AuditNotWorthwhile,
}

/// The chosen threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdChoice {
    /// Images with at least this probability are accepted; `None` if none is.
    pub threshold: Option<f64>,
    /// Images accepted.
    pub accepted: u64,
    /// Images left to people.
    pub returned: u64,
    /// Expected share of wrong labels among the accepted by the model alone; 0 if none.
    pub model_error: f64,
    /// Expected share of wrong labels among the accepted: as believed after the random answers; 0 if none.
    pub expected_error: f64,
    /// Probability that the share is at most the target; 1 if none is accepted.
    pub chance_within_target: f64,
    /// Random-part answers at or above the threshold.
    pub random_labels: u64,
    /// Of them, those the model had wrong.
    pub random_wrong: u64,
    /// Clopper and Pearson's upper 95 % bound of the share from the random part alone; `None` when
    /// none of it passes.
    pub error_bound: Option<f64>,
    /// Audit checks to expect until the target is certified, at the expected error.
    pub expected_audit: u64,
    /// Cost of labeling the returned images and of the audit, with the risk of failing it.
    pub expected_cost: f64,
    /// Why the threshold is not looser.
    pub limit: ThresholdLimit,
}

/// Images that could be auto-labeled now; see [`auto_labelable`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutoShare {
    /// Images accepted at the loosest admissible threshold.
    pub accepted: u64,
    /// Their share of the pool, 0 to 1 (0 for an empty pool).
    pub share: f64,
    /// That threshold; `None` if no image is accepted.
    pub threshold: Option<f64>,
    /// Expected share of wrong labels among them.
    pub expected_error: f64,
}

/// Result of [`certified_threshold`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CertifiedThreshold {
    /// The loosest certified threshold; `None` if none is.
    pub threshold: Option<f64>,
    /// Images of the pool accepted by it.
    pub accepted: u64,
    /// Upper bound of the error at it; `None` if there is none.
    pub error_bound: Option<f64>,
    /// Random labels needed in all to certify the set that [`choose_threshold`] would accept, if its
    /// expected error is right; `None` where it accepts none.
    pub random_labels_needed: Option<u64>,
}

/// Chooses the threshold for a pool of unlabeled images.
///
/// `pool` holds the calibrated probability of the first class of every unlabeled image;
/// `random_part` the random answers with leave-one-out predictions calibrated the same way.
/// O(n log n).
///
/// # Errors
/// A probability, target or level outside its range, or a cost or weight below zero.
pub fn choose_threshold(
    pool: &[f32],
    random_part: &[ValidationItem],
    config: &ThresholdConfig,
) -> Result<ThresholdChoice, QualityError> {
    choose(pool, random_part, config, f64::NEG_INFINITY)
}

/// Chooses a stricter threshold after a refuted audit. `audited` are the audit's own checks with the
/// probabilities that the labels had been accepted with: a uniform sample of the accepted set, so
/// those at or above a stricter threshold are one of the stricter set. They join the random part as
/// evidence. An audit that stopped because it was refuted has seen a little more errors than a fair
/// sample, which errs on the safe side.
///
/// # Errors
/// As [`choose_threshold`].
pub fn tighten(
    pool: &[f32],
    random_part: &[ValidationItem],
    audited: &[ValidationItem],
    refuted_threshold: f64,
    config: &ThresholdConfig,
) -> Result<ThresholdChoice, QualityError> {
    let evidence: Vec<ValidationItem> = random_part.iter().chain(audited).copied().collect();
    choose(pool, &evidence, config, refuted_threshold)
}

/// How many images could be auto-labeled at the target: the loosest admissible threshold, without
/// the cost of the audit. Cheap enough for every round.
///
/// # Errors
/// As [`choose_threshold`].
pub fn auto_labelable(
    pool: &[f32],
    random_part: &[ValidationItem],
    config: &ThresholdConfig,
) -> Result<AutoShare, QualityError> {
    let sets = accepted_sets(pool, random_part, config)?;
    let loosest = admissible(&sets, config).last();
    Ok(AutoShare {
        accepted: loosest.map_or(0, |set| set.accepted),
        share: loosest.map_or(0.0, |set| set.accepted as f64 / pool.len() as f64),
        threshold: loosest.map(|set| set.threshold),
        expected_error: loosest.map_or(0.0, |set| set.error.mean()),
    })
}

/// The loosest threshold that the random part certifies by itself, with probability `1 - alpha` and
/// without trusting the model: thresholds are tested from strict to loose by Clopper and Pearson's
/// upper bound, each at the full level, and the first that fails ends the sequence (fixed-sequence
/// testing; the order was fixed before the answers). The sequence starts where enough random labels
/// pass for a clean sample to succeed at all, which the probabilities alone decide.
///
/// # Errors
/// As [`choose_threshold`].
pub fn certified_threshold(
    pool: &[f32],
    random_part: &[ValidationItem],
    config: &ThresholdConfig,
) -> Result<CertifiedThreshold, QualityError> {
    let sets = accepted_sets(pool, random_part, config)?;
    let smallest = labels_needed(config.target_error, 0.0, config.alpha)?.unwrap_or(u64::MAX);
    let bound = |set: &AcceptedSet| {
        clopper_pearson_upper(set.random_wrong, set.random_labels, config.alpha)
    };
    let certified = sets
        .iter()
        .skip_while(|set| set.random_labels < smallest)
        .take_while(|set| bound(set) <= config.target_error)
        .last();
    let wanted = choose(pool, random_part, config, f64::NEG_INFINITY)?;
    let random_labels_needed = if wanted.accepted == 0 {
        None
    } else {
        let share = if wanted.random_labels == 0 {
            wanted.accepted as f64 / pool.len() as f64
        } else {
            wanted.random_labels as f64 / random_part.len() as f64
        };
        labels_needed(config.target_error, wanted.expected_error, config.alpha)?
            .map(|accepted| (accepted as f64 / share).ceil() as u64)
    };
    Ok(CertifiedThreshold {
        threshold: certified.map(|set| set.threshold),
        accepted: certified.map_or(0, |set| set.accepted),
        error_bound: certified.map(bound),
        random_labels_needed,
    })
}

/// The images at or above one threshold, and what is known about them.
pub(crate) struct AcceptedSet {
    threshold: f64,
    accepted: u64,
    model_error: f64,
    random_labels: u64,
    random_wrong: u64,
    error: ErrorBelief,
}

/// The sets at the cuts of the pool, from strict to loose, without repeats.
pub(crate) fn accepted_sets(
    pool: &[f32],
    random_part: &[ValidationItem],
    config: &ThresholdConfig,
) -> Result<Vec<AcceptedSet>, QualityError> {
    check(pool, random_part, config)?;
    let mut sure_first = pool.to_vec();
    sure_first.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut random_first = random_part.to_vec();
    random_first.sort_unstable_by(|a, b| b.confidence.total_cmp(&a.confidence));

    let mut sets: Vec<AcceptedSet> = Vec::with_capacity(CUTS);
    let (mut accepted, mut doubt, mut random_labels, mut random_wrong) = (0, 0.0, 0, 0_u64);
    for cut in 1..=CUTS {
        let rank = (pool.len() * cut).div_ceil(CUTS);
        if rank <= accepted {
            continue;
        }
        let threshold = sure_first[rank - 1];
        while accepted < sure_first.len() && sure_first[accepted] >= threshold {
            doubt += 1.0 - f64::from(sure_first[accepted]);
            accepted += 1;
        }
        while let Some(item) = random_first
            .get(random_labels)
            .filter(|item| item.confidence >= threshold)
        {
            random_labels += 1;
            random_wrong += u64::from(!item.correct);
        }
        let model_error = doubt / accepted as f64;
        sets.push(AcceptedSet {
            threshold: f64::from(threshold),
            accepted: accepted as u64,
            model_error,
            random_labels: random_labels as u64,
            random_wrong,
            error: ErrorBelief::after(model_error, random_labels as u64, random_wrong),
        });
    }
    Ok(sets)
}

fn check(
    pool: &[f32],
    random_part: &[ValidationItem],
    config: &ThresholdConfig,
) -> Result<(), QualityError> {
    in_range("the target error", config.target_error, 0.0, 1.0)?;
    in_range("the error level of the audit", config.alpha, 1e-12, 0.5)?;
    in_range("the cost of a label", config.label_cost, 0.0, 1e12)?;
    in_range("the cost of an audit check", config.audit_cost, 0.0, 1e12)?;
    in_range("what an image stands for", config.stands_for, 0.0, 1e12)?;
    let random = random_part.iter().map(|item| &item.confidence);
    for &confidence in pool.iter().chain(random) {
        in_range("a probability", f64::from(confidence), 0.0, 1.0)?;
    }
    Ok(())
}

/// The leading sets that keep the target.
pub(crate) fn admissible<'a>(
    sets: &'a [AcceptedSet],
    config: &'a ThresholdConfig,
) -> impl Iterator<Item = &'a AcceptedSet> {
    sets.iter().take_while(|set| {
        set.error.mean() <= config.target_error
            && set.error.chance_within(config.target_error) >= 0.5
    })
}

fn choose(
    pool: &[f32],
    evidence: &[ValidationItem],
    config: &ThresholdConfig,
    stricter_than: f64,
) -> Result<ThresholdChoice, QualityError> {
    let sets = accepted_sets(pool, evidence, config)?;
    let all = pool.len() as f64;
    let count = admissible(&sets, config)
        .take_while(|set| set.threshold > stricter_than)
        .count();
    let by_hand = all * config.stands_for * config.label_cost;
    let Some((position, cost)) = cheapest(&sets, count, all, config) else {
        return Ok(nothing_accepted(pool.len() as u64, by_hand));
    };
    let set = &sets[position];
    let limit = if cost >= by_hand {
        ThresholdLimit::AuditNotWorthwhile
    } else if position + 1 < count {
        ThresholdLimit::Cost
    } else if set.accepted == pool.len() as u64 {
        ThresholdLimit::Pool
    } else {
        ThresholdLimit::Target
    };
    let expected_audit = expected_checks(
        config.target_error,
        set.error.mean(),
        config.alpha,
        population(set, config),
    );
    Ok(ThresholdChoice {
        threshold: Some(set.threshold),
        accepted: set.accepted,
        returned: pool.len() as u64 - set.accepted,
        model_error: set.model_error,
        expected_error: set.error.mean(),
        chance_within_target: set.error.chance_within(config.target_error),
        random_labels: set.random_labels,
        random_wrong: set.random_wrong,
        error_bound: (set.random_labels > 0)
            .then(|| clopper_pearson_upper(set.random_wrong, set.random_labels, 0.05)),
        expected_audit: expected_audit.ceil() as u64,
        expected_cost: cost,
        limit,
    })
}

fn nothing_accepted(returned: u64, cost: f64) -> ThresholdChoice {
    ThresholdChoice {
        threshold: None,
        accepted: 0,
        returned,
        model_error: 0.0,
        expected_error: 0.0,
        chance_within_target: 1.0,
        random_labels: 0,
        random_wrong: 0,
        error_bound: None,
        expected_audit: 0,
        expected_cost: cost,
        limit: ThresholdLimit::NothingKeepsTarget,
    }
}

/// Position and cost of the cheapest of the first `count` sets; `None` for none.
///
/// Every fifth is priced, the loosest among them, and then those around the cheapest: the price changes
/// smoothly from one hundredth of the pool to the next.
pub(crate) fn cheapest(
    sets: &[AcceptedSet],
    count: usize,
    all: f64,
    config: &ThresholdConfig,
) -> Option<(usize, f64)> {
    let of = |positions: &mut dyn Iterator<Item = usize>| {
        positions
            .map(|position| (position, expected_cost(sets, position, all, config)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    };
    let coarse = of(&mut (0..count).rev().step_by(STRIDE))?;
    let mut near = coarse.0.saturating_sub(STRIDE - 1)..(coarse.0 + STRIDE).min(count);
    of(&mut near)
}

/// Labeling what the set at this position leaves to people, plus its audit averaged over the belief.
fn expected_cost(sets: &[AcceptedSet], position: usize, all: f64, config: &ThresholdConfig) -> f64 {
    let set = &sets[position];
    let audit = set
        .error
        .expect(|error| audit_cost(sets, position, error, config));
    (all - set.accepted as f64) * config.stands_for * config.label_cost + audit
}

/// What the audit of a set costs if `error` of its labels are wrong: the checks until the target is
/// certified or, where the target is missed, those that refute it, and then a stricter set and its audit.
/// The lesser of both where the target is nearly missed, since luck may do either.
fn audit_cost(sets: &[AcceptedSet], position: usize, error: f64, config: &ThresholdConfig) -> f64 {
    let set = &sets[position];
    let checks = |error: f64, alpha: f64, set: &AcceptedSet| {
        config.audit_cost
            * expected_checks(config.target_error, error, alpha, population(set, config))
    };
    let certified = checks(error, config.alpha, set);
    let safe_error = SAFE_SHARE_OF_TARGET * config.target_error;
    if error <= safe_error {
        return certified;
    }
    // The errors of a stricter set are off by the same factor.
    let safe_model_error = safe_error * set.model_error / error;
    let safe = sets[..position].partition_point(|s| s.model_error <= safe_model_error);
    let noticed = CHECKS_TO_NOTICE.min(f64::from(population(set, config))) * config.audit_cost;
    let (kept, again) = match safe.checked_sub(1).map(|safe| &sets[safe]) {
        Some(stricter) => (
            stricter.accepted,
            checks(safe_error, config.alpha * NEXT_ATTEMPT, stricter),
        ),
        None => (0, 0.0),
    };
    let returned = (set.accepted - kept) as f64 * config.stands_for * config.label_cost;
    certified.min(noticed + returned + again)
}

/// Labels that an audit of the set would be about; a float beyond `u32` becomes its largest value.
fn population(set: &AcceptedSet, config: &ThresholdConfig) -> u32 {
    (set.accepted as f64 * config.stands_for).round() as u32
}
