//! The posterior of one block of images, from the images that carry it: all labeled ones, or the
//! inducing points that stand for them.

use crate::gp::{DirichletGp, Posterior};
use crate::kernel::{covariances, prior_variance};
use crate::matrix::{Matrix, dot, dot_block};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// The images that carry the posterior.
pub(crate) struct Support<'a> {
    gp: &'a DirichletGp,
    features: &'a Matrix,
    norms: Vec<f32>,
    prior_mean: Vec<f32>,
}

/// Results and buffers of one thread. The variance of class `c` of image `i` is
/// `unexplained[i] + learned[i * C + c]`.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Posterior means, one row of classes an image.
    pub mean: Vec<f32>,
    /// Prior variance of each image.
    pub prior: Vec<f32>,
    /// Prior variance that the support leaves unexplained: all of it in the exact posterior.
    pub unexplained: Vec<f32>,
    /// What the labels add to that: negative in the exact posterior.
    pub learned: Vec<f32>,
    gathered: Vec<f32>,
    /// After [`Support::evaluate`] of the exact posterior, `B⁻¹ k` of each image (see `factor`).
    pub columns: Vec<f32>,
    spare: Vec<f32>,
}

impl<'a> Support<'a> {
    /// The support of a fitted classifier.
    pub fn of(gp: &'a DirichletGp) -> Self {
        let features = match &gp.posterior {
            Posterior::Exact(_) => &gp.features,
            Posterior::Sparse(sparse) => &sparse.inducing,
        };
        Self {
            gp,
            features,
            norms: features.squared_norms(),
            prior_mean: gp.targets.prior_mean.iter().map(|&m| m as f32).collect(),
        }
    }

    /// Means and variances of these rows of `features`, left in `scratch`. Sequential.
    pub fn evaluate(&self, features: &Matrix, rows: &[u32], scratch: &mut Scratch) {
        let (size, count) = (self.features.rows, rows.len());
        let classes = self.prior_mean.len();
        self.covariances(features, rows, scratch);
        scratch.spare.resize(size * count, 0.0);
        scratch.learned.resize(count * classes, 0.0);
        scratch.mean.resize(count * classes, 0.0);
        for row in scratch.mean.chunks_exact_mut(classes) {
            row.copy_from_slice(&self.prior_mean);
        }
        let mut columns = MatMut::from_column_major_slice_mut(&mut scratch.columns, size, count);
        let spare = MatMut::from_column_major_slice_mut(&mut scratch.spare, size, count);
        let weights = match &self.gp.posterior {
            Posterior::Exact(exact) => &exact.weights,
            Posterior::Sparse(sparse) => {
                sparse.project(columns.as_mut());
                for (unexplained, column) in scratch.unexplained.iter_mut().zip(0..count) {
                    let explained = columns.as_ref().col(column).squared_norm_l2();
                    *unexplained = (*unexplained - explained).max(0.0);
                }
                &sparse.weights
            }
        };
        matmul(
            MatMut::from_column_major_slice_mut(&mut scratch.mean, classes, count),
            Accum::Add,
            weights.transpose(),
            columns.as_ref(),
            1.0,
            Par::Seq,
        );
        match &self.gp.posterior {
            Posterior::Exact(exact) => {
                exact.quadratic_forms(columns, spare, &mut scratch.learned);
                for value in &mut scratch.learned {
                    *value = -*value;
                }
            }
            Posterior::Sparse(sparse) => {
                sparse.quadratic_forms(columns.as_ref(), spare, &mut scratch.learned);
            }
        }
    }

    /// What turns covariances with the support straight into means, one column a class.
    pub fn weights(&self) -> Mat<f32> {
        match &self.gp.posterior {
            Posterior::Exact(exact) => exact.weights.clone(),
            Posterior::Sparse(sparse) => sparse.direct_weights(),
        }
    }

    /// Means alone of these rows of `features`, one row of classes an image, by
    /// [`Support::weights`]. Sequential.
    pub fn means(
        &self,
        features: &Matrix,
        rows: &[u32],
        weights: MatRef<'_, f32>,
        mean: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (size, count) = (self.features.rows, rows.len());
        let classes = self.prior_mean.len();
        self.covariances(features, rows, scratch);
        for row in mean.chunks_exact_mut(classes) {
            row.copy_from_slice(&self.prior_mean);
        }
        matmul(
            MatMut::from_column_major_slice_mut(mean, classes, count),
            Accum::Add,
            weights.transpose(),
            MatRef::from_column_major_slice(&scratch.columns, size, count),
            1.0,
            Par::Seq,
        );
    }

    /// The features of the images that carry the posterior.
    pub fn carriers(&self) -> &'a Matrix {
        self.features
    }

    /// Prior mean of each class.
    pub fn prior_mean(&self) -> &[f32] {
        &self.prior_mean
    }

    /// Images that carry the posterior.
    pub fn size(&self) -> usize {
        self.features.rows
    }

    /// The covariances between the support and each row, one column a row, left in
    /// `scratch.columns`. Sequential.
    pub fn covariance_columns<'s>(
        &self,
        features: &Matrix,
        rows: &[u32],
        scratch: &'s mut Scratch,
    ) -> &'s [f32] {
        self.covariances(features, rows, scratch);
        &scratch.columns
    }

    /// Fills the columns with the covariances between the support and each row, and the prior
    /// variance of each row.
    fn covariances(&self, features: &Matrix, rows: &[u32], scratch: &mut Scratch) {
        let (kernel, scale) = (self.gp.kernel, &self.gp.scale);
        let size = self.features.rows;
        scratch.gathered.resize(rows.len() * features.cols, 0.0);
        scratch.columns.resize(size * rows.len(), 0.0);
        features.gather(rows, &mut scratch.gathered);
        dot_block(
            &scratch.gathered,
            &self.features.data,
            features.cols,
            &mut scratch.columns,
        );
        scratch.prior.clear();
        for (&row, column) in rows.iter().zip(scratch.columns.chunks_exact_mut(size)) {
            let row = features.row(row as usize);
            let norm = dot(row, row);
            covariances(kernel, scale, norm, &self.norms, column);
            scratch
                .prior
                .push(prior_variance(kernel, scale, f64::from(norm)) as f32);
        }
        scratch.unexplained.clone_from(&scratch.prior);
    }
}
