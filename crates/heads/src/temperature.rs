//! Temperature scaling (Guo, Pleiss, Sun and Weinberger, 2017): one number that makes all
//! probabilities sharper or softer without changing which class is on top.

use crate::HeadsError;
use autolabel_annotation::ClassId;

/// Spread of the log-normal prior on the temperature. With ten labels the temperature hardly moves from
/// the median of the prior; a few hundred outweigh it.
const LOG_SPREAD: f64 = 0.3;

/// Range of the logarithm of the temperature.
const LOG_RANGE: (f64, f64) = (-2.5, 2.5);

/// Probabilities below this are taken for it.
const SMALLEST: f64 = 1e-9;

/// The temperature that makes these probabilities (`n x class_count`) fit the true classes best:
/// the largest posterior of `p^(1/T)`, renormalised, under a log-normal prior with this median and
/// spread 0.3 of the logarithm. Above 1 the probabilities were too sure. `median` where `n` is 0.
///
/// `weights` says how many labels each counts for (finite, not negative); all 1 is the ordinary fit.
/// Use labels the classifier has not seen: the random part of the batches, or leave-one-out
/// predictions.
///
/// # Errors
/// Sizes that do not belong together, classes out of range, probabilities outside [0, 1], weights
/// that are negative or not finite.
pub fn fit_temperature(
    probabilities: &[f32],
    class_count: usize,
    truth: &[ClassId],
    weights: &[f64],
    median: f64,
) -> Result<f64, HeadsError> {
    if !(median.is_finite() && median > 0.0) {
        return Err(HeadsError::Setting {
            name: "median of the temperature",
            value: median,
            range: "finite and above 0",
        });
    }
    if weights.len() != truth.len() {
        return Err(HeadsError::Shape {
            what: "weights",
            expected: truth.len(),
            found: weights.len(),
        });
    }
    if let Some(&value) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
        return Err(HeadsError::Setting {
            name: "weight",
            value,
            range: "finite and not negative",
        });
    }
    if probabilities.len() != truth.len() * class_count {
        return Err(HeadsError::Shape {
            what: "probabilities",
            expected: truth.len() * class_count,
            found: probabilities.len(),
        });
    }
    if let Some(class) = truth.iter().find(|class| class.index() >= class_count) {
        return Err(HeadsError::ClassOutOfRange {
            class: class.0,
            class_count,
        });
    }
    let valid = |p: &f32| (0.0..=1.0001).contains(p);
    if let Some(&value) = probabilities.iter().find(|p| !valid(p)) {
        return Err(HeadsError::Setting {
            name: "probability",
            value: f64::from(value),
            range: "between 0 and 1",
        });
    }
    let logits: Vec<f64> = probabilities
        .iter()
        .map(|&p| f64::from(p).max(SMALLEST).ln())
        .collect();
    let centre = median.ln();
    let posterior = |log: f64| {
        0.5 * ((log - centre) / LOG_SPREAD).powi(2)
            + loss(&logits, class_count, truth, weights, log)
    };
    Ok(minimum(posterior).exp())
}

/// Applies a temperature to rows of probabilities in place.
pub fn apply_temperature(probabilities: &mut [f32], class_count: usize, temperature: f64) {
    for row in probabilities.chunks_mut(class_count.max(1)) {
        let logits: Vec<f64> = row
            .iter()
            .map(|&p| f64::from(p).max(SMALLEST).ln() / temperature)
            .collect();
        let normaliser = log_sum_exp(&logits);
        for (probability, logit) in row.iter_mut().zip(&logits) {
            *probability = (logit - normaliser).exp() as f32;
        }
    }
}

/// Negative log-likelihood in nats.
fn loss(
    logits: &[f64],
    class_count: usize,
    truth: &[ClassId],
    weights: &[f64],
    log_temperature: f64,
) -> f64 {
    let scale = (-log_temperature).exp();
    let mut scaled = vec![0.0; class_count];
    let mut loss = 0.0;
    let rows = logits.chunks_exact(class_count.max(1));
    for ((row, class), weight) in rows.zip(truth).zip(weights) {
        for (value, logit) in scaled.iter_mut().zip(row) {
            *value = logit * scale;
        }
        loss += weight * (log_sum_exp(&scaled) - scaled[class.index()]);
    }
    loss
}

fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + values.iter().map(|v| (v - largest).exp()).sum::<f64>().ln()
}

