//! Mean standard deviation of the class probabilities over posterior samples,
//! `1/C Σ_c sqrt(Var p_c)` (Kampffmeyer et al., 2016; Kendall et al., 2017, who sum it over pixels):
//! doubt about the model alone, like BALD, but without its logarithms.
//!
//! `O(N C)` for `N` candidates and `C` classes.

use super::{Acquisition, Needs, Scored, by_spread};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct MeanSd;

impl Acquisition for MeanSd {
    fn name(&self) -> &'static str {
        "mean_sd"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::SPREAD
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        by_spread(pool, open, count, |_, variances| {
            variances.iter().map(|v| v.sqrt()).sum::<f32>() / variances.len() as f32
        })
    }
}
