//! Expected information about the predictions of the pool, all classes counting alike.
//!
//! EPIG (Bickford Smith et al., AISTATS 2023) asks how much the label of `x` would tell about the class
//! `y*` of images drawn from a target distribution, which BALD, asking about the model, ignores. The
//! target here is balanced over classes, so that a rare class is worth as much as a frequent one:
//!
//! ```text
//! score(x) = 1/C Σ_c E_{x* ~ p(x* | c)} I(y; y* | x, x*)        p(x* | c) ∝ p(y = c | x*) over the pool
//! I(y; y* | x, x*) = KL( E_f p(y | x, f) p(y* | x*, f)  ||  p(y | x) p(y* | x*) )
//! ```
//!
//! in nats. For each class [`TARGETS`] `/ C` targets, at least one, are drawn with probability
//! proportional to the probability of the class; `E_f` is the mean over joint posterior samples, and what
//! chance alone adds to it is taken off.
//!
//! The pool is what the rule is shown: of a large one, a uniform sample and the doubtful images.
//!
//! A batch of the largest scores would be of one kind, so it is chosen greedily for
//! `Σ_{x*} max_{x ∈ batch} I(y; y*)`, a lower bound of what the batch says about each target; its first
//! image has the largest score. When no image adds to it, the largest scores follow.
//!
//! `I(y; y*) ≤ I(y; f)`, the mutual information of BALD, so images that BALD thinks little of cannot score
//! high: only the [`CANDIDATES`] with the most take part (fewer with many classes). `O(M T C² K)` for `M`
//! candidates and `T` targets, after `heads::joint_samples` of `M + T` images.

use super::{Acquisition, Needs, Scored, mutual_information};
use crate::PoolView;
use autolabel_heads::{JointSamples, draw_proportional, inner_products, joint_samples};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub(super) struct ExpectedInformation;

/// Target images in all.
const TARGETS: usize = 96;

/// Images that take part, at most: those with the most mutual information.
const CANDIDATES: usize = 1_000;

/// Pairs of a candidate's and a target's class, at most: bounds time and memory where classes are many.
const PAIRS: usize = 40_000_000;

/// Joint posterior samples, `K`.
const SAMPLES: usize = 256;

/// Candidates that one task compares with the targets.
const BLOCK: usize = 16;

impl Acquisition for ExpectedInformation {
    fn name(&self) -> &'static str {
        "expected_information"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::INFORMATION_AND_MODEL
    }

    fn suits_findings(&self) -> bool {
        false
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let targets = balanced_targets(pool, rng);
        let classes = pool.kinds().unwrap_or(1).max(1);
        let affordable = PAIRS / (targets.len() * classes * classes).max(1);
        let most = affordable.min(CANDIDATES).max(2 * count);
        let candidates = crate::top::largest(mutual_information(pool, open), most);
        let positions: Vec<usize> = candidates.iter().map(|s| s.position).collect();
        let Some(information) = information(pool, &positions, &targets, rng) else {
            return Vec::new();
        };
        greedy(&information, targets.len(), count)
            .into_iter()
            .map(|(index, score)| Scored {
                position: positions[index],
                score: Some(score),
            })
            .collect()
    }
}

/// Positions of the targets, as many of each class; the same image may come more than once.
fn balanced_targets(pool: &PoolView<'_>, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let Some(predictions) = pool.only_head().map(|head| head.predictions) else {
        return Vec::new();
    };
    let classes = predictions.class_count;
    let each = (TARGETS / classes.max(1)).max(1);
    let mut targets = Vec::with_capacity(each * classes);
    for class in 0..classes {
        let of_class = predictions
            .probabilities
            .iter()
            .skip(class)
            .step_by(classes);
        let weights: Vec<f32> = of_class.copied().collect();
        targets.extend((0..each).filter_map(|_| draw_proportional(&weights, rng)));
    }
    targets
}

