//! How two labelings of the same images agree: confusion matrix, Cohen's kappa, measures per class.

use crate::error::{QualityError, known_class, same_length};
use crate::intervals::{Proportion, wilson_95};
use autolabel_annotation::ClassId;

/// Counts of images by true and predicted class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// Classes of the schema.
    pub class_count: usize,
    /// `class_count` x `class_count`, row-major: row = truth (or first reader), column = prediction
    /// (or second reader).
    pub counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// Images of this true class that were predicted as that class.
    #[must_use]
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.class_count + predicted]
    }

    /// All images.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Share of images on the diagonal; `None` for an empty matrix.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = (0..self.class_count)
            .map(|class| self.count(class, class))
            .sum();
        let total = self.total();
        (total > 0).then(|| right as f64 / total as f64)
    }

    fn row_total(&self, truth: usize) -> u64 {
        (0..self.class_count)
            .map(|column| self.count(truth, column))
            .sum()
    }

    fn column_total(&self, predicted: usize) -> u64 {
        (0..self.class_count)
            .map(|row| self.count(row, predicted))
            .sum()
    }
}

/// How much a disagreement weighs in Cohen's kappa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KappaWeights {
    /// Every disagreement weighs the same: classes without order.
    Equal,
    /// By the distance of the classes: ordered grades.
    Linear,
    /// By the squared distance of the classes: ordered grades, far misses weigh most.
    Quadratic,
}

/// What is known about one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassMeasures {
    /// Images that truly are of this class.
    pub images: u64,
    /// Images that were predicted as this class.
    pub predicted: u64,
    /// Share of the class's images that were found, with Wilson's 95 % interval.
    pub sensitivity: Option<Proportion>,
    /// Share right among the images predicted as this class, with Wilson's 95 % interval.
    pub precision: Option<Proportion>,
}

/// Counts images by true and predicted class.
///
/// # Errors
/// Lists of different length, or a class beyond `class_count`.
pub fn confusion_matrix(
    truth: &[ClassId],
    predicted: &[ClassId],
    class_count: usize,
) -> Result<ConfusionMatrix, QualityError> {
    same_length("the truth", truth.len(), "the prediction", predicted.len())?;
    let mut counts = vec![0; class_count * class_count];
    for (truth, predicted) in truth.iter().zip(predicted) {
        for class in [truth.index(), predicted.index()] {
            known_class(class, class_count)?;
        }
        counts[truth.index() * class_count + predicted.index()] += 1;
    }
    Ok(ConfusionMatrix {
        class_count,
        counts,
    })
}

/// Cohen's kappa (1960; weighted 1968): `1 - sum(w observed) / sum(w expected)`, where `expected`
/// is what readers with these marginals would show by chance. 1 = full agreement, 0 = chance.
/// 1 also where both only ever used one and the same class; `None` for an empty matrix.
#[must_use]
pub fn cohen_kappa(matrix: &ConfusionMatrix, weights: KappaWeights) -> Option<f64> {
    let total = matrix.total() as f64;
    if total == 0.0 {
        return None;
    }
    let (mut observed, mut expected) = (0.0, 0.0);
    for row in 0..matrix.class_count {
        for column in 0..matrix.class_count {
            let distance = row.abs_diff(column) as f64;
            let weight = match weights {
                KappaWeights::Equal => f64::from(u8::from(row != column)),
                KappaWeights::Linear => distance,
                KappaWeights::Quadratic => distance * distance,
            };
            let chance = matrix.row_total(row) as f64 * matrix.column_total(column) as f64 / total;
            observed += weight * matrix.count(row, column) as f64;
            expected += weight * chance;
        }
    }
    // Nothing can be missed by chance: both used one class only, so they agree.
    Some(if expected == 0.0 {
        1.0
    } else {
        1.0 - observed / expected
    })
}

/// Sensitivity and precision of each class, in schema order.
#[must_use]
pub fn class_measures(matrix: &ConfusionMatrix) -> Vec<ClassMeasures> {
    (0..matrix.class_count)
        .map(|class| {
            let right = matrix.count(class, class);
            let images = matrix.row_total(class);
            let predicted = matrix.column_total(class);
            ClassMeasures {
                images,
                predicted,
                sensitivity: wilson_95(right, images),
                precision: wilson_95(right, predicted),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(numbers: &[u16]) -> Vec<ClassId> {
        numbers.iter().copied().map(ClassId).collect()
    }

    #[test]
    fn equal_labelings_have_kappa_one_even_with_one_class() {
        for labels in [classes(&[0, 0, 0]), classes(&[0, 2, 1])] {
            let matrix = confusion_matrix(&labels, &labels, 3).unwrap();
            assert_eq!(cohen_kappa(&matrix, KappaWeights::Equal), Some(1.0));
            assert_eq!(matrix.accuracy(), Some(1.0));
        }
        let empty = confusion_matrix(&[], &[], 3).unwrap();
        assert_eq!(cohen_kappa(&empty, KappaWeights::Equal), None);
        assert_eq!(empty.accuracy(), None);
    }

    #[test]
    fn an_absent_class_has_no_sensitivity() {
        let matrix = confusion_matrix(&classes(&[0, 0, 1]), &classes(&[0, 1, 1]), 3).unwrap();
        let measures = class_measures(&matrix);
        assert_eq!(measures[2].sensitivity, None);
        assert_eq!(measures[0].sensitivity.unwrap().value, 0.5);
        assert_eq!(measures[1].precision.unwrap().value, 0.5);
    }

    #[test]
    fn refuses_lists_that_do_not_belong_together() {
        assert!(confusion_matrix(&classes(&[0]), &classes(&[]), 3).is_err());
        assert_eq!(
            confusion_matrix(&classes(&[0]), &classes(&[3]), 3),
            Err(QualityError::UnknownClass {
                class: 3,
                class_count: 3
            })
        );
    }
}
