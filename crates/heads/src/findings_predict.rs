//! What the head for several findings says about images, and about each label without it.

use crate::HeadsError;
use crate::carrier::Columns;
use crate::findings::{Finding, FindingPosterior, FindingsGp, STATES};
use crate::leave_one_out::{exact_inverse, leave_one_out, without_each};
use crate::matrix::{BLOCK_ROWS, Matrix};
use crate::predict::{PredictOptions, Predictions, classified, predict};
use crate::targets::ClassOrder;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, Par};
use rayon::prelude::*;

/// Share of the prior variance that rounding may leave where the data says zero.
const SMALLEST_SHARE: f32 = 1e-6;

/// What the head says about `n` images and `F` findings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindingPredictions {
    /// One prediction of two classes, absent and present, for each finding.
    pub findings: Vec<Predictions>,
}

impl FindingPredictions {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.first().map_or(0, Predictions::len)
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Probability that image `image` shows `finding`.
    ///
    /// # Panics
    /// Where there is no such image or finding.
    #[must_use]
    pub fn probability(&self, image: usize, finding: usize) -> f32 {
        self.findings[finding].row(image)[1]
    }

    /// Probabilities that the findings are present, `n x F`, row-major. They need not sum to 1.
    #[must_use]
    pub fn probabilities(&self) -> Vec<f32> {
        (0..self.len())
            .flat_map(|image| (0..self.findings.len()).map(move |f| self.probability(image, f)))
            .collect()
    }
}

/// Predicts the given rows of `features`, which come from the same transform as the labeled ones.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn predict_findings(
    head: &FindingsGp,
    features: &Matrix,
    rows: &[u32],
    options: &PredictOptions,
) -> Result<FindingPredictions, HeadsError> {
    head.carrier.check(features, rows)?;
    let width = head.findings.len() * STATES;
    // One row of all findings an image.
    let mut mean = vec![0.0f32; rows.len() * width];
    let mut variance = vec![0.0f32; rows.len() * width];
    mean.par_chunks_mut(BLOCK_ROWS * width)
        .zip(variance.par_chunks_mut(BLOCK_ROWS * width))
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(
            || (Columns::default(), Buffers::default()),
            |(columns, buffers), ((mean, variance), block)| {
                head.carrier.columns(features, block, columns);
                for (f, finding) in head.findings.iter().enumerate() {
                    finding.evaluate(columns, buffers);
                    for image in 0..block.len() {
                        for state in 0..STATES {
                            let to = image * width + f * STATES + state;
                            let from = image * STATES + state;
                            mean[to] = buffers.mean[from];
                            let floor = SMALLEST_SHARE * columns.prior[image];
                            variance[to] = (columns.prior[image] - buffers.forms[from]).max(floor);
                        }
                    }
                }
            },
        );
    let findings = head.findings.iter().enumerate().map(|(f, finding)| {
        if let FindingPosterior::Own(gp) = &finding.posterior {
            return predict(gp, features, rows, options);
        }
        let of = |values: &[f32]| -> Vec<f32> {
            let rows = values.chunks_exact(width);
            rows.flat_map(|row| row[f * STATES..(f + 1) * STATES].iter().copied())
                .collect()
        };
        Ok(classified(STATES, of(&mean), of(&variance), options))
    });
    let findings = findings.collect::<Result<_, HeadsError>>()?;
    Ok(FindingPredictions { findings })
}

/// What the head would say about each labeled image had it not seen the answer to a finding, in the
/// order of the labels; exact, as [`leave_one_out`]. Where a finding was not answered there is nothing
/// to leave out, and it is the ordinary prediction.
///
/// # Errors
/// None in practice: those of [`predict_findings`] for the labels themselves.
pub fn leave_one_out_findings(head: &FindingsGp) -> Result<FindingPredictions, HeadsError> {
    let all: Vec<u32> = (0..head.label_count() as u32).collect();
    let options = PredictOptions::default();
    let mut seen = predict_findings(head, &head.carrier.features, &all, &options)?;
    for (finding, predictions) in head.findings.iter().zip(&mut seen.findings) {
        let without = match &finding.posterior {
            FindingPosterior::Prior => continue,
            FindingPosterior::Own(gp) => leave_one_out(gp),
            FindingPosterior::Exact(exact) => {
                let (diagonal, solved) = exact_inverse(exact, finding.answered.len(), STATES);
                let floor = SMALLEST_SHARE as f64 * head.carrier.scale.variance;
                let order = (0..finding.answered.len()).collect::<Vec<usize>>();
                // Internal rows stay in their order: `answered` says which image each is.
                let order = ClassOrder {
                    order,
                    ..finding.order.clone()
                };
                let (mean, variance) =
                    without_each(&order, &finding.targets, floor, &diagonal, &solved);
                classified(STATES, mean, variance, &options)
            }
        };
        replace(predictions, &without, &finding.answered);
    }
    Ok(seen)
}

/// Puts the predictions `from` in place of those of the images `at`.
fn replace(to: &mut Predictions, from: &Predictions, at: &[usize]) {
    for (source, &target) in at.iter().enumerate() {
        let (source_row, target_row) = (source * STATES, target * STATES);
        for (to, from) in [
            (&mut to.mean, &from.mean),
            (&mut to.variance, &from.variance),
            (&mut to.probabilities, &from.probabilities),
        ] {
            to[target_row..target_row + STATES]
                .copy_from_slice(&from[source_row..source_row + STATES]);
        }
        if let (Some(to), Some(from)) = (&mut to.mutual_information, &from.mutual_information) {
            to[target] = from[source];
        }
    }
}

/// Buffers of one thread: results of one finding for one block, one row of states an image.
#[derive(Default)]
struct Buffers {
    mean: Vec<f32>,
    /// What the answers take off the prior variance.
    forms: Vec<f32>,
    own: Vec<f32>,
    spare: Vec<f32>,
}

impl Finding {
    /// Means and explained variances of a block of images.
    fn evaluate(&self, columns: &Columns, buffers: &mut Buffers) {
        let count = columns.prior.len();
        buffers.mean.resize(count * STATES, 0.0);
        for row in buffers.mean.chunks_exact_mut(STATES) {
            for (mean, prior) in row.iter_mut().zip(&self.targets.prior_mean) {
                *mean = *prior as f32;
            }
        }
        buffers.forms.clear();
        buffers.forms.resize(count * STATES, 0.0);
        let FindingPosterior::Exact(exact) = &self.posterior else {
            return;
        };
        let all = columns.values.len() / count.max(1);
        let size = self.answered.len();
        buffers.own.resize(size * count, 0.0);
        buffers.spare.resize(size * count, 0.0);
        let images = columns.values.chunks_exact(all.max(1));
        for (column, own) in images.zip(buffers.own.chunks_exact_mut(size)) {
            for (own, &position) in own.iter_mut().zip(&self.answered) {
                *own = column[position];
            }
        }
        let own = MatMut::from_column_major_slice_mut(&mut buffers.own, size, count);
        matmul(
            MatMut::from_column_major_slice_mut(&mut buffers.mean, STATES, count),
            Accum::Add,
            exact.weights.transpose(),
            own.as_ref(),
            1.0,
            Par::Seq,
        );
        let spare = MatMut::from_column_major_slice_mut(&mut buffers.spare, size, count);
        exact.quadratic_forms(own, spare, &mut buffers.forms);
    }
}