/// `I(y; y*)` of every candidate (rows) and target (columns).
fn information(
    pool: &PoolView<'_>,
    candidates: &[usize],
    targets: &[usize],
    rng: &mut ChaCha8Rng,
) -> Option<Vec<f32>> {
    // An image that is both candidate and target must have the same samples in both parts.
    let mut positions: Vec<usize> = candidates.iter().chain(targets).copied().collect();
    positions.sort_unstable();
    positions.dedup();
    let rows = pool.images_at(&positions);
    let samples = joint_samples(pool.only_model()?, pool.features, &rows, SAMPLES, rng).ok()?;
    let place = |wanted: &[usize]| -> Vec<usize> {
        let found = wanted.iter().map(|p| positions.binary_search(p));
        found.flatten().collect()
    };
    let (candidates, targets) = (place(candidates), place(targets));
    let mut information = pairwise(&samples, &candidates, &targets);
    subtract_noise(&mut information, &samples, &candidates, &targets);
    Some(information)
}

/// Takes off what `K` samples show of images that have nothing to do with each other, about
/// `A A* / 2K` with `A = Σ_c Var p_c / E p_c`; down to 0. Without it the largest of many scores would be
/// those with the most noise.
fn subtract_noise(
    information: &mut [f32],
    samples: &JointSamples,
    candidates: &[usize],
    targets: &[usize],
) {
    let amount = |image: &usize| -> f32 {
        let table = samples.by_class(std::slice::from_ref(image));
        (0..table.rows)
            .map(|class| {
                let row = table.row(class);
                let mean = row.iter().sum::<f32>() / row.len() as f32;
                let squares = row.iter().map(|p| (p - mean).powi(2)).sum::<f32>();
                squares / row.len() as f32 / mean.max(f32::MIN_POSITIVE)
            })
            .sum()
    };
    let of_targets: Vec<f32> = targets.iter().map(amount).collect();
    let scale = 0.5 / samples.samples as f32;
    for (row, candidate) in information.chunks_mut(targets.len().max(1)).zip(candidates) {
        let own = amount(candidate) * scale;
        for (value, other) in row.iter_mut().zip(&of_targets) {
            *value = (*value - own * other).max(0.0);
        }
    }
}

/// `I(y; y*)` of two lists of images of the same joint samples, row-major.
fn pairwise(samples: &JointSamples, candidates: &[usize], targets: &[usize]) -> Vec<f32> {
    let classes = samples.class_count;
    let scale = 1.0 / samples.samples as f32;
    let table = samples.by_class(targets);
    let mean = |row: &[f32]| row.iter().sum::<f32>() * scale;
    let expected: Vec<f32> = (0..table.rows).map(|row| mean(table.row(row))).collect();
    candidates
        .par_chunks(BLOCK)
        .flat_map_iter(|block| {
            let own = samples.by_class(block);
            let products = inner_products(&own, &table).unwrap_or_default();
            let mut found = vec![0.0_f32; block.len() * targets.len()];
            for row in 0..products.rows {
                let first = mean(own.row(row));
                let line = &mut found[row / classes * targets.len()..][..targets.len()];
                let joint = products.row(row).chunks(classes);
                for ((sum, joint), second) in
                    line.iter_mut().zip(joint).zip(expected.chunks(classes))
                {
                    *sum += divergence(joint, scale, first, second);
                }
            }
            found
        })
        .map(|information| information.max(0.0))
        .collect()
}

/// `Σ_d q_d ln(q_d / (first second_d))` with `q = scale joint`.
fn divergence(joint: &[f32], scale: f32, first: f32, second: &[f32]) -> f32 {
    joint
        .iter()
        .zip(second)
        .map(|(joint, second)| {
            let (q, independent) = (joint * scale, first * second);
            if q > 0.0 && independent > 0.0 {
                q * (q / independent).ln()
            } else {
                0.0
            }
        })
        .sum()
}

