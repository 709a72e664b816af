//! BALD: mutual information between the label and the model, `H(E p) - E H(p)` over posterior samples
//! (Houlsby et al., 2011). Doubt that comes from the image itself cancels out.

use super::{Acquisition, Needs, Scored, mutual_information};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct Bald;

impl Acquisition for Bald {
    fn name(&self) -> &'static str {
        "bald"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::MUTUAL_INFORMATION
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        crate::top::largest(mutual_information(pool, open), count)
    }
}
