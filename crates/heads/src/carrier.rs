//! Covariances between the labeled images that carry a posterior and the images of a pool, for heads
//! that share them between several posteriors.

use crate::HeadsError;
use crate::kernel::{Kernel, KernelScale, covariances, prior_variance};
use crate::matrix::{Matrix, dot, dot_block};

/// Labeled images with their kernel.
#[derive(Debug, Clone)]
pub(crate) struct Carrier {
    pub features: Matrix,
    norms: Vec<f32>,
    pub kernel: Kernel,
    pub scale: KernelScale,
}

/// Buffers of one thread.
#[derive(Default)]
pub(crate) struct Columns {
    /// Covariances of each image with all labeled ones, one image after the other.
    pub values: Vec<f32>,
    /// Prior variance of each image.
    pub prior: Vec<f32>,
    gathered: Vec<f32>,
}

impl Carrier {
    pub fn new(features: Matrix, kernel: Kernel, scale: KernelScale) -> Self {
        Self {
            norms: features.squared_norms(),
            features,
            kernel,
            scale,
        }
    }

    /// Refuses features that the labeled ones do not belong to.
    pub fn check(&self, features: &Matrix, rows: &[u32]) -> Result<(), HeadsError> {
        if features.cols != self.features.cols {
            return Err(HeadsError::Shape {
                what: "columns of the features",
                expected: self.features.cols,
                found: features.cols,
            });
        }
        match rows.iter().find(|&&row| row as usize >= features.rows) {
            Some(&row) => Err(HeadsError::RowOutOfRange {
                row,
                rows: features.rows,
            }),
            None => Ok(()),
        }
    }

    /// Fills the buffers for these rows of `features`. Sequential.
    pub fn columns(&self, features: &Matrix, rows: &[u32], columns: &mut Columns) {
        let size = self.features.rows;
        columns.gathered.resize(rows.len() * features.cols, 0.0);
        columns.values.resize(size * rows.len(), 0.0);
        features.gather(rows, &mut columns.gathered);
        dot_block(
            &columns.gathered,
            &self.features.data,
            features.cols,
            &mut columns.values,
        );
        columns.prior.clear();
        let images = rows
            .iter()
            .zip(columns.values.chunks_exact_mut(size.max(1)));
        for (&row, column) in images {
            let row = features.row(row as usize);
            let norm = dot(row, row);
            covariances(self.kernel, &self.scale, norm, &self.norms, column);
            let prior = prior_variance(self.kernel, &self.scale, f64::from(norm));
            columns.prior.push(prior as f32);
        }
    }
}
