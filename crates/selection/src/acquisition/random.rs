//! Uniformly random order: the control arm, and the honest part of every batch.

use super::{Acquisition, Scored};
use crate::PoolView;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

pub(super) struct Random;

impl Acquisition for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn needs_model(&self) -> bool {
        false
    }

    fn choose(
        &self,
        _pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        open.sample(rng, count.min(open.len()))
            .map(|&position| Scored {
                position,
                score: None,
            })
            .collect()
    }
}
