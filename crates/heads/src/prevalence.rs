//! Class priors: what share of the collection each class has, and probabilities that respect it.
//!
//! The labels that were asked for hold more of the rare classes than the collection does, and the
//! classifier takes its prior from them. Where images of one class look the same in both, that is
//! where only the shares differ, Bayes' rule moves probabilities from the one prior to the other
//! (Saerens, Latinne and Decaestecker 2002, equation 2.4):
//!
//! ```text
//! p'(c | x) ∝ p(c | x) π'(c) / π(c)
//! ```
//!
//! Labels chosen by the look of the images alone leave `p(c | x)` as it is where there are labels near
//! by; there the correction is too much, and it is meant for prevalences that are known, or that the
//! random part shows to differ.

use crate::HeadsError;

/// Shares below this are taken for it, so that no class becomes impossible.
const SMALLEST: f64 = 1e-6;

/// Rounds of the estimate, and the change of a share at which it ends.
const ROUNDS: usize = 1_000;
const SMALLEST_CHANGE: f64 = 1e-7;

/// Shares of the classes among labels, smoothed by one virtual label a class: the prior of a classifier
/// that learned from `counts` labels of each class. Sums to 1.
#[must_use]
pub fn smoothed_shares(counts: &[u64]) -> Vec<f64> {
    let all = counts.iter().sum::<u64>() as f64 + counts.len() as f64;
    counts
        .iter()
        .map(|&count| (count as f64 + 1.0) / all)
        .collect()
}

/// Moves rows of probabilities (`n x C`, each summing to 1) from the prior `from` to the prior `to`, in
/// place. Priors are shares of the `C` classes; they are normalised here.
///
/// # Errors
/// Priors of different lengths, negative or without a class above 0, probabilities that are no whole
/// number of rows.
pub fn reweight(probabilities: &mut [f32], from: &[f64], to: &[f64]) -> Result<(), HeadsError> {
    let ratios = ratios(from, to)?;
    check_rows(probabilities, ratios.len())?;
    for row in probabilities.chunks_exact_mut(ratios.len()) {
        reweight_row(row, &ratios);
    }
    Ok(())
}

/// Estimates the share of each class in a collection, by expectation maximisation (Saerens et al. 2002)
/// over `probabilities` (`n x C`) of its images without label, which a classifier with the prior
/// `from` gave, and over `random_counts`, the labels of each class in a random sample of the same
/// collection (all 0 where there is none). Sums to 1.
///
/// The random labels are the anchor: they need no assumption. The images without label add what the
/// classifier tells about the rest, which is right where it is calibrated and where classes look the
/// same among labels and in the collection.
///
/// # Errors
/// As [`reweight`]; nothing to estimate from.
pub fn estimate_prevalence(
    probabilities: &[f32],
    from: &[f64],
    random_counts: &[u64],
) -> Result<Vec<f64>, HeadsError> {
    let from = normalised(from)?;
    let classes = from.len();
    check_rows(probabilities, classes)?;
    if random_counts.len() != classes {
        return Err(HeadsError::Shape {
            what: "random labels of each class",
            expected: classes,
            found: random_counts.len(),
        });
    }
    let random = random_counts.iter().sum::<u64>() as f64;
    let images = (probabilities.len() / classes) as f64 + random;
    if images < 1.0 {
        return Err(HeadsError::Empty {
            what: "images or random labels",
        });
    }
    let mut shares = from.clone();
    for _ in 0..ROUNDS {
        let ratios: Vec<f64> = shares
            .iter()
            .zip(&from)
            .map(|(to, from)| to / from)
            .collect();
        let mut sums: Vec<f64> = random_counts.iter().map(|&count| count as f64).collect();
        for row in probabilities.chunks_exact(classes) {
            let weights = row.iter().zip(&ratios).map(|(&p, r)| f64::from(p) * r);
            let sum: f64 = weights.clone().sum();
            for (total, weight) in sums.iter_mut().zip(weights) {
                *total += weight / sum.max(f64::MIN_POSITIVE);
            }
        }
        let next = normalised(&sums)?;
        let change = shares.iter().zip(&next).map(|(a, b)| (a - b).abs());
        let change = change.fold(0.0, f64::max);
        shares = next;
        if change < SMALLEST_CHANGE {
            break;
        }
    }
    Ok(shares)
}

fn ratios(from: &[f64], to: &[f64]) -> Result<Vec<f64>, HeadsError> {
    if from.len() != to.len() {
        return Err(HeadsError::Shape {
            what: "shares of the new prior",
            expected: from.len(),
            found: to.len(),
        });
    }
    let (from, to) = (normalised(from)?, normalised(to)?);
    Ok(to.iter().zip(&from).map(|(to, from)| to / from).collect())
}

fn reweight_row(row: &mut [f32], ratios: &[f64]) {
    let weights = row.iter().zip(ratios).map(|(&p, r)| f64::from(p) * r);
    let sum: f64 = weights.sum();
    for (p, ratio) in row.iter_mut().zip(ratios) {
        *p = (f64::from(*p) * ratio / sum.max(f64::MIN_POSITIVE)) as f32;
    }
}

