//! What the linear head says about images, and what it would say about each label without it.

use crate::HeadsError;
use crate::laplace::WeightCovariance;
use crate::linear::LinearLaplace;
use crate::matrix::Matrix;
use crate::posterior_samples::{
    SoftmaxScratch, expected_softmax, normal_points, probability_variances,
};
use crate::predict::{PredictOptions, Predictions};
use crate::softmax_regression::{logits, softmax_rows, with_constant};
use faer::Mat;
use faer::prelude::Solve;
use rayon::prelude::*;

/// Images whose logits are held at once.
const CHUNK_ROWS: usize = 8_192;

/// Predicts the given rows of `features`, which come from the same transform as the labeled ones.
///
/// Means and variances are those of the logits less their average over the classes, which no
/// probability depends on; probabilities and mutual information take the covariances between classes
/// into account.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn predict_linear(
    head: &LinearLaplace,
    features: &Matrix,
    rows: &[u32],
    options: &PredictOptions,
) -> Result<Predictions, HeadsError> {
    if features.cols + 1 != head.design.cols {
        return Err(HeadsError::Shape {
            what: "columns of the features",
            expected: head.design.cols - 1,
            found: features.cols,
        });
    }
    if let Some(&row) = rows.iter().find(|&&row| row as usize >= features.rows) {
        return Err(HeadsError::RowOutOfRange {
            row,
            rows: features.rows,
        });
    }
    let mut all = empty(head.class_count(), options);
    for rows in rows.chunks(CHUNK_ROWS) {
        let design = with_constant(features, rows);
        let mean = logits(&design, head.weights.as_ref());
        let covariance = head.covariance.of_logits(&design, head.class_count());
        all.append(classified(mean, &covariance, options));
    }
    Ok(all)
}

/// Leave-one-out predictions of the labels, in the order in which they were passed to
/// [`fit_linear`](crate::fit_linear): one Newton step from the weights of all labels (Pregibon 1981;
/// Rad and Maleki 2020 for its accuracy). With the covariance `S` of the logits of label `i`, its
/// probabilities `p`, `y` = 1 for its class and 0 else, and `Λ = diag(p) - p pᵀ`,
///
/// ```text
/// S₋ᵢ = S (I - Λ S)⁻¹      logits₋ᵢ = logits + S₋ᵢ (p - y)
/// ```
///
/// The prior precision stays. See [`leave_one_out`](crate::leave_one_out) for what it can tell.
#[must_use]
pub fn leave_one_out_linear(head: &LinearLaplace) -> Predictions {
    let classes = head.class_count();
    let mut mean = logits(&head.design, head.weights.as_ref());
    let mut covariance = head.covariance.of_logits(&head.design, classes);
    let mut probabilities = mean.clone();
    softmax_rows(&mut probabilities, classes);
    mean.par_chunks_mut(classes)
        .zip(covariance.par_chunks_mut(classes * classes))
        .zip(probabilities.par_chunks(classes))
        .zip(&head.classes)
        .for_each(|(((mean, covariance), p), class)| {
            let is_full = matches!(head.covariance, WeightCovariance::Full(_));
            let s = Mat::from_fn(classes, classes, |a, b| {
                f64::from(covariance[a * classes + b])
            });
            let lambda = Mat::from_fn(classes, classes, |a, b| match (a == b, is_full) {
                (true, _) => p[a] * (1.0 - p[a]),
                (false, true) => -p[a] * p[b],
                // Blocks of classes know nothing of each other.
                (false, false) => 0.0,
            });
            let without = s_without(&s, &lambda);
            for a in 0..classes {
                for b in 0..classes {
                    let residual = p[b] - if b == class.index() { 1.0 } else { 0.0 };
                    mean[a] += without[(a, b)] * residual;
                    covariance[a * classes + b] = without[(a, b)] as f32;
                }
            }
        });
    classified(mean, &covariance, &PredictOptions::default())
}

/// `S (I - Λ S)⁻¹`, made symmetric.
fn s_without(s: &Mat<f64>, lambda: &Mat<f64>) -> Mat<f64> {
    let classes = s.nrows();
    let system = Mat::<f64>::identity(classes, classes) - s * lambda;
    // (I - S Λ)⁻¹ S is the same matrix.
    let solved = system.partial_piv_lu().solve(s);
    Mat::from_fn(classes, classes, |a, b| {
        0.5 * (solved[(a, b)] + solved[(b, a)])
    })
}

