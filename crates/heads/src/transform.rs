//! From raw embeddings to the features that the classifier and the selection work on.
//!
//! Fitted once on the pool, without labels. Columns may come from several layers of the backbone;
//! each such block is standardised, optionally turned onto its principal components, and scaled to
//! the same length, so that no layer drowns another. Every row then has length 1.

use crate::HeadsError;
use crate::matrix::{BLOCK_ROWS, Matrix, dot};
use crate::principal_components::{Components, principal_components};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use half::f16;
use half::slice::HalfFloatSliceExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Rows that the transform is fitted on at most; beyond, a random sample of this size.
const FIT_ROWS: usize = 20_000;

/// Columns whose standard deviation is below this share of the root mean square of their block
/// carry rounding noise, not information; they become zero.
const CONSTANT_SHARE: f64 = 1e-3;

/// Raw embeddings: row-major, half precision.
#[derive(Debug, Clone, Copy)]
pub struct RawFeatures<'a> {
    /// `rows * dim` values.
    pub values: &'a [f16],
    /// Values a row; > 0.
    pub dim: usize,
}

/// Principal components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcaConfig {
    /// Components kept of each block; blocks that are not wider stay as they are.
    pub components: usize,
    /// Whether components are scaled to unit variance.
    pub whiten: bool,
}

/// What happens to raw embeddings before they are scaled to length 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformConfig {
    /// Whether every column is centred and scaled to unit variance. Without it and without
    /// principal components, only the lengths change.
    pub standardise: bool,
    /// Principal components of each (centred) block, if any.
    pub pca: Option<PcaConfig>,
    /// Widths of the blocks of columns, one a layer of the backbone; empty for a single block.
    /// Each block is scaled to the same length.
    pub blocks: Vec<usize>,
}

impl Default for TransformConfig {
    fn default() -> Self {
        Self {
            standardise: true,
            pca: None,
            blocks: Vec::new(),
        }
    }
}

/// A transform fitted to a pool.
#[derive(Debug, Clone)]
pub struct FeatureTransform {
    pub(crate) dim: usize,
    /// Per column: subtracted, then multiplied.
    pub(crate) shift: Vec<f32>,
    pub(crate) scale: Vec<f32>,
    pub(crate) blocks: Vec<Block>,
}

/// One block of columns.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub columns: Range<usize>,
    pub components: Option<Components>,
}

impl Block {
    pub fn width(&self) -> usize {
        self.components
            .as_ref()
            .map_or(self.columns.len(), |components| components.kept)
    }
}

/// Fits a transform to all rows, or to a random sample of 20,000 of them drawn from `seed`.
///
/// # Errors
/// No rows, sizes that do not belong together, values that are not finite.
pub fn fit_transform(
    raw: &RawFeatures<'_>,
    config: &TransformConfig,
    seed: u64,
) -> Result<FeatureTransform, HeadsError> {
    let rows = row_count(raw)?;
    if rows == 0 {
        return Err(HeadsError::Empty { what: "embeddings" });
    }
    let columns = block_columns(raw.dim, &config.blocks)?;
    if let Some(PcaConfig { components: 0, .. }) = config.pca {
        return Err(HeadsError::Setting {
            name: "components",
            value: 0.0,
            range: "at least 1",
        });
    }
    let sample = sample_rows(rows, seed);
    let (mean, deviation) = moments(raw, &sample)?;
    let mut transform = FeatureTransform {
        dim: raw.dim,
        shift: vec![0.0; raw.dim],
        scale: vec![1.0; raw.dim],
        blocks: Vec::with_capacity(columns.len()),
    };
    if config.standardise || config.pca.is_some() {
        transform.shift = mean.iter().map(|&m| m as f32).collect();
    }
    if config.standardise {
        for block in &columns {
            standardise(
                &deviation[block.clone()],
                &mut transform.scale[block.clone()],
            );
        }
    }
    for columns in columns {
        let components = match config.pca {
            Some(pca) if pca.components < columns.len() => {
                let centred = transform.scaled_columns(raw, &sample, &columns);
                Some(principal_components(&centred, pca)?)
            }
            _ => None,
        };
        transform.blocks.push(Block {
            columns,
            components,
        });
    }
    Ok(transform)
}

