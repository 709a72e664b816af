//! Weighted ridge regression from inputs that are made block by block, so that thousands of rows with a
//! thousand inputs each never lie in memory at once.

use crate::HeadsError;
use crate::factor::cholesky;
use crate::matrix::Matrix;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// Ridge penalty, relative to the mean diagonal of the normal equations: what single precision needs.
const PENALTY: f64 = 1e-5;

/// Rows whose sums one task forms. Groups are the same for any number of threads and folded in order.
const GROUP_ROWS: usize = 1_024;

/// Groups at a time: bounds the memory for sums.
const GROUPS_AT_A_TIME: usize = 8;

/// What the regression learns from.
pub(crate) struct Known<'a> {
    /// Rows that inputs are made of.
    pub rows: &'a Matrix,
    /// `rows.rows x C` numbers to be predicted.
    pub targets: &'a [f32],
    /// Weight of each row; at least 0.
    pub weights: &'a [f32],
}

/// Sums over rows `φ` with targets `y` and weights `w`: `Σ w φ φᵀ` (lower triangle) and `Σ w φ yᵀ`.
struct Sums {
    gram: Mat<f32>,
    right: Mat<f32>,
}

/// Regression weights, one row an input, one column a target. `inputs` makes `width` inputs of each of
/// some consecutive rows, row-major.
pub(crate) fn ridge(
    known: &Known<'_>,
    width: usize,
    inputs: impl Fn(&[f32], &mut Vec<f32>) + Sync,
) -> Result<Mat<f64>, HeadsError> {
    let targets = known.targets.len() / known.weights.len().max(1);
    let mut gram = Mat::<f64>::zeros(width, width);
    let mut right = Mat::<f64>::zeros(width, targets);
    let starts: Vec<usize> = (0..known.rows.rows).step_by(GROUP_ROWS).collect();
    for starts in starts.chunks(GROUPS_AT_A_TIME) {
        let sums: Vec<Sums> = starts
            .par_iter()
            .map(|&start| group_sums(known, start, width, &inputs))
            .collect();
        for sums in &sums {
            for column in 0..width {
                for row in column..width {
                    gram[(row, column)] += f64::from(sums.gram[(row, column)]);
                }
            }
            for target in 0..targets {
                for row in 0..width {
                    right[(row, target)] += f64::from(sums.right[(row, target)]);
                }
            }
        }
    }
    solve(gram, right)
}

/// The sums over one group of rows. Sequential.
fn group_sums(
    known: &Known<'_>,
    start: usize,
    width: usize,
    inputs: &(impl Fn(&[f32], &mut Vec<f32>) + Sync),
) -> Sums {
    let cols = known.rows.cols;
    let targets = known.targets.len() / known.weights.len();
    let end = known.rows.rows.min(start + GROUP_ROWS);
    let mut phi = Vec::new();
    inputs(&known.rows.data[start * cols..end * cols], &mut phi);
    let mut y = known.targets[start * targets..end * targets].to_vec();
    for (i, weight) in known.weights[start..end].iter().enumerate() {
        let root = weight.sqrt();
        let values = phi[i * width..(i + 1) * width].iter_mut();
        let wanted = y[i * targets..(i + 1) * targets].iter_mut();
        values.chain(wanted).for_each(|value| *value *= root);
    }
    let phi = MatRef::from_row_major_slice(&phi, end - start, width);
    let y = MatRef::from_row_major_slice(&y, end - start, targets);
    let mut sums = Sums {
        gram: Mat::zeros(width, width),
        right: Mat::zeros(width, targets),
    };
    triangular_matmul(
        sums.gram.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        phi.transpose(),
        BlockStructure::Rectangular,
        phi,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    matmul(
        sums.right.as_mut(),
        Accum::Replace,
        phi.transpose(),
        y,
        1.0,
        Par::Seq,
    );
    sums
}

fn solve(mut gram: Mat<f64>, mut right: Mat<f64>) -> Result<Mat<f64>, HeadsError> {
    let width = gram.nrows();
    let trace: f64 = (0..width).map(|i| gram[(i, i)]).sum();
    let penalty = (PENALTY * trace / width as f64).max(f64::MIN_POSITIVE);
    for i in 0..width {
        gram[(i, i)] += penalty;
    }
    cholesky(gram.as_mut(), Par::rayon(0), "screening regression")?;
    solve_lower_triangular_in_place(gram.as_ref(), right.as_mut(), Par::Seq);
    solve_upper_triangular_in_place(gram.transpose(), right.as_mut(), Par::Seq);
    Ok(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_linear_law_and_leaves_out_what_has_no_weight() {
        let rows = 3_000;
        let data: Vec<f32> = (0..rows * 2).map(|i| (i as f32 * 0.731).sin()).collect();
        let rows = Matrix::new(rows, 2, data).unwrap();
        let mut targets = Vec::new();
        let mut weights = Vec::new();
        for row in rows.data.chunks(2) {
            let wrong = weights.len() % 3 == 0;
            weights.push(if wrong { 0.0 } else { 0.5 });
            targets.push(if wrong {
                100.0
            } else {
                2.0 * row[0] - row[1] + 3.0
            });
        }
        let known = Known {
            rows: &rows,
            targets: &targets,
            weights: &weights,
        };
        let found = ridge(&known, 3, |block, into| {
            into.clear();
            for row in block.chunks(2) {
                into.extend([row[0], row[1], 1.0]);
            }
        })
        .unwrap();
        for (input, expected) in [2.0, -1.0, 3.0].iter().enumerate() {
            assert!((found[(input, 0)] - expected).abs() < 1e-3);
        }
    }
}