/// Shares that sum to 1, none below [`SMALLEST`] before.
fn normalised(shares: &[f64]) -> Result<Vec<f64>, HeadsError> {
    if let Some(&value) = shares.iter().find(|s| !(s.is_finite() && **s >= 0.0)) {
        return Err(HeadsError::Setting {
            name: "share of a class",
            value,
            range: "finite and not negative",
        });
    }
    let sum: f64 = shares.iter().sum();
    if sum <= 0.0 {
        return Err(HeadsError::Empty {
            what: "shares of classes",
        });
    }
    let raised: Vec<f64> = shares.iter().map(|s| (s / sum).max(SMALLEST)).collect();
    let sum: f64 = raised.iter().sum();
    Ok(raised.iter().map(|share| share / sum).collect())
}

fn check_rows(probabilities: &[f32], classes: usize) -> Result<(), HeadsError> {
    let found = probabilities.len();
    if found.is_multiple_of(classes) {
        Ok(())
    } else {
        Err(HeadsError::Shape {
            what: "probabilities",
            expected: found / classes * classes,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Two classes on a line, normal with means -1 and 1: exact probabilities under the prior 1/2 of
    /// images of which a share of `rare` shows the second class.
    fn images(count: usize, rare: f64) -> (Vec<f32>, u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut probabilities = Vec::new();
        let mut shown = 0;
        for _ in 0..count {
            let is_rare = rng.random::<f64>() < rare;
            shown += u64::from(is_rare);
            // Twelve uniform numbers are near enough to a normal one.
            let noise: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            let x = noise + if is_rare { 1.0 } else { -1.0 };
            let p = 1.0 / (1.0 + (-2.0 * x).exp());
            probabilities.extend([(1.0 - p) as f32, p as f32]);
        }
        (probabilities, shown)
    }

    #[test]
    fn finds_the_share_of_a_rare_class_that_labels_over_represent() {
        for rare in [0.03, 0.2, 0.7] {
            let (probabilities, shown) = images(20_000, rare);
            let found = estimate_prevalence(&probabilities, &[0.5, 0.5], &[0, 0]).unwrap();
            let share = shown as f64 / 20_000.0;
            assert!((found[1] - share).abs() < 0.012, "{found:?} {share}");
        }
    }

    #[test]
    fn reweighted_probabilities_are_calibrated_again() {
        let (mut probabilities, shown) = images(20_000, 0.05);
        let sum = |p: &[f32]| {
            p.iter()
                .skip(1)
                .step_by(2)
                .map(|&p| f64::from(p))
                .sum::<f64>()
        };
        assert!(sum(&probabilities) > 3.0 * shown as f64);
        reweight(&mut probabilities, &[0.5, 0.5], &[0.95, 0.05]).unwrap();
        assert!((sum(&probabilities) / shown as f64 - 1.0).abs() < 0.1);
    }

    #[test]
    fn random_labels_alone_are_their_shares_and_anchor_the_rest() {
        let found = estimate_prevalence(&[], &[0.5, 0.5], &[30, 10]).unwrap();
        assert!((found[1] - 0.25).abs() < 1e-6);
        // A classifier that is wrong about everything, against many random labels.
        let wrong = [0.01f32, 0.99].repeat(100);
        let found = estimate_prevalence(&wrong, &[0.5, 0.5], &[9_000, 1_000]).unwrap();
        assert!(found[1] < 0.12, "{found:?}");
    }

    #[test]
    fn refuses_what_does_not_belong_together() {
        assert!(reweight(&mut [0.5; 4], &[0.5, 0.5], &[1.0]).is_err());
        assert!(reweight(&mut [0.5; 3], &[0.5, 0.5], &[0.5, 0.5]).is_err());
        assert!(reweight(&mut [0.5; 4], &[0.5, -0.5], &[0.5, 0.5]).is_err());
        assert!(reweight(&mut [0.5; 4], &[0.0, 0.0], &[0.5, 0.5]).is_err());
        assert!(reweight(&mut [], &[], &[]).is_err());
        assert!(estimate_prevalence(&[], &[0.5, 0.5], &[0, 0]).is_err());
        assert!(estimate_prevalence(&[0.5; 4], &[0.5, 0.5], &[0]).is_err());
    }

    proptest! {
        #[test]
        fn there_and_back_is_nothing(raw in prop::collection::vec(0.01f32..1.0, 3), to in prop::collection::vec(0.01f64..1.0, 3)) {
            let sum: f32 = raw.iter().sum();
            let before: Vec<f32> = raw.iter().map(|p| p / sum).collect();
            let from = smoothed_shares(&[5, 0, 20]);
            let mut after = before.clone();
            reweight(&mut after, &from, &to).unwrap();
            prop_assert!((after.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            reweight(&mut after, &to, &from).unwrap();
            for (a, b) in after.iter().zip(&before) {
                prop_assert!((a - b).abs() < 1e-5);
            }
        }
    }
}