/// The minimum over the range: the best of a grid, refined by golden-section search around it.
fn minimum(value: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 40;
    let width = (LOG_RANGE.1 - LOG_RANGE.0) / STEPS as f64;
    let best = (0..=STEPS)
        .map(|step| LOG_RANGE.0 + step as f64 * width)
        .min_by(|a, b| value(*a).total_cmp(&value(*b)))
        .unwrap_or(0.0);
    let (mut low, mut high) = (best - width, best + width);
    let golden = (5.0f64.sqrt() - 1.0) / 2.0;
    while high - low > 1e-4 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if value(left) < value(right) {
            high = right;
        } else {
            low = left;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Labels drawn from probabilities, and the same probabilities sharpened by `1 / true_t`.
    fn draw(count: usize, true_t: f64) -> (Vec<f32>, Vec<ClassId>) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut probabilities = Vec::new();
        let mut truth = Vec::new();
        for _ in 0..count {
            let raw: [f64; 3] =
                [rng.random(), rng.random(), rng.random()].map(|u: f64| u.powi(3) + 0.01);
            let sum: f64 = raw.iter().sum();
            let mut u = rng.random::<f64>() * sum;
            let class = raw
                .iter()
                .position(|p| {
                    u -= p;
                    u < 0.0
                })
                .unwrap_or(2);
            truth.push(ClassId(class as u16));
            let mut row = raw.map(|p| (p / sum) as f32);
            apply_temperature(&mut row, 3, 1.0 / true_t);
            probabilities.extend(row);
        }
        (probabilities, truth)
    }

    #[test]
    fn finds_the_temperature_of_many_labels() {
        for true_t in [0.6, 1.0, 1.8] {
            let (probabilities, truth) = draw(20_000, true_t);
            let found =
                fit_temperature(&probabilities, 3, &truth, &vec![1.0; truth.len()], 1.0).unwrap();
            assert!((found / true_t - 1.0).abs() < 0.05, "{found} {true_t}");
        }
    }

    #[test]
    fn a_weight_counts_like_repeated_labels() {
        let (mut probabilities, mut truth) = draw(60, 1.8);
        let mut weights = vec![1.0; 60];
        weights[..20].fill(3.0);
        let weighted = fit_temperature(&probabilities, 3, &truth, &weights, 1.0).unwrap();
        for _ in 0..2 {
            probabilities.extend_from_within(..60);
            truth.extend_from_within(..20);
        }
        let repeated = fit_temperature(&probabilities, 3, &truth, &[1.0; 100], 1.0).unwrap();
        assert!((weighted - repeated).abs() < 1e-3, "{weighted} {repeated}");
    }

    #[test]
    fn stays_near_the_median_with_few_labels() {
        assert!((fit_temperature(&[], 3, &[], &[], 0.8).unwrap() - 0.8).abs() < 1e-3);
        // Five confident mistakes would ask for an endless temperature.
        let row = [0.98f32, 0.01, 0.01];
        let few = fit_temperature(&row.repeat(2), 3, &[ClassId(1); 2], &[1.0; 2], 1.0).unwrap();
        assert!(few > 1.0 && few < 2.0, "{few}");
    }

    #[test]
    fn refuses_what_does_not_belong_together() {
        let once = [1.0; 2];
        assert!(fit_temperature(&[0.5; 5], 2, &[ClassId(0); 2], &once, 1.0).is_err());
        assert!(fit_temperature(&[0.5; 4], 2, &[ClassId(2); 2], &once, 1.0).is_err());
        assert!(fit_temperature(&[f32::NAN; 4], 2, &[ClassId(0); 2], &once, 1.0).is_err());
        assert!(fit_temperature(&[0.5; 4], 2, &[ClassId(0); 2], &[1.0], 1.0).is_err());
        assert!(fit_temperature(&[0.5; 4], 2, &[ClassId(0); 2], &[1.0, -1.0], 1.0).is_err());
        assert!(fit_temperature(&[0.5; 4], 2, &[ClassId(0); 2], &once, 0.0).is_err());
    }

    proptest! {
        #[test]
        fn keeps_the_order_and_the_sum(raw in prop::collection::vec(0.001f32..1.0, 4), temperature in 0.2f64..5.0) {
            let sum: f32 = raw.iter().sum();
            let before: Vec<f32> = raw.iter().map(|p| p / sum).collect();
            let mut after = before.clone();
            apply_temperature(&mut after, 4, temperature);
            prop_assert!((after.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            for (a, b) in after.iter().zip(&before) {
                for (c, d) in after.iter().zip(&before) {
                    prop_assert!(b >= d || a <= c, "the order changed");
                }
            }
            // Colder ones push small probabilities to where they count as nothing.
            if temperature >= 0.5 {
                let mut back = after.clone();
                apply_temperature(&mut back, 4, 1.0 / temperature);
                for (a, b) in back.iter().zip(&before) {
                    prop_assert!((a - b).abs() < 1e-3);
                }
            }
        }
    }
}
