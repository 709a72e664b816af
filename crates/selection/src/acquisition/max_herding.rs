//! Maximum herding (Bae, Noh and Sutherland, ECCV 2024, "Generalized coverage for more robust
//! low-budget active learning"): the batch that best covers the pool, whatever the model thinks.
//!
//! Maximises `Σ_n max_{m ∈ labeled ∪ batch} exp(-d(n, m)² / s²)` greedily: uncertainty herding with a
//! doubt of 1 for every image, whose code and scale it shares. Needs no model. The sum runs over evenly
//! spaced images where the pool is larger than [`POOL`], which also are the only ones that can be
//! chosen. `O(POOL² d + POOL L d)` for `L` labels and `d` features.

use super::uncertainty_herding::herd;
use super::{Acquisition, Scored};
use crate::PoolView;
use crate::distances::evenly_spaced;
use rand_chacha::ChaCha8Rng;

pub(super) struct MaxHerding;

/// Images that the sum runs over, at most (more only where the batch is larger).
const POOL: usize = 3000;

impl Acquisition for MaxHerding {
    fn name(&self) -> &'static str {
        "max_herding"
    }

    fn needs_model(&self) -> bool {
        false
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let positions = evenly_spaced(open, POOL.max(count));
        herd(pool, &positions, &vec![1.0; positions.len()], count)
    }
}
