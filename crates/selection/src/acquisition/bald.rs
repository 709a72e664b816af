//! BALD: mutual information between the label and the model, `H(E p) - E H(p)` over posterior samples
//! (Houlsby et al., 2011). Doubt that comes from the image itself cancels out.

use super::{Acquisition, Scored};
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

    fn needs_samples(&self) -> bool {
        true
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let information = pool
            .predictions
            .and_then(|p| p.mutual_information.as_deref());
        let scored = information.map_or_else(Vec::new, |information| {
            open.iter()
                .map(|&position| (position, information[position]))
                .collect()
        });
        crate::top::largest(scored, count)
    }
}
