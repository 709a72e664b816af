//! What the ordinal head says, and which grade to state.

use crate::HeadsError;
use crate::cut_points::CutPoints;
use crate::matrix::Matrix;
use crate::ordinal::OrdinalGp;
use autolabel_annotation::ClassId;
use rayon::prelude::*;

/// What the ordinal head says about `n` images, in the order they were asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OrdinalPredictions {
    /// Classes of the label schema, `C`.
    pub class_count: usize,
    /// Posterior mean of the latent function, `n`, in units of normal scores; higher = higher class.
    pub latent_mean: Vec<f32>,
    /// Its posterior variance, `n`, > 0.
    pub latent_variance: Vec<f32>,
    /// Class probabilities, `n x C`; each row sums to 1. The share above any cut rises with the mean.
    pub probabilities: Vec<f32>,
}

/// How bad it is to miss the true class by some steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrdinalLoss {
    /// By their number: agrees with linearly weighted kappa.
    Absolute,
    /// By its square: agrees with quadratically weighted kappa.
    Quadratic,
}

/// Predicts the given rows of `features`, which come from the same transform as the labeled ones.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn predict_ordinal(
    head: &OrdinalGp,
    features: &Matrix,
    rows: &[u32],
) -> Result<OrdinalPredictions, HeadsError> {
    head.carrier.check(features, rows)?;
    let (mean, variance) = head.latent(features, rows);
    Ok(classified(&head.cut_points, &mean, &variance))
}

/// Leave-one-out predictions of the labels that were learned from, with their positions in the order
/// in which labels were passed to [`fit_ordinal`](crate::fit_ordinal). Exact in the latent function;
/// scale, scores and cut points stay as they were fitted with all labels.
#[must_use]
pub fn leave_one_out_ordinal(head: &OrdinalGp) -> (Vec<usize>, OrdinalPredictions) {
    let (mean, variance) = &head.without;
    // From the order by class back to the caller's.
    let mut internal: Vec<usize> = (0..head.labels.len()).collect();
    internal.sort_unstable_by_key(|&row| head.labels[row]);
    let pick = |values: &[f64]| -> Vec<f64> { internal.iter().map(|&row| values[row]).collect() };
    let positions = internal.iter().map(|&row| head.labels[row]).collect();
    let found = classified(&head.cut_points, &pick(mean), &pick(variance));
    (positions, found)
}

fn classified(cut_points: &CutPoints, mean: &[f64], variance: &[f64]) -> OrdinalPredictions {
    let class_count = cut_points.cuts.len() + 1;
    let mut probabilities = vec![0.0f32; mean.len() * class_count];
    probabilities
        .par_chunks_mut(class_count)
        .zip(mean.par_iter().zip(variance))
        .for_each(|(out, (&mean, &variance))| cut_points.probabilities(mean, variance, out));
    OrdinalPredictions {
        class_count,
        latent_mean: mean.iter().map(|&value| value as f32).collect(),
        latent_variance: variance.iter().map(|&value| value as f32).collect(),
        probabilities,
    }
}

/// The class of each row of `probabilities` (`n x C`) with the smallest expected loss: the median class
/// or the class nearest to the mean. Probabilities of any head will do. The lower class wins a tie.
///
/// # Errors
/// Probabilities that are no whole number of rows.
pub fn ordinal_decisions(
    probabilities: &[f32],
    class_count: usize,
    loss: OrdinalLoss,
) -> Result<Vec<ClassId>, HeadsError> {
    if class_count == 0 || !probabilities.len().is_multiple_of(class_count) {
        return Err(HeadsError::Shape {
            what: "probabilities",
            expected: probabilities.len() / class_count.max(1) * class_count,
            found: probabilities.len(),
        });
    }
    let expected = |row: &[f32], class: usize| -> f64 {
        let miss = row.iter().enumerate().map(|(other, &p)| {
            let steps = other.abs_diff(class) as f64;
            let cost = match loss {
                OrdinalLoss::Absolute => steps,
                OrdinalLoss::Quadratic => steps * steps,
            };
            f64::from(p) * cost
        });
        miss.sum()
    };
    Ok(probabilities
        .chunks_exact(class_count)
        .map(|row| {
            let classes = 0..class_count;
            let best = classes.reduce(|a, b| {
                if expected(row, b) < expected(row, a) {
                    b
                } else {
                    a
                }
            });
            ClassId(best.unwrap_or(0) as u16)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_the_median_and_the_mean() {
        let rows = [0.45f32, 0.15, 0.05, 0.35, 0.1, 0.2, 0.3, 0.4];
        let decided = |loss| ordinal_decisions(&rows, 4, loss).unwrap();
        assert_eq!(decided(OrdinalLoss::Absolute), [ClassId(1), ClassId(2)]);
        assert_eq!(decided(OrdinalLoss::Quadratic), [ClassId(1), ClassId(2)]);
        let skewed = [0.55f32, 0.0, 0.0, 0.45];
        let decided = |loss| ordinal_decisions(&skewed, 4, loss).unwrap();
        assert_eq!(decided(OrdinalLoss::Absolute), [ClassId(0)]);
        assert_eq!(decided(OrdinalLoss::Quadratic), [ClassId(1)]);
        assert!(ordinal_decisions(&rows, 3, OrdinalLoss::Absolute).is_err());
        assert!(ordinal_decisions(&[], 0, OrdinalLoss::Absolute).is_err());
    }
}
