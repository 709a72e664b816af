//! Whether probabilities mean what they say: reliability, calibration error, Brier score, log loss.

use crate::error::{QualityError, in_range, known_class, same_length};
use crate::estimate::ValidationItem;
use autolabel_annotation::ClassId;

/// One bar of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// Mean probability of the bin's predictions.
    pub confidence: f64,
    /// Share of them that were right.
    pub accuracy: f64,
    /// How many there were, at least 1.
    pub count: u64,
}

/// Sorts predictions into `bins` bins of equal width over 0 to 1 by the probability of their first
/// class; empty bins are left out. A probability on an inner edge belongs to the bin below it (as in
/// Guo et al. 2017).
///
/// # Errors
/// A probability outside 0 to 1.
pub fn reliability(
    items: &[ValidationItem],
    bins: usize,
) -> Result<Vec<CalibrationBin>, QualityError> {
    let bins = bins.max(1);
    let mut sums = vec![(0.0_f64, 0_u64, 0_u64); bins];
    for item in items {
        let confidence = in_range("a probability", f64::from(item.confidence), 0.0, 1.0)?;
        let bin = ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1;
        sums[bin].0 += confidence;
        sums[bin].1 += u64::from(item.correct);
        sums[bin].2 += 1;
    }
    Ok(sums
        .into_iter()
        .filter(|&(_, _, count)| count > 0)
        .map(|(confidence, right, count)| CalibrationBin {
            confidence: confidence / count as f64,
            accuracy: right as f64 / count as f64,
            count,
        })
        .collect())
}

/// Expected calibration error: the mean distance of confidence and accuracy over the bins, weighted
/// by their counts (Naeini et al. 2015). `None` without predictions.
#[must_use]
pub fn expected_calibration_error(bins: &[CalibrationBin]) -> Option<f64> {
    let total: u64 = bins.iter().map(|bin| bin.count).sum();
    let sum: f64 = bins
        .iter()
        .map(|bin| bin.count as f64 * (bin.confidence - bin.accuracy).abs())
        .sum();
    (total > 0).then(|| sum / total as f64)
}

/// Brier's score (1950), mean over images of the squared distance between the probabilities and the
/// truth summed over all classes: 0 best, 2 worst. `probabilities` is `truth.len()` x `class_count`,
/// row-major. `None` without images.
///
/// # Errors
/// Lists that do not match, or a class beyond `class_count`.
pub fn brier_score(
    probabilities: &[f32],
    truth: &[ClassId],
    class_count: usize,
) -> Result<Option<f64>, QualityError> {
    mean_over_images(probabilities, truth, class_count, |row, class| {
        row.iter()
            .enumerate()
            .map(|(index, &p)| {
                let aim = f64::from(u8::from(index == class));
                (f64::from(p) - aim).powi(2)
            })
            .sum()
    })
}

/// Mean negative natural logarithm of the probability of the true class; probabilities below 1e-7,
/// the grain of single precision, count as that. Same shapes as [`brier_score`].
///
/// # Errors
/// As [`brier_score`].
pub fn log_loss(
    probabilities: &[f32],
    truth: &[ClassId],
    class_count: usize,
) -> Result<Option<f64>, QualityError> {
    mean_over_images(probabilities, truth, class_count, |row, class| {
        -f64::from(row[class]).max(1e-7).ln()
    })
}

fn mean_over_images(
    probabilities: &[f32],
    truth: &[ClassId],
    class_count: usize,
    score: impl Fn(&[f32], usize) -> f64,
) -> Result<Option<f64>, QualityError> {
    same_length(
        "the probabilities",
        probabilities.len(),
        "truth times classes",
        truth.len() * class_count,
    )?;
    let mut sum = 0.0;
    for (index, class) in truth.iter().enumerate() {
        let class = class.index();
        known_class(class, class_count)?;
        sum += score(&probabilities[index * class_count..][..class_count], class);
    }
    Ok((!truth.is_empty()).then(|| sum / truth.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(confidence: f32, correct: bool) -> ValidationItem {
        ValidationItem {
            confidence,
            correct,
        }
    }

    #[test]
    fn edges_belong_to_the_bin_below_and_empty_bins_are_left_out() {
        let items = [
            item(0.0, false),
            item(0.5, true),
            item(0.51, true),
            item(1.0, true),
        ];
        let bins = reliability(&items, 10).unwrap();
        let counts: Vec<u64> = bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [1, 1, 1, 1]);
        assert_eq!(bins[1].confidence, 0.5);
        assert!(reliability(&[item(f32::NAN, true)], 10).is_err());
    }

    #[test]
    fn a_sure_and_right_model_scores_zero() {
        let truth = [ClassId(1), ClassId(0)];
        let sure = [0.0, 1.0, 1.0, 0.0];
        assert_eq!(brier_score(&sure, &truth, 2), Ok(Some(0.0)));
        assert_eq!(log_loss(&sure, &truth, 2), Ok(Some(0.0)));
        let wrong = [1.0, 0.0, 0.0, 1.0];
        assert_eq!(brier_score(&wrong, &truth, 2), Ok(Some(2.0)));
        assert_eq!(brier_score(&[], &[], 2), Ok(None));
        assert!(brier_score(&sure, &truth, 3).is_err());
        let bins = reliability(&[item(1.0, true)], 15).unwrap();
        assert_eq!(expected_calibration_error(&bins), Some(0.0));
    }
}
