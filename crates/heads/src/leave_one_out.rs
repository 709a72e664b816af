//! What the classifier would say about each label had it not seen it.
//!
//! For Gaussian process regression this needs no refitting (Rasmussen and Williams 2006, equations
//! 5.10 to 5.12): with `A = K + D`, the mean for label `i` without it is `y_i - [A⁻¹y]_i / [A⁻¹]_ii`
//! and its variance, less the noise, `1 / [A⁻¹]_ii - D_ii`. Kernel scale, prior means and inducing
//! points stay as they were fitted with all labels.

use crate::exact::ExactPosterior;
use crate::gp::{DirichletGp, Posterior};
use crate::matrix::BLOCK_ROWS;
use crate::predict::{PredictOptions, Predictions, classified};
use crate::support::{Scratch, Support};
use crate::targets::{ClassOrder, Targets};
use faer::MatMut;
use rayon::prelude::*;

/// Leave-one-out predictions, in the order in which the labels were passed to
/// [`fit`](crate::fit).
///
/// Actively chosen labels are harder than the pool, so this is no estimate of accuracy over the
/// pool; it shows labels that disagree with all others, and calibrates probabilities.
#[must_use]
pub fn leave_one_out(gp: &DirichletGp) -> Predictions {
    let classes = gp.class_count();
    let labels = gp.label_count();
    // For each internal row and class: the diagonal of the inverse, and the inverse times target.
    let (diagonal, solved) = match &gp.posterior {
        Posterior::Exact(exact) => exact_inverse(exact, labels, classes),
        Posterior::Sparse(_) => sparse_inverse(gp),
    };
    let floor = 1e-6 * gp.scale.variance;
    let (mean, variance) = without_each(&gp.order, &gp.targets, floor, &diagonal, &solved);
    classified(classes, mean, variance, &PredictOptions::default())
}

/// Means and variances of each label without it, one row of classes a label in the caller's order.
/// `diagonal` and `solved` hold, for each internal row and class, the diagonal of the inverse and the
/// inverse times target; no variance falls below `floor`.
pub(crate) fn without_each(
    order: &ClassOrder,
    targets: &Targets,
    floor: f64,
    diagonal: &[f32],
    solved: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let (labels, classes) = (order.order.len(), order.class_count());
    let mut mean = vec![0.0f32; labels * classes];
    let mut variance = vec![0.0f32; labels * classes];
    for row in 0..labels {
        for class in 0..classes {
            let from = row * classes + class;
            let to = order.order[row] * classes + class;
            let noise = targets.noise(order, row, class);
            let without = 1.0 / f64::from(diagonal[from]);
            let target = targets.centred(order, row, class) + targets.prior_mean[class];
            mean[to] = (target - f64::from(solved[from]) * without) as f32;
            variance[to] = (without - noise).max(floor) as f32;
        }
    }
    (mean, variance)
}

/// Diagonal of the inverse from the quadratic forms of unit vectors, and the inverse times target.
pub(crate) fn exact_inverse(
    exact: &ExactPosterior,
    labels: usize,
    classes: usize,
) -> (Vec<f32>, Vec<f32>) {
    let mut diagonal = vec![0.0f32; labels * classes];
    diagonal
        .par_chunks_mut(BLOCK_ROWS * classes)
        .enumerate()
        .for_each(|(block, out)| {
            let count = out.len() / classes;
            let mut units = vec![0.0f32; labels * count];
            let mut spare = vec![0.0f32; labels * count];
            for column in 0..count {
                units[column * labels + block * BLOCK_ROWS + column] = 1.0;
            }
            exact.quadratic_forms(
                MatMut::from_column_major_slice_mut(&mut units, labels, count),
                MatMut::from_column_major_slice_mut(&mut spare, labels, count),
                out,
            );
        });
    let solved = (0..labels * classes)
        .map(|i| exact.weights[(i / classes, i % classes)])
        .collect();
    (diagonal, solved)
}

/// The same two for inducing points, by Woodbury: with `λ = g + noise`, the diagonal of the inverse
/// is `1/λ - φᵀ A_c⁻¹ φ / λ²`, and the inverse times target is `(target - mean) / λ`.
fn sparse_inverse(gp: &DirichletGp) -> (Vec<f32>, Vec<f32>) {
    let classes = gp.class_count();
    let rows: Vec<u32> = (0..gp.label_count() as u32).collect();
    let mut diagonal = vec![0.0f32; rows.len() * classes];
    let mut solved = vec![0.0f32; rows.len() * classes];
    let support = Support::of(gp);
    diagonal
        .par_chunks_mut(BLOCK_ROWS * classes)
        .zip(solved.par_chunks_mut(BLOCK_ROWS * classes))
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(Scratch::default, |scratch, ((diagonal, solved), block)| {
            support.evaluate(&gp.features, block, scratch);
            for i in 0..diagonal.len() {
                let (row, class) = (block[i / classes] as usize, i % classes);
                let noise = gp.targets.noise(&gp.order, row, class);
                let seen = f64::from(scratch.unexplained[i / classes]) + noise;
                let form = f64::from(scratch.learned[i]);
                let target =
                    gp.targets.centred(&gp.order, row, class) + gp.targets.prior_mean[class];
                diagonal[i] = (1.0 / seen - form / (seen * seen)) as f32;
                solved[i] = ((target - f64::from(scratch.mean[i])) / seen) as f32;
            }
        });
    (diagonal, solved)
}
