//! The audit of a frozen list of automatic labels: which to check, and what the checks prove.
//!
//! Labels are drawn uniformly without replacement. After every check the audit may stop, because
//! its evidence is a betting martingale (see [`crate::martingale`]); looking often costs nothing.
//! It ends *certified* when "more than the allowed number of the labels are wrong" is refuted at
//! level `alpha`, *refuted* when "at most the allowed number are wrong" is refuted at `alpha`, and
//! in any case when the labels that are left can no longer change the answer: then it is a count
//! and not an estimate.
//!
//! A project may need several audits, since a refuted one returns images and lowers the number of
//! automatic labels. [`attempt_alpha`] gives audit `j` the level `0.8 alpha * 0.2^(j-1)`, so that the
//! chance that any certificate of the project is false stays below `alpha` (union bound).

use crate::error::{QualityError, in_range};
use crate::intervals::clopper_pearson_upper;
use crate::martingale::{Evidence, alternatives_above, alternatives_below, ln_evidence};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The order in which automatic labels are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlan {
    /// Seed the order follows from.
    pub seed: u64,
    /// Every item once; the audit takes them from the front.
    pub order: Vec<u32>,
}

/// A uniformly random order of the population that anyone can repeat from the seed.
///
/// The items are sorted and repeated ones dropped, then shuffled from the back by Fisher and Yates
/// with `ChaCha8`, whose 32-byte key is the seed in eight little-endian bytes and 24 zeros. A position
/// below `n` is the high half of `u64 * n` (Lemire 2019), drawn again where the low half says so,
/// so that no order is likelier than another.
#[must_use]
pub fn audit_plan(population: &[u32], seed: u64) -> AuditPlan {
    let mut order = population.to_vec();
    order.sort_unstable();
    order.dedup();
    let mut key = [0_u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    for last in (1..order.len()).rev() {
        let other = position_below(&mut rng, last as u64 + 1);
        order.swap(last, other as usize);
    }
    AuditPlan { seed, order }
}

fn position_below(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    let redraw_below = n.wrapping_neg() % n;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(n);
        if product as u64 >= redraw_below {
            return (product >> 64) as u64;
        }
    }
}

/// The level of audit number `attempt` (the first is 1) when all audits of a project together may
/// issue a false certificate with probability `alpha`: `0.8 alpha * 0.2^(attempt - 1)`, which sums to
/// `alpha`. Most projects need one audit, so the first gets most of it: at no error it takes 91 checks
/// where the whole level would take 85.
#[must_use]
pub fn attempt_alpha(alpha: f64, attempt: u32) -> f64 {
    0.8 * alpha * 0.2_f64.powi(attempt.clamp(1, 400) as i32 - 1)
}

/// What an audit is to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditTarget {
    /// Automatic labels in the frozen list.
    pub population: u32,
    /// Largest share of wrong labels that is acceptable, 0 to 1.
    pub target_error: f64,
    /// Chance of a false certificate of this audit, and likewise of a false refutation; from
    /// [`attempt_alpha`].
    pub alpha: f64,
}

/// Where an audit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    /// More checks are needed.
    Running,
    /// At most the target share is wrong.
    Certified,
    /// More than the target share is wrong.
    Refuted,
}

/// A running or finished audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    target: AuditTarget,
    allowed_wrong: u32,
    against_too_many: Evidence,
    against_few_enough: Evidence,
    checked: u32,
    wrong_at: Vec<u32>,
    outcome: AuditOutcome,
}

impl Audit {
    /// An audit before its first check.
    ///
    /// # Errors
    /// An empty population, or a target error or level outside 0 to 1.
    pub fn new(target: AuditTarget) -> Result<Self, QualityError> {
        if target.population == 0 {
            return Err(QualityError::EmptyPopulation);
        }
        in_range("the target error", target.target_error, 0.0, 1.0)?;
        in_range("the error level of the audit", target.alpha, 1e-12, 0.5)?;
        let population = f64::from(target.population);
        let allowed = allowed_wrong(target.population, target.target_error);
        let too_many = f64::from(allowed) + 1.0;
        let mut audit = Self {
            target,
            allowed_wrong: allowed,
            against_too_many: Evidence::new(population, too_many, alternatives_below(too_many)),
            against_few_enough: Evidence::new(
                population,
                population - f64::from(allowed),
                alternatives_above(population, f64::from(allowed)),
            ),
            checked: 0,
            wrong_at: Vec::new(),
            outcome: AuditOutcome::Running,
        };
        audit.decide();
        Ok(audit)
    }

