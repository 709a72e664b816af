//! How little an image resembles anything that was labeled: a sign that it shows none of the known
//! classes, or is no proper image of its kind.
//!
//! Two views of the same question are joined. With `k(x, x)` the prior variance and `var_c(x)` the
//! posterior variance of class `c`,
//!
//! ```text
//! variance share  a(x) = 1/C Σ_c var_c(x) / k(x, x)       1 = nothing learned here, 0 = everything
//! distance        d(x) = distance to the 5th nearest label (Sun et al. 2022)
//! score           quantile, over the images asked for, of the mean of the quantiles of a and d
//! label share     (1 + labels whose own d, to the other labels, is at least d(x)) / (1 + labels)
//! ```
//!
//! The score ranks: 0.99 = more foreign than 99 % of these images, whatever the features. It says
//! nothing about how many are foreign; the label share does: it is a conformal p-value (Bates et al.
//! 2023) for the statement that the image is one more of the kind of the labels, valid if labels are a
//! fair sample, and careful if they were chosen for being unlike each other.

use crate::HeadsError;
use crate::gp::DirichletGp;
use crate::kernel::prior_variance;
use crate::matrix::{BLOCK_ROWS, Matrix, dot, dot_block};
use crate::predict::Predictions;
use rayon::prelude::*;

/// Which nearest label counts; fewer where there are fewer labels.
const NEIGHBOUR: usize = 5;

/// The novelty of `n` images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Novelty {
    /// Quantile among the images asked for, 0 to 1, the most foreign highest.
    pub score: Vec<f32>,
    /// Share of the labels that are at least as foreign to the other labels, above 0 to 1.
    pub label_share: Vec<f32>,
    /// Share of the prior variance that is left, mean over the classes, 0 to 1.
    pub variance_share: Vec<f32>,
    /// Distance to the fifth nearest label, in units of the features.
    pub distance: Vec<f32>,
}

/// The novelty of these rows of `features`, for which `gp` gave `predictions`. Takes `n L d` operations
/// for `L` labels with `d` features.
///
/// # Errors
/// Features of another width, rows out of range, predictions of other images.
pub fn novelty(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
    predictions: &Predictions,
) -> Result<Novelty, HeadsError> {
    check(gp, features, rows, predictions)?;
    let classes = gp.class_count();
    let variance_share: Vec<f32> = rows
        .iter()
        .zip(predictions.variance.chunks_exact(classes))
        .map(|(&row, variance)| {
            let row = features.row(row as usize);
            let prior = prior_variance(gp.kernel, &gp.scale, f64::from(dot(row, row)));
            let mean = variance.iter().map(|&v| f64::from(v)).sum::<f64>() / classes as f64;
            (mean / prior).min(1.0) as f32
        })
        .collect();
    let labels: Vec<u32> = (0..gp.label_count() as u32).collect();
    let distance = neighbour_distances(&gp.features, features, rows, 0);
    // A label is its own nearest: the neighbour beyond.
    let mut own = neighbour_distances(&gp.features, &gp.features, &labels, 1);
    own.sort_unstable_by(f32::total_cmp);
    let label_share = distance
        .iter()
        .map(|&distance| {
            let nearer = own.partition_point(|&other| other < distance);
            (1 + own.len() - nearer) as f32 / (1 + own.len()) as f32
        })
        .collect();
    let joined: Vec<f32> = quantiles(&variance_share)
        .iter()
        .zip(quantiles(&distance))
        .map(|(a, b)| 0.5 * (a + b))
        .collect();
    Ok(Novelty {
        score: quantiles(&joined),
        label_share,
        variance_share,
        distance,
    })
}

fn check(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
    predictions: &Predictions,
) -> Result<(), HeadsError> {
    let shape = |what, expected, found| {
        Err(HeadsError::Shape {
            what,
            expected,
            found,
        })
    };
    if features.cols != gp.features.cols {
        return shape("columns of the features", gp.features.cols, features.cols);
    }
    let variances = rows.len() * gp.class_count();
    if predictions.variance.len() != variances {
        return shape("predicted variances", variances, predictions.variance.len());
    }
    match rows.iter().find(|&&row| row as usize >= features.rows) {
        Some(&row) => Err(HeadsError::RowOutOfRange {
            row,
            rows: features.rows,
        }),
        None => Ok(()),
    }
}

/// Distance of each row to its fifth nearest label, not counting the nearest `skipped`.
fn neighbour_distances(
    labels: &Matrix,
    features: &Matrix,
    rows: &[u32],
    skipped: usize,
) -> Vec<f32> {
    let norms = labels.squared_norms();
    let wanted = (NEIGHBOUR - 1 + skipped).min(labels.rows - 1);
    let mut distances = vec![0.0f32; rows.len()];
    distances
        .par_chunks_mut(BLOCK_ROWS)
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(
            || (Vec::new(), Vec::new()),
            |(gathered, products), (out, block)| {
                gathered.resize(block.len() * features.cols, 0.0);
                products.resize(block.len() * labels.rows, 0.0);
                features.gather(block, gathered);
                dot_block(gathered, &labels.data, features.cols, products);
                let images = products.chunks_exact_mut(labels.rows).zip(block);
                for (distance, (squared, &row)) in out.iter_mut().zip(images) {
                    let row = features.row(row as usize);
                    let norm = dot(row, row);
                    for (product, other) in squared.iter_mut().zip(&norms) {
                        *product = (norm + other - 2.0 * *product).max(0.0);
                    }
                    let (_, found, _) = squared.select_nth_unstable_by(wanted, f32::total_cmp);
                    *distance = found.sqrt();
                }
            },
        );
    distances
}

/// Share of values that are smaller, equal ones counting half.
fn quantiles(values: &[f32]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    values
        .iter()
        .map(|&value| {
            let below = sorted.partition_point(|&other| other < value);
            let up_to = sorted.partition_point(|&other| other <= value);
            (below + up_to) as f32 / (2 * values.len()) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_shares_below() {
        assert_eq!(quantiles(&[3.0, 1.0, 2.0, 1.0]), [0.875, 0.25, 0.625, 0.25]);
        assert!(quantiles(&[]).is_empty());
    }
}
