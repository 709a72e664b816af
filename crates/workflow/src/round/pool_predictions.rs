//! Calibrated predictions for the images of a pool.

use super::{RoundInput, RoundModel, plain};
use crate::WorkflowError;
use crate::screening::Looked;
use autolabel_annotation::ClassId;
use autolabel_heads::{DirichletGp, FeatureRows};
use rayon::prelude::*;

/// Calibrated predictions for some images.
#[derive(Debug, Clone, Default)]
pub struct PoolPredictions {
    /// Images in rising order.
    pub rows: Vec<u32>,
    /// `rows × class_count` probabilities, row-major.
    pub probabilities: Vec<f32>,
    /// Classes a row.
    pub class_count: usize,
    /// Whether the images that the round did not look at exactly have the probabilities of a cheap
    /// stand-in for the classifier: good for browsing, not for labels.
    pub screened: bool,
}

impl PoolPredictions {
    /// The class probabilities of the image at a position of `rows`.
    #[must_use]
    pub fn at(&self, position: usize) -> &[f32] {
        &self.probabilities[position * self.class_count..][..self.class_count]
    }

    /// The class probabilities of an image, where it was predicted.
    #[must_use]
    pub fn of(&self, row: u32) -> Option<&[f32]> {
        self.rows
            .binary_search(&row)
            .ok()
            .map(|position| self.at(position))
    }

    /// First class and its probability of the image at a position of `rows`.
    #[must_use]
    pub fn first(&self, position: usize) -> (ClassId, f32) {
        first_class(self.at(position))
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
        let predictions = autolabel_heads::predict_rows(&model.gp, features, rows, &plain())?;
        model.pool.probabilities = predictions.probabilities;
        calibrated(&mut model.pool, model.temperature);
        model.pool.screened = false;
    }
    Ok(model)
}

/// The first class and its probability; the earlier class wins a tie.
#[must_use]
pub fn first_class(probabilities: &[f32]) -> (ClassId, f32) {
    let mut best = (0_u16, f32::NEG_INFINITY);
    for (class, &p) in (0_u16..).zip(probabilities) {
        if p > best.1 {
            best = (class, p);
        }
    }
    (ClassId(best.0), best.1)
}

/// Calibrated predictions for the candidates, which are at hand, and for the images with an answer.
pub(super) fn predict_pool(
    input: &RoundInput<'_>,
    gp: &DirichletGp,
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
    let known = autolabel_heads::predict_rows(gp, input.features, &answered, &plain())?;
    let mut pool = PoolPredictions {
        rows: Vec::with_capacity(answered.len() + candidates.len()),
        probabilities: Vec::with_capacity((answered.len() + candidates.len()) * width),
        class_count: width,
        screened: looked.sample.is_some(),
    };
    let mut answered = answered
        .iter()
        .zip(known.probabilities.chunks(width))
        .peekable();
    let mut add = |row: u32, p: &[f32]| {
        pool.rows.push(row);
        pool.probabilities.extend_from_slice(p);
    };
    for (&row, p) in candidates.iter().zip(looked.probabilities.chunks(width)) {
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
    const ROWS_A_TASK: usize = 4_096;
    let width = pool.class_count;
    pool.probabilities
        .par_chunks_mut(ROWS_A_TASK * width)
        .for_each(|part| autolabel_heads::apply_temperature(part, width, temperature));
}
