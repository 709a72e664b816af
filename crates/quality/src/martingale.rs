//! Evidence from a sample drawn without replacement, valid at every look.
//!
//! A finite population of `N` items holds some number of hits. The null hypothesis is *at least
//! `H` of them are hits*. Item `t` is a hit with a known conditional probability of at least
//! `m_t = (H - S) / (N - t + 1)` under the null, where `S` counts the hits seen before it. A bet
//! `1 + l_t (m_t - X_t)` with `l_t >= 0` can therefore not gain on average, whatever the past, and
//! the product of bets is a nonnegative supermartingale. By Ville's inequality it ever reaches
//! `1 / alpha` with probability at most `alpha` if the null is true (Waudby-Smith and Ramdas 2020,
//! "Confidence sequences for sampling without replacement").
//!
//! The bets are chosen for an alternative of `h < H` hits: with `q_t = (h - S) / (N - t + 1)` and
//! `l_t = (m_t - q_t) / (m_t (1 - m_t))` a hit multiplies by `q_t / m_t` and a miss by
//! `(1 - q_t) / (1 - m_t)`. That product is the likelihood ratio of the sequence, so it depends
//! only on how many hits there were among how many items, not on their order:
//!
//! `[h]_S [N - h]_(t-S) / ([H]_S [N - H]_(t-S))`, with falling factorials `[x]_k`.
//!
//! One more hit than `h` proves the alternative wrong and ends its product at zero, which keeps
//! every bet legal for an `h` that is not a whole number. The evidence is the mean over
//! [`ALTERNATIVES`] such products; a mean of supermartingales is one. Each product grows with `H`
//! when `h` is a fixed multiple of `H`, so the nulls that are rejected form an upper range, which
//! is what makes the bound of [`crate::audit`] a simple search.

use statrs::function::gamma::ln_gamma;

/// How many alternatives share the bet.
pub(crate) const ALTERNATIVES: usize = 20;

/// Largest evidence that is kept as it is; a cap only weakens evidence, and it keeps products of
/// an audit that goes on long after its decision finite.
const CAP: f64 = 1e280;

/// Alternatives against "at least `null` are wrong": 0 to 95 % of it, evenly spaced, equally
/// weighted. Small shares settle clean audits soon; those near the null settle the close ones.
pub(crate) fn alternatives_below(null: f64) -> [f64; ALTERNATIVES] {
    std::array::from_fn(|j| null * 0.95 * j as f64 / (ALTERNATIVES - 1) as f64)
}

/// Alternatives against "at most `allowed` of `population` are wrong", told as numbers of *right*
/// labels: wrong counts from 1.05 to 10 times the allowed, in equal ratios.
pub(crate) fn alternatives_above(population: f64, allowed: f64) -> [f64; ALTERNATIVES] {
    let step = (10.0_f64 / 1.05).powf(1.0 / (ALTERNATIVES - 1) as f64);
    std::array::from_fn(|j| population - (allowed * 1.05 * step.powi(j as i32)).min(population))
}

/// The natural logarithm of the evidence against "at least `null` of `population` are hits" after
/// `seen` items with `hits` hits among them. Counts may be fractions, which serves planning.
/// `-inf` where the null is known to be true, `inf` where it is known to be false.
pub(crate) fn ln_evidence(
    population: f64,
    null: f64,
    alternatives: &[f64; ALTERNATIVES],
    seen: f64,
    hits: f64,
) -> f64 {
    let misses = seen - hits;
    if hits >= null {
        return f64::NEG_INFINITY;
    }
    if misses > population - null {
        return f64::INFINITY;
    }
    let ln_null = ln_falling(null, hits) + ln_falling(population - null, misses);
    let mut terms = [f64::NEG_INFINITY; ALTERNATIVES];
    let mut largest = f64::NEG_INFINITY;
    for (term, &alternative) in terms.iter_mut().zip(alternatives) {
        if hits <= alternative {
            *term = ln_falling(alternative, hits) + ln_falling(population - alternative, misses)
                - ln_null;
            largest = largest.max(*term);
        }
    }
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
    largest + (sum / ALTERNATIVES as f64).ln()
}

/// `ln(x (x-1) … (x-k+1))` for real `x >= k >= 0`.
fn ln_falling(x: f64, k: f64) -> f64 {
    if k <= 0.0 {
        return 0.0;
    }
    ln_gamma(x + 1.0) - ln_gamma(x - k + 1.0)
}

