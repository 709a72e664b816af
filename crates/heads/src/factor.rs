//! One factorisation for all classes.
//!
//! Class `c` needs the inverse of `K + D_c`, where the diagonal noise `D_c` is `on_noise` for the
//! labels of class `c` and `off_noise` for all others. With `B = K + off_noise I`, the selection
//! `E_c` of the labels of class `c` and `gap = off_noise - on_noise`,
//!
//! ```text
//! K + D_c       = B - gap E_c E_cᵀ
//! (K + D_c)⁻¹   = B⁻¹ + B⁻¹ E_c S_c⁻¹ E_cᵀ B⁻¹      S_c = I/gap - E_cᵀ B⁻¹ E_c
//! ```
//!
//! (Woodbury), so that one Cholesky factor of the size of all labels and one of the size of each
//! class are exactly the `C` Cholesky factors of all labels, at a cost that hardly grows with the
//! number of classes. It is stable: `B >= off_noise I` bounds the eigenvalues of `S_c` to
//! `[1/gap - 1/off_noise, 1/gap]`, a condition number of `off_noise / on_noise` (6.7 for
//! `alpha_epsilon = 0.01`) whatever the kernel.
//!
//! Factors are computed in double precision: the evidence subtracts numbers of nearly equal size,
//! and at 1,000 labels it costs milliseconds.

use crate::HeadsError;
use crate::targets::{Members, Targets, row_count};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::traits::RealField;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use std::ops::Range;

/// The factors of all `K + D_c`.
pub(crate) struct SharedFactor {
    /// Lower Cholesky factor of `B`; the upper triangle is zero.
    pub base: Mat<f64>,
    /// Lower Cholesky factor of `S_c` for each class; empty for classes without labels.
    pub corrections: Vec<Mat<f64>>,
    /// Internal rows of each class.
    pub members: Vec<Members>,
    /// `off_noise - on_noise`.
    pub gap: f64,
}

/// Factorises `kernel + D_c` for every class. Only the lower triangle of `kernel` is read; `members`
/// are the rows of each class.
pub(crate) fn factorise(
    mut kernel: Mat<f64>,
    members: &[Members],
    targets: &Targets,
    par: Par,
) -> Result<SharedFactor, HeadsError> {
    let size = kernel.nrows();
    for row in 0..size {
        kernel[(row, row)] += targets.off_noise;
    }
    cholesky(kernel.as_mut(), par, "covariance of the labeled images")?;
    let gap = targets.off_noise - targets.on_noise;
    let mut inverse = Mat::<f64>::zeros(size, size);
    invert_lower_triangular(inverse.as_mut(), kernel.as_ref(), par);
    let corrections = members
        .iter()
        .map(|members| correction(&inverse, members, gap, par))
        .collect::<Result<_, _>>()?;
    Ok(SharedFactor {
        base: kernel,
        corrections,
        members: members.to_vec(),
        gap,
    })
}

/// Cholesky factor of `S_c` from the inverse of the factor of `B`.
fn correction(
    inverse: &Mat<f64>,
    members: &[Range<usize>],
    gap: f64,
    par: Par,
) -> Result<Mat<f64>, HeadsError> {
    let size = row_count(members);
    let mut schur = Mat::<f64>::zeros(size, size);
    let Some(first) = members.iter().find(|range| !range.is_empty()) else {
        return Ok(schur);
    };
    // Rows of the inverse above the first row of the class are zero in these columns.
    let below = inverse
        .as_ref()
        .subrows(first.start, inverse.nrows() - first.start);
    let gathered;
    let columns = if first.len() == size {
        below.subcols(first.start, size)
    } else {
        let rows: Vec<usize> = members.iter().cloned().flatten().collect();
        gathered = Mat::from_fn(below.nrows(), size, |row, column| {
            below[(row, rows[column])]
        });
        gathered.as_ref()
    };
    triangular_matmul(
        schur.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        columns.transpose(),
        BlockStructure::Rectangular,
        columns,
        BlockStructure::Rectangular,
        -1.0,
        par,
    );
    for row in 0..size {
        schur[(row, row)] += 1.0 / gap;
    }
    cholesky(schur.as_mut(), par, "covariance of one class")?;
    Ok(schur)
}