/// Applies a fitted transform to raw embeddings: one row of length 1 each (0 for an embedding that
/// equals the mean of the pool).
///
/// # Errors
/// Embeddings of another width than the transform was fitted to, values that are not finite.
pub fn apply_transform(
    transform: &FeatureTransform,
    raw: &RawFeatures<'_>,
) -> Result<Matrix, HeadsError> {
    let rows = row_count(raw)?;
    if raw.dim != transform.dim {
        return Err(HeadsError::Shape {
            what: "width of the embeddings",
            expected: transform.dim,
            found: raw.dim,
        });
    }
    let cols = transform.width();
    let mut matrix = Matrix::zeros(rows, cols);
    matrix
        .data
        .par_chunks_mut(BLOCK_ROWS * cols)
        .zip(raw.values.par_chunks(BLOCK_ROWS * raw.dim))
        .enumerate()
        .try_for_each(|(block, (out, values))| {
            transform.apply_block(values, block * BLOCK_ROWS, out)
        })?;
    Ok(matrix)
}

impl FeatureTransform {
    /// Columns of the features.
    #[must_use]
    pub fn width(&self) -> usize {
        self.blocks.iter().map(Block::width).sum()
    }

    /// Raw columns.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Averages of the raw columns over the pool that the transform was fitted to; zeros where it does
    /// not centre.
    #[must_use]
    pub fn pool_means(&self) -> &[f32] {
        &self.shift
    }

    /// Length of each block of a row of length 1.
    pub(crate) fn block_length(&self) -> f64 {
        1.0 / (self.blocks.len() as f64).sqrt()
    }

    /// Transforms consecutive rows, the first of which is `first_row`.
    fn apply_block(
        &self,
        values: &[f16],
        first_row: usize,
        out: &mut [f32],
    ) -> Result<(), HeadsError> {
        let rows = values.len() / self.dim;
        let mut scaled = vec![0.0f32; values.len()];
        values.convert_to_f32_slice(&mut scaled);
        for (i, row) in scaled.chunks_exact_mut(self.dim).enumerate() {
            if row.iter().any(|value| !value.is_finite()) {
                return Err(HeadsError::NotFinite { row: first_row + i });
            }
            self.scale_columns(row, &(0..self.dim));
        }
        let cols = self.width();
        let mut start = 0;
        for block in &self.blocks {
            let width = block.width();
            let source = MatRef::from_row_major_slice(&scaled, rows, self.dim)
                .subcols(block.columns.start, block.columns.len());
            let mut target =
                MatMut::from_row_major_slice_mut(out, rows, cols).subcols_mut(start, width);
            match &block.components {
                Some(components) => matmul(
                    target.as_mut(),
                    Accum::Replace,
                    source,
                    components.directions.as_ref(),
                    1.0,
                    Par::Seq,
                ),
                None => target.copy_from(source),
            }
            start += width;
        }
        for row in out.chunks_exact_mut(cols) {
            self.normalise(row);
        }
        Ok(())
    }

    /// Scales every block of a transformed row to the same length, and the row to length 1.
    fn normalise(&self, row: &mut [f32]) {
        let target = 1.0 / (self.blocks.len() as f32).sqrt();
        let mut start = 0;
        for block in &self.blocks {
            let part = &mut row[start..start + block.width()];
            let length = dot(part, part).sqrt();
            if length > 0.0 {
                for value in part.iter_mut() {
                    *value *= target / length;
                }
            }
            start += block.width();
        }
    }

    fn scale_columns(&self, values: &mut [f32], columns: &Range<usize>) {
        let shift = &self.shift[columns.clone()];
        let scale = &self.scale[columns.clone()];
        for ((value, shift), scale) in values.iter_mut().zip(shift).zip(scale) {
            *value = (*value - shift) * scale;
        }
    }

