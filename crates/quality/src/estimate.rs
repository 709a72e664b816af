//! The accuracy over the rest, from the random part of the batches.

use crate::error::QualityError;
use crate::intervals::{Proportion, clopper_pearson_upper, wilson_95};

/// One answer of the random part, with what the model said about it without having learnt from it
/// (leave-one-out).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidationItem {
    /// Calibrated probability of the model's first class, 0 to 1.
    pub confidence: f32,
    /// The model's first class is the expert's answer. An unreadable image is an item that is not
    /// correct: an automatic label for it would have been wrong.
    pub correct: bool,
}

/// The share of right labels if the model labeled all images that are still unlabeled, with Wilson's
/// 95 % interval; `None` while the random part is empty.
///
/// *Population:* the random part of each batch is drawn uniformly from the images nobody had labeled
/// then, so it stands for those. Images that the acquisition function chose afterwards have left that
/// population; they are the doubtful ones, so for the images left now the estimate errs on the low
/// side. *Model:* leave-one-out predictions are those of a model with one label less. Answers to
/// chosen images must never be put in here: they were chosen for being doubtful.
#[must_use]
pub fn rest_accuracy(random_part: &[ValidationItem]) -> Option<Proportion> {
    let correct = random_part.iter().filter(|item| item.correct).count();
    wilson_95(correct as u64, random_part.len() as u64)
}

/// How many random labels of accepted images are needed so that Clopper and Pearson's upper bound at
/// level `alpha` reaches `target_error`, if the share `error` of them is wrong (rounded up). 59 for
/// a target of 5 % at 95 % confidence and no error. `None` where a million do not suffice.
///
/// # Errors
/// A target or a level outside 0 to 1.
pub fn labels_needed(
    target_error: f64,
    error: f64,
    alpha: f64,
) -> Result<Option<u64>, QualityError> {
    crate::error::in_range("the target error", target_error, 0.0, 1.0)?;
    crate::error::in_range("the error level", alpha, 1e-12, 0.5)?;
    if error >= target_error {
        return Ok(None);
    }
    let suffices = |n: u64| {
        let wrong = (error.max(0.0) * n as f64 - 1e-9).ceil().max(0.0) as u64;
        clopper_pearson_upper(wrong, n, alpha) <= target_error
    };
    let mut long = 1_u64;
    while !suffices(long) {
        long *= 2;
        if long > 1_000_000 {
            return Ok(None);
        }
    }
    let mut short = long / 2;
    while long - short > 1 {
        let middle = short + (long - short) / 2;
        if suffices(middle) {
            long = middle;
        } else {
            short = middle;
        }
    }
    Ok(Some(long))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_nine_clean_labels_suffice_for_five_percent() {
        assert_eq!(labels_needed(0.05, 0.0, 0.05), Ok(Some(59)));
        assert_eq!(labels_needed(0.01, 0.0, 0.05), Ok(Some(299)));
        assert_eq!(labels_needed(0.05, 0.05, 0.05), Ok(None));
        assert!(labels_needed(1.5, 0.0, 0.05).is_err());
        let with_errors = labels_needed(0.05, 0.02, 0.05).unwrap().unwrap();
        assert!((150..330).contains(&with_errors), "{with_errors}");
    }

    #[test]
    fn an_empty_random_part_says_nothing() {
        assert_eq!(rest_accuracy(&[]), None);
        let items = [true, true, false].map(|correct| ValidationItem {
            confidence: 0.9,
            correct,
        });
        let estimate = rest_accuracy(&items).unwrap();
        assert!((estimate.value - 2.0 / 3.0).abs() < 1e-12);
    }
}
