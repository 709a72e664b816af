//! `BatchBALD` (Kirsch, van Amersfoort and Gal, NeurIPS 2019): the batch whose labels together say most
//! about the model, `I(y_1 … y_B; f) = H(y_1 … y_B) - Σ_i E H(y_i | f)`, greedily. The joint information is
//! submodular, so greedy reaches at least `1 - 1/e` of the best; near-copies, each as informative as the
//! other, are not both taken.
//!
//! Joint entropies come from `K` joint posterior samples, over the configurations of labels that the batch
//! so far may have. Each configuration carries its probability and how likely each sample is given it, so
//! that adding an image takes one matrix product:
//!
//! ```text
//! gain(x) = Σ_g π_g H(Σ_k w_gk p_k(y | x)) - E H(y | f)
//! ```
//!
//! which is the growth of the joint information. All `C^b` configurations are kept while they are at most
//! [`CONFIGURATIONS`] (fewer with many classes); beyond, that many are drawn from the joint distribution
//! by systematic resampling, where the authors draw afresh for every image of the batch.
//!
//! Deviations: only the images with the largest mutual information take part, [`CANDIDATES`] or twice the
//! batch. `K` samples tell at most `ln K` nats apart: from [`USED_UP`] of that on the estimate is
//! worthless (in the original too), so the rule stops there and is asked again for the rest, with new
//! samples and without memory of the first part. `O(M C G K)` an image of the batch for `M` candidates
//! and `G` configurations, after `heads::joint_samples` of `M` images.

use super::{Acquisition, Needs, Scored, mutual_information};
use crate::PoolView;
use autolabel_heads::{JointSamples, Matrix, inner_products, joint_samples};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub(super) struct BatchBald;

/// Images that take part: those with the most mutual information.
const CANDIDATES: usize = 300;

/// Joint posterior samples, `K`.
const SAMPLES: usize = 512;

/// Configurations of labels at most, for up to eight classes; beyond, `4096 / C`.
const CONFIGURATIONS: usize = 512;

/// Share of `ln K` from which the samples are used up.
const USED_UP: f32 = 0.75;

impl Acquisition for BatchBald {
    fn name(&self) -> &'static str {
        "batch_bald"
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
        let most = CANDIDATES.max(2 * count);
        let candidates = crate::top::largest(mutual_information(pool, open), most);
        let rows: Vec<u32> = candidates
            .iter()
            .map(|s| pool.candidates[s.position])
            .collect();
        let samples = pool
            .only_model()
            .and_then(|gp| joint_samples(gp, pool.features, &rows, SAMPLES, rng).ok());
        let Some(samples) = samples else {
            return Vec::new();
        };
        let configurations = (4096 / samples.class_count.max(1)).clamp(64, CONFIGURATIONS);
        greedy(&samples, count, configurations, rng)
            .into_iter()
            .map(|(index, gain)| Scored {
                position: candidates[index].position,
                score: Some(gain),
            })
            .collect()
    }
}

