//! Multinomial logistic regression with a Gaussian prior: its most probable weights and the curvature
//! there.
//!
//! With the rows `x̃` of the design (features and a constant 1), `p = softmax(Wᵀ x̃)` and the prior
//! precision `λ`, the weights minimise `Σ_i -ln p_i,class(i) + λ/2 |W|²`. The curvature of the sum is
//! `Σ_i (diag(p_i) - p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ` (Bishop 2006, equation 4.110).
//!
//! Sums over rows are made block by block in a fixed order and in double precision, so they are the
//! same for any number of threads.

use crate::HeadsError;
use crate::factor::cholesky;
use crate::lbfgs::{Stop, minimise};
use crate::matrix::{BLOCK_ROWS, Matrix};
use autolabel_annotation::ClassId;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// The weights end within this distance of the best ones: the function is `λ`-strongly convex, so a
/// gradient of `λ` times this is enough.
const WEIGHT_ERROR: f64 = 1e-3;

/// Steps of the minimisation; some tens are usual.
const ITERATIONS: usize = 500;

/// Share of `Σ x̃ x̃ᵀ` in the first guess of the curvature: `p (1 - p)` of doubtful rows.
const PRECONDITIONER: f64 = 0.15;

/// Rows and classes of the labels.
pub(crate) struct Labeled<'a> {
    /// One row a label; the last column is 1.
    pub design: &'a Matrix,
    /// Class of each row.
    pub classes: &'a [ClassId],
    /// Classes of the schema.
    pub class_count: usize,
}

/// The features with a constant behind them.
pub(crate) fn with_constant(features: &Matrix, rows: &[u32]) -> Matrix {
    let mut data = Vec::with_capacity(rows.len() * (features.cols + 1));
    for &row in rows {
        data.extend_from_slice(features.row(row as usize));
        data.push(1.0);
    }
    Matrix {
        rows: rows.len(),
        cols: features.cols + 1,
        data,
    }
}

