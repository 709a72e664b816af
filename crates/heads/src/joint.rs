//! Samples of the class probabilities of several images at once, with all that the images have to do
//! with each other: two near-copies are sure or unsure together, which single variances cannot say.
//!
//! The latent functions of class `c` at the images `x` are jointly Gaussian with the covariance
//! (Rasmussen and Williams 2006, equation 2.24; here by the factors of `exact` and `sparse`)
//!
//! ```text
//! exact    K_xx - Vᵀ V - T_cᵀ T_c     V = G⁻¹ K_zx      T_c = G_c⁻¹ E_cᵀ B⁻¹ K_zx
//! sparse   K_xx - Φᵀ Φ + T_cᵀ T_c     Φ = L⁻¹ K_zx      T_c = G_c⁻¹ Φ,  G_c G_cᵀ = A_c
//! ```
//!
//! For `n` images, `C` classes and `L` labels or inducing points it takes about
//! `2 n L² + n² L + C n³ / 3` operations, so `n` is some hundreds, never the pool.

use crate::HeadsError;
use crate::exact::single;
use crate::exponential::exponentials;
use crate::factor::cholesky;
use crate::gp::{DirichletGp, Posterior};
use crate::kernel::{covariances, prior_variance};
use crate::matrix::{BLOCK_ROWS, Matrix, dot, inner_products};
use crate::predict::{check_rows, predict_means};
use crate::support::{Scratch, Support};
use faer::{Mat, MatMut, MatRef, Par};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::ops::Range;

/// Added to the diagonal of a covariance, relative to the prior variance: copies of one image make it
/// singular, and single precision leaves errors of this size. Ten times more where that fails.
const JITTER: f64 = 1e-6;
const LARGEST_JITTER: f64 = 1e-2;

/// Class probabilities of `n` images under the same `K` samples of the latent functions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointSamples {
    /// Classes of the label schema, `C`.
    pub class_count: usize,
    /// Samples, `K`.
    pub samples: usize,
    /// `n x K x C` probabilities, image after image; each run of `C` sums to 1.
    pub probabilities: Vec<f32>,
}

impl JointSamples {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.probabilities.len() / (self.samples * self.class_count).max(1)
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.probabilities.is_empty()
    }

    /// The `K x C` probabilities of image `index`.
    ///
    /// # Panics
    /// Where there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> &[f32] {
        let width = self.samples * self.class_count;
        &self.probabilities[index * width..(index + 1) * width]
    }

    /// The same numbers for these images with one row an image and class, one column a sample:
    /// `len C x K`, ready for products over samples.
    ///
    /// # Panics
    /// Where there is no such image.
    #[must_use]
    pub fn by_class(&self, images: &[usize]) -> Matrix {
        let mut table = Matrix::zeros(images.len() * self.class_count, self.samples);
        let width = self.samples * self.class_count;
        for (rows, &image) in table.data.chunks_exact_mut(width.max(1)).zip(images) {
            for (sample, p) in self.image(image).chunks(self.class_count).enumerate() {
                for (class, p) in p.iter().enumerate() {
                    rows[class * self.samples + sample] = *p;
                }
            }
        }
        table
    }
}

/// Draws `samples` joint samples of the class probabilities of these rows of `features`, which come
/// from the same transform as the labeled ones. The same generator gives the same samples for any
/// number of threads.
///
/// # Errors
/// Features of another width, rows out of range, a covariance that cannot be factorised.
pub fn joint_samples(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
    samples: usize,
    rng: &mut ChaCha8Rng,
) -> Result<JointSamples, HeadsError> {
    let means = predict_means(gp, features, rows)?;
    let posterior = JointPosterior::of(gp, features, rows)?;
    let (classes, count) = (gp.class_count(), rows.len());
    let mut probabilities = vec![0.0f32; count * samples * classes];
    for class in 0..classes {
        let factor = factor(&posterior.covariance(class)?, posterior.prior)?;
        let draws = Matrix {
            rows: samples,
            cols: count,
            data: (0..samples * count)
                .map(|_| StandardNormal.sample(rng))
                .collect(),
        };
        let deviations = inner_products(&factor, &draws)?;
        for (image, deviations) in deviations.data.chunks_exact(samples.max(1)).enumerate() {
            let mean = means[image * classes + class];
            for (sample, deviation) in deviations.iter().enumerate() {
                probabilities[(image * samples + sample) * classes + class] = mean + deviation;
            }
        }
    }
    probabilities
        .par_chunks_mut((BLOCK_ROWS * classes).max(1))
        .for_each(|block| softmax(block, classes));
    Ok(JointSamples {
        class_count: classes,
        samples,
        probabilities,
    })
}

