//! Random numbers with the shapes that bodies need.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Uniform between `low` and `high`.
pub(crate) fn between(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// Normal with the given mean and spread, cut at two spreads so that no anatomy is impossible.
pub(crate) fn around(rng: &mut impl Rng, mean: f32, spread: f32) -> f32 {
    mean + spread * standard_normal(rng).clamp(-2.0, 2.0)
}

/// Normal with mean 0 and variance 1.
pub(crate) fn standard_normal(rng: &mut impl Rng) -> f32 {
    rng.sample(StandardNormal)
}

/// True with probability `share`.
pub(crate) fn happens(rng: &mut impl Rng, share: f32) -> bool {
    rng.random::<f32>() < share
}