/// The most probable weights, one column a class, from `start`. `gram` is that of [`gram`].
pub(crate) fn most_probable(
    labeled: &Labeled<'_>,
    gram: &Mat<f64>,
    precision: f64,
    start: &Mat<f64>,
) -> Result<Mat<f64>, HeadsError> {
    let (cols, classes) = (labeled.design.cols, labeled.class_count);
    let mut guess = Mat::from_fn(cols, cols, |row, column| {
        PRECONDITIONER * gram[(row, column)] + if row == column { precision } else { 0.0 }
    });
    cholesky(guess.as_mut(), Par::Seq, "labeled features")?;
    let precondition = |values: &mut [f64]| {
        let mut columns = MatMut::from_column_major_slice_mut(values, cols, classes);
        solve_lower_triangular_in_place(guess.as_ref(), columns.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(guess.transpose(), columns, Par::Seq);
    };
    let value = |weights: &[f64]| {
        let weights = MatRef::from_column_major_slice(weights, cols, classes);
        let (loss, gradient) = penalised_loss(labeled, weights, precision);
        (loss, flat(&gradient))
    };
    let stop = Stop {
        gradient: WEIGHT_ERROR * precision,
        iterations: ITERATIONS,
    };
    let found = minimise(flat(start), value, precondition, stop);
    Ok(MatRef::from_column_major_slice(&found, cols, classes).to_owned())
}

/// `Σ_i x̃_i x̃_iᵀ`.
pub(crate) fn gram(design: &Matrix) -> Mat<f64> {
    weighted_gram(design, &vec![1.0; design.rows])
}

fn flat(matrix: &Mat<f64>) -> Vec<f64> {
    (0..matrix.ncols())
        .flat_map(|column| matrix.col_as_slice(column))
        .copied()
        .collect()
}

/// `Σ_i -ln p_i,class(i) + λ/2 |W|²` and its gradient.
pub(crate) fn penalised_loss(
    labeled: &Labeled<'_>,
    weights: MatRef<'_, f64>,
    precision: f64,
) -> (f64, Mat<f64>) {
    let (cols, classes) = (labeled.design.cols, labeled.class_count);
    let blocks: Vec<(f64, Mat<f64>)> = labeled
        .design
        .data
        .par_chunks(BLOCK_ROWS * cols)
        .zip(labeled.classes.par_chunks(BLOCK_ROWS))
        .map(|(rows, shown)| {
            let rows: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
            let rows = MatRef::from_row_major_slice(&rows, shown.len(), cols);
            let mut residual = Mat::<f64>::zeros(shown.len(), classes);
            matmul(
                residual.as_mut(),
                Accum::Replace,
                rows,
                weights,
                1.0,
                Par::Seq,
            );
            let mut loss = 0.0;
            for (row, class) in shown.iter().enumerate() {
                loss += softmax_row(&mut residual, row, class.index());
                residual[(row, class.index())] -= 1.0;
            }
            let mut gradient = Mat::<f64>::zeros(cols, classes);
            matmul(
                gradient.as_mut(),
                Accum::Replace,
                rows.transpose(),
                residual.as_ref(),
                1.0,
                Par::Seq,
            );
            (loss, gradient)
        })
        .collect();
    let mut gradient = weights * faer::Scale(precision);
    let mut loss = 0.5 * precision * weights.squared_norm_l2();
    for (part, slope) in blocks {
        loss += part;
        gradient += &slope;
    }
    (loss, gradient)
}

/// Replaces one row of logits by probabilities; returns `-ln p` of `class`.
fn softmax_row(logits: &mut Mat<f64>, row: usize, class: usize) -> f64 {
    let classes = logits.ncols();
    let largest = (0..classes)
        .map(|c| logits[(row, c)])
        .fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    let shown = logits[(row, class)] - largest;
    for c in 0..classes {
        let weight = (logits[(row, c)] - largest).exp();
        logits[(row, c)] = weight;
        sum += weight;
    }
    for c in 0..classes {
        logits[(row, c)] /= sum;
    }
    sum.ln() - shown
}

/// Logits of every row of a design, `n x C` row-major, in double precision.
pub(crate) fn logits(design: &Matrix, weights: MatRef<'_, f64>) -> Vec<f64> {
    let (cols, classes) = (design.cols, weights.ncols());
    let mut logits = vec![0.0; design.rows * classes];
    logits
        .par_chunks_mut(BLOCK_ROWS * classes)
        .zip(design.data.par_chunks(BLOCK_ROWS * cols))
        .for_each(|(out, rows)| {
            let count = out.len() / classes;
            let rows: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
            matmul(
                MatMut::from_row_major_slice_mut(out, count, classes),
                Accum::Replace,
                MatRef::from_row_major_slice(&rows, count, cols),
                weights,
                1.0,
                Par::Seq,
            );
        });
    logits
}

/// Replaces rows of logits by probabilities.
pub(crate) fn softmax_rows(logits: &mut [f64], classes: usize) {
    for row in logits.chunks_exact_mut(classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for value in row.iter_mut() {
            *value = (*value - largest).exp();
        }
        let sum: f64 = row.iter().sum();
        for value in row.iter_mut() {
            *value /= sum;
        }
    }
}

/// `Σ_i weight_i x̃_i x̃_iᵀ`; products in single precision, sums over blocks in double. Sequential.
pub(crate) fn weighted_gram(design: &Matrix, weights: &[f32]) -> Mat<f64> {
    let cols = design.cols;
    let mut sum = Mat::<f64>::zeros(cols, cols);
    let mut product = Mat::<f32>::zeros(cols, cols);
    let mut scaled = vec![0.0f32; BLOCK_ROWS * cols];
    for (rows, weights) in design
        .data
        .chunks(BLOCK_ROWS * cols)
        .zip(weights.chunks(BLOCK_ROWS))
    {
        let scaled = &mut scaled[..rows.len()];
        for ((scaled, row), weight) in scaled
            .chunks_exact_mut(cols)
            .zip(rows.chunks_exact(cols))
            .zip(weights)
        {
            for (scaled, value) in scaled.iter_mut().zip(row) {
                *scaled = weight * value;
            }
        }
        matmul(
            product.as_mut(),
            Accum::Replace,
            MatRef::from_row_major_slice(&*scaled, weights.len(), cols).transpose(),
            MatRef::from_row_major_slice(rows, weights.len(), cols),
            1.0,
            Par::Seq,
        );
        for column in 0..cols {
            let into = sum.col_as_slice_mut(column).iter_mut();
            for (into, value) in into.zip(product.col_as_slice(column)) {
                *into += f64::from(*value);
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labeled() -> (Matrix, Vec<ClassId>) {
        let (rows, cols) = (600, 4);
        let data: Vec<f32> = (0..rows * cols)
            .map(|i| ((i * 7919) as f32).sin())
            .collect();
        let features = Matrix::new(rows, cols, data).unwrap();
        let rows: Vec<u32> = (0..rows as u32).collect();
        let design = with_constant(&features, &rows);
        let classes = (0..600).map(|row| {
            let x = design.row(row);
            ClassId(u16::from(x[0] > 0.0) + u16::from(x[1] + x[2] > 0.3))
        });
        let classes = classes.collect();
        (design, classes)
    }

    #[test]
    fn the_gradient_is_that_of_the_loss_and_vanishes_at_the_end() {
        let (design, classes) = labeled();
        let labeled = Labeled {
            design: &design,
            classes: &classes,
            class_count: 3,
        };
        let weights = Mat::from_fn(5, 3, |i, c| ((i + 5 * c) as f64).cos());
        let (_, gradient) = penalised_loss(&labeled, weights.as_ref(), 0.7);
        for (i, c) in [(0, 0), (4, 2), (2, 1)] {
            let moved = |by: f64| {
                let mut weights = weights.clone();
                weights[(i, c)] += by;
                penalised_loss(&labeled, weights.as_ref(), 0.7).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - gradient[(i, c)]).abs() < 1e-4);
        }
        let zero = Mat::zeros(5, 3);
        let found = most_probable(&labeled, &gram(&design), 0.7, &zero).unwrap();
        let (_, gradient) = penalised_loss(&labeled, found.as_ref(), 0.7);
        assert!(gradient.norm_l2() < 1e-3);
    }

    #[test]
    fn a_weighted_gram_is_the_sum_of_its_rows() {
        let (design, _) = labeled();
        let weights: Vec<f32> = (0..600).map(|row| (row as f32).sin()).collect();
        let sum = weighted_gram(&design, &weights);
        let direct: f64 = (0..600)
            .map(|row| f64::from(weights[row] * design.row(row)[1] * design.row(row)[3]))
            .sum();
        assert!((sum[(1, 3)] - direct).abs() < 1e-3 && (sum[(3, 1)] - direct).abs() < 1e-3);
    }
}
