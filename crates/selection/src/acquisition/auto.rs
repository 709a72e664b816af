//! The default: cover the pool while there is no model, then remove as many expected errors as possible,
//! which itself goes from coverage to doubt as the model learns. Where there is no Gaussian process to
//! ask, uncertainty herding does nearly the same by distances.

use super::error_reduction::ErrorReduction;
use super::kmeans_medoid::KMeansMedoid;
use super::max_herding::MaxHerding;
use super::uncertainty_herding::UncertaintyHerding;
use super::{Acquisition, Scored};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct Auto;

impl Acquisition for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn needs_model(&self) -> bool {
        false
    }

    fn surveys_pool(&self) -> bool {
        false
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        if pool.heads.is_empty() && pool.labeled.is_empty() {
            KMeansMedoid.choose(pool, open, count, rng)
        } else if pool.heads.is_empty() {
            MaxHerding.choose(pool, open, count, rng)
        } else if pool.heads.iter().all(|head| head.model.is_some()) {
            ErrorReduction.choose(pool, open, count, rng)
        } else {
            UncertaintyHerding.choose(pool, open, count, rng)
        }
    }
}
