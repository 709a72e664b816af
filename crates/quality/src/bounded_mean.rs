//! Evidence that the mean of a finite population of numbers from 0 to 1 lies below a bound, from a sample
//! drawn without replacement, valid at every look.
//!
//! Under the null, *the mean is at least `b`*, item `t` has a conditional mean of at least
//! `m_t = (N b - S) / (N - t + 1)`, where `S` is the sum of those before it. A bet `1 + l_t (m_t - X_t)` with
//! `0 <= l_t <= 1 / (1 - m_t)` is never negative and cannot gain on average, so the product of bets ever
//! reaches `1 / alpha` with probability at most `alpha` (Ville; Waudby-Smith and Ramdas 2020, "Confidence
//! sequences for sampling without replacement"). Bets are shares of the largest one; the evidence is the mean
//! over [`BETS`] such products.

/// Shares of the largest bet, evenly spaced up to all of it.
const BETS: usize = 10;
/// A cap only weakens evidence, and keeps products finite.
const CAP: f64 = 1e280;

/// Whether the sample shows, with a chance of at most `alpha` to be wrong, that the mean over all
/// `population` numbers is below `bound`.
pub(crate) fn mean_is_below(
    population: u32,
    bound: f64,
    alpha: f64,
    sample: impl IntoIterator<Item = f64>,
) -> bool {
    let mut left = f64::from(population);
    let mut allowed = left * bound;
    // Sums of shares are not exact.
    let slack = 1e-9 * left;
    let mut products = [1.0_f64; BETS];
    for value in sample {
        if allowed <= slack {
            // The null is true by what was seen.
            return false;
        }
        // Where the rest cannot make up for what is missing the null is false.
        let mean = (allowed / left).min(1.0);
        for (bet, product) in (1_u8..).zip(&mut products) {
            let share = f64::from(bet) / BETS as f64;
            let factor = if mean < 1.0 {
                1.0 + share / (1.0 - mean) * (mean - value)
            } else if value < 1.0 {
                CAP
            } else {
                1.0
            };
            *product = (*product * factor.max(0.0)).min(CAP);
        }
        if products.iter().sum::<f64>() / BETS as f64 >= 1.0 / alpha {
            return true;
        }
        allowed -= value;
        left -= 1.0;
    }
    // Nothing is left to guess once all have been seen.
    left < 1.0 && allowed > slack
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::seq::SliceRandom;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn zeros_show_it_after_sixty_and_ones_never() {
        let zeros = |count: usize| mean_is_below(10_000, 0.05, 0.05, vec![0.0; count]);
        assert!(zeros(90) && !zeros(50));
        assert!(!mean_is_below(10_000, 0.05, 0.05, vec![1.0; 200]));
        assert!(!mean_is_below(10_000, 0.05, 0.05, []));
        // A small population is known sooner.
        assert!(mean_is_below(40, 0.5, 0.05, vec![0.0; 20]));
    }

    #[test]
    fn a_mean_at_the_bound_is_rarely_taken_for_a_lower_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(41);
        let mut wrong = 0;
        for _ in 0..1_000 {
            let mut all: Vec<f64> = (0..400)
                .map(|_| {
                    if rng.random::<f64>() < 0.1 {
                        rng.random()
                    } else {
                        0.0
                    }
                })
                .collect();
            all.shuffle(&mut rng);
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            // However long one goes on looking.
            wrong += u32::from(mean_is_below(400, mean, 0.05, all));
        }
        assert!(wrong <= 65, "{wrong} of 1000");
    }
}
