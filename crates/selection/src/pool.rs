//! What an acquisition function may look at.

use autolabel_heads::{DirichletGp, Matrix, Predictions};

/// The pool as an acquisition function sees it. Rows are image ids.
#[derive(Debug, Clone, Copy)]
pub struct PoolView<'a> {
    /// Reduced features, one unit row an image (squared distances in [0, 4]).
    pub features: &'a Matrix,
    /// Images that may be asked for, in rising order.
    pub candidates: &'a [u32],
    /// Images with an expert's label.
    pub labeled: &'a [u32],
    /// The model's view of the candidates, in their order; `None` before the first model.
    pub predictions: Option<&'a Predictions>,
    /// The model itself, fitted to these features, for rules that ask it more; see
    /// [`Needs`](crate::Needs).
    pub model: Option<&'a DirichletGp>,
    /// Group (patient, slide, video) of every image.
    pub groups: Option<&'a [u32]>,
    /// For every image the earlier image that it copies.
    pub duplicate_of: Option<&'a [Option<u32>]>,
}

impl<'a> PoolView<'a> {
    /// A pool before any label.
    #[must_use]
    pub fn cold(features: &'a Matrix, candidates: &'a [u32]) -> Self {
        Self {
            features,
            candidates,
            labeled: &[],
            predictions: None,
            model: None,
            groups: None,
            duplicate_of: None,
        }
    }

    /// The images at these positions of `candidates`.
    pub(crate) fn images_at(&self, positions: &[usize]) -> Vec<u32> {
        positions.iter().map(|&p| self.candidates[p]).collect()
    }

    /// Class probabilities of the candidate at a position of `candidates`.
    pub(crate) fn probabilities(&self, position: usize) -> Option<&'a [f32]> {
        let predictions = self.predictions?;
        let width = predictions.class_count;
        predictions
            .probabilities
            .get(position * width..(position + 1) * width)
    }

    /// Variances of the class probabilities of the candidate at a position of `candidates`.
    pub(crate) fn spread(&self, position: usize) -> Option<&'a [f32]> {
        let predictions = self.predictions?;
        let width = predictions.class_count;
        predictions
            .spread
            .as_deref()?
            .get(position * width..(position + 1) * width)
    }

    /// Features of an image.
    ///
    /// # Panics
    /// Where there is no such image.
    #[must_use]
    pub fn row(&self, row: u32) -> &'a [f32] {
        let start = row as usize * self.features.cols;
        &self.features.data[start..start + self.features.cols]
    }
}
