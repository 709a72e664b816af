//! Feature rows in half precision, and a view that takes either precision.
//!
//! A million rows of 512 numbers are 1 GB as halves and 2 GB as singles. Halves may lie in a memory
//! map. They become singles block by block, in cache, just before a product.

use crate::HeadsError;
use crate::matrix::{BLOCK_ROWS, Matrix};
use half::f16;
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// A row-major matrix of half precision, borrowed (from a memory map, say) or owned.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfMatrix<'a> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows * cols` values, row after row.
    pub data: Cow<'a, [f16]>,
}

impl<'a> HalfMatrix<'a> {
    /// A matrix of these values, row after row.
    ///
    /// # Errors
    /// [`HeadsError::Shape`] where `data` does not hold `rows * cols` values.
    pub fn new(
        rows: usize,
        cols: usize,
        data: impl Into<Cow<'a, [f16]>>,
    ) -> Result<Self, HeadsError> {
        let data = data.into();
        if data.len() != rows * cols {
            return Err(HeadsError::Shape {
                what: "matrix data",
                expected: rows * cols,
                found: data.len(),
            });
        }
        Ok(Self { rows, cols, data })
    }

    /// Adds rows behind these, rounded to half precision.
    ///
    /// # Panics
    /// Where they have another number of columns.
    pub fn append(&mut self, more: &Matrix) {
        assert_eq!(self.cols, more.cols, "columns differ");
        let mut halves = vec![f16::ZERO; more.data.len()];
        halves.convert_from_f32_slice(&more.data);
        self.data.to_mut().extend(halves);
        self.rows += more.rows;
    }
}

/// Feature rows of either precision.
#[derive(Debug, Clone, Copy)]
pub enum FeatureRows<'a> {
    /// Single precision: pools that every round looks at as a whole.
    Single(&'a Matrix),
    /// Half precision: large pools. Relative error of a number: 2⁻¹¹.
    Half(&'a HalfMatrix<'a>),
}

impl<'a> From<&'a Matrix> for FeatureRows<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        Self::Single(matrix)
    }
}

impl<'a> From<&'a HalfMatrix<'a>> for FeatureRows<'a> {
    fn from(matrix: &'a HalfMatrix<'a>) -> Self {
        Self::Half(matrix)
    }
}

impl FeatureRows<'_> {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Single(matrix) => matrix.rows,
            Self::Half(matrix) => matrix.rows,
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        match self {
            Self::Single(matrix) => matrix.cols,
            Self::Half(matrix) => matrix.cols,
        }
    }

    /// A single-precision copy of these rows, in this order.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Matrix {
        let cols = self.cols();
        let mut copy = Matrix::zeros(rows.len(), cols);
        if cols > 0 {
            copy.data
                .par_chunks_mut(BLOCK_ROWS * cols)
                .zip(rows.par_chunks(BLOCK_ROWS))
                .for_each(|(into, block)| self.gather(block, into));
        }
        copy
    }

    /// As [`FeatureRows::select`] on the thread that calls.
    pub(crate) fn select_here(&self, rows: &[u32]) -> Matrix {
        let mut copy = Matrix::zeros(rows.len(), self.cols());
        self.gather(rows, &mut copy.data);
        copy
    }

    /// Copies these rows one after the other into `into`, which holds exactly them.
    fn gather(&self, rows: &[u32], into: &mut [f32]) {
        match self {
            Self::Single(matrix) => matrix.gather(rows, into),
            Self::Half(matrix) => {
                for (target, &row) in into.chunks_exact_mut(matrix.cols.max(1)).zip(rows) {
                    let start = row as usize * matrix.cols;
                    matrix.data[start..start + matrix.cols].convert_to_f32_slice(target);
                }
            }
        }
    }

    /// Consecutive rows in single precision: borrowed, or converted into `buffer`.
    pub(crate) fn block<'b>(&'b self, rows: Range<usize>, buffer: &'b mut Vec<f32>) -> &'b [f32] {
        match self {
            Self::Single(matrix) => &matrix.data[rows.start * matrix.cols..rows.end * matrix.cols],
            Self::Half(matrix) => {
                let values = &matrix.data[rows.start * matrix.cols..rows.end * matrix.cols];
                buffer.resize(values.len(), 0.0);
                values.convert_to_f32_slice(buffer);
                buffer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single() -> Matrix {
        let data = (0..600 * 3).map(|i| (i as f32 * 0.37).sin()).collect();
        Matrix::new(600, 3, data).unwrap()
    }

    fn halved(matrix: &Matrix) -> HalfMatrix<'static> {
        let mut half = HalfMatrix::new(0, matrix.cols, Vec::new()).unwrap();
        half.append(matrix);
        half
    }

    #[test]
    fn either_precision_gives_the_rows_asked_for() {
        let exact = single();
        let half = halved(&exact);
        let rows: Vec<u32> = (0..600).rev().step_by(2).collect();
        let expected = exact.select(&rows);
        assert_eq!(FeatureRows::from(&exact).select(&rows), expected);
        let found = FeatureRows::from(&half).select(&rows);
        for (found, expected) in found.data.iter().zip(&expected.data) {
            assert!((found - expected).abs() <= expected.abs() / 2_048.0);
        }
    }

    #[test]
    fn blocks_are_consecutive_rows() {
        let exact = single();
        let half = halved(&exact);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let by_rows = FeatureRows::from(&half).select(&[5, 6, 7]);
        assert_eq!(
            FeatureRows::from(&half).block(5..8, &mut first),
            by_rows.data
        );
        let whole = FeatureRows::from(&exact);
        assert_eq!(whole.block(5..8, &mut second), &exact.data[15..24]);
    }

    #[test]
    fn refuses_data_of_another_size() {
        assert!(HalfMatrix::new(2, 3, vec![f16::ZERO; 5]).is_err());
    }
}
