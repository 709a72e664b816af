//! What a simulation measures after a round, with labels that the program does not see.

use super::grades::{self, MeasuredGrades};
use crate::WorkflowError;
use crate::classifier;
use crate::dataset::Dataset;
use crate::round::{Labeled, RoundModel};
use autolabel_annotation::{ImageTask, Label};
use autolabel_heads::{Matrix, PredictOptions};

/// Shares of right labels after one round, those of findings right where all of them are; `None` where there is no such image.
pub(super) struct Measured {
    /// Among the images of the pool without an expert label; 1 when none is left.
    pub(super) rest_accuracy: f64,
    /// How far off the same labels are, where labels are grades.
    pub(super) rest_grades: Option<MeasuredGrades>,
    /// The share found of each true class or finding.
    pub(super) sensitivity: Vec<Option<f64>>,
    /// The same for each value of each column, in the order of the columns.
    pub(super) by_value: Vec<Option<f64>>,
    /// Over the whole pool: expert labels where there are some, the model's elsewhere.
    pub(super) dataset_accuracy: f64,
    /// The same for each true class or finding, labeled images included.
    pub(super) dataset_sensitivity: Vec<Option<f64>>,
    /// On the test split.
    pub(super) test_accuracy: Option<f64>,
    /// How far off on the test split.
    pub(super) test_grades: Option<MeasuredGrades>,
    /// On the test split for each true class.
    pub(super) test_sensitivity: Vec<Option<f64>>,
}

pub(super) fn measure(
    dataset: &Dataset,
    features: &Matrix,
    labels: &[Option<Labeled>],
    model: &RoundModel,
) -> Result<Measured, WorkflowError> {
    let classes = dataset.class_names.len();
    let mut rest = Tally::default();
    let mut rest_pairs = Vec::new();
    let mut rest_classes = vec![Tally::default(); classes];
    let mut values = vec![Tally::default(); dataset.columns.iter().map(|c| c.values.len()).sum()];
    let mut pool = Tally::default();
    for (position, &row) in model.pool.rows.iter().enumerate() {
        let truth = dataset.truth[row as usize];
        if let Some(label) = &labels[row as usize] {
            pool.count(label.answer.label() == Some(truth));
            continue;
        }
        let predicted = model.pool.first(position).0;
        let right = predicted == truth;
        rest.count(right);
        rest_pairs.push((truth, predicted));
        pool.count(right);
        count_found(&mut rest_classes, truth, Some(predicted));
        let mut first = 0;
        for column in &dataset.columns {
            if let Some(value) = column.value_of[row as usize] {
                values[first + usize::from(value)].count(right);
            }
            first += column.values.len();
        }
    }
    let test = test_split(dataset, features, model)?;
    let grades = |pairs: &[(Label, Label)]| match dataset.task {
        ImageTask::Grades => grades::measured(pairs, classes),
        ImageTask::Classification | ImageTask::Findings => Ok(None),
    };
    Ok(Measured {
        rest_accuracy: rest.share().unwrap_or(1.0),
        rest_grades: grades(&rest_pairs)?,
        sensitivity: rest_classes.iter().map(Tally::share).collect(),
        by_value: values.iter().map(Tally::share).collect(),
        dataset_accuracy: pool.share().unwrap_or(1.0),
        dataset_sensitivity: found_in_pool(dataset, &|row| match &labels[row] {
            Some(label) => label.answer.label(),
            None => Some(model.pool.first_of(row as u32)?.0),
        }),
        test_accuracy: test.all.share(),
        test_grades: grades(&test.pairs)?,
        test_sensitivity: test.by_class.iter().map(Tally::share).collect(),
    })
}

/// Predictions of the test split.
struct TestSplit {
    all: Tally,
    by_class: Vec<Tally>,
    /// Truth and prediction.
    pairs: Vec<(Label, Label)>,
}

fn test_split(
    dataset: &Dataset,
    features: &Matrix,
    model: &RoundModel,
) -> Result<TestSplit, WorkflowError> {
    let classes = dataset.class_names.len();
    let mut test = TestSplit {
        all: Tally::default(),
        by_class: vec![Tally::default(); classes],
        pairs: Vec::new(),
    };
    let rows: Vec<u32> = (0_u32..)
        .zip(&dataset.is_test)
        .filter(|(_, test)| **test)
        .map(|(row, _)| row)
        .collect();
    if rows.is_empty() {
        return Ok(test);
    }
    let options = PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    };
    let said = model
        .classifier
        .predict_rows(features.into(), &rows, &options)?;
    let columns = model.classifier.columns(&said);
    for (row, p) in rows.iter().zip(columns.chunks(classes)) {
        let truth = dataset.truth[*row as usize];
        let predicted = classifier::most_likely(dataset.task, p).0;
        test.all.count(predicted == truth);
        test.pairs.push((truth, predicted));
        count_found(&mut test.by_class, truth, Some(predicted));
    }
    Ok(test)
}

/// Of all images of each class or finding in the pool the share that has the right label, where `label`
/// says the label of a row.
pub(super) fn found_in_pool(
    dataset: &Dataset,
    label: &dyn Fn(usize) -> Option<Label>,
) -> Vec<Option<f64>> {
    let mut by_class = vec![Tally::default(); dataset.class_names.len()];
    for (row, &truth) in dataset.truth.iter().enumerate() {
        if !dataset.is_test[row] {
            count_found(&mut by_class, truth, label(row));
        }
    }
    by_class.iter().map(Tally::share).collect()
}

/// Whether each class or finding that is there was found; an image without a label finds none.
fn count_found(by_class: &mut [Tally], truth: Label, label: Option<Label>) {
    for class in truth.named() {
        by_class[class.index()].count(label.is_some_and(|label| label.names(class)));
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    right: u32,
    all: u32,
}

impl Tally {
    fn count(&mut self, right: bool) {
        self.right += u32::from(right);
        self.all += 1;
    }

    fn share(&self) -> Option<f64> {
        (self.all > 0).then(|| f64::from(self.right) / f64::from(self.all))
    }
}