/// Replaces a symmetric positive definite matrix, of which the lower triangle is read, by its lower
/// Cholesky factor with zeros above the diagonal.
pub(crate) fn cholesky(
    mut matrix: MatMut<'_, f64>,
    par: Par,
    what: &'static str,
) -> Result<(), HeadsError> {
    let size = matrix.nrows();
    let scratch = cholesky_in_place_scratch::<f64>(size, par, Default::default());
    let mut memory = MemBuffer::new(scratch);
    cholesky_in_place(
        matrix.as_mut(),
        Default::default(),
        par,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map_err(|_| HeadsError::Factorisation { what })?;
    for column in 1..size {
        matrix
            .as_mut()
            .submatrix_mut(0, column, column, 1)
            .fill(0.0);
    }
    // A factor of numbers that are not finite comes back without an error.
    if (0..size).all(|row| matrix[(row, row)].is_finite()) {
        Ok(())
    } else {
        Err(HeadsError::Factorisation { what })
    }
}

impl SharedFactor {
    /// Solves `(K + D_c) x_c = y_c` for all classes, one column of `y` each, in place.
    pub fn solve(&self, mut y: MatMut<'_, f64>) {
        self.solve_base(y.as_mut());
        let mut shift = Mat::<f64>::zeros(y.nrows(), y.ncols());
        for (class, members) in self.members.iter().enumerate() {
            let mut part = Mat::<f64>::zeros(row_count(members), 1);
            gather_rows(members, y.as_ref().subcols(class, 1), part.as_mut());
            let factor = self.corrections[class].as_ref();
            solve_lower_triangular_in_place(factor, part.as_mut(), Par::Seq);
            solve_upper_triangular_in_place(factor.transpose(), part.as_mut(), Par::Seq);
            for (row, value) in members.iter().cloned().flatten().zip(part.col(0).iter()) {
                shift[(row, class)] = *value;
            }
        }
        self.solve_base(shift.as_mut());
        y += &shift;
    }

    fn solve_base(&self, mut y: MatMut<'_, f64>) {
        solve_lower_triangular_in_place(self.base.as_ref(), y.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.base.transpose(), y.as_mut(), Par::Seq);
    }

    /// `ln det(K + D_c)`.
    pub fn log_determinant(&self, class: usize) -> f64 {
        let log_diagonal = |factor: &Mat<f64>| -> f64 {
            (0..factor.nrows()).map(|row| factor[(row, row)].ln()).sum()
        };
        let correction = &self.corrections[class];
        2.0 * (log_diagonal(&self.base) + log_diagonal(correction))
            + correction.nrows() as f64 * self.gap.ln()
    }
}

/// Copies the rows of one class, one below the other.
pub(crate) fn gather_rows<T: RealField>(
    members: &[Range<usize>],
    from: MatRef<'_, T>,
    mut into: MatMut<'_, T>,
) {
    let columns = from.ncols();
    let mut start = 0;
    for range in members {
        into.as_mut()
            .submatrix_mut(start, 0, range.len(), columns)
            .copy_from(from.subrows(range.start, range.len()));
        start += range.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::{ClassOrder, targets};
    use autolabel_annotation::ClassId;
    use faer::Side;
    use faer::prelude::Solve;

    /// So many labels of each class in turn.
    fn labels(counts: &[usize]) -> Vec<ClassId> {
        let classes = (0u16..).zip(counts);
        classes
            .flat_map(|(class, &count)| vec![ClassId(class); count])
            .collect()
    }

    fn members(counts: &[usize]) -> Vec<Members> {
        ClassOrder::new(&labels(counts), counts.len()).members
    }

    /// A kernel matrix of points on a line.
    fn kernel(size: usize) -> Mat<f64> {
        Mat::from_fn(size, size, |i, j| {
            20.0 * (-((i as f64 - j as f64) / 6.0).powi(2)).exp()
        })
    }

    #[test]
    fn equals_one_factor_per_class() {
        // The first class came in two batches, the second not at all.
        let members = ClassOrder::new(&labels(&[5, 0, 19, 11]), 4)
            .extended(&labels(&[5]))
            .members;
        let t = targets(&[10, 0, 19, 11], 0.01);
        let shared = factorise(kernel(40), &members, &t, Par::Seq).unwrap();
        let y = Mat::<f64>::from_fn(40, 4, |i, c| ((i * 7 + c * 3) as f64).sin());
        let mut solved = y.clone();
        shared.solve(solved.as_mut());
        for (class, members) in members.iter().enumerate() {
            let mut direct = kernel(40);
            for row in 0..40 {
                direct[(row, row)] += if members.iter().any(|range| range.contains(&row)) {
                    t.on_noise
                } else {
                    t.off_noise
                };
            }
            let factor = direct.llt(Side::Lower).unwrap();
            let expected = factor.solve(y.as_ref().subcols(class, 1));
            for row in 0..40 {
                assert!((solved[(row, class)] - expected[(row, 0)]).abs() < 1e-9);
            }
            let determinant: f64 = (0..40).map(|i| 2.0 * factor.L()[(i, i)].ln()).sum();
            assert!((shared.log_determinant(class) - determinant).abs() < 1e-9);
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        let t = targets(&[3], 0.01);
        for bad in [-10.0, f64::NAN] {
            let matrix = Mat::from_fn(3, 3, |i, j| if i == j { bad } else { 0.0 });
            assert!(factorise(matrix, &members(&[3]), &t, Par::Seq).is_err());
        }
    }

    #[test]
    fn is_the_same_for_any_number_of_threads() {
        let factors = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let t = targets(&[500, 900], 0.01);
                let members = members(&[500, 900]);
                let shared = factorise(kernel(1_400), &members, &t, Par::rayon(0)).unwrap();
                (shared.base, shared.corrections)
            })
        };
        assert!(factors(1) == factors(2));
    }
}
