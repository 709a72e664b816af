//! Balanced entropy, `BalEntAcq` (Woo, ICLR 2023, "Active learning in Bayesian neural networks with
//! balanced entropy learning principle"): prefers images near the boundary between those whose label
//! would settle the class probabilities and those whose label would not.
//!
//! Each class probability is taken for a Beta variable with its posterior mean `m` and variance `v`:
//!
//! ```text
//! α = m² (1 - m) / v - m        β = (1/m - 1) α        P⁺ ~ Beta(α + 1, β)  (having seen the class)
//! h(P⁺)  = ln B(α + 1, β) - α ψ(α + 1) - (β - 1) ψ(β) + (α + β - 1) ψ(α + β + 1),  at most 0
//! MJEnt  = Σ_c m_c h(P_c⁺) + H(Y)         BalEnt = MJEnt / (H(Y) + ln 2)
//! score  = 1 / BalEnt where BalEnt ≥ 0, else BalEnt; the largest are taken
//! ```
//!
//! with `m` and `v` at least 1e-9. `H(Y)` is added once: the code first published with the paper added
//! it twice, which its author corrected in 2025. Variances are held at 0.999 `m (1 - m)`, because `α`
//! is 0 at `m (1 - m)`, which the floors reach where `m` is nearly 0 or 1. `O(N C)`, no images are compared.

use super::{Acquisition, Needs, Scored, by_spread};
use crate::PoolView;
use rand_chacha::ChaCha8Rng;
use statrs::function::beta::ln_beta;
use statrs::function::gamma::digamma;

pub(super) struct BalancedEntropy;

/// Floor of means, variances and of the balanced entropy that a score is the inverse of.
const FLOOR: f64 = 1e-9;

/// Largest variance, as a share of that of a probability which is always 0 or 1.
const LARGEST: f64 = 0.999;

impl Acquisition for BalancedEntropy {
    fn name(&self) -> &'static str {
        "balanced_entropy"
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
        by_spread(pool, open, count, |means, variances| {
            let balanced = balanced_entropy(means, variances);
            let score = if balanced >= 0.0 {
                1.0 / balanced.max(FLOOR)
            } else {
                balanced
            };
            score as f32
        })
    }
}

/// `BalEnt` of one image.
fn balanced_entropy(means: &[f32], variances: &[f32]) -> f64 {
    let mut entropy = 0.0;
    let mut joint = 0.0;
    for (&mean, &variance) in means.iter().zip(variances) {
        let m = f64::from(mean).clamp(FLOOR, 1.0 - FLOOR);
        let v = f64::from(variance).max(FLOOR).min(LARGEST * m * (1.0 - m));
        entropy -= m * m.ln();
        joint += m * posterior_entropy(m, v);
    }
    (joint + entropy) / (entropy + std::f64::consts::LN_2)
}

/// Differential entropy of `P⁺` in nats, at most 0.
fn posterior_entropy(m: f64, v: f64) -> f64 {
    let alpha = m * m * (1.0 - m) / v - m;
    let beta = (1.0 / m - 1.0) * alpha;
    let entropy =
        ln_beta(alpha + 1.0, beta) - alpha * digamma(alpha + 1.0) - (beta - 1.0) * digamma(beta)
            + (alpha + beta - 1.0) * digamma(alpha + beta + 1.0);
    entropy.min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_finite_at_the_ends() {
        for (m, v) in [
            (0.0, 0.0),
            (1.0, 0.0),
            (0.5, 0.25),
            (0.5, 0.0),
            (1e-7, 1e-7),
        ] {
            let found = balanced_entropy(&[m, 1.0 - m], &[v, v]);
            assert!(found.is_finite(), "{m} {v} {found}");
        }
    }
}