    /// These columns of these rows, centred and scaled.
    fn scaled_columns(
        &self,
        raw: &RawFeatures<'_>,
        rows: &[usize],
        columns: &Range<usize>,
    ) -> Matrix {
        let mut matrix = Matrix::zeros(rows.len(), columns.len());
        matrix
            .data
            .par_chunks_mut(columns.len())
            .zip(rows)
            .for_each(|(out, &row)| {
                let start = row * raw.dim;
                raw.values[start + columns.start..start + columns.end].convert_to_f32_slice(out);
                self.scale_columns(out, columns);
            });
        matrix
    }
}

fn row_count(raw: &RawFeatures<'_>) -> Result<usize, HeadsError> {
    if raw.dim == 0 || !raw.values.len().is_multiple_of(raw.dim) {
        return Err(HeadsError::Shape {
            what: "raw embeddings (a whole number of rows)",
            expected: raw.dim,
            found: raw.values.len(),
        });
    }
    Ok(raw.values.len() / raw.dim)
}

fn block_columns(dim: usize, widths: &[usize]) -> Result<Vec<Range<usize>>, HeadsError> {
    if widths.is_empty() {
        return Ok(std::iter::once(0..dim).collect());
    }
    let total: usize = widths.iter().sum();
    if total != dim || widths.contains(&0) {
        return Err(HeadsError::Shape {
            what: "widths of the column blocks together",
            expected: dim,
            found: total,
        });
    }
    let mut start = 0;
    Ok(widths
        .iter()
        .map(|width| {
            start += width;
            start - width..start
        })
        .collect())
}

/// All rows, or a sorted random sample of [`FIT_ROWS`].
fn sample_rows(rows: usize, seed: u64) -> Vec<usize> {
    if rows <= FIT_ROWS {
        return (0..rows).collect();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut sample = rand::seq::index::sample(&mut rng, rows, FIT_ROWS).into_vec();
    sample.sort_unstable();
    sample
}

/// Mean and standard deviation of every column over these rows.
fn moments(raw: &RawFeatures<'_>, rows: &[usize]) -> Result<(Vec<f64>, Vec<f64>), HeadsError> {
    // Sums of each block of rows, folded in order so that threads do not change the result.
    let blocks: Vec<(Vec<f64>, Vec<f64>)> = rows
        .par_chunks(BLOCK_ROWS)
        .map(|block| {
            let (mut sum, mut square) = (vec![0.0f64; raw.dim], vec![0.0f64; raw.dim]);
            let mut values = vec![0.0f32; raw.dim];
            for &row in block {
                raw.values[row * raw.dim..(row + 1) * raw.dim].convert_to_f32_slice(&mut values);
                if values.iter().any(|value| !value.is_finite()) {
                    return Err(HeadsError::NotFinite { row });
                }
                for (column, value) in values.iter().enumerate() {
                    sum[column] += f64::from(*value);
                    square[column] += f64::from(*value) * f64::from(*value);
                }
            }
            Ok((sum, square))
        })
        .collect::<Result<_, _>>()?;
    let count = rows.len() as f64;
    let (mut mean, mut deviation) = (vec![0.0; raw.dim], vec![0.0; raw.dim]);
    for (sum, square) in &blocks {
        for column in 0..raw.dim {
            mean[column] += sum[column] / count;
            deviation[column] += square[column] / count;
        }
    }
    for (deviation, mean) in deviation.iter_mut().zip(&mean) {
        *deviation = (*deviation - mean * mean).max(0.0).sqrt();
    }
    Ok((mean, deviation))
}

fn standardise(deviation: &[f64], scale: &mut [f32]) {
    let typical = (deviation.iter().map(|d| d * d).sum::<f64>() / deviation.len() as f64).sqrt();
    for (scale, &deviation) in scale.iter_mut().zip(deviation) {
        *scale = if deviation > CONSTANT_SHARE * typical {
            (1.0 / deviation) as f32
        } else {
            0.0
        };
    }
}
