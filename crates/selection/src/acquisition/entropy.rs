//! Entropy of the class probabilities, `-Σ p ln p` in nats (Shannon, 1948; Settles, 2009).

use super::{Acquisition, Scored, by_probabilities};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct Entropy;

impl Acquisition for Entropy {
    fn name(&self) -> &'static str {
        "entropy"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        by_probabilities(pool, open, count, entropy)
    }
}

fn entropy(probabilities: &[f32]) -> f32 {
    probabilities
        .iter()
        .filter(|p| **p > 0.0)
        .map(|p| -p * p.ln())
        .sum()
}
