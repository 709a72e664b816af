//! Several findings that an image may show at once: one Dirichlet Gaussian process of two classes,
//! absent and present, for each.
//!
//! All share the scale of the kernel, which the evidence of all findings together chooses (a rare
//! finding alone has too few positive labels to say much about it). Covariances are computed for each
//! finding anew: the triangular solves, which each needs for itself, take most of the time.

use crate::HeadsError;
use crate::gp::{DirichletGp, GpConfig, ScaleChoice, check, fit, search_data};
use crate::kernel::KernelScale;
use crate::matrix::Matrix;
use crate::scale_search::{COARSE_ROWS, search_scale};
use crate::targets::{ClassOrder, targets};
use autolabel_annotation::{ClassId, FindingSet};

/// Classes of a finding: absent and present.
pub const FINDING_STATES: usize = 2;

/// Learns from labels: image `rows[i]` of `features` shows the findings `present[i]` and none of the
/// others. One head a finding, in the order of the label schema; its class 1 is "present".
///
/// Costs and limits are those of [`fit`] for each finding; the scale search shares its labels among the
/// findings.
///
/// # Errors
/// No labels or findings, more findings than a set holds, rows out of range, features that are not
/// finite, settings out of range.
pub fn fit_findings(
    features: &Matrix,
    rows: &[u32],
    present: &[FindingSet],
    finding_count: usize,
    config: &GpConfig,
) -> Result<Vec<DirichletGp>, HeadsError> {
    if finding_count == 0 {
        return Err(HeadsError::Empty { what: "findings" });
    }
    let states: Vec<Vec<ClassId>> = (0..finding_count)
        .map(|finding| states_of(present, finding))
        .collect();
    for classes in &states {
        check(features, rows, classes, FINDING_STATES, config)?;
    }
    let scale = shared_scale(features, rows, &states, config)?;
    let config = GpConfig {
        scale: ScaleChoice::Fixed(scale),
        ..config.clone()
    };
    states
        .iter()
        .map(|classes| fit(features, rows, classes, FINDING_STATES, &config))
        .collect()
}

/// Whether each label names the finding, as classes of its head.
#[must_use]
pub fn states_of(present: &[FindingSet], finding: usize) -> Vec<ClassId> {
    let number = u16::try_from(finding).unwrap_or(u16::MAX);
    present
        .iter()
        .map(|set| ClassId(u16::from(set.contains(ClassId(number)))))
        .collect()
}

/// The scale that the evidence of all findings together chooses. Findings that every or no label names
/// say nothing about it.
fn shared_scale(
    features: &Matrix,
    rows: &[u32],
    states: &[Vec<ClassId>],
    config: &GpConfig,
) -> Result<KernelScale, HeadsError> {
    let warm = match config.scale {
        ScaleChoice::Search => None,
        ScaleChoice::WarmStart(scale) => Some(scale),
        ScaleChoice::Fixed(scale) => return Ok(scale),
    };
    let labeled = features.select(rows);
    if let Some(position) = labeled.data.iter().position(|value| !value.is_finite()) {
        let row = rows[position / labeled.cols] as usize;
        return Err(HeadsError::NotFinite { row });
    }
    let varies = |classes: &&Vec<ClassId>| classes.iter().any(|class| *class != classes[0]);
    let mut speaking: Vec<&Vec<ClassId>> = states.iter().filter(varies).collect();
    if speaking.is_empty() {
        speaking.extend(states.first());
    }
    // The cost of the search grows with the cube of the labels of a finding: all findings together
    // may cost what one would.
    let share = (config.search_rows as f64 / (speaking.len() as f64).cbrt()).ceil() as usize;
    let prepared: Vec<_> = speaking
        .into_iter()
        .map(|classes| {
            let order = ClassOrder::new(classes, FINDING_STATES);
            let sorted: Vec<u32> = order.order.iter().map(|&label| label as u32).collect();
            let targets = targets(&order.counts(), config.alpha_epsilon);
            (labeled.select(&sorted), order, targets)
        })
        .collect();
    let data = |limit: usize| {
        prepared
            .iter()
            .map(|(own, order, targets)| search_data(own, order, targets, limit.max(2)))
            .collect::<Result<Vec<_>, HeadsError>>()
    };
    let coarse = match warm {
        None => data(share.min(COARSE_ROWS))?,
        Some(_) => Vec::new(),
    };
    search_scale(&coarse, &data(share)?, config.kernel, warm)
}
