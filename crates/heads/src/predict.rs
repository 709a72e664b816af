//! Predictions for a whole pool, block by block.

use crate::HeadsError;
use crate::gp::DirichletGp;
use crate::half_matrix::FeatureRows;
use crate::matrix::{BLOCK_ROWS, Matrix};
use crate::posterior_samples::{
    NormalPoints, SoftmaxScratch, expected_probabilities, expected_softmax, normal_points,
    probability_variances,
};
use crate::support::{Scratch, Support};
use rayon::prelude::*;

/// Share of the prior variance that rounding may leave where the data says zero.
pub(crate) const SMALLEST_SHARE: f32 = 1e-6;

/// Rows of half precision that are converted and predicted at a time.
const ROWS_AT_A_TIME: usize = 16_384;

/// Settings of prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictOptions {
    /// Posterior samples that probabilities and mutual information are averaged over. The same
    /// quasi-random samples serve every image and every call.
    pub samples: usize,
    /// Whether the mutual information is returned.
    pub mutual_information: bool,
    /// Whether the variances of the class probabilities are returned.
    pub spread: bool,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self {
            samples: 64,
            mutual_information: true,
            spread: false,
        }
    }
}

/// What the classifier says about `n` images, in the order they were asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// Classes of the label schema, `C`.
    pub class_count: usize,
    /// Posterior mean of each latent function, `n x C`, in log-odds units.
    pub mean: Vec<f32>,
    /// Posterior variance of each latent function, `n x C`, > 0, without the label noise.
    pub variance: Vec<f32>,
    /// Expected class probabilities, `n x C`; each row sums to 1.
    pub probabilities: Vec<f32>,
    /// Mutual information between class and latent functions in nats (BALD), `n`.
    pub mutual_information: Option<Vec<f32>>,
    /// Variance of each class probability over posterior samples, `n x C`, 0 to 1/4.
    pub spread: Option<Vec<f32>>,
}

impl Predictions {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.probabilities.len() / self.class_count.max(1)
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.probabilities.is_empty()
    }

    /// Class probabilities of image `index`.
    ///
    /// # Panics
    /// Where there is no such image.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        &self.probabilities[index * self.class_count..(index + 1) * self.class_count]
    }

    /// Adds the predictions for more images behind these. Mutual information and spread stay only where
    /// both have them.
    ///
    /// # Panics
    /// Where the two are of different numbers of classes.
    pub fn append(&mut self, more: Self) {
        if self.is_empty() {
            *self = more;
            return;
        }
        assert_eq!(self.class_count, more.class_count, "classes differ");
        self.mean.extend(more.mean);
        self.variance.extend(more.variance);
        self.probabilities.extend(more.probabilities);
        self.mutual_information = self
            .mutual_information
            .take()
            .zip(more.mutual_information)
            .map(|(first, second)| [first, second].concat());
        self.spread = self
            .spread
            .take()
            .zip(more.spread)
            .map(|(first, second)| [first, second].concat());
    }

    /// The predictions for these images, in this order.
    ///
    /// # Panics
    /// Where there is no such image.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let classes = self.class_count;
        let rows = |values: &[f32]| -> Vec<f32> {
            indices
                .iter()
                .flat_map(|&i| &values[i * classes..(i + 1) * classes])
                .copied()
                .collect()
        };
        Self {
            class_count: classes,
            mean: rows(&self.mean),
            variance: rows(&self.variance),
            probabilities: rows(&self.probabilities),
            mutual_information: self
                .mutual_information
                .as_ref()
                .map(|values| indices.iter().map(|&i| values[i]).collect()),
            spread: self.spread.as_deref().map(rows),
        }
    }
}

/// Predicts the given rows of `features`, which come from the same transform as the labeled ones.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn predict(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
    options: &PredictOptions,
) -> Result<Predictions, HeadsError> {
    check_rows(gp, features, rows)?;
    let classes = gp.class_count();
    let mut mean = vec![0.0f32; rows.len() * classes];
    let mut variance = vec![0.0f32; rows.len() * classes];
    let support = Support::of(gp);
    mean.par_chunks_mut(BLOCK_ROWS * classes)
        .zip(variance.par_chunks_mut(BLOCK_ROWS * classes))
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(Scratch::default, |scratch, ((mean, variance), block)| {
            support.evaluate(features, block, scratch);
            mean.copy_from_slice(&scratch.mean);
            for (i, (variance, explained)) in variance.iter_mut().zip(&scratch.learned).enumerate()
            {
                let image = i / classes;
                let floor = SMALLEST_SHARE * scratch.prior[image];
                *variance = (scratch.unexplained[image] + explained).max(floor);
            }
        });
    Ok(classified(classes, mean, variance, options))
}

