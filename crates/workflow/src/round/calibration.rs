//! What makes the probabilities of a model honest, and what measures it: leave-one-out predictions.

use super::{RoundInput, plain};
use crate::WorkflowError;
use crate::classifier::{self, Classifier};
use autolabel_annotation::{Answer, ImageTask, Label, LabelOrigin};
use autolabel_quality::ValidationItem;

/// How many chosen labels a random one counts for in the calibration. At 1 the model stayed 4 to 5
/// points less sure than it was right on chest radiographs and histology, at 10 (the inverse of the
/// share of random labels) it became too sure on sets with few labels.
const RANDOM_LABEL_WEIGHT: f64 = 4.0;

/// Median of the prior on the temperature. The Dirichlet Gaussian process is less sure than it is right:
/// the temperatures that fit the unlabeled rest best lay between 0.43 and 0.75 on radiographs, blood
/// cells and histology, from 60 labels to 15 % of the pool. Labels that were chosen because the model
/// doubted say too little about the plain images to find that by themselves.
const MEDIAN_TEMPERATURE: f64 = 0.6;

/// The same of grades: their cut points are fitted on leave-one-out predictions, so that nothing is to be
/// expected.
const MEDIAN_TEMPERATURE_OF_GRADES: f64 = 1.0;

/// One answer of the random part beside the prediction of a model that had not seen it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// The image.
    pub row: u32,
    /// The expert's answer; `None` = could not be read.
    pub truth: Option<Label>,
    /// The label that the model would give.
    pub predicted: Label,
    /// Its calibrated probability.
    pub confidence: f32,
}

impl Validation {
    /// In the form the quality measures take.
    #[must_use]
    pub fn item(&self) -> ValidationItem {
        ValidationItem {
            confidence: self.confidence,
            correct: self.truth == Some(self.predicted),
        }
    }
}

/// Leave-one-out predictions of all labels, the temperature that makes them honest, and of them the
/// random part.
///
/// The temperature may learn from chosen images too: they were chosen by their features, not by their
/// labels, so the probability of a label given the image is what it is anywhere else, and a handful
/// of random labels would say next to nothing. But one number cannot fit the doubtful images, which
/// are most of the chosen ones, and the plain ones, which are most of the pool, so a random label
/// counts for [`RANDOM_LABEL_WEIGHT`] chosen ones. Accuracy is another matter and comes from the
/// random part alone, without what is set `aside` by its neighbours: the program labels none of that.
pub(super) fn calibrate(
    input: &RoundInput<'_>,
    classifier: &Classifier,
    (rows, labels): (&[u32], &[Label]),
    aside: &[u32],
) -> Result<(f64, Vec<Validation>), WorkflowError> {
    let width = input.class_count();
    let mut left_out = classifier.columns(&classifier.leave_one_out());
    let is_random = |row: u32| {
        input.labels[row as usize]
            .as_ref()
            .is_some_and(|label| label.origin == LabelOrigin::Random)
    };
    let weights: Vec<f64> = rows
        .iter()
        .map(|&row| {
            if is_random(row) {
                RANDOM_LABEL_WEIGHT
            } else {
                1.0
            }
        })
        .collect();
    let task = input.task;
    let median = match task {
        ImageTask::Classification | ImageTask::Findings => MEDIAN_TEMPERATURE,
        ImageTask::Grades => MEDIAN_TEMPERATURE_OF_GRADES,
    };
    let temperature =
        classifier::fit_temperature(task, &left_out, labels, width, &weights, median)?;
    classifier::calibrate_columns(task, &mut left_out, width, temperature);
    let mut validation: Vec<Validation> = rows
        .iter()
        .zip(labels)
        .zip(left_out.chunks(width))
        .filter(|((row, _), _)| is_random(**row))
        .map(|((&row, &label), p)| {
            let (predicted, confidence) = classifier::most_likely(task, p);
            Validation {
                row,
                truth: Some(label),
                predicted,
                confidence,
            }
        })
        .collect();
    validation.extend(unreadable_validation(input, classifier, temperature)?);
    validation.retain(|v| aside.binary_search(&v.row).is_err());
    validation.sort_by_key(|v| v.row);
    Ok((temperature, validation))
}

/// Unreadable images of the random part: nothing was learnt from them, and an automatic label for
/// one would have been wrong.
fn unreadable_validation(
    input: &RoundInput<'_>,
    classifier: &Classifier,
    temperature: f64,
) -> Result<Vec<Validation>, WorkflowError> {
    let rows: Vec<u32> = (0_u32..)
        .zip(input.labels)
        .filter(|(_, label)| {
            label
                .as_ref()
                .is_some_and(|l| l.origin == LabelOrigin::Random && l.answer == Answer::Unreadable)
        })
        .map(|(row, _)| row)
        .collect();
    let said = classifier.predict_rows(input.features, &rows, &plain())?;
    let mut columns = classifier.columns(&said);
    let width = input.class_count();
    classifier::calibrate_columns(input.task, &mut columns, width, temperature);
    Ok(rows
        .iter()
        .zip(columns.chunks(width))
        .map(|(&row, p)| {
            let (predicted, confidence) = classifier::most_likely(input.task, p);
            Validation {
                row,
                truth: None,
                predicted,
                confidence,
            }
        })
        .collect())
}