    /// An audit with the answers it has had, in order; `true` = the label was wrong.
    ///
    /// # Errors
    /// As [`Audit::new`] and [`Audit::record`].
    pub fn replay(
        target: AuditTarget,
        wrong: impl IntoIterator<Item = bool>,
    ) -> Result<Self, QualityError> {
        let mut audit = Self::new(target)?;
        for wrong in wrong {
            audit.record(wrong)?;
        }
        Ok(audit)
    }

    /// Takes the check of the next label of the plan into account. A label that the auditor cannot
    /// judge (an unreadable image) counts as wrong. The first decision stands when checks go on,
    /// unless the count itself proves otherwise.
    ///
    /// # Errors
    /// Every label has been checked already.
    pub fn record(&mut self, wrong: bool) -> Result<AuditOutcome, QualityError> {
        if self.checked == self.target.population {
            return Err(QualityError::AuditFinished {
                population: self.target.population,
            });
        }
        self.against_too_many.observe(wrong);
        self.against_few_enough.observe(!wrong);
        self.checked += 1;
        if wrong {
            self.wrong_at.push(self.checked);
        }
        self.decide();
        Ok(self.outcome)
    }

    /// What the audit is to show.
    #[must_use]
    pub fn target(&self) -> AuditTarget {
        self.target
    }

    /// Labels checked so far.
    #[must_use]
    pub fn checked(&self) -> u32 {
        self.checked
    }

    /// Of the checked labels, those that were wrong.
    #[must_use]
    pub fn wrong(&self) -> u32 {
        self.wrong_at.len() as u32
    }

    /// Wrong labels that the target still allows in the whole population.
    #[must_use]
    pub fn allowed_wrong(&self) -> u32 {
        self.allowed_wrong
    }

    /// Where the audit stands.
    #[must_use]
    pub fn outcome(&self) -> AuditOutcome {
        self.outcome
    }

    /// `true` when the labels that are left cannot change the answer: it is a count, not a
    /// statement with a confidence.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.wrong() > self.allowed_wrong
            || self.checked - self.wrong() >= self.target.population - self.allowed_wrong
    }

    fn decide(&mut self) {
        let enough = 1.0 / self.target.alpha;
        if self.is_certain() {
            self.outcome = if self.wrong() > self.allowed_wrong {
                AuditOutcome::Refuted
            } else {
                AuditOutcome::Certified
            };
        } else if self.outcome == AuditOutcome::Running {
            if self.against_too_many.value() >= enough {
                self.outcome = AuditOutcome::Certified;
            } else if self.against_few_enough.value() >= enough {
                self.outcome = AuditOutcome::Refuted;
            }
        }
    }
}

/// The largest number of wrong labels that keeps their share at or below the target. The small
/// allowance keeps 7 % of 100 at 7, which binary fractions would make 6.
pub(crate) fn allowed_wrong(population: u32, target_error: f64) -> u32 {
    let allowed = (f64::from(population) * target_error + 1e-9).floor();
    (allowed as u32).min(population)
}

/// The largest number of wrong labels in the population that the audit has not refuted, at the
/// audit's level and at every moment at once (anytime-valid).
///
/// A null "at least `k` are wrong" is refuted if its evidence *ever* reached `1 / alpha`; that is
/// what Ville's inequality covers, so the bound may keep the best moment it had and never grows.
/// While labels are right the evidence rises, so the best moments are the ones before each wrong
/// label, and now.
#[must_use]
pub fn wrong_bound(audit: &Audit) -> u32 {
    let population = f64::from(audit.target.population);
    let enough = (1.0 / audit.target.alpha).ln();
    let mut bound = audit.target.population - (audit.checked - audit.wrong());
    let moments = audit
        .wrong_at
        .iter()
        .map(|number| number - 1)
        .chain([audit.checked]);
    for (wrong, checked) in (0_u32..).zip(moments) {
        let refuted = |null: u32| {
            let null = f64::from(null);
            ln_evidence(
                population,
                null,
                &alternatives_below(null),
                f64::from(checked),
                f64::from(wrong),
            ) >= enough
        };
        if bound > wrong && refuted(bound) {
            let (mut kept, mut out) = (wrong, bound);
            while out - kept > 1 {
                let middle = kept + (out - kept) / 2;
                if refuted(middle) {
                    out = middle;
                } else {
                    kept = middle;
                }
            }
            bound = kept;
        }
    }
    // Wrong labels found are certain, whatever an unlucky early moment had refuted.
    bound.max(audit.wrong())
}

