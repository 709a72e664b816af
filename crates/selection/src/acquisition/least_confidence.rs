//! Least confidence: `1 - p1`, with `p1` the largest class probability (Lewis and Gale, 1994).

use super::{Acquisition, Scored, by_probabilities, doubt};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct LeastConfidence;

impl Acquisition for LeastConfidence {
    fn name(&self) -> &'static str {
        "least_confidence"
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
        by_probabilities(pool, open, count, doubt)
    }
}