fn empty(class_count: usize, options: &PredictOptions) -> Predictions {
    Predictions {
        class_count,
        mutual_information: options.mutual_information.then(Vec::new),
        spread: options.spread.then(Vec::new),
        ..Predictions::default()
    }
}

/// Predictions from logits (`n x C`) and their covariances (`n x C x C`).
fn classified(mut mean: Vec<f64>, covariance: &[f32], options: &PredictOptions) -> Predictions {
    let classes = (covariance.len() / mean.len().max(1)).max(1);
    let points = normal_points(options.samples, classes);
    let mut probabilities = vec![0.0f32; mean.len()];
    let mut variance = vec![0.0f32; mean.len()];
    let ones = vec![1.0f32; classes];
    let information: Vec<(f32, Vec<f32>)> = probabilities
        .par_chunks_mut(classes)
        .zip(variance.par_chunks_mut(classes))
        .zip(mean.par_chunks_mut(classes))
        .zip(covariance.par_chunks(classes * classes))
        .map_init(
            || (SoftmaxScratch::of(&points), points.clone()),
            |(scratch, own), (((probabilities, variance), mean), covariance)| {
                let average = mean.iter().sum::<f64>() / classes as f64;
                mean.iter_mut().for_each(|value| *value -= average);
                let centred = centred(covariance, classes);
                for (class, variance) in variance.iter_mut().enumerate() {
                    // What rounding may leave where there is no doubt.
                    *variance = (centred[class * classes + class] as f32).max(1e-9);
                }
                points.spread_by(&square_root(centred, classes), own);
                let mean: Vec<f32> = mean.iter().map(|&value| value as f32).collect();
                let information = expected_softmax(&mean, &ones, own, probabilities, scratch);
                let mut spread = vec![0.0f32; if options.spread { classes } else { 0 }];
                if options.spread {
                    let p = &*probabilities;
                    probability_variances(&mean, &ones, own, p, &mut spread, scratch);
                }
                (information, spread)
            },
        )
        .collect();
    let (information, spread): (Vec<f32>, Vec<Vec<f32>>) = information.into_iter().unzip();
    Predictions {
        class_count: classes,
        mean: mean.iter().map(|&value| value as f32).collect(),
        variance,
        probabilities,
        mutual_information: options.mutual_information.then_some(information),
        spread: options.spread.then(|| spread.concat()),
    }
}

/// Covariance of values less their average.
fn centred(covariance: &[f32], classes: usize) -> Vec<f64> {
    let rows: Vec<f64> = covariance
        .chunks_exact(classes)
        .map(|row| row.iter().map(|&value| f64::from(value)).sum::<f64>() / classes as f64)
        .collect();
    let all = rows.iter().sum::<f64>() / classes as f64;
    (0..classes * classes)
        .map(|i| f64::from(covariance[i]) - rows[i / classes] - rows[i % classes] + all)
        .collect()
}

/// Lower triangular root of a covariance that may be singular: directions without variance get none.
fn square_root(mut matrix: Vec<f64>, classes: usize) -> Vec<f32> {
    let largest = (0..classes).map(|i| matrix[i * classes + i]);
    let floor = 1e-7 * largest.fold(0.0, f64::max);
    for column in 0..classes {
        let mut pivot = matrix[column * classes + column];
        for k in 0..column {
            pivot -= matrix[column * classes + k].powi(2);
        }
        let root = if pivot > floor { pivot.sqrt() } else { 0.0 };
        matrix[column * classes + column] = root;
        for row in column + 1..classes {
            let mut value = matrix[row * classes + column];
            for k in 0..column {
                value -= matrix[row * classes + k] * matrix[column * classes + k];
            }
            matrix[row * classes + column] = if root > 0.0 { value / root } else { 0.0 };
            matrix[column * classes + row] = 0.0;
        }
    }
    matrix.iter().map(|&value| value as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_a_singular_covariance_gives_it_back() {
        // Three values less their average: rank two.
        let covariance = centred(&[2.0, 0.3, 0.1, 0.3, 1.0, -0.2, 0.1, -0.2, 0.5], 3);
        let root = square_root(covariance.clone(), 3);
        for a in 0..3 {
            assert!((0..3).map(|b| covariance[a * 3 + b]).sum::<f64>().abs() < 1e-7);
            for b in 0..3 {
                let product: f32 = (0..3).map(|k| root[a * 3 + k] * root[b * 3 + k]).sum();
                assert!((f64::from(product) - covariance[a * 3 + b]).abs() < 1e-6);
            }
        }
    }
}
