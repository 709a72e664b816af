//! The exact posterior, in single precision for prediction.
//!
//! Predicting costs two triangular solves of the size of all labels an image and one of the size
//! of each class. Rounding is bounded by the noise: the smallest eigenvalue of the matrix is at
//! least `off_noise` (4.6), the scale search keeps the largest near `n * variance`, and solving
//! with the factor keeps the error at the square root of their ratio.

use crate::HeadsError;
use crate::evidence::{kernel_matrix, solve_targets};
use crate::factor::{SharedFactor, factorise, gather_rows};
use crate::kernel::{Kernel, KernelScale};
use crate::matrix::{Matrix, inner_products};
use crate::targets::{ClassOrder, Members, Targets, row_count};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatMut, MatRef, Par};

/// What prediction needs of the factors of `K + D_c` (see `factor`).
#[derive(Debug, Clone)]
pub(crate) struct ExactPosterior {
    /// Lower Cholesky factor of `K + off_noise I`.
    pub base: Mat<f32>,
    /// Lower Cholesky factor of the correction of each class.
    pub corrections: Vec<Mat<f32>>,
    /// Internal rows of each class.
    pub members: Vec<Members>,
    /// `(K + D_c)⁻¹ (target_c - prior mean_c)`, one column a class.
    pub weights: Mat<f32>,
}

/// Solves for the labeled rows `features`, which are in the order of `order`. Returns the logarithm
/// of the marginal likelihood beside the posterior, in nats.
pub(crate) fn fit_exact(
    features: &Matrix,
    order: &ClassOrder,
    targets: &Targets,
    kernel: Kernel,
    scale: &KernelScale,
) -> Result<(ExactPosterior, f64), HeadsError> {
    let products = inner_products(features, features)?;
    let matrix = kernel_matrix(&products, &products.diagonal(), kernel, scale);
    drop(products);
    let factor = factorise(matrix, &order.members, targets, Par::rayon(0))?;
    Ok(ExactPosterior::solved(factor, order, targets))
}

pub(crate) fn single(matrix: &Mat<f64>) -> Mat<f32> {
    let mut single = Mat::<f32>::zeros(matrix.nrows(), matrix.ncols());
    for column in 0..matrix.ncols() {
        let into = single.col_as_slice_mut(column).iter_mut();
        for (into, value) in into.zip(matrix.col_as_slice(column)) {
            *into = *value as f32;
        }
    }
    single
}

impl ExactPosterior {
    /// The posterior that these factors give, and the logarithm of the marginal likelihood.
    pub fn solved(factor: SharedFactor, order: &ClassOrder, targets: &Targets) -> (Self, f64) {
        let (weights, log_evidence) = solve_targets(&factor, order, targets);
        let posterior = Self {
            base: single(&factor.base),
            corrections: factor.corrections.iter().map(single).collect(),
            members: factor.members,
            weights: single(&weights),
        };
        (posterior, log_evidence)
    }

    /// Turns every column `v` into `G⁻¹ v` with `G Gᵀ = B` (see `factor`), in place.
    pub fn half_solve(&self, columns: MatMut<'_, f32>) {
        solve_lower_triangular_in_place(self.base.as_ref(), columns, Par::Seq);
    }

    /// Turns every column `G⁻¹ v` into `B⁻¹ v`, in place.
    pub fn other_half_solve(&self, columns: MatMut<'_, f32>) {
        solve_upper_triangular_in_place(self.base.transpose(), columns, Par::Seq);
    }

    /// `G_c⁻¹ E_cᵀ x` with `G_c G_cᵀ = S_c` for every column `x = B⁻¹ v`: what class `c` adds to
    /// `vᵀ B⁻¹ v` is its squared length. One column of the labels of the class each.
    pub fn class_part(&self, class: usize, columns: MatRef<'_, f32>) -> Mat<f32> {
        let members = &self.members[class];
        let mut part = Mat::<f32>::zeros(row_count(members), columns.ncols());
        gather_rows(members, columns, part.as_mut());
        let factor = self.corrections[class].as_ref();
        solve_lower_triangular_in_place(factor, part.as_mut(), Par::Seq);
        part
    }

