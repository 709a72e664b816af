//! Calibrated predictions for the images of a pool.

use super::{RoundInput, RoundModel, plain};
use crate::WorkflowError;
use crate::classifier::{self, Classifier};
use crate::screening::Looked;
use autolabel_annotation::{ImageTask, Label};
use autolabel_heads::FeatureRows;

/// Calibrated predictions for some images.
#[derive(Debug, Clone)]
pub struct PoolPredictions {
    /// What the columns mean.
    pub task: ImageTask,
    /// Images in rising order.
    pub rows: Vec<u32>,
    /// `rows × column_count` probabilities, row-major: of each class, or of each finding by itself.
    pub columns: Vec<f32>,
    /// Columns a row.
    pub column_count: usize,
    /// Whether the images that the round did not look at exactly have the probabilities of a cheap
    /// stand-in for the classifier: good for browsing, not for labels.
    pub screened: bool,
}

impl PoolPredictions {
    /// No image.
    #[must_use]
    pub fn nothing(task: ImageTask) -> Self {
        Self {
            task,
            rows: Vec::new(),
            columns: Vec::new(),
            column_count: 0,
            screened: false,
        }
    }

    /// The columns of the image at a position of `rows`.
    #[must_use]
    pub fn at(&self, position: usize) -> &[f32] {
        &self.columns[position * self.column_count..][..self.column_count]
    }

    /// The columns of an image, where it was predicted.
    #[must_use]
    pub fn of(&self, row: u32) -> Option<&[f32]> {
        self.rows
            .binary_search(&row)
            .ok()
            .map(|position| self.at(position))
    }

    /// The likeliest label and its probability of the image at a position of `rows`.
    #[must_use]
    pub fn first(&self, position: usize) -> (Label, f32) {
        classifier::most_likely(self.task, self.at(position))
    }

    /// The likeliest label and its probability of an image, where it was predicted.
    #[must_use]
    pub fn first_of(&self, row: u32) -> Option<(Label, f32)> {
        Some(classifier::most_likely(self.task, self.of(row)?))
    }

    /// How far the image at a position of `rows` is from another label; see [`classifier::lead`].
    #[must_use]
    pub fn lead(&self, position: usize) -> f32 {
        classifier::lead(self.task, self.at(position))
    }

    /// The same of an image, where it was predicted.
    #[must_use]
    pub fn lead_of(&self, row: u32) -> Option<f32> {
        Some(classifier::lead(self.task, self.of(row)?))
    }
}

/// The model with exact predictions for all of its pool. In a large project a round has them for some
/// images only; what is labeled by the program rests on these.
///
/// # Errors
/// Features of another network than the model's.
pub fn predicted_exactly(
    mut model: RoundModel,
    features: FeatureRows<'_>,
) -> Result<RoundModel, WorkflowError> {
    if model.pool.screened {
        let rows = &model.pool.rows;
        let said = model.classifier.predict_rows(features, rows, &plain())?;
        model.pool.columns = model.classifier.columns(&said);
        calibrated(&mut model.pool, model.temperature);
        let kind = model.unreadable.as_ref();
        model.set_aside = super::set_aside::set_aside(kind, features, &model.pool.rows)?;
        model.pool.screened = false;
    }
    Ok(model)
}

/// Calibrated predictions for the candidates, which are at hand, and for the images with an answer.
pub(super) fn predict_pool(
    input: &RoundInput<'_>,
    classifier: &Classifier,
    temperature: f64,
    candidates: &[u32],
    looked: &Looked,
) -> Result<PoolPredictions, WorkflowError> {
    let width = input.class_count();
    let answered: Vec<u32> = (0_u32..)
        .zip(input.labels.iter().zip(input.excluded))
        .filter(|(_, (label, excluded))| label.is_some() && !**excluded)
        .map(|(row, _)| row)
        .collect();
    let known = classifier.predict_rows(input.features, &answered, &plain())?;
    let known = classifier.columns(&known);
    let mut pool = PoolPredictions {
        task: input.task,
        rows: Vec::with_capacity(answered.len() + candidates.len()),
        columns: Vec::with_capacity((answered.len() + candidates.len()) * width),
        column_count: width,
        screened: looked.sample.is_some(),
    };
    let mut answered = answered.iter().zip(known.chunks(width)).peekable();
    let mut add = |row: u32, p: &[f32]| {
        pool.rows.push(row);
        pool.columns.extend_from_slice(p);
    };
    for (&row, p) in candidates.iter().zip(looked.columns.chunks(width)) {
        while let Some((&row, p)) = answered.next_if(|(earlier, _)| **earlier < row) {
            add(row, p);
        }
        add(row, p);
    }
    answered.for_each(|(&row, p)| add(row, p));
    calibrated(&mut pool, temperature);
    Ok(pool)
}

/// Applies the temperature of the calibration.
fn calibrated(pool: &mut PoolPredictions, temperature: f64) {
    let width = pool.column_count;
    classifier::calibrate_columns(pool.task, &mut pool.columns, width, temperature);
}
