//! Auto-labels and their audits in a simulation: a threshold, an audit of what it accepts, a stricter one
//! where that fails, until one certifies or nothing is worth it. The same for classes and for shapes:
//! what counts is whether a label is right, however that is judged.

use crate::WorkflowError;
use crate::audit::MOST_ATTEMPTS;
use autolabel_quality::{
    Audit, AuditOutcome, AuditTarget, ThresholdConfig, ThresholdLimit, ValidationItem,
};

/// Level of all audits together.
const ALPHA: f64 = 0.05;

/// An unlabeled image with the program's label for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) row: u32,
    /// Calibrated chance that it is right, 0 to 1.
    pub(crate) confidence: f32,
    /// Whether it is, which only the audit may look at.
    pub(crate) is_right: bool,
}

/// What would be auto-labeled and why not more.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    /// In the order of the rest.
    candidates: Vec<Candidate>,
    threshold: Option<f64>,
    expected_error: f64,
}

/// How it ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Release {
    /// The last threshold; `None` where nothing was worth an audit.
    pub(crate) threshold: Option<f64>,
    pub(crate) expected_error: f64,
    /// Auto-labels that were certified, in the order of the rest.
    pub(crate) accepted: Vec<Candidate>,
    /// Rows that the last audit looked at, rising.
    pub(crate) checked: Vec<u32>,
    pub(crate) attempts: u32,
    /// Checks and wrong labels of the last audit, checks of all.
    pub(crate) audited: u32,
    pub(crate) errors: u32,
    pub(crate) audited_in_all: u32,
    pub(crate) accuracy_lower_bound_95: Option<f64>,
    pub(crate) certified: bool,
}

impl Release {
    /// Share of right labels among the certified ones.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        let right = self.accepted.iter().filter(|c| c.is_right).count();
        let all = self.accepted.len();
        (all > 0).then(|| right as f64 / all as f64)
    }

    /// Images that failed audits have settled: they are labeled, though not by the program.
    pub(crate) fn settled(&self) -> usize {
        (self.audited_in_all - if self.certified { self.audited } else { 0 }) as usize
    }
}

/// What a first attempt would accept; the same for any order of audit.
///
/// # Errors
/// Settings outside their range.
pub(crate) fn first_accepted(
    rest: &[Candidate],
    random: &[ValidationItem],
    config: &ThresholdConfig,
) -> Result<Option<Accepted>, WorkflowError> {
    accept(rest, random, &[], f64::INFINITY, config, 1)
}

/// Audits what is accepted, in an order that follows from the seed, until an audit certifies. `rest` is in
/// rising order of rows.
///
/// # Errors
/// Settings outside their range.
pub(crate) fn release(
    mut rest: Vec<Candidate>,
    random: &[ValidationItem],
    first: Option<Accepted>,
    config: &ThresholdConfig,
    seed: u64,
) -> Result<Release, WorkflowError> {
    let mut release = Release::default();
    let mut evidence: Vec<ValidationItem> = Vec::new();
    let mut refuted_at = f64::INFINITY;
    let mut accepted = first;
    for attempt in 1..=MOST_ATTEMPTS {
        if attempt > 1 {
            accepted = accept(&rest, random, &evidence, refuted_at, config, attempt)?;
        }
        let Some(chosen) = accepted.take() else {
            break;
        };
        release.threshold = chosen.threshold;
        release.expected_error = chosen.expected_error;
        release.attempts = attempt;
        let checked = audit(&chosen.candidates, config, (seed, attempt), &mut release)?;
        release.audited_in_all += release.audited;
        release.checked = checked.iter().map(|c| c.row).collect();
        release.checked.sort_unstable();
        if release.certified {
            release.accepted = chosen.candidates;
            break;
        }
        refuted_at = chosen.threshold.unwrap_or(f64::INFINITY);
        evidence.extend(checked.iter().map(|c| ValidationItem {
            confidence: c.confidence,
            correct: c.is_right,
        }));
        // What the auditor has looked at is settled by a person and leaves the rest.
        let settled = &release.checked;
        rest.retain(|c| settled.binary_search(&c.row).is_err());
    }
    Ok(release)
}

/// The images to auto-label in this attempt; `None` when nothing is worth it.
fn accept(
    rest: &[Candidate],
    random: &[ValidationItem],
    evidence: &[ValidationItem],
    refuted_at: f64,
    config: &ThresholdConfig,
    attempt: u32,
) -> Result<Option<Accepted>, WorkflowError> {
    let confidences: Vec<f32> = rest.iter().map(|c| c.confidence).collect();
    let config = ThresholdConfig {
        alpha: autolabel_quality::attempt_alpha(ALPHA, attempt),
        ..*config
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
    let candidates: Vec<Candidate> = rest
        .iter()
        .copied()
        .filter(|c| f64::from(c.confidence) >= threshold)
        .collect();
    Ok((!candidates.is_empty()).then_some(Accepted {
        candidates,
        threshold: choice.threshold,
        expected_error: choice.expected_error,
    }))
}

/// Audits to the verdict; returns what was checked.
fn audit(
    accepted: &[Candidate],
    config: &ThresholdConfig,
    (seed, attempt): (u64, u32),
    release: &mut Release,
) -> Result<Vec<Candidate>, WorkflowError> {
    let mut audit = Audit::new(AuditTarget {
        population: u32::try_from(accepted.len()).unwrap_or(u32::MAX),
        target_error: config.target_error,
        alpha: autolabel_quality::attempt_alpha(ALPHA, attempt),
    })?;
    let rows: Vec<u32> = accepted.iter().map(|c| c.row).collect();
    let order = autolabel_quality::audit_plan(&rows, seed.wrapping_add(u64::from(attempt) << 32));
    let mut checked = Vec::new();
    for row in order.order {
        if audit.outcome() != AuditOutcome::Running {
            break;
        }
        // Accepted images are in rising order of rows, as the rest is.
        let Ok(position) = accepted.binary_search_by_key(&row, |c| c.row) else {
            continue;
        };
        let candidate = accepted[position];
        audit.record(!candidate.is_right)?;
        checked.push(candidate);
    }
    release.audited = audit.checked();
    release.errors = audit.wrong();
    release.accuracy_lower_bound_95 = Some(autolabel_quality::accuracy_lower_bound(&audit));
    release.certified = audit.outcome() == AuditOutcome::Certified;
    Ok(checked)
}
