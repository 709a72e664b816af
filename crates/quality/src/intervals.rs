//! Intervals and bounds for a proportion seen in a sample of fixed size.
//!
//! The audit looks at its result after every check, which none of these allows; it uses the
//! anytime-valid bound of [`crate::audit`] and shows the Clopper-Pearson bound beside it.

use serde::{Deserialize, Serialize};
use statrs::function::{beta::checked_beta_reg, gamma::ln_gamma};

/// A proportion with an interval; all three in 0 to 1 and `low <= value <= high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Proportion {
    /// Share seen in the sample.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Standard normal quantile at 97.5 %.
const Z_95: f64 = 1.959_963_984_540_054;

/// Clopper and Pearson's exact one-sided upper bound (1934): the smallest share that `hits` or
/// fewer of `n` would refute at level `alpha`, `BetaInv(1 - alpha; hits + 1, n - hits)`.
/// 1 where `hits >= n` (also for an empty sample).
#[must_use]
pub fn clopper_pearson_upper(hits: u64, n: u64, alpha: f64) -> f64 {
    if hits >= n {
        return 1.0;
    }
    beta_quantile(1.0 - alpha, hits as f64 + 1.0, (n - hits) as f64)
}

/// Clopper and Pearson's exact one-sided lower bound, `BetaInv(alpha; hits, n - hits + 1)`.
/// 0 where `hits` is 0.
#[must_use]
pub fn clopper_pearson_lower(hits: u64, n: u64, alpha: f64) -> f64 {
    let hits = hits.min(n);
    if hits == 0 {
        return 0.0;
    }
    beta_quantile(alpha, hits as f64, (n - hits) as f64 + 1.0)
}

/// Clopper and Pearson's exact two-sided interval: one-sided bounds at `alpha / 2` each.
/// `None` for an empty sample.
#[must_use]
pub fn clopper_pearson(hits: u64, n: u64, alpha: f64) -> Option<Proportion> {
    let hits = hits.min(n);
    (n > 0).then(|| Proportion {
        value: hits as f64 / n as f64,
        low: clopper_pearson_lower(hits, n, alpha / 2.0),
        high: clopper_pearson_upper(hits, n, alpha / 2.0),
    })
}

/// Wilson's score interval (1927) at 95 %: short, and never outside 0 to 1. `None` for an empty
/// sample.
#[must_use]
pub fn wilson_95(hits: u64, n: u64) -> Option<Proportion> {
    if n == 0 {
        return None;
    }
    let value = hits.min(n) as f64 / n as f64;
    let n = n as f64;
    let z2 = Z_95 * Z_95;
    let middle = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Proportion {
        value,
        low: (middle - half).clamp(0.0, value),
        high: (middle + half).clamp(value, 1.0),
    })
}

/// Exact one-sided upper bound for the number of hits in a finite population of `population`, of
/// which `n` were drawn without replacement and `hits` of them were hits: the largest count that
/// the sample does not refute at level `alpha` (hypergeometric tail). Never below `hits`, never
/// above what the items not drawn allow.
#[must_use]
pub fn hypergeometric_upper(hits: u64, n: u64, population: u64, alpha: f64) -> u64 {
    let n = n.min(population);
    let hits = hits.min(n);
    // The tail probability falls with the count, so the answer is found by halving.
    let (mut kept, mut refuted) = (hits, population - (n - hits) + 1);
    while refuted - kept > 1 {
        let middle = kept + (refuted - kept) / 2;
        if hypergeometric_at_most(hits, n, middle, population) > alpha {
            kept = middle;
        } else {
            refuted = middle;
        }
    }
    kept
}

/// Probability of `hits` or fewer in `n` drawn from `population` that holds `marked` hits.
fn hypergeometric_at_most(hits: u64, n: u64, marked: u64, population: u64) -> f64 {
    let smallest = (n + marked).saturating_sub(population);
    let ln_all = ln_choose(population, n);
    (smallest..=hits.min(marked))
        .map(|x| (ln_choose(marked, x) + ln_choose(population - marked, n - x) - ln_all).exp())
        .sum()
}

fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
}

/// The point below which a Beta(`a`, `b`) variable lies with probability `p`.
///
/// Found by halving: `statrs` offers a Newton step, but it is not certain to end for the extreme
/// shapes that a small error rate brings.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while high - low > 1e-15 * high.max(1e-3) {
        let middle = 0.5 * (low + high);
        if beta_cdf(middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
        if middle <= f64::MIN_POSITIVE {
            break;
        }
    }
    0.5 * (low + high)
}

/// Natural logarithm of the beta function, for `a` and `b` above 0.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// Probability that a Beta(`a`, `b`) variable is at most `x`; shapes of zero are point masses.
pub(crate) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    let at_zero = if a <= 0.0 { 1.0 } else { 0.0 };
    checked_beta_reg(a, b, x.clamp(0.0, 1.0)).unwrap_or(at_zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_are_exact() {
        assert_eq!(clopper_pearson_upper(0, 0, 0.05), 1.0);
        assert_eq!(clopper_pearson_upper(7, 7, 0.05), 1.0);
        assert_eq!(clopper_pearson_lower(0, 9, 0.05), 0.0);
        assert_eq!(wilson_95(0, 0), None);
        // A sample that is the whole population leaves no doubt.
        assert_eq!(hypergeometric_upper(3, 50, 50, 0.05), 3);
        // Nothing drawn leaves every count possible.
        assert_eq!(hypergeometric_upper(0, 0, 50, 0.05), 50);
    }

    #[test]
    fn zero_errors_in_59_certify_five_percent_and_58_do_not() {
        assert!(clopper_pearson_upper(0, 59, 0.05) <= 0.05);
        assert!(clopper_pearson_upper(0, 58, 0.05) > 0.05);
    }

    proptest! {
        #[test]
        fn intervals_hold_the_share(n in 1_u64..2_000, share in 0.0_f64..=1.0) {
            let hits = (n as f64 * share).round() as u64;
            for interval in [clopper_pearson(hits, n, 0.05), wilson_95(hits, n)] {
                let interval = interval.unwrap();
                prop_assert!(0.0 <= interval.low && interval.low <= interval.value);
                prop_assert!(interval.value <= interval.high && interval.high <= 1.0);
            }
        }

        #[test]
        fn a_finite_population_only_tightens_the_bound(n in 1_u64..300, rest in 1_u64..3_000, hits in 0_u64..20) {
            let hits = hits.min(n);
            let population = n + rest;
            let upper = hypergeometric_upper(hits, n, population, 0.05);
            prop_assert!(upper >= hits && upper <= population - (n - hits));
            let infinite = clopper_pearson_upper(hits, n, 0.05);
            prop_assert!(upper as f64 <= infinite * population as f64 + 1.0);
        }
    }
}