/// The same evidence kept up to date item by item, at 20 multiplications each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    null: f64,
    alternatives: [f64; ALTERNATIVES],
    products: [f64; ALTERNATIVES],
    hits: f64,
    remaining: f64,
}

impl Evidence {
    pub(crate) fn new(population: f64, null: f64, alternatives: [f64; ALTERNATIVES]) -> Self {
        Self {
            null,
            alternatives,
            products: [1.0; ALTERNATIVES],
            hits: 0.0,
            remaining: population,
        }
    }

    /// Takes one more item into account. Once the null is known to be true or false for certain
    /// the products say nothing more; the caller knows certainty from the counts.
    pub(crate) fn observe(&mut self, hit: bool) {
        let null_share = (self.null - self.hits) / self.remaining;
        // Outside this range the null is known to be true or to be false already.
        if null_share > 0.0 && null_share <= 1.0 {
            for (product, &alternative) in self.products.iter_mut().zip(&self.alternatives) {
                let share = ((alternative - self.hits) / self.remaining).max(0.0);
                let factor = match hit {
                    true if alternative < self.hits + 1.0 => 0.0,
                    true => share / null_share,
                    false => (1.0 - share) / (1.0 - null_share),
                };
                *product = (*product * factor).min(CAP);
            }
        }
        self.hits += f64::from(u8::from(hit));
        self.remaining -= 1.0;
    }

    /// The evidence against the null, 1 before the first item.
    pub(crate) fn value(&self) -> f64 {
        self.products.iter().sum::<f64>() / ALTERNATIVES as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn kept_up_to_date_and_in_closed_form_agree(
            answers in proptest::collection::vec(proptest::bool::weighted(0.1), 1..200),
            extra in 1_u32..5_000,
            share in 0.01_f64..0.6,
        ) {
            let population = answers.len() as f64 + f64::from(extra);
            let null = (population * share).floor() + 1.0;
            let alternatives = alternatives_below(null);
            let mut evidence = Evidence::new(population, null, alternatives);
            let mut hits = 0.0;
            for (index, &hit) in answers.iter().enumerate() {
                evidence.observe(hit);
                hits += f64::from(u8::from(hit));
                let seen = index as f64 + 1.0;
                let closed = ln_evidence(population, null, &alternatives, seen, hits);
                if closed.is_infinite() {
                    break;
                }
                let kept = evidence.value().ln();
                prop_assert!((kept - closed).abs() < 1e-6 * closed.abs().max(1.0), "{kept} {closed}");
            }
        }

        /// The expected evidence after the next item, under the least favourable null, is never
        /// more than the evidence now.
        #[test]
        fn no_bet_gains_on_average_under_the_null(
            seen in 0_u32..200, hits in 0_u32..10, extra in 30_u32..2_000, share in 0.02_f64..0.5,
        ) {
            let (seen, hits) = (f64::from(seen.max(hits)), f64::from(hits));
            let population = seen + f64::from(extra);
            let null = (population * share).floor() + 1.0;
            let right = (population - seen - (null - hits)).max(0.0);
            prop_assume!(hits < null && right > 0.0);
            let chance = (null - hits) / (population - seen);
            let alternatives = alternatives_below(null);
            let now = ln_evidence(population, null, &alternatives, seen, hits).exp();
            let after_hit = ln_evidence(population, null, &alternatives, seen + 1.0, hits + 1.0).exp();
            let after_miss = ln_evidence(population, null, &alternatives, seen + 1.0, hits).exp();
            let mean = chance * after_hit + (1.0 - chance) * after_miss;
            prop_assert!(mean <= now * (1.0 + 1e-7), "{mean} > {now}");
        }

        #[test]
        fn evidence_grows_with_the_null(
            population in 50_u32..5_000, seen in 1_u32..50, hits in 0_u32..6, null in 1_u32..2_000,
        ) {
            let population = f64::from(population);
            let (seen, hits) = (f64::from(seen.max(hits)), f64::from(hits));
            let null = f64::from(null).min(population - 1.0);
            let at = |null: f64| ln_evidence(population, null, &alternatives_below(null), seen, hits);
            prop_assert!(at(null) <= at(null + 1.0) + 1e-9);
        }
    }
}
