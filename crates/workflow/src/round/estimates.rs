//! What a round says about the project: what could be auto-labeled, and the point of the curve.

use super::{PoolPredictions, RoundInput};
use crate::WorkflowError;
use crate::forecast::Forecast;
use crate::screening::Looked;
use crate::view::CurvePoint;
use autolabel_annotation::{ClassId, Label};
use autolabel_heads::FINDING_STATES;
use autolabel_quality::{AutoShare, KappaWeights, ValidationItem};
use autolabel_selection::RoundRecord;

/// What could be auto-labeled, and how it is known.
pub(super) struct AutoEstimate {
    pub(super) share: AutoShare,
    /// Standard error of the share, where it comes from a sample.
    pub(super) error: Option<f64>,
    /// What the model's own doubt says of stopping now or later.
    pub(super) forecast: Forecast,
}

/// Judges the candidates, or in a large pool its uniform sample, of which the shares are then those of
/// the pool.
pub(super) fn auto_estimate(
    input: &RoundInput<'_>,
    pool: &PoolPredictions,
    candidates: &[u32],
    looked: &Looked,
    items: &[ValidationItem],
) -> Result<AutoEstimate, WorkflowError> {
    let sample = looked.sampled_rows();
    let sure = confidences(pool, sample.as_deref().unwrap_or(candidates));
    let mut share = autolabel_quality::auto_labelable(&sure, items, &input.config.threshold)?;
    let of_all = |share: f64| (share * candidates.len() as f64).round();
    let error = sample.map(|sample| {
        share.accepted = of_all(share.share) as u64;
        (share.share * (1.0 - share.share) / sample.len().max(1) as f64).sqrt()
    });
    Ok(AutoEstimate {
        share,
        error,
        forecast: Forecast::new(sure, &input.config.threshold, input.config.stop.batch_size),
    })
}

fn confidences(pool: &PoolPredictions, rows: &[u32]) -> Vec<f32> {
    rows.iter()
        .filter_map(|&row| Some(pool.first_of(row)?.1.clamp(0.0, 1.0)))
        .collect()
}

/// Agreement with the model before, over all images both have predicted; in a large pool over its
/// uniform sample, whose predictions are exact in both.
pub(super) fn kappa_with_previous(
    input: &RoundInput<'_>,
    pool: &PoolPredictions,
    looked: &Looked,
) -> Option<f64> {
    let previous = &input.previous?.pool;
    let sample = looked.sampled_rows();
    let first = |of: &PoolPredictions, row| Some(of.first_of(row)?.0);
    let (now, before): (Vec<Label>, Vec<Label>) = sample
        .as_ref()
        .unwrap_or(&pool.rows)
        .iter()
        .filter_map(|&row| Some((first(pool, row)?, first(previous, row)?)))
        .unzip();
    let (now, classes) = categories(&now, input.class_count());
    let (before, _) = categories(&before, input.class_count());
    let matrix = autolabel_quality::confusion_matrix(&before, &now, classes).ok()?;
    autolabel_quality::cohen_kappa(&matrix, KappaWeights::Equal)
}

/// Labels as categories to agree on, and how many there are: classes, or for every finding of every image
/// whether it is there.
fn categories(labels: &[Label], class_count: usize) -> (Vec<ClassId>, usize) {
    let findings = (0..class_count).filter_map(|finding| u16::try_from(finding).ok());
    let states = |label: &Label| -> Vec<ClassId> {
        match *label {
            Label::Class(class) => vec![class],
            Label::Findings(present) => findings
                .clone()
                .map(|finding| ClassId(u16::from(present.contains(ClassId(finding)))))
                .collect(),
            // No classifier gives a drawing.
            Label::Drawn { .. } => Vec::new(),
        }
    };
    let count = match labels.first() {
        Some(Label::Findings(_)) => FINDING_STATES,
        _ => class_count,
    };
    (labels.iter().flat_map(states).collect(), count)
}

pub(super) fn curve_point(
    input: &RoundInput<'_>,
    record: &RoundRecord,
    share: &AutoShare,
    items: &[ValidationItem],
    round_seconds: f64,
) -> CurvePoint {
    let accuracy = autolabel_quality::rest_accuracy(items);
    let images = input.excluded.iter().filter(|excluded| !**excluded).count();
    CurvePoint {
        labels: u32::try_from(record.labels).unwrap_or(u32::MAX),
        accuracy: accuracy.map(|a| a.value),
        low: accuracy.map(|a| a.low),
        high: accuracy.map(|a| a.high),
        random_labels: u32::try_from(items.len()).unwrap_or(u32::MAX),
        auto_share: share.accepted as f64 / images.max(1) as f64,
        kappa: record.kappa,
        round_seconds,
    }
}
