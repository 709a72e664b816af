//! Dense row-major matrices of single precision, and the products that everything else is made of.

use crate::HeadsError;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows that one task handles. Blocks are the same whatever the number of threads, and each is
/// computed sequentially, so every result is the same for 1 or N threads.
pub(crate) const BLOCK_ROWS: usize = 256;

/// A row-major matrix: one row an image, one column a feature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows * cols` values, row after row.
    pub data: Vec<f32>,
}

impl Matrix {
    /// A matrix of these values, row after row.
    ///
    /// # Errors
    /// [`HeadsError::Shape`] where `data` does not hold `rows * cols` values.
    pub fn new(rows: usize, cols: usize, data: Vec<f32>) -> Result<Self, HeadsError> {
        if data.len() != rows * cols {
            return Err(HeadsError::Shape {
                what: "matrix data",
                expected: rows * cols,
                found: data.len(),
            });
        }
        Ok(Self { rows, cols, data })
    }

    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![0.0; rows * cols],
        }
    }

    /// One row.
    ///
    /// # Panics
    /// Where the matrix has no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// A copy of these rows, in this order.
    ///
    /// # Panics
    /// Where the matrix has no such row.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let mut data = vec![0.0; rows.len() * self.cols];
        self.gather(rows, &mut data);
        Self {
            rows: rows.len(),
            cols: self.cols,
            data,
        }
    }

    /// Copies these rows one after the other into `into`, which holds exactly them.
    pub(crate) fn gather(&self, rows: &[u32], into: &mut [f32]) {
        if self.cols == 0 {
            return;
        }
        for (target, &row) in into.chunks_exact_mut(self.cols).zip(rows) {
            target.copy_from_slice(self.row(row as usize));
        }
    }

    /// The values on the diagonal of a square matrix.
    pub(crate) fn diagonal(&self) -> Vec<f32> {
        (0..self.rows).map(|row| self.row(row)[row]).collect()
    }

    /// Squared Euclidean length of every row.
    #[must_use]
    pub fn squared_norms(&self) -> Vec<f32> {
        (0..self.rows)
            .into_par_iter()
            .map(|row| dot(self.row(row), self.row(row)))
            .collect()
    }
}

/// All inner products between the rows of `a` and the rows of `b`: an `a.rows x b.rows` matrix.
///
/// # Errors
/// [`HeadsError::Shape`] where the two have different numbers of columns.
pub fn inner_products(a: &Matrix, b: &Matrix) -> Result<Matrix, HeadsError> {
    if a.cols != b.cols {
        return Err(HeadsError::Shape {
            what: "columns of the second matrix",
            expected: a.cols,
            found: b.cols,
        });
    }
    let mut products = Matrix::zeros(a.rows, b.rows);
    if a.rows == 0 || b.rows == 0 || a.cols == 0 {
        return Ok(products);
    }
    products
        .data
        .par_chunks_mut(BLOCK_ROWS * b.rows)
        .zip(a.data.par_chunks(BLOCK_ROWS * a.cols))
        .for_each(|(out, block)| dot_block(block, &b.data, a.cols, out));
    Ok(products)
}

/// Inner products of every row of `a` with every row of `b` (both row-major, `cols` wide), written
/// row-major into `out`. Sequential.
pub(crate) fn dot_block(a: &[f32], b: &[f32], cols: usize, out: &mut [f32]) {
    if cols == 0 {
        out.fill(0.0);
        return;
    }
    let (rows_a, rows_b) = (a.len() / cols, b.len() / cols);
    matmul(
        MatMut::from_row_major_slice_mut(out, rows_a, rows_b),
        Accum::Replace,
        MatRef::from_row_major_slice(a, rows_a, cols),
        MatRef::from_row_major_slice(b, rows_b, cols).transpose(),
        1.0,
        Par::Seq,
    );
}

/// Inner product of two rows of equal length, with sixteen partial sums, which the compiler turns
/// into vector instructions.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (chunks_a, chunks_b) = (a.chunks_exact(16), b.chunks_exact(16));
    let tail: f32 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in chunks_a.zip(chunks_b) {
        for lane in 0..16 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix(rows: usize, cols: usize) -> impl Strategy<Value = Matrix> {
        prop::collection::vec(-1.0f32..1.0, rows * cols).prop_map(move |data| Matrix {
            rows,
            cols,
            data,
        })
    }

    proptest! {
        #[test]
        fn products_equal_the_definition(a in matrix(7, 19), b in matrix(5, 19)) {
            let products = inner_products(&a, &b).unwrap();
            for i in 0..7 {
                for j in 0..5 {
                    let exact: f64 = a.row(i).iter().zip(b.row(j)).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
                    prop_assert!((f64::from(products.row(i)[j]) - exact).abs() < 1e-5);
                    prop_assert!((f64::from(dot(a.row(i), b.row(j))) - exact).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn refuses_data_of_another_size() {
        assert!(Matrix::new(2, 3, vec![0.0; 5]).is_err());
        assert!(inner_products(&Matrix::zeros(2, 3), &Matrix::zeros(2, 4)).is_err());
    }

    #[test]
    fn selects_rows_in_the_order_given() {
        let m = Matrix::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(m.select(&[2, 0]).data, [4.0, 5.0, 0.0, 1.0]);
    }
}
