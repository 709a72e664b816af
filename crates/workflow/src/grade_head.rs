//! What says the grade of an image: ordinal regression, beside the head of classes.
//!
//! Of one head of classes, heads of "above grade k" and ordinal regression, the last had the lowest log-loss
//! on all three sets of `benches/grades.py`, and with enough labels it was the most often right and the
//! least far off (docs/results.md). The head of classes stays for what asks a head of classes: rules
//! that weigh a batch, and heat maps.

use crate::WorkflowError;
use autolabel_annotation::ClassId;
use autolabel_heads::{
    FeatureRows, GpConfig, Matrix, OrdinalConfig, OrdinalGp, fit_ordinal, leave_one_out_ordinal,
    predict_ordinal,
};
use std::cmp::Ordering;

/// Labels that are learned from at most; more would cost minutes and half a gigabyte.
const MOST_LABELS: usize = 4_000;

/// Images whose features are widened at a time.
const ROWS_AT_ONCE: usize = 8_192;

/// Ordinal regression with what it says of its own labels.
#[derive(Debug, Clone)]
pub(crate) struct GradeHead {
    head: OrdinalGp,
    /// A row a label, as if it had not been learnt.
    left_out: Vec<f32>,
}

impl GradeHead {
    /// Learns from labels: image `rows[i]` of `features` has the grade `grades[i]`. Whichever order the
    /// labels come in, the result is the same: a round that goes on and one after a restart agree.
    ///
    /// # Errors
    /// As [`fit_ordinal`].
    pub(crate) fn fit(
        features: &Matrix,
        rows: &[u32],
        grades: &[ClassId],
        grade_count: usize,
        gp: &GpConfig,
    ) -> Result<Self, WorkflowError> {
        let config = OrdinalConfig {
            kernel: gp.kernel,
            scale: None,
            search_rows: gp.search_rows,
            max_exact: gp.max_exact.min(MOST_LABELS),
        };
        let order = own_order(features, rows, grades);
        let sorted_rows: Vec<u32> = order.iter().map(|&at| rows[at]).collect();
        let sorted_grades: Vec<ClassId> = order.iter().map(|&at| grades[at]).collect();
        let head = fit_ordinal(features, &sorted_rows, &sorted_grades, grade_count, &config)?;
        let (learnt, said) = leave_one_out_ordinal(&head);
        // What was not learnt from is as good as left out.
        let mut is_learnt = vec![false; rows.len()];
        learnt.iter().for_each(|&at| is_learnt[at] = true);
        let others: Vec<usize> = (0..rows.len()).filter(|&at| !is_learnt[at]).collect();
        let other_rows: Vec<u32> = others.iter().map(|&at| sorted_rows[at]).collect();
        let of_others = predict_ordinal(&head, features, &other_rows)?;
        let mut left_out = vec![0.0; rows.len() * grade_count];
        for (positions, said) in [(&learnt, &said), (&others, &of_others)] {
            for (&at, p) in positions.iter().zip(said.probabilities.chunks(grade_count)) {
                left_out[order[at] * grade_count..][..grade_count].copy_from_slice(p);
            }
        }
        Ok(Self { head, left_out })
    }

    /// Probabilities of the grades of these rows, row by row.
    ///
    /// # Errors
    /// Features of another width, rows out of range.
    pub(crate) fn probabilities(
        &self,
        features: FeatureRows<'_>,
        rows: &[u32],
    ) -> Result<Vec<f32>, WorkflowError> {
        if let FeatureRows::Single(features) = features {
            return Ok(predict_ordinal(&self.head, features, rows)?.probabilities);
        }
        let mut all = Vec::with_capacity(rows.len() * self.head.class_count());
        for part in rows.chunks(ROWS_AT_ONCE) {
            let numbers: Vec<u32> = (0_u32..).take(part.len()).collect();
            let said = predict_ordinal(&self.head, &features.select(part), &numbers)?;
            all.extend(said.probabilities);
        }
        Ok(all)
    }

    /// Probabilities of the grades of each label, in the order in which labels were passed, had it not been
    /// learnt from.
    pub(crate) fn left_out(&self) -> &[f32] {
        &self.left_out
    }
}