/// Posterior covariances of a latent function at these rows of `features`, `n x n`, without label noise
/// and in squared log-odds units: what the labels leave open where each counts as evidence against a
/// class, `K_xx - Vᵀ V` above. For its own class a label says more (`T_c`), so this is the largest of
/// the classes' covariances and the same for all. About `2 n L² + n² (L + d)` operations, so `n` is at
/// most some thousands.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn posterior_covariance(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
) -> Result<Matrix, HeadsError> {
    check_rows(gp, features, rows)?;
    unexplained(gp, features, rows, &projected(gp, features, rows))
}

/// Posterior covariances of the latent functions at some images, without label noise.
struct JointPosterior<'a> {
    gp: &'a DirichletGp,
    /// `B⁻¹ K_zx` or `Φ`, one row an image.
    columns: Matrix,
    /// What all classes have in common, `n x n`.
    shared: Mat<f64>,
    /// Largest prior variance.
    prior: f64,
}

impl<'a> JointPosterior<'a> {
    fn of(gp: &'a DirichletGp, features: &Matrix, rows: &[u32]) -> Result<Self, HeadsError> {
        check_rows(gp, features, rows)?;
        let mut columns = projected(gp, features, rows);
        let shared = unexplained(gp, features, rows, &columns)?;
        let prior = largest_prior(gp, features, rows);
        let size = columns.cols;
        if let Posterior::Exact(exact) = &gp.posterior {
            each_block(&mut columns, |columns, images, _| {
                let columns = MatMut::from_column_major_slice_mut(columns, size, images.len());
                exact.other_half_solve(columns);
            });
        }
        let shared = Mat::from_fn(rows.len(), rows.len(), |i, j| f64::from(shared.row(j)[i]));
        Ok(Self {
            gp,
            columns,
            shared,
            prior,
        })
    }

    /// The covariance of one class, `n x n`.
    fn covariance(&self, class: usize) -> Result<Mat<f64>, HeadsError> {
        let (count, size) = (self.columns.rows, self.columns.cols);
        let mut covariance = self.shared.clone();
        match &self.gp.posterior {
            Posterior::Exact(exact) => {
                let solved = MatRef::from_column_major_slice(&self.columns.data, size, count);
                let part = row_major(exact.class_part(class, solved).transpose());
                add_scaled(&mut covariance, &inner_products(&part, &part)?, -1.0);
            }
            Posterior::Sparse(sparse) => {
                let mut part = self.columns.clone();
                each_block(&mut part, |columns, images, _| {
                    let columns = MatMut::from_column_major_slice_mut(columns, size, images.len());
                    sparse.class_part(class, columns);
                });
                add_scaled(&mut covariance, &inner_products(&part, &part)?, 1.0);
            }
        }
        Ok(covariance)
    }
}

/// Works on blocks of the rows of `columns` in parallel; the range says which rows they are.
fn each_block(columns: &mut Matrix, work: impl Fn(&mut [f32], Range<usize>, &mut Scratch) + Sync) {
    let size = columns.cols.max(1);
    columns
        .data
        .par_chunks_mut(BLOCK_ROWS * size)
        .enumerate()
        .for_each_init(Scratch::default, |scratch, (block, columns)| {
            let first = block * BLOCK_ROWS;
            let images = first..first + columns.len() / size;
            work(columns, images, scratch);
        });
}