/// Picks up to `count` images, at least one, with the joint information that each adds in nats.
fn greedy(
    samples: &JointSamples,
    count: usize,
    configurations: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<(usize, f32)> {
    let images: Vec<usize> = (0..samples.len()).collect();
    let table = samples.by_class(&images);
    let conditional = conditional_entropies(samples);
    let limit = USED_UP * (samples.samples as f32).ln();
    let mut batch = Configurations::empty(samples.samples);
    let mut taken = vec![false; images.len()];
    let mut picks = Vec::new();
    let mut information = 0.0;
    while picks.len() < count.min(images.len()) && (picks.is_empty() || information < limit) {
        let Some(entropies) = batch.entropies(&table, samples.class_count) else {
            break;
        };
        let gain = |image: usize| entropies[image] - conditional[image];
        let Some(best) = (0..images.len())
            .filter(|&image| !taken[image])
            .max_by(|&a, &b| gain(a).total_cmp(&gain(b)).then(b.cmp(&a)))
        else {
            break;
        };
        taken[best] = true;
        information += gain(best);
        picks.push((best, gain(best)));
        batch.add(
            samples.image(best),
            samples.class_count,
            configurations,
            rng,
        );
    }
    picks
}

/// `E H(y | f)` of every image.
fn conditional_entropies(samples: &JointSamples) -> Vec<f32> {
    let entropy = |image: usize| -> f64 {
        let terms = samples.image(image).iter().map(|&p| entropy_term(p));
        terms.sum::<f64>() / samples.samples as f64
    };
    (0..samples.len())
        .into_par_iter()
        .map(|image| entropy(image) as f32)
        .collect()
}

fn entropy_term(p: f32) -> f64 {
    if p > 0.0 { f64::from(-p * p.ln()) } else { 0.0 }
}

/// What the labels of the batch so far may be.
struct Configurations {
    /// Probability of each, summing to 1.
    probabilities: Vec<f64>,
    /// How likely each sample is given the configuration: one row a configuration, each summing to 1.
    samples: Matrix,
}

impl Configurations {
    /// No labels yet: one configuration, all samples alike.
    fn empty(samples: usize) -> Self {
        Self {
            probabilities: vec![1.0],
            samples: Matrix {
                rows: 1,
                cols: samples,
                data: vec![1.0 / samples as f32; samples],
            },
        }
    }

    /// Entropy of the label of every image, given the labels of the batch. `table` has one row an image
    /// and class.
    fn entropies(&self, table: &Matrix, classes: usize) -> Option<Vec<f32>> {
        let expected = inner_products(table, &self.samples).ok()?;
        let width = classes * self.samples.rows;
        let entropies = expected
            .data
            .par_chunks(width.max(1))
            .map(|rows| {
                let by_class = rows.chunks(self.samples.rows).map(|row| {
                    let terms = row.iter().zip(&self.probabilities);
                    terms
                        .map(|(&p, weight)| weight * entropy_term(p))
                        .sum::<f64>()
                });
                by_class.sum::<f64>() as f32
            })
            .collect();
        Some(entropies)
    }

    /// Adds an image with these `K x C` probabilities: every configuration splits into one a class, and
    /// at most `limit` of them are kept.
    fn add(&mut self, image: &[f32], classes: usize, limit: usize, rng: &mut ChaCha8Rng) {
        let split: Vec<f64> = (0..self.probabilities.len() * classes)
            .map(|index| {
                let row = self.samples.row(index / classes);
                let seen = row
                    .iter()
                    .zip(image.iter().skip(index % classes).step_by(classes));
                let likelihood: f64 = seen.map(|(w, p)| f64::from(w * p)).sum();
                self.probabilities[index / classes] * likelihood
            })
            .collect();
        let kept: Vec<usize> = if split.len() <= limit {
            (0..split.len()).filter(|&i| split[i] > 0.0).collect()
        } else {
            systematic(&split, limit, rng)
        };
        let exact = split.len() <= limit;
        let mut samples = Matrix::zeros(kept.len(), self.samples.cols);
        for (row, &index) in samples.data.chunks_mut(self.samples.cols).zip(&kept) {
            let seen = image.iter().skip(index % classes).step_by(classes);
            for ((new, old), p) in row
                .iter_mut()
                .zip(self.samples.row(index / classes))
                .zip(seen)
            {
                *new = old * p;
            }
            let scale = 1.0 / row.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            row.iter_mut().for_each(|w| *w *= scale);
        }
        self.probabilities = if exact {
            kept.iter().map(|&index| split[index]).collect()
        } else {
            vec![1.0 / kept.len() as f64; kept.len()]
        };
        self.samples = samples;
    }
}

/// `count` positions, each as often as its weight says up to rounding (systematic resampling).
fn systematic(weights: &[f64], count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let step = weights.iter().sum::<f64>() / count as f64;
    let mut next = rng.random::<f64>() * step;
    let mut sum = 0.0;
    let mut kept = Vec::with_capacity(count);
    for (index, weight) in weights.iter().enumerate() {
        sum += weight;
        while next < sum && kept.len() < count {
            kept.push(index);
            next += step;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use serde::Deserialize;

    /// Joint samples with the exact joint information of greedy batches, summed over all configurations
    /// by NumPy (`tests/golden/make_information.py`).
    #[derive(Deserialize)]
    struct Golden {
        class_count: usize,
        samples: usize,
        probabilities: Vec<f32>,
        batch: Vec<usize>,
        joint_information: Vec<f32>,
    }

    fn golden() -> (Golden, JointSamples) {
        let golden: Golden =
            serde_json::from_str(include_str!("../../tests/golden/information.json")).unwrap();
        let samples = JointSamples {
            class_count: golden.class_count,
            samples: golden.samples,
            probabilities: golden.probabilities.clone(),
        };
        (golden, samples)
    }

    #[test]
    fn all_configurations_equal_the_sum_over_all_labels() {
        let (golden, samples) = golden();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let picks = greedy(&samples, golden.batch.len(), 4096, &mut rng);
        let batch: Vec<usize> = picks.iter().map(|pick| pick.0).collect();
        assert_eq!(batch, golden.batch);
        let mut information = 0.0;
        for (pick, expected) in picks.iter().zip(&golden.joint_information) {
            information += pick.1;
            assert!(
                (information - expected).abs() < 2e-5,
                "{information} {expected}"
            );
        }
    }

    #[test]
    fn drawn_configurations_come_near() {
        let (golden, samples) = golden();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let picks = greedy(&samples, golden.batch.len(), 40, &mut rng);
        let information: f32 = picks.iter().map(|pick| pick.1).sum();
        let expected = golden.joint_information.last().unwrap();
        assert!(
            (information - expected).abs() < 0.1,
            "{information} {expected}"
        );
    }

    #[test]
    fn stops_when_the_samples_are_used_up() {
        // Eight samples, each with sure labels: three questions tell them apart.
        let probabilities = (0..40)
            .flat_map(|image| (0..8).map(move |sample| (image, sample)))
            .flat_map(|(image, sample): (usize, usize)| {
                let first = ((sample >> (image % 3)) & 1) as f32;
                [first, 1.0 - first]
            })
            .collect();
        let samples = JointSamples {
            class_count: 2,
            samples: 8,
            probabilities,
        };
        let picks = greedy(&samples, 20, 512, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(picks.iter().map(|p| p.0).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
