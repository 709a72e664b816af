//! Gaussian approximation around the most probable weights (MacKay 1992; Bishop 2006, sections 4.4 and
//! 4.5): its covariance is the inverse of the curvature `H`, its logarithm of the evidence
//!
//! ```text
//! Σ_i ln p_i,class(i) - λ/2 |W|² + P/2 ln λ - 1/2 ln det H      H = λ I + Σ_i (diag(p_i) - p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ
//! ```
//!
//! with `P` weights in all. Up to a stated number of weights `H` is taken whole, so that the classes
//! share what they do not know; beyond, one block a class stands for it.

use crate::HeadsError;
use crate::exact::single;
use crate::factor::cholesky;
use crate::matrix::{BLOCK_ROWS, Matrix, dot};
use crate::softmax_regression::{Labeled, logits, penalised_loss, softmax_rows, weighted_gram};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Lower Cholesky factors of `H`: one of all weights, or one a class.
pub(crate) struct Curvature {
    factors: Vec<Mat<f64>>,
}

/// Covariance of the weights.
#[derive(Debug, Clone)]
pub(crate) enum WeightCovariance {
    /// Of all weights, class after class.
    Full(Mat<f32>),
    /// Of the weights of each class; none between classes.
    PerClass(Vec<Mat<f32>>),
}

/// The curvature at `weights`, whole or by class.
pub(crate) fn curvature(
    labeled: &Labeled<'_>,
    weights: MatRef<'_, f64>,
    precision: f64,
    is_full: bool,
) -> Result<Curvature, HeadsError> {
    let (cols, classes) = (labeled.design.cols, labeled.class_count);
    let mut probabilities = logits(labeled.design, weights);
    softmax_rows(&mut probabilities, classes);
    let pairs: Vec<(usize, usize)> = (0..classes)
        .flat_map(|a| (0..=a).map(move |b| (a, b)))
        .filter(|(a, b)| is_full || a == b)
        .collect();
    let blocks: Vec<Mat<f64>> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let weights: Vec<f32> = probabilities
                .chunks_exact(classes)
                .map(|p| (p[a] * (if a == b { 1.0 } else { 0.0 } - p[b])) as f32)
                .collect();
            weighted_gram(labeled.design, &weights)
        })
        .collect();
    let factorised = |mut matrix: Mat<f64>| {
        for i in 0..matrix.nrows() {
            matrix[(i, i)] += precision;
        }
        cholesky(
            matrix.as_mut(),
            Par::rayon(0),
            "curvature of the linear head",
        )?;
        Ok(matrix)
    };
    let factors = if is_full {
        let mut whole = Mat::<f64>::zeros(cols * classes, cols * classes);
        for (&(a, b), block) in pairs.iter().zip(&blocks) {
            whole
                .as_mut()
                .submatrix_mut(a * cols, b * cols, cols, cols)
                .copy_from(block);
        }
        vec![factorised(whole)?]
    } else {
        blocks
            .into_iter()
            .map(factorised)
            .collect::<Result<_, _>>()?
    };
    Ok(Curvature { factors })
}

impl Curvature {
    /// Logarithm of the evidence at these weights, in nats.
    pub fn log_evidence(
        &self,
        labeled: &Labeled<'_>,
        weights: MatRef<'_, f64>,
        precision: f64,
    ) -> f64 {
        let (loss, _) = penalised_loss(labeled, weights, precision);
        let count = (weights.nrows() * weights.ncols()) as f64;
        let half_log_determinant: f64 = self
            .factors
            .iter()
            .flat_map(|factor| (0..factor.nrows()).map(|i| factor[(i, i)].ln()))
            .sum();
        -loss + 0.5 * count * precision.ln() - half_log_determinant
    }

    /// The inverse.
    pub fn covariance(&self) -> WeightCovariance {
        let mut inverses: Vec<Mat<f32>> = self.factors.iter().map(inverse).collect();
        // A single factor is that of all weights only where there are several classes to it; of one
        // class alone both forms are the same.
        if inverses.len() == 1
            && let Some(whole) = inverses.pop()
        {
            return WeightCovariance::Full(whole);
        }
        WeightCovariance::PerClass(inverses)
    }
}

/// `(L Lᵀ)⁻¹`.
fn inverse(factor: &Mat<f64>) -> Mat<f32> {
    let size = factor.nrows();
    let par = Par::rayon(0);
    let mut inverse = Mat::<f64>::zeros(size, size);
    invert_lower_triangular(inverse.as_mut(), factor.as_ref(), par);
    let mut product = Mat::<f64>::zeros(size, size);
    triangular_matmul(
        product.as_mut(),
        BlockStructure::Rectangular,
        Accum::Replace,
        inverse.transpose(),
        BlockStructure::TriangularUpper,
        inverse.as_ref(),
        BlockStructure::TriangularLower,
        1.0,
        par,
    );
    single(&product)
}

impl WeightCovariance {
    /// Covariances of the `C` logits of each row of a design: `n x C x C`.
    pub fn of_logits(&self, design: &Matrix, classes: usize) -> Vec<f32> {
        let cols = design.cols;
        let mut covariances = vec![0.0f32; design.rows * classes * classes];
        covariances
            .par_chunks_mut(BLOCK_ROWS * classes * classes)
            .zip(design.data.par_chunks(BLOCK_ROWS * cols))
            .for_each(|(out, rows)| {
                let mut product = vec![0.0f32; rows.len()];
                for a in 0..classes {
                    for b in 0..=a {
                        let Some(block) = self.block(a, b, cols) else {
                            continue;
                        };
                        let count = rows.len() / cols;
                        matmul(
                            MatMut::from_row_major_slice_mut(&mut product, count, cols),
                            Accum::Replace,
                            MatRef::from_row_major_slice(rows, count, cols),
                            block,
                            1.0,
                            Par::Seq,
                        );
                        let pairs = product.chunks_exact(cols).zip(rows.chunks_exact(cols));
                        for (image, (product, row)) in pairs.enumerate() {
                            let value = dot(product, row);
                            let start = image * classes * classes;
                            out[start + a * classes + b] = value;
                            out[start + b * classes + a] = value;
                        }
                    }
                }
            });
        covariances
    }

    /// Covariance of the weights of two classes; `None` = none.
    fn block(&self, a: usize, b: usize, cols: usize) -> Option<MatRef<'_, f32>> {
        match self {
            Self::Full(whole) => Some(whole.as_ref().submatrix(a * cols, b * cols, cols, cols)),
            Self::PerClass(blocks) => (a == b).then(|| blocks[a].as_ref()),
        }
    }
}