/// The anytime-valid upper bound of the share of wrong labels; see [`wrong_bound`].
#[must_use]
pub fn error_bound(audit: &Audit) -> f64 {
    f64::from(wrong_bound(audit)) / f64::from(audit.target.population)
}

/// The anytime-valid lower bound of the share of right labels, `1 - error_bound`. At a level of
/// 0.05 it holds with 95 % confidence however often and whenever it is looked at. It reaches
/// `1 - target_error` at the check that certifies the audit.
#[must_use]
pub fn accuracy_lower_bound(audit: &Audit) -> f64 {
    1.0 - error_bound(audit)
}

/// Clopper and Pearson's lower bound of the accuracy, as a sample of this size fixed beforehand
/// would give it. It is shown for comparison and does not hold for an audit that stops by its own
/// result.
#[must_use]
pub fn clopper_pearson_accuracy(audit: &Audit) -> f64 {
    1.0 - clopper_pearson_upper(
        u64::from(audit.wrong()),
        u64::from(audit.checked),
        audit.target.alpha,
    )
}

/// How many right labels in a row from here would certify the target; 0 once certified, `None`
/// once refuted.
#[must_use]
pub fn right_in_a_row_needed(audit: &Audit) -> Option<u32> {
    match audit.outcome {
        AuditOutcome::Certified => return Some(0),
        AuditOutcome::Refuted => return None,
        AuditOutcome::Running => {}
    }
    let population = f64::from(audit.target.population);
    let null = f64::from(audit.allowed_wrong) + 1.0;
    let alternatives = alternatives_below(null);
    let enough = (1.0 / audit.target.alpha).ln();
    let certified = |checked: u32| {
        ln_evidence(
            population,
            null,
            &alternatives,
            f64::from(checked),
            f64::from(audit.wrong()),
        ) >= enough
    };
    let (mut short, mut long) = (audit.checked, audit.target.population);
    while long - short > 1 {
        let middle = short + (long - short) / 2;
        if certified(middle) {
            long = middle;
        } else {
            short = middle;
        }
    }
    Some(long - audit.checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(population: u32, target_error: f64) -> AuditTarget {
        AuditTarget {
            population,
            target_error,
            alpha: 0.05,
        }
    }

    fn checks_until_certified(population: u32, target_error: f64, wrong_at: &[u32]) -> u32 {
        let mut audit = Audit::new(target(population, target_error)).unwrap();
        while audit.outcome() == AuditOutcome::Running {
            let number = audit.checked() + 1;
            audit.record(wrong_at.contains(&number)).unwrap();
        }
        assert_eq!(audit.outcome(), AuditOutcome::Certified);
        audit.checked()
    }

    #[test]
    fn clean_audits_end_where_the_published_table_says() {
        assert_eq!(checks_until_certified(14_339, 0.05, &[]), 85);
        assert_eq!(checks_until_certified(14_339, 0.05, &[60]), 134);
        assert_eq!(checks_until_certified(14_339, 0.10, &[]), 42);
        assert_eq!(checks_until_certified(14_339, 0.02, &[]), 215);
        assert_eq!(checks_until_certified(14_339, 0.01, &[]), 427);
    }

    #[test]
    fn the_order_of_answers_does_not_matter() {
        assert_eq!(
            checks_until_certified(6_000, 0.05, &[1]),
            checks_until_certified(6_000, 0.05, &[70])
        );
    }

    #[test]
    fn an_exhausted_audit_is_a_count() {
        // 2 of 40 = 5 %: exactly the target.
        let mut audit = Audit::new(target(40, 0.05)).unwrap();
        for number in 1..=40 {
            let wrong = number == 3 || number == 30;
            audit.record(wrong).unwrap();
        }
        assert_eq!(audit.outcome(), AuditOutcome::Certified);
        assert!(audit.is_certain());
        assert_eq!(wrong_bound(&audit), 2);
        assert_eq!(
            audit.record(false),
            Err(QualityError::AuditFinished { population: 40 })
        );
        // One more is refuted at once, whatever is left.
        let audit = Audit::replay(target(40, 0.05), [true, true, true]).unwrap();
        assert_eq!(audit.outcome(), AuditOutcome::Refuted);
        assert!(audit.is_certain());
    }

    #[test]
    fn a_target_of_zero_needs_every_label_and_of_one_needs_none() {
        let audit = Audit::replay(target(5, 0.0), [false; 4]).unwrap();
        assert_eq!(audit.outcome(), AuditOutcome::Running);
        let audit = Audit::replay(target(5, 0.0), [false; 5]).unwrap();
        assert_eq!(audit.outcome(), AuditOutcome::Certified);
        let audit = Audit::replay(target(5, 0.0), [false, true]).unwrap();
        assert_eq!(audit.outcome(), AuditOutcome::Refuted);
        assert_eq!(
            Audit::new(target(5, 1.0)).unwrap().outcome(),
            AuditOutcome::Certified
        );
        assert_eq!(
            Audit::new(target(0, 0.05)),
            Err(QualityError::EmptyPopulation)
        );
    }

    #[test]
    fn many_wrong_labels_refute_before_they_are_certain() {
        let mut audit = Audit::new(target(10_000, 0.05)).unwrap();
        while audit.outcome() == AuditOutcome::Running {
            let number = audit.checked();
            audit.record(number.is_multiple_of(5)).unwrap();
        }
        assert_eq!(audit.outcome(), AuditOutcome::Refuted);
        assert!(!audit.is_certain());
        assert!(audit.checked() < 100, "{}", audit.checked());
        assert!(accuracy_lower_bound(&audit) < 0.95);
    }

    #[test]
    fn right_labels_in_a_row_are_foretold_exactly() {
        let mut audit = Audit::replay(target(3_000, 0.05), [false, true, false]).unwrap();
        let needed = right_in_a_row_needed(&audit).unwrap();
        for _ in 1..needed {
            assert_eq!(audit.record(false), Ok(AuditOutcome::Running));
        }
        assert_eq!(audit.record(false), Ok(AuditOutcome::Certified));
        assert_eq!(right_in_a_row_needed(&audit), Some(0));
    }

    #[test]
    fn a_plan_is_a_permutation_that_its_seed_repeats() {
        let population: Vec<u32> = (0..1_000).map(|item| item * 3).collect();
        let plan = audit_plan(&population, 7);
        let mut sorted = plan.order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, population);
        let mut reversed = population.clone();
        reversed.reverse();
        assert_eq!(audit_plan(&reversed, 7), plan);
        assert_ne!(audit_plan(&population, 8).order, plan.order);
    }

    #[test]
    fn every_item_is_as_likely_to_come_first() {
        let population: Vec<u32> = (0..10).collect();
        let mut first = [0_u32; 10];
        for seed in 0..10_000 {
            first[audit_plan(&population, seed).order[0] as usize] += 1;
        }
        let chi2: f64 = first
            .iter()
            .map(|&count| (f64::from(count) - 1_000.0).powi(2) / 1_000.0)
            .sum();
        // 99.9 % quantile of chi-square with 9 degrees of freedom.
        assert!(chi2 < 27.9, "{chi2} {first:?}");
    }

    #[test]
    fn levels_of_all_attempts_stay_below_alpha() {
        assert!((attempt_alpha(0.05, 1) - 0.04).abs() < 1e-15);
        let sum: f64 = (1..60).map(|attempt| attempt_alpha(0.05, attempt)).sum();
        assert!(sum <= 0.05);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_bound_says_what_the_verdict_says_and_never_grows(
            answers in proptest::collection::vec(proptest::bool::weighted(0.03), 1..400),
            extra in 0_u32..3_000,
            target_error in 0.01_f64..0.3,
        ) {
            let population = answers.len() as u32 + extra;
            let mut audit = Audit::new(target(population, target_error)).unwrap();
            let mut before = population;
            for wrong in answers {
                audit.record(wrong).unwrap();
                let bound = wrong_bound(&audit);
                prop_assert!(bound >= audit.wrong());
                prop_assert!(bound <= before || bound == audit.wrong());
                before = bound;
                match audit.outcome() {
                    AuditOutcome::Certified => prop_assert!(bound <= audit.allowed_wrong()),
                    AuditOutcome::Running => prop_assert!(bound > audit.allowed_wrong()),
                    // The first decision stands, whatever checks after it say.
                    AuditOutcome::Refuted => {}
                }
            }
        }
    }
}
