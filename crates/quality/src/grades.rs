//! How far labels that are grades lie from an expert's: mean absolute error, share within one grade,
//! quadratically weighted kappa with an interval.
//!
//! The interval of kappa is that of Fleiss, Cohen and Everitt's large-sample variance (1969) on Fisher's
//! scale, `atanh`, so that it stays within -1 and 1. An audit finds few mistakes or none, where that
//! variance is 0 and would promise too much; so it is computed after one observation was spread evenly
//! over all pairs of grades (Perks 1947).

use crate::agreement::{ConfusionMatrix, KappaWeights, cohen_kappa, confusion_matrix};
use crate::error::QualityError;
use crate::intervals::{Proportion, clopper_pearson};
use autolabel_annotation::ClassId;

/// 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Agreement of grades with those of an expert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradeAgreement {
    /// Labels that the expert looked at, unreadable images included.
    pub checked: u64,
    /// Of them those at most one grade off; an unreadable image is not.
    pub within_one: u64,
    /// Its share with Clopper and Pearson's 95 % interval.
    pub within_one_share: Proportion,
    /// Mean number of grades between the two, over what could be read; `None` where nothing could.
    pub mean_absolute_error: Option<f64>,
    /// Cohen's kappa with quadratic weights, -1 to 1, with a 95 % interval, over what could be read;
    /// `None` where nothing could.
    pub quadratic_kappa: Option<Proportion>,
}

/// Compares grades with what an expert said, `None` where the image could not be read; `None` where
/// there is nothing to compare.
///
/// # Errors
/// A grade beyond `grade_count`.
pub fn grade_agreement(
    checks: &[(ClassId, Option<ClassId>)],
    grade_count: usize,
) -> Result<Option<GradeAgreement>, QualityError> {
    let readable = checks
        .iter()
        .filter_map(|(label, said)| Some(((*said)?, *label)));
    let (said, labels): (Vec<ClassId>, Vec<ClassId>) = readable.unzip();
    let matrix = confusion_matrix(&said, &labels, grade_count)?;
    let checked = checks.len() as u64;
    let within_one = count_within(&matrix, 1);
    let share = clopper_pearson(within_one, checked, 0.05);
    Ok(share.map(|within_one_share| GradeAgreement {
        checked,
        within_one,
        within_one_share,
        mean_absolute_error: mean_absolute_error(&matrix),
        quadratic_kappa: quadratic_kappa_interval(&matrix),
    }))
}

/// Mean number of grades between truth and prediction; `None` for an empty matrix.
#[must_use]
pub fn mean_absolute_error(matrix: &ConfusionMatrix) -> Option<f64> {
    let total = matrix.total();
    let steps: u64 = cells(matrix)
        .map(|(row, column)| row.abs_diff(column) as u64 * matrix.count(row, column))
        .sum();
    (total > 0).then(|| steps as f64 / total as f64)
}

/// Share of images at most one grade off; `None` for an empty matrix.
#[must_use]
pub fn within_one_grade(matrix: &ConfusionMatrix) -> Option<f64> {
    let total = matrix.total();
    (total > 0).then(|| count_within(matrix, 1) as f64 / total as f64)
}

/// Cohen's kappa with quadratic weights and a 95 % interval (see the module); `None` for an empty matrix.
#[must_use]
pub fn quadratic_kappa_interval(matrix: &ConfusionMatrix) -> Option<Proportion> {
    let kappa = cohen_kappa(matrix, KappaWeights::Quadratic)?;
    let (centre, error) = smoothed_kappa(matrix);
    // Differentiating atanh; both ends lie within -1 and 1.
    let half = Z * error / (1.0 - centre * centre);
    Some(Proportion {
        value: kappa,
        low: (centre.atanh() - half).tanh().min(kappa),
        high: (centre.atanh() + half).tanh().max(kappa),
    })
}

/// Kappa and its standard error after one observation was spread over all cells.
fn smoothed_kappa(matrix: &ConfusionMatrix) -> (f64, f64) {
    let grades = matrix.class_count;
    let total = matrix.total() as f64 + 1.0;
    let share =
        |row, column| (matrix.count(row, column) as f64 + 1.0 / (grades * grades) as f64) / total;
    let widest = (grades.max(2) - 1) as f64;
    let weight = |row: usize, column: usize| 1.0 - (row.abs_diff(column) as f64 / widest).powi(2);
    let rows: Vec<f64> = (0..grades)
        .map(|r| (0..grades).map(|c| share(r, c)).sum())
        .collect();
    let columns: Vec<f64> = (0..grades)
        .map(|c| (0..grades).map(|r| share(r, c)).sum())
        .collect();
    let of_row: Vec<f64> = (0..grades)
        .map(|r| (0..grades).map(|c| weight(r, c) * columns[c]).sum())
        .collect();
    let of_column: Vec<f64> = (0..grades)
        .map(|c| (0..grades).map(|r| weight(r, c) * rows[r]).sum())
        .collect();
    let observed: f64 = cells(matrix).map(|(r, c)| weight(r, c) * share(r, c)).sum();
    let expected: f64 = cells(matrix)
        .map(|(r, c)| weight(r, c) * rows[r] * columns[c])
        .sum();
    let (missed, missed_by_chance) = (1.0 - observed, 1.0 - expected);
    if missed_by_chance <= 0.0 {
        // One grade only: nothing can be missed.
        return (0.0, 0.0);
    }
    let spread: f64 = cells(matrix)
        .map(|(r, c)| {
            let term = weight(r, c) * missed_by_chance - (of_row[r] + of_column[c]) * missed;
            share(r, c) * term * term
        })
        .sum();
    let mean = observed * expected - 2.0 * expected + observed;
    let variance = (spread - mean * mean).max(0.0) / (total * missed_by_chance.powi(4));
    (1.0 - missed / missed_by_chance, variance.sqrt())
}

