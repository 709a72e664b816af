//! What an acquisition function may look at.

use autolabel_heads::{DirichletGp, Matrix, Predictions};

/// What one head of the model says about the candidates.
#[derive(Debug, Clone, Copy)]
pub struct HeadView<'a> {
    /// Its predictions, in the order of the candidates.
    pub predictions: &'a Predictions,
    /// The head itself, fitted to the features of the pool, for rules that ask it more; see
    /// [`Needs`](crate::Needs).
    pub model: Option<&'a DirichletGp>,
}

/// The pool as an acquisition function sees it. Rows are image ids.
#[derive(Debug, Clone, Copy)]
pub struct PoolView<'a> {
    /// Reduced features, one unit row an image (squared distances in [0, 4]).
    pub features: &'a Matrix,
    /// Images that may be asked for, in rising order.
    pub candidates: &'a [u32],
    /// Images with an expert's label.
    pub labeled: &'a [u32],
    /// The heads of the model: one over all classes, or one of two classes for each finding; none
    /// before the first model.
    pub heads: &'a [HeadView<'a>],
    /// Group (patient, slide, video) of every image.
    pub groups: Option<&'a [u32]>,
    /// For every image the earlier image that it copies.
    pub duplicate_of: Option<&'a [Option<u32>]>,
    /// Images that are not chosen as long as there are others, in rising order: of a kind that people
    /// could not read. The random part draws from them as from all.
    pub set_aside: &'a [u32],
    /// What a label of each candidate costs, above 0, in their order; `None` = all the same. Only herding
    /// looks at it: it then chooses by what an image brings for its cost.
    pub costs: Option<&'a [f32]>,
}

impl<'a> PoolView<'a> {
    /// A pool before any label.
    #[must_use]
    pub fn cold(features: &'a Matrix, candidates: &'a [u32]) -> Self {
        Self {
            features,
            candidates,
            labeled: &[],
            heads: &[],
            groups: None,
            duplicate_of: None,
            set_aside: &[],
            costs: None,
        }
    }

    /// The images at these positions of `candidates`.
    pub(crate) fn images_at(&self, positions: &[usize]) -> Vec<u32> {
        positions.iter().map(|&p| self.candidates[p]).collect()
    }

    /// The head over all classes; `None` before the first model, and where each finding has one.
    pub(crate) fn only_head(&self) -> Option<&'a HeadView<'a>> {
        match self.heads {
            [head] => Some(head),
            _ => None,
        }
    }

    /// The head itself, where it is the only one.
    pub(crate) fn only_model(&self) -> Option<&'a DirichletGp> {
        self.only_head()?.model
    }

    /// How many kinds of images the label schema tells apart at the least; `None` before the first model.
    pub(crate) fn kinds(&self) -> Option<usize> {
        match self.heads {
            [] => None,
            [head] => Some(head.predictions.class_count),
            findings => Some(findings.len() + 1),
        }
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

impl<'a> HeadView<'a> {
    /// Class probabilities of the candidate at a position.
    pub(crate) fn probabilities(&self, position: usize) -> &'a [f32] {
        self.predictions.row(position)
    }

    /// Variances of the class probabilities of the candidate at a position.
    pub(crate) fn spread(&self, position: usize) -> Option<&'a [f32]> {
        let width = self.predictions.class_count;
        self.predictions
            .spread
            .as_deref()?
            .get(position * width..(position + 1) * width)
    }
}