/// Positions of the labels in an order that only their features and grades decide.
fn own_order(features: &Matrix, rows: &[u32], grades: &[ClassId]) -> Vec<usize> {
    let by_values = |a: &[f32], b: &[f32]| {
        let differing = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
        differing
            .into_iter()
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let fits = |at: usize| (rows[at] as usize) < features.rows;
    // Rows out of range are refused by the fit that follows.
    if (0..rows.len()).all(fits) && grades.len() == rows.len() {
        order.sort_by(|&a, &b| {
            let (first, second) = (rows[a] as usize, rows[b] as usize);
            by_values(features.row(first), features.row(second)).then(grades[a].cmp(&grades[b]))
        });
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_heads::HalfMatrix;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Points on a quarter of a circle; the grade says how far along.
    fn arc(images: usize, grades: u16) -> (Matrix, Vec<ClassId>) {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut data = Vec::new();
        let mut labels = Vec::new();
        for _ in 0..images {
            let place: f32 = rng.random();
            let angle = place * std::f32::consts::FRAC_PI_2;
            data.extend([angle.cos(), angle.sin()]);
            labels.push(ClassId((place * f32::from(grades)) as u16));
        }
        (Matrix::new(images, 2, data).unwrap(), labels)
    }

    fn fitted(features: &Matrix, rows: &[u32], grades: &[ClassId], count: usize) -> GradeHead {
        GradeHead::fit(features, rows, grades, count, &GpConfig::default()).unwrap()
    }

    #[test]
    fn rows_sum_to_one_and_shares_above_a_cut_fall() {
        let (features, grades) = arc(60, 4);
        let rows: Vec<u32> = (0..40).collect();
        let head = fitted(&features, &rows, &grades[..40], 4);
        let all: Vec<u32> = (0..60).collect();
        let said = head.probabilities((&features).into(), &all).unwrap();
        for row in said.chunks(4).chain(head.left_out().chunks(4)) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
            assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{row:?}");
        }
        // Further along the arc every share above a cut is larger, until all of it is above.
        let mut along: Vec<usize> = (0..60).collect();
        along.sort_by(|&a, &b| features.row(a)[1].total_cmp(&features.row(b)[1]));
        for cut in 1..4 {
            let above = |at: usize| said[at * 4 + cut..][..4 - cut].iter().sum::<f32>();
            let (first, middle, last) = (above(along[0]), above(along[30]), above(along[59]));
            assert!(last > first + 0.5 && middle > first - 1e-4 && last > middle - 1e-4);
        }
    }

    #[test]
    fn the_order_of_labels_changes_nothing() {
        let (features, grades) = arc(50, 3);
        let rows: Vec<u32> = (0..50).collect();
        let head = fitted(&features, &rows, &grades, 3);
        let turned: Vec<u32> = (0..50).rev().collect();
        let of_turned: Vec<ClassId> = grades.iter().rev().copied().collect();
        let again = fitted(&features, &turned, &of_turned, 3);
        let all = (&features).into();
        assert_eq!(
            head.probabilities(all, &rows).unwrap(),
            again.probabilities(all, &rows).unwrap()
        );
        let back: Vec<f32> = again
            .left_out()
            .chunks(3)
            .rev()
            .flatten()
            .copied()
            .collect();
        assert_eq!(head.left_out(), back);
    }

    #[test]
    fn few_labels_of_a_single_grade_are_enough_to_begin() {
        let (features, _) = arc(10, 3);
        for grade in 0..3 {
            let head = fitted(&features, &[4], &[ClassId(grade)], 3);
            let said = head.probabilities((&features).into(), &[4, 5]).unwrap();
            assert!(said.iter().all(|p| p.is_finite()), "{said:?}");
            assert_eq!(head.left_out().len(), 3);
        }
        let two = fitted(&features, &[1, 1], &[ClassId(0), ClassId(2)], 3);
        assert!(two.left_out().iter().all(|p| p.is_finite()));
        assert!(GradeHead::fit(&features, &[99], &[ClassId(0)], 3, &GpConfig::default()).is_err());
    }

    #[test]
    fn half_precision_gives_about_the_same() {
        let (features, grades) = arc(40, 3);
        let rows: Vec<u32> = (0..30).collect();
        let head = fitted(&features, &rows, &grades[..30], 3);
        let mut half = HalfMatrix::new(0, 2, Vec::new()).unwrap();
        half.append(&features);
        let exact = head.probabilities((&features).into(), &[33, 39]).unwrap();
        let close = head.probabilities((&half).into(), &[33, 39]).unwrap();
        for (a, b) in exact.iter().zip(&close) {
            assert!((a - b).abs() < 0.02, "{a} {b}");
        }
    }
}
