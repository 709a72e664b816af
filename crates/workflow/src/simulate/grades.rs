//! What a simulation measures of grades beside exact agreement: how far off labels are.

use super::report::Spread;
use crate::WorkflowError;
use autolabel_annotation::{ClassId, Label};
use autolabel_quality::{
    KappaWeights, cohen_kappa, confusion_matrix, mean_absolute_error, within_one_grade,
};
use serde::Serialize;

/// How far predictions are from the truth after one round of one seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MeasuredGrades {
    pub(super) mean_absolute_error: f64,
    pub(super) within_one: f64,
    pub(super) quadratic_kappa: f64,
}

/// The same over the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GradeSpread {
    /// Mean number of grades between prediction and truth.
    pub mean_absolute_error: Spread,
    /// Share of predictions at most one grade off.
    pub within_one: Spread,
    /// Cohen's kappa with quadratic weights.
    pub quadratic_kappa: Spread,
}

/// Compares truths with predictions; `None` where there is none, or labels are no grades.
pub(super) fn measured(
    pairs: &[(Label, Label)],
    grade_count: usize,
) -> Result<Option<MeasuredGrades>, WorkflowError> {
    let classes = |pair: &(Label, Label)| Some((pair.0.class()?, pair.1.class()?));
    let (truth, predicted): (Vec<ClassId>, Vec<ClassId>) = pairs.iter().filter_map(classes).unzip();
    let matrix = confusion_matrix(&truth, &predicted, grade_count)?;
    let all = (
        mean_absolute_error(&matrix),
        within_one_grade(&matrix),
        cohen_kappa(&matrix, KappaWeights::Quadratic),
    );
    Ok(match all {
        (Some(mean_absolute_error), Some(within_one), Some(quadratic_kappa)) => {
            Some(MeasuredGrades {
                mean_absolute_error,
                within_one,
                quadratic_kappa,
            })
        }
        _ => None,
    })
}

/// Over the seeds that have some; `None` if none has.
pub(super) fn spread<'a>(
    seeds: impl Iterator<Item = &'a Option<MeasuredGrades>>,
) -> Option<GradeSpread> {
    let known: Vec<MeasuredGrades> = seeds.filter_map(|grades| *grades).collect();
    let of = |value: fn(&MeasuredGrades) -> f64| {
        Spread::of(&known.iter().map(value).collect::<Vec<_>>())
    };
    (!known.is_empty()).then(|| GradeSpread {
        mean_absolute_error: of(|grades| grades.mean_absolute_error),
        within_one: of(|grades| grades.within_one),
        quadratic_kappa: of(|grades| grades.quadratic_kappa),
    })
}