fn count_within(matrix: &ConfusionMatrix, steps: usize) -> u64 {
    cells(matrix)
        .filter(|(row, column)| row.abs_diff(*column) <= steps)
        .map(|(row, column)| matrix.count(row, column))
        .sum()
}

fn cells(matrix: &ConfusionMatrix) -> impl Iterator<Item = (usize, usize)> + use<> {
    let grades = matrix.class_count;
    (0..grades).flat_map(move |row| (0..grades).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn class(number: usize) -> ClassId {
        ClassId(number as u16)
    }

    #[test]
    fn an_unreadable_image_is_not_within_one_grade() {
        let checks = [
            (class(0), Some(class(0))),
            (class(1), Some(class(2))),
            (class(0), Some(class(2))),
            (class(2), None),
        ];
        let found = grade_agreement(&checks, 3).unwrap().unwrap();
        assert_eq!((found.checked, found.within_one), (4, 2));
        assert_eq!(found.mean_absolute_error, Some(1.0));
        assert!((found.within_one_share.value - 0.5).abs() < 1e-12);
        assert_eq!(grade_agreement(&[], 3).unwrap(), None);
        assert!(grade_agreement(&[(class(3), Some(class(0)))], 3).is_err());
        let unread = grade_agreement(&[(class(0), None)], 3).unwrap().unwrap();
        assert_eq!(
            (unread.quadratic_kappa, unread.mean_absolute_error),
            (None, None)
        );
    }

    #[test]
    fn no_mistake_promises_no_more_than_its_number_of_checks() {
        let low = |checks: usize| {
            let all: Vec<_> = (0..checks)
                .map(|i| (class(i % 5), Some(class(i % 5))))
                .collect();
            let found = grade_agreement(&all, 5).unwrap().unwrap();
            let kappa = found.quadratic_kappa.unwrap();
            assert_eq!((kappa.value, kappa.high), (1.0, 1.0));
            kappa.low
        };
        assert!(low(20) < low(100) && low(100) < low(1_000));
        assert!(
            low(20) < 0.95 && low(1_000) > 0.98,
            "{} {}",
            low(20),
            low(1_000)
        );
    }

    #[test]
    fn the_interval_covers_the_kappa_of_the_whole() {
        // Readers who miss by one grade in so many, and by two in a tenth of that.
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (miss, checks) in [(0.03, 120), (0.1, 80), (0.4, 150)] {
            let draw = |rng: &mut ChaCha8Rng, n: usize| {
                let pairs: Vec<(ClassId, ClassId)> = (0..n)
                    .map(|_| {
                        let truth: usize = rng.random_range(0..5);
                        let steps = match rng.random::<f64>() / miss {
                            u if u < 0.1 => 2,
                            u if u < 1.0 => 1,
                            _ => 0,
                        };
                        let said = if rng.random_bool(0.5) {
                            (truth + steps).min(4)
                        } else {
                            truth.saturating_sub(steps)
                        };
                        (class(truth), class(said))
                    })
                    .collect();
                let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
                confusion_matrix(&a, &b, 5).unwrap()
            };
            let whole = draw(&mut rng, 200_000);
            let truth = cohen_kappa(&whole, KappaWeights::Quadratic).unwrap();
            let covered = (0..1_000)
                .filter(|_| {
                    let found = quadratic_kappa_interval(&draw(&mut rng, checks)).unwrap();
                    found.low <= truth && truth <= found.high
                })
                .count();
            assert!(covered >= 925, "{miss}: {covered} of 1,000");
        }
    }

    proptest! {
        #[test]
        fn intervals_are_in_order(counts in proptest::collection::vec(0_u64..40, 16)) {
            let matrix = ConfusionMatrix { class_count: 4, counts };
            if let Some(found) = quadratic_kappa_interval(&matrix) {
                prop_assert!(-1.0 <= found.low && found.low <= found.value);
                prop_assert!(found.value <= found.high && found.high <= 1.0);
            }
            if let (Some(error), Some(within)) = (mean_absolute_error(&matrix), within_one_grade(&matrix)) {
                prop_assert!((0.0..=3.0).contains(&error) && (0.0..=1.0).contains(&within));
                // Whoever is not within one is at least two grades off.
                prop_assert!(error + 1e-9 >= 2.0 * (1.0 - within));
            }
        }
    }
}