/// `G⁻¹ K_zx` or `Φ`, one row an image.
fn projected(gp: &DirichletGp, features: &Matrix, rows: &[u32]) -> Matrix {
    let support = Support::of(gp);
    let size = support.size();
    // One row an image here is one column an image for the solves.
    let mut columns = Matrix::zeros(rows.len(), size);
    each_block(&mut columns, |columns, images, scratch| {
        let covariances = support.covariance_columns(features, &rows[images.clone()], scratch);
        columns.copy_from_slice(covariances);
        let columns = MatMut::from_column_major_slice_mut(columns, size, images.len());
        match &gp.posterior {
            Posterior::Exact(exact) => exact.half_solve(columns),
            Posterior::Sparse(sparse) => sparse.project(columns),
        }
    });
    columns
}

/// `K_xx` less the products of these columns, `n x n`.
fn unexplained(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
    columns: &Matrix,
) -> Result<Matrix, HeadsError> {
    let chosen = features.select(rows);
    let mut covariance = inner_products(&chosen, &chosen)?;
    let norms = covariance.diagonal();
    let explained = inner_products(columns, columns)?;
    let width = norms.len().max(1);
    covariance
        .data
        .par_chunks_exact_mut(width)
        .zip(explained.data.par_chunks_exact(width))
        .enumerate()
        .for_each(|(image, (row, explained))| {
            let norm = norms[image];
            covariances(gp.kernel, &gp.scale, norm, &norms, row);
            row[image] = prior_variance(gp.kernel, &gp.scale, f64::from(norm)) as f32;
            for (value, explained) in row.iter_mut().zip(explained) {
                *value -= explained;
            }
        });
    Ok(covariance)
}

fn largest_prior(gp: &DirichletGp, features: &Matrix, rows: &[u32]) -> f64 {
    rows.iter()
        .map(|&row| {
            let row = features.row(row as usize);
            prior_variance(gp.kernel, &gp.scale, f64::from(dot(row, row)))
        })
        .fold(0.0, f64::max)
}

fn add_scaled(sum: &mut Mat<f64>, matrix: &Matrix, scale: f64) {
    for column in 0..sum.ncols() {
        for (row, value) in matrix.row(column).iter().enumerate() {
            sum[(row, column)] += scale * f64::from(*value);
        }
    }
}

fn row_major(matrix: MatRef<'_, f32>) -> Matrix {
    let (rows, cols) = (matrix.nrows(), matrix.ncols());
    let data = (0..rows)
        .flat_map(|row| (0..cols).map(move |column| (row, column)))
        .map(|at| matrix[at])
        .collect();
    Matrix { rows, cols, data }
}

/// Lower Cholesky factor with as little added to the diagonal as it takes, in shares of `prior`.
fn factor(covariance: &Mat<f64>, prior: f64) -> Result<Matrix, HeadsError> {
    let mut jitter = JITTER;
    loop {
        let mut lower = covariance.clone();
        for i in 0..lower.nrows() {
            lower[(i, i)] += jitter * prior;
        }
        match cholesky(lower.as_mut(), Par::rayon(0), "covariance of the images") {
            Ok(()) => return Ok(row_major(single(&lower).as_ref())),
            Err(error) if jitter >= LARGEST_JITTER => return Err(error),
            Err(_) => jitter *= 10.0,
        }
    }
}

/// Turns each run of `classes` latent values into probabilities.
fn softmax(values: &mut [f32], classes: usize) {
    for run in values.chunks_exact_mut(classes.max(1)) {
        let largest = run.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for value in run.iter_mut() {
            *value -= largest;
        }
    }
    exponentials(values);
    for run in values.chunks_exact_mut(classes.max(1)) {
        let scale = 1.0 / run.iter().sum::<f32>();
        for value in run.iter_mut() {
            *value *= scale;
        }
    }
}
