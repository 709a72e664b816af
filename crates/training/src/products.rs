//! Products of plain row-major matrices, by `faer`.
//!
//! The rows of the left factor may overlap: with rows one position apart and three positions long, a
//! map with its channels running fastest is the matrix that a row of a 3x3 kernel multiplies.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Rows of numbers, each beginning `stride` after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub values: &'a [f32],
    pub count: usize,
    pub width: usize,
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// Rows one behind the other.
    pub fn dense(values: &'a [f32], width: usize) -> Self {
        Self {
            values,
            count: values.len() / width,
            width,
            stride: width,
        }
    }

    fn matrix(self) -> MatRef<'a, f32> {
        let Rows {
            values,
            count,
            width,
            stride,
        } = self;
        MatRef::from_row_major_slice_with_stride(values, count, width, stride)
    }
}

/// Whether a result is written or added to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    Replace,
    Add,
}

impl Onto {
    fn accum(self) -> Accum {
        match self {
            Self::Replace => Accum::Replace,
            Self::Add => Accum::Add,
        }
    }
}

/// `out[rows, outputs] = x[rows, inputs] * weight[inputs, outputs]`.
pub(crate) fn times(out: &mut [f32], onto: Onto, x: Rows<'_>, weight: &[f32]) {
    let (rows, inputs) = (x.count, x.width);
    let outputs = weight.len() / inputs;
    let out = MatMut::from_row_major_slice_mut(out, rows, outputs);
    let weight = MatRef::from_row_major_slice(weight, inputs, outputs);
    matmul(out, onto.accum(), x.matrix(), weight, 1.0, Par::Seq);
}

/// `out[rows, inputs] = y[rows, outputs] * weight[inputs, outputs]^T`: the gradient by the input of
/// [`times`] from that by its result.
pub(crate) fn times_transposed(out: &mut [f32], onto: Onto, y: Rows<'_>, weight: &[f32]) {
    let (rows, outputs) = (y.count, y.width);
    let inputs = weight.len() / outputs;
    let out = MatMut::from_row_major_slice_mut(out, rows, inputs);
    let weight = MatRef::from_row_major_slice(weight, inputs, outputs);
    let weight = weight.transpose();
    matmul(out, onto.accum(), y.matrix(), weight, 1.0, Par::Seq);
}

/// `out[inputs, outputs] += x[rows, inputs]^T * y[rows, outputs]`: the gradient by the weight of
/// [`times`].
pub(crate) fn add_transposed_times(out: &mut [f32], x: Rows<'_>, y: Rows<'_>) {
    let out = MatMut::from_row_major_slice_mut(out, x.width, y.width);
    let x = x.matrix().transpose();
    matmul(out, Accum::Add, x, y.matrix(), 1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_may_overlap() {
        // Rows (1, 2), (2, 3), (3, 4), times the weight (1, 10).
        let x = Rows {
            values: &[1.0, 2.0, 3.0, 4.0],
            count: 3,
            width: 2,
            stride: 1,
        };
        let mut out = [0.5; 3];
        times(&mut out, Onto::Add, x, &[1.0, 10.0]);
        assert_eq!(out, [21.5, 32.5, 43.5]);
        let mut weight = [0.0; 2];
        add_transposed_times(&mut weight, x, Rows::dense(&[1.0, 0.0, 2.0], 1));
        assert_eq!(weight, [7.0, 10.0]);
        let mut input = [0.0; 4];
        let y = Rows::dense(&[1.0, 2.0], 1);
        times_transposed(&mut input, Onto::Replace, y, &[1.0, 10.0]);
        assert_eq!(input, [1.0, 10.0, 2.0, 20.0]);
    }
}