/// Picks `count` rows for the mean over columns of the largest entry, with what each adds; once none adds
/// anything, the rows with the largest means and these.
fn greedy(information: &[f32], targets: usize, count: usize) -> Vec<(usize, f32)> {
    let width = targets.max(1);
    let rows: Vec<&[f32]> = information.chunks(width).collect();
    let mut reached = vec![0.0_f32; targets];
    let mut taken = vec![false; rows.len()];
    let mut picks = Vec::with_capacity(count.min(rows.len()));
    while picks.len() < count.min(rows.len()) {
        let gain = |row: &[f32]| -> f32 {
            let gains = row
                .iter()
                .zip(&reached)
                .map(|(new, old)| (new - old).max(0.0));
            gains.sum::<f32>() / width as f32
        };
        let mut gains: Vec<f32> = rows.par_iter().map(|row| gain(row)).collect();
        let adds = gains
            .iter()
            .zip(&taken)
            .any(|(gain, taken)| *gain > 0.0 && !taken);
        if !adds {
            gains = rows
                .iter()
                .map(|row| row.iter().sum::<f32>() / width as f32)
                .collect();
        }
        let Some(best) = (0..rows.len())
            .filter(|&i| !taken[i])
            .max_by(|&a, &b| gains[a].total_cmp(&gains[b]).then(b.cmp(&a)))
        else {
            break;
        };
        taken[best] = true;
        picks.push((best, gains[best]));
        for (reached, new) in reached.iter_mut().zip(rows[best]) {
            *reached = reached.max(*new);
        }
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use serde::Deserialize;

    /// Joint samples with the information of every two images, by NumPy
    /// (`tests/golden/make_information.py`).
    #[derive(Deserialize)]
    struct Golden {
        class_count: usize,
        samples: usize,
        probabilities: Vec<f32>,
        pairwise: Vec<f32>,
    }

    #[test]
    fn pairwise_information_equals_the_independent_one() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../tests/golden/information.json")).unwrap();
        let samples = JointSamples {
            class_count: golden.class_count,
            samples: golden.samples,
            probabilities: golden.probabilities,
        };
        let images: Vec<usize> = (0..samples.len()).collect();
        let found = pairwise(&samples, &images, &images);
        assert_eq!(found.len(), golden.pairwise.len());
        for (found, expected) in found.iter().zip(&golden.pairwise) {
            assert!((found - expected).abs() < 2e-6, "{found} {expected}");
        }
    }

    /// Images drawn one by one have no information about each other; the samples say otherwise.
    #[test]
    fn chance_is_taken_off() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (images, count) = (40, 200);
        let probabilities = (0..images * count)
            .flat_map(|_| {
                let p: f32 = rng.random();
                [p, 1.0 - p]
            })
            .collect();
        let samples = JointSamples {
            class_count: 2,
            samples: count,
            probabilities,
        };
        let (left, right): (Vec<usize>, Vec<usize>) = ((0..20).collect(), (20..40).collect());
        let raw = pairwise(&samples, &left, &right);
        let mut corrected = raw.clone();
        subtract_noise(&mut corrected, &samples, &left, &right);
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        // The theory: A = 2 (1/12) / (1/2) for both.
        let expected = (1.0_f32 / 3.0).powi(2) / (2.0 * count as f32);
        assert!((mean(&raw) / expected - 1.0).abs() < 0.25, "{}", mean(&raw));
        // What stays is the part of a chi-squared variable above its mean.
        assert!(mean(&corrected) < 0.6 * mean(&raw));
    }

    #[test]
    fn a_batch_looks_for_different_targets() {
        // The first two rows say the same; the third says something else, though less.
        let information = [0.5, 0.0, 0.5, 0.0, 0.0, 0.1];
        let order: Vec<usize> = greedy(&information, 2, 3).iter().map(|p| p.0).collect();
        assert_eq!(order, [0, 2, 1]);
    }
}