/// As [`predict`], from features of either precision; a large pool goes through in bounded memory.
///
/// # Errors
/// As [`predict`].
pub fn predict_rows(
    gp: &DirichletGp,
    features: FeatureRows<'_>,
    rows: &[u32],
    options: &PredictOptions,
) -> Result<Predictions, HeadsError> {
    let half = match features {
        FeatureRows::Single(matrix) => return predict(gp, matrix, rows, options),
        FeatureRows::Half(half) => half,
    };
    if let Some(&row) = rows.iter().find(|&&row| row as usize >= half.rows) {
        let rows = half.rows;
        return Err(HeadsError::RowOutOfRange { row, rows });
    }
    let mut all = predict(gp, &features.select(&[]), &[], options)?;
    for part in rows.chunks(ROWS_AT_A_TIME) {
        let numbers: Vec<u32> = (0..part.len() as u32).collect();
        all.append(predict(gp, &features.select(part), &numbers, options)?);
    }
    Ok(all)
}

/// Posterior means of the latent functions, `n x C`, in log-odds units: what [`predict`] gives as
/// `mean`, without the triangular solves that variances cost. About `n L (d + C)` operations for `L`
/// labels or inducing points with `d` features.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn predict_means(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
) -> Result<Vec<f32>, HeadsError> {
    check_rows(gp, features, rows)?;
    let classes = gp.class_count();
    let mut mean = vec![0.0f32; rows.len() * classes];
    let support = Support::of(gp);
    let weights = support.weights();
    mean.par_chunks_mut(BLOCK_ROWS * classes)
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(Scratch::default, |scratch, (mean, block)| {
            support.means(features, block, weights.as_ref(), mean, scratch);
        });
    Ok(mean)
}

/// Refuses features that the classifier was not fitted to.
pub(crate) fn check_rows(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
) -> Result<(), HeadsError> {
    check_shape(gp, features.rows, features.cols, rows)
}

/// The same for features of so many rows and columns.
pub(crate) fn check_shape(
    gp: &DirichletGp,
    count: usize,
    cols: usize,
    rows: &[u32],
) -> Result<(), HeadsError> {
    if cols != gp.features.cols {
        return Err(HeadsError::Shape {
            what: "columns of the features",
            expected: gp.features.cols,
            found: cols,
        });
    }
    if let Some(&row) = rows.iter().find(|&&row| row as usize >= count) {
        return Err(HeadsError::RowOutOfRange { row, rows: count });
    }
    Ok(())
}

/// Adds probabilities, mutual information and spread to means and variances.
pub(crate) fn classified(
    classes: usize,
    mean: Vec<f32>,
    variance: Vec<f32>,
    options: &PredictOptions,
) -> Predictions {
    let points: NormalPoints = normal_points(options.samples, classes);
    let mut probabilities = vec![0.0f32; mean.len()];
    let images = probabilities
        .par_chunks_mut(classes)
        .zip(mean.par_chunks(classes))
        .zip(variance.par_chunks(classes));
    let scratch = || SoftmaxScratch::of(&points);
    let information = if options.mutual_information {
        let information = images.map_init(scratch, |scratch, ((probabilities, mean), variance)| {
            expected_softmax(mean, variance, &points, probabilities, scratch)
        });
        Some(information.collect())
    } else {
        images.for_each_init(scratch, |scratch, ((probabilities, mean), variance)| {
            expected_probabilities(mean, variance, &points, probabilities, scratch);
        });
        None
    };
    let spread = options
        .spread
        .then(|| spreads(&points, &mean, &variance, &probabilities));
    Predictions {
        class_count: classes,
        mean,
        variance,
        probabilities,
        mutual_information: information,
        spread,
    }
}

/// Variances of the class probabilities. The samples are computed a second time: few rules need them,
/// and keeping them all would take `64 n C` numbers.
fn spreads(
    points: &NormalPoints,
    mean: &[f32],
    variance: &[f32],
    probabilities: &[f32],
) -> Vec<f32> {
    let classes = points.classes;
    let mut spread = vec![0.0f32; mean.len()];
    spread
        .par_chunks_mut(classes)
        .zip(mean.par_chunks(classes))
        .zip(variance.par_chunks(classes))
        .zip(probabilities.par_chunks(classes))
        .for_each_init(
            || SoftmaxScratch::of(points),
            |scratch, (((spread, mean), variance), p)| {
                probability_variances(mean, variance, points, p, spread, scratch);
            },
        );
    spread
}
