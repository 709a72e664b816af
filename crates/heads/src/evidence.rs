//! Marginal likelihood of the labels under one kernel scale.

use crate::HeadsError;
use crate::factor::{SharedFactor, factorise};
use crate::kernel::{Kernel, KernelScale, covariances};
use crate::matrix::{Matrix, inner_products};
use crate::targets::{ClassOrder, Targets};
use faer::{Mat, Par};
use std::f64::consts::TAU;

/// Inner products of the labels that take part in the search, computed once for all scales.
pub(crate) struct EvidenceData<'a> {
    products: Matrix,
    norms: Vec<f32>,
    order: ClassOrder,
    targets: &'a Targets,
    /// Median distance between two different labeled images, 1 where there are none.
    pub median_distance: f64,
}

impl<'a> EvidenceData<'a> {
    /// `features` are the labeled rows in the order of `order`.
    pub fn new(
        features: &Matrix,
        order: ClassOrder,
        targets: &'a Targets,
    ) -> Result<Self, HeadsError> {
        let products = inner_products(features, features)?;
        Ok(Self::of_products(products, order, targets))
    }

    /// The same from the inner products of the labeled rows.
    pub fn of_products(products: Matrix, order: ClassOrder, targets: &'a Targets) -> Self {
        let norms = products.diagonal();
        let median_distance = median_distance(&products, &norms);
        Self {
            products,
            norms,
            order,
            targets,
            median_distance,
        }
    }
}

/// Logarithm of the marginal likelihood of all class regressions together, in nats.
pub(crate) fn log_evidence(
    data: &EvidenceData<'_>,
    kernel: Kernel,
    scale: &KernelScale,
) -> Result<f64, HeadsError> {
    let matrix = kernel_matrix(&data.products, &data.norms, kernel, scale);
    let factor = factorise(matrix, &data.order.members, data.targets, Par::Seq)?;
    Ok(solve_targets(&factor, &data.order, data.targets).1)
}

/// `(K + D_c)⁻¹ (target_c - prior mean_c)`, one column a class, and the logarithm of the marginal
/// likelihood of all class regressions together, in nats.
pub(crate) fn solve_targets(
    factor: &SharedFactor,
    order: &ClassOrder,
    targets: &Targets,
) -> (Mat<f64>, f64) {
    let (size, classes) = (order.order.len(), order.class_count());
    let y = Mat::from_fn(size, classes, |row, class| {
        targets.centred(order, row, class)
    });
    let mut solved = y.clone();
    factor.solve(solved.as_mut());
    let evidence = (0..classes)
        .map(|class| {
            let fit: f64 = (0..size)
                .map(|row| y[(row, class)] * solved[(row, class)])
                .sum();
            -0.5 * (fit + factor.log_determinant(class) + size as f64 * TAU.ln())
        })
        .sum();
    (solved, evidence)
}

/// Kernel matrix of rows whose inner products and squared lengths these are; only the lower
/// triangle is filled.
pub(crate) fn kernel_matrix(
    products: &Matrix,
    norms: &[f32],
    kernel: Kernel,
    scale: &KernelScale,
) -> Mat<f64> {
    let size = norms.len();
    let mut matrix = Mat::<f64>::zeros(size, size);
    let mut column = vec![0.0f32; size];
    for start in 0..size {
        let rest = &mut column[start..];
        rest.copy_from_slice(&products.row(start)[start..]);
        covariances(kernel, scale, norms[start], &norms[start..], rest);
        let into = &mut matrix.col_as_slice_mut(start)[start..];
        for (into, value) in into.iter_mut().zip(rest.iter()) {
            *into = f64::from(*value);
        }
    }
    matrix
}

/// Covariances of rows whose inner products these are: one row of the result for each column of
/// `products` (with the squared lengths `norms_b`), one column for each of its rows (`norms_a`).
pub(crate) fn cross_covariances(
    mut products: Matrix,
    norms_a: &[f32],
    norms_b: &[f32],
    kernel: Kernel,
    scale: &KernelScale,
) -> Mat<f64> {
    let (count, size) = (products.rows, products.cols);
    for (column, &norm) in products.data.chunks_exact_mut(size.max(1)).zip(norms_a) {
        covariances(kernel, scale, norm, norms_b, column);
    }
    Mat::from_fn(size, count, |row, column| {
        f64::from(products.data[column * size + row])
    })
}

/// Median distance between two different labeled images, 1 where there are none.
pub(crate) fn median_distance(products: &Matrix, norms: &[f32]) -> f64 {
    let mut squared: Vec<f64> = Vec::with_capacity(norms.len() * norms.len() / 2);
    for row in 0..norms.len() {
        for column in 0..row {
            let squared_distance = norms[row] + norms[column] - 2.0 * products.row(row)[column];
            squared.push(f64::from(squared_distance));
        }
    }
    squared.retain(|&value| value > 1e-6);
    if squared.is_empty() {
        return 1.0;
    }
    let middle = squared.len() / 2;
    let (_, median, _) = squared.select_nth_unstable_by(middle, f64::total_cmp);
    median.sqrt()
}
