//! Power margin: `ln(1 - (p1 - p2)) + Gumbel(0, 1/β)`, the stochastic batch version of margin (Kirsch
//! et al., TMLR 2023). The noise spreads a batch over the doubtful region at no cost; at β = 4 an image
//! is drawn with probability proportional to the fourth power of its margin score.

use super::{Acquisition, Scored, gumbel, lead, scores};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;

pub(super) struct PowerMargin;

/// Coldness of the draw: towards 0 uniform, towards infinity the plain margin.
const BETA: f32 = 4.0;

impl Acquisition for PowerMargin {
    fn name(&self) -> &'static str {
        "power_margin"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let scored = scores(pool, open, |p| 1.0 - lead(p))
            .into_iter()
            .map(|(position, doubt)| (position, doubt.max(1e-9).ln() + gumbel(rng) / BETA))
            .collect();
        crate::top::largest(scored, count)
    }
}
