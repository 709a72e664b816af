//! Margin: `1 - (p1 - p2)`, with `p1` and `p2` the two largest class probabilities (Scheffer et al., 2001).

use super::{Acquisition, Scored, by_probabilities, lead};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct Margin;

impl Acquisition for Margin {
    fn name(&self) -> &'static str {
        "margin"
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
        by_probabilities(pool, open, count, |p| 1.0 - lead(p))
    }
}
