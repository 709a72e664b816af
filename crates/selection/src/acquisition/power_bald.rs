//! Power BALD: `ln I + Gumbel(0, 1/β)` with `I` the mutual information of BALD, the stochastic batch
//! version of it (Kirsch et al., TMLR 2023). An image is drawn with probability proportional to `I^β`,
//! without replacement: as good as BatchBALD there at the price of a sort.
//!
//! β = 1 as in the paper. A published implementation adds a raw Pareto variate instead of Gumbel noise,
//! which is another distribution. `O(N)`.

use super::{Acquisition, Needs, Scored, gumbel, mutual_information};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct PowerBald;

/// Coldness of the draw: towards 0 uniform, towards infinity plain BALD.
const BETA: f32 = 1.0;

impl Acquisition for PowerBald {
    fn name(&self) -> &'static str {
        "power_bald"
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
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let scored = mutual_information(pool, open)
            .into_iter()
            .map(|(position, information)| {
                let score = information.max(1e-9).ln() + gumbel(rng) / BETA;
                (position, score)
            })
            .collect();
        crate::top::largest(scored, count)
    }
}