    /// `vᵀ (K + D_c)⁻¹ v` for every column `v` and every class: written to `out`, one row of
    /// classes a column. The columns are overwritten; `spare` has the same size.
    pub fn quadratic_forms(
        &self,
        mut columns: MatMut<'_, f32>,
        mut spare: MatMut<'_, f32>,
        out: &mut [f32],
    ) {
        let classes = self.members.len();
        let count = columns.ncols();
        solve_lower_triangular_in_place(self.base.as_ref(), columns.as_mut(), Par::Seq);
        for column in 0..count {
            out[column * classes..(column + 1) * classes].fill(square(&columns, column));
        }
        solve_upper_triangular_in_place(self.base.transpose(), columns.as_mut(), Par::Seq);
        for (class, members) in self.members.iter().enumerate() {
            let own = row_count(members);
            if own == 0 {
                continue;
            }
            let mut part = spare.as_mut().submatrix_mut(0, 0, own, count);
            gather_rows(members, columns.as_ref(), part.as_mut());
            let factor = self.corrections[class].as_ref();
            solve_lower_triangular_in_place(factor, part.as_mut(), Par::Seq);
            for column in 0..count {
                out[column * classes + class] += square(&part, column);
            }
        }
    }
}

/// Squared length of one column.
pub(crate) fn square(matrix: &MatMut<'_, f32>, column: usize) -> f32 {
    let column = matrix.as_ref().col(column);
    match column.try_as_col_major() {
        Some(column) => crate::matrix::dot(column.as_slice(), column.as_slice()),
        None => column.iter().map(|value| value * value).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::targets;
    use autolabel_annotation::ClassId;

    /// Single precision must not lose the variance where the kernel is worst conditioned: many
    /// labels, a large variance and a long length-scale, at the edge of what the search visits.
    #[test]
    fn single_precision_keeps_the_variance() {
        let (labels, cols) = (500, 6);
        let data: Vec<f32> = (0..(labels + 40) * cols)
            .map(|i| ((i * 7919) as f32).sin() / (cols as f32).sqrt())
            .collect();
        let all = Matrix::new(labels + 40, cols, data).unwrap();
        let features = all.select(&(0..labels as u32).collect::<Vec<_>>());
        let classes: Vec<ClassId> = (0..labels).map(|i| ClassId(u16::from(i >= 200))).collect();
        let order = ClassOrder::new(&classes, 2);
        let targets = targets(&[200, 300], 0.01);
        let scale = KernelScale {
            variance: 500.0,
            lengthscale: 3.0,
            linear_variance: 0.0,
        };
        let (exact, _) = fit_exact(&features, &order, &targets, Kernel::Rbf, &scale).unwrap();

        let products = inner_products(&all, &all).unwrap();
        let kernel = kernel_matrix(&products, &products.diagonal(), Kernel::Rbf, &scale);
        let covariances = Mat::from_fn(labels, 40, |row, test| kernel[(labels + test, row)]);
        let own = kernel.as_ref().submatrix(0, 0, labels, labels).to_owned();
        let factor = factorise(own, &order.members, &targets, Par::Seq).unwrap();
        let mut forms = vec![0.0f32; 40 * 2];
        let mut columns = single(&covariances);
        let mut spare = columns.clone();
        exact.quadratic_forms(columns.as_mut(), spare.as_mut(), &mut forms);
        for test in 0..40 {
            for class in 0..2 {
                let mut solved = Mat::from_fn(labels, 2, |row, _| covariances[(row, test)]);
                factor.solve(solved.as_mut());
                let form: f64 = (0..labels)
                    .map(|row| covariances[(row, test)] * solved[(row, class)])
                    .sum();
                let (double, found) = (500.0 - form, 500.0 - forms[test * 2 + class]);
                let error = (f64::from(found) - double).abs();
                assert!(error < 0.01, "{found} against {double}");
            }
        }
    }
}
