//! Weighted blocks of features → the rows that the classifier and the selection work on.
//!
//! Each block is scaled by the square root of its weight, so that inner products become the weighted
//! sum of the blocks' inner products; then the row is turned onto the leading principal components of
//! the pool and scaled to length 1. The directions left out carry little variance, and leaving them
//! out has helped more than it cost on every set that was tried.

use crate::HeadsError;
use crate::block_weights::Blocks;
use crate::matrix::{BLOCK_ROWS, Matrix, dot};
use crate::principal_components::{Components, principal_components};
use crate::transform::PcaConfig;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Turns rows of blocks into features.
#[derive(Debug, Clone)]
pub struct Combination {
    /// Per column: multiplied, then subtracted.
    pub(crate) scale: Vec<f32>,
    pub(crate) mean: Vec<f32>,
    pub(crate) components: Option<Components>,
}

/// Fits a combination to these rows of blocks, a sample of the pool. `components` is the width of the
/// features; blocks that are not wider in all keep their columns.
///
/// # Errors
/// No rows, sizes that do not belong together, no components.
pub fn fit_combination(
    sample: &Matrix,
    blocks: &Blocks,
    weights: &[f32],
    components: usize,
) -> Result<Combination, HeadsError> {
    let columns: usize = blocks.widths.iter().sum();
    if sample.cols != columns || weights.len() != blocks.widths.len() {
        return Err(HeadsError::Shape {
            what: "columns of the blocks",
            expected: columns,
            found: sample.cols,
        });
    }
    if sample.rows == 0 {
        return Err(HeadsError::Empty { what: "embeddings" });
    }
    if components == 0 {
        return Err(HeadsError::Setting {
            name: "components",
            value: 0.0,
            range: "at least 1",
        });
    }
    let count = weights.len() as f32;
    let scale: Vec<f32> = weights
        .iter()
        .zip(&blocks.widths)
        .flat_map(|(&weight, &width)| std::iter::repeat_n((weight * count).max(0.0).sqrt(), width))
        .collect();
    let mut combination = Combination {
        scale,
        mean: vec![0.0; columns],
        components: None,
    };
    if components < columns {
        let mut centred = sample.clone();
        combination.scale_rows(&mut centred.data);
        let mut sums = vec![0.0_f64; columns];
        for row in centred.data.chunks_exact(columns) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
        combination.mean = sums
            .iter()
            .map(|sum| (sum / sample.rows as f64) as f32)
            .collect();
        combination.subtract_mean(&mut centred.data);
        let config = PcaConfig {
            components,
            whiten: false,
        };
        combination.components = Some(principal_components(&centred, config)?);
    }
    Ok(combination)
}

/// Applies a combination to rows of blocks: one row of length 1 each.
///
/// # Errors
/// Rows of another width than the combination was fitted to.
pub fn combine(combination: &Combination, rows: &Matrix) -> Result<Matrix, HeadsError> {
    let columns = combination.scale.len();
    if rows.cols != columns {
        return Err(HeadsError::Shape {
            what: "columns of the blocks",
            expected: columns,
            found: rows.cols,
        });
    }
    let width = combination.width();
    let mut features = Matrix::zeros(rows.rows, width);
    features
        .data
        .par_chunks_mut(BLOCK_ROWS * width)
        .zip(rows.data.par_chunks(BLOCK_ROWS * columns))
        .for_each(|(out, values)| combination.combine_block(values, out));
    Ok(features)
}

impl Combination {
    /// Columns of the features.
    #[must_use]
    pub fn width(&self) -> usize {
        self.components
            .as_ref()
            .map_or(self.scale.len(), |components| components.kept)
    }

    fn combine_block(&self, values: &[f32], out: &mut [f32]) {
        let (columns, width) = (self.scale.len(), self.width());
        let mut scaled = values.to_vec();
        self.scale_rows(&mut scaled);
        match &self.components {
            None => out.copy_from_slice(&scaled),
            Some(components) => {
                self.subtract_mean(&mut scaled);
                let rows = values.len() / columns;
                matmul(
                    MatMut::from_row_major_slice_mut(out, rows, width),
                    Accum::Replace,
                    MatRef::from_row_major_slice(&scaled, rows, columns),
                    components.directions.as_ref(),
                    1.0,
                    Par::Seq,
                );
            }
        }
        for row in out.chunks_exact_mut(width) {
            let length = dot(row, row).sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value /= length);
            }
        }
    }

    fn scale_rows(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.scale.len()) {
            for (value, scale) in row.iter_mut().zip(&self.scale) {
                *value *= scale;
            }
        }
    }

    fn subtract_mean(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.mean.len()) {
            for (value, mean) in row.iter_mut().zip(&self.mean) {
                *value -= mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blocks() -> Blocks {
        Blocks::views_and_outputs(2, &[3])
    }

    proptest! {
        #[test]
        fn inner_products_are_the_weighted_sum_of_the_blocks(data in prop::collection::vec(-1.0f32..1.0, 30), weight in 0.0f32..1.0) {
            let rows = Matrix::new(5, 6, data).unwrap();
            let weights = [weight, 1.0 - weight];
            let combination = fit_combination(&rows, &blocks(), &weights, 6).unwrap();
            let features = combine(&combination, &rows).unwrap();
            let inner = |a: &[f32], b: &[f32]| -> f32 {
                let part = |range: std::ops::Range<usize>| -> f32 {
                    a[range.clone()].iter().zip(&b[range]).map(|(x, y)| x * y).sum()
                };
                weights[0] * part(0..3) + weights[1] * part(3..6)
            };
            for i in 0..5 {
                for j in 0..5 {
                    let lengths = (inner(rows.row(i), rows.row(i)) * inner(rows.row(j), rows.row(j))).sqrt();
                    prop_assume!(lengths > 1e-3);
                    let expected = inner(rows.row(i), rows.row(j)) / lengths;
                    let found: f32 = features.row(i).iter().zip(features.row(j)).map(|(x, y)| x * y).sum();
                    prop_assert!((expected - found).abs() < 1e-3);
                }
            }
        }
    }

    #[test]
    fn components_keep_the_directions_of_the_pool() {
        let data = (0..40_u8).flat_map(|i| {
            let x = f32::from(i) / 20.0 - 1.0;
            [x, -x, 0.0, x, 0.0, 0.001 * f32::from(i % 3)]
        });
        let rows = Matrix::new(40, 6, data.collect()).unwrap();
        let combination = fit_combination(&rows, &blocks(), &[0.5, 0.5], 2).unwrap();
        let features = combine(&combination, &rows).unwrap();
        assert_eq!((features.rows, features.cols), (40, 2));
        let first = features.row(0);
        let last = features.row(39);
        assert!(first[0] * last[0] < -0.9, "{first:?} {last:?}");
    }

    #[test]
    fn refuses_sizes_that_do_not_belong_together() {
        let rows = Matrix::zeros(3, 5);
        assert!(fit_combination(&rows, &blocks(), &[0.5, 0.5], 2).is_err());
        let rows = Matrix::zeros(3, 6);
        assert!(fit_combination(&rows, &blocks(), &[0.5], 2).is_err());
        assert!(fit_combination(&rows, &blocks(), &[0.5, 0.5], 0).is_err());
        assert!(fit_combination(&Matrix::zeros(0, 6), &blocks(), &[0.5, 0.5], 2).is_err());
        let fitted = fit_combination(&rows, &blocks(), &[0.5, 0.5], 6).unwrap();
        assert!(combine(&fitted, &Matrix::zeros(1, 5)).is_err());
    }
}
