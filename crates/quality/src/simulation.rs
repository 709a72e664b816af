//! Audits of populations whose truth is known, to show that the promise of the audit is kept.

use crate::audit::{Audit, AuditOutcome, AuditTarget};
use crate::error::QualityError;
use rand::{Rng, RngExt};

/// What came of simulated audits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedAudits {
    /// Checks that each audit took, in rising order.
    pub checks: Vec<u32>,
    /// Audits that certified the target.
    pub certified: u32,
    /// Audits that refuted it.
    pub refuted: u32,
}

impl SimulatedAudits {
    /// The number of checks that the share `q` of the audits stayed at or below; 0 without audits.
    #[must_use]
    pub fn quantile(&self, q: f64) -> u32 {
        let last = self.checks.len().saturating_sub(1);
        let position = (q.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.checks.get(position).copied().unwrap_or(0)
    }

    /// Mean number of checks; 0 without audits.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let sum: f64 = self.checks.iter().map(|&checks| f64::from(checks)).sum();
        sum / self.checks.len().max(1) as f64
    }
}

/// Runs `runs` audits of a population with exactly `wrong` wrong labels, each to its end.
///
/// # Errors
/// As [`Audit::new`].
pub fn simulate_audits(
    target: AuditTarget,
    wrong: u32,
    runs: u32,
    rng: &mut impl Rng,
) -> Result<SimulatedAudits, QualityError> {
    let untouched = Audit::new(target)?;
    let mut result = SimulatedAudits {
        checks: Vec::with_capacity(runs as usize),
        certified: 0,
        refuted: 0,
    };
    for _ in 0..runs {
        let mut audit = untouched.clone();
        while audit.outcome() == AuditOutcome::Running {
            // A draw without replacement: each label that is left is as likely as another.
            let left = target.population - audit.checked();
            let wrong_left = wrong.saturating_sub(audit.wrong());
            audit.record(rng.random_range(0..left) < wrong_left)?;
        }
        result.checks.push(audit.checked());
        match audit.outcome() {
            AuditOutcome::Certified => result.certified += 1,
            AuditOutcome::Refuted => result.refuted += 1,
            AuditOutcome::Running => {}
        }
    }
    result.checks.sort_unstable();
    Ok(result)
}
