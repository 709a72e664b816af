//! What it would cost people to finish now: the threshold's price, for a look ahead.

use crate::error::QualityError;
use crate::threshold::{ThresholdConfig, accepted_sets, admissible, cheapest};

/// Cost of labeling what the cheapest admissible threshold leaves to people, and of its audit; at most
/// that of labeling all by hand. In units of the configured costs; `pool` as in
/// [`crate::choose_threshold`]. The model's own doubt alone is believed.
///
/// # Errors
/// As [`crate::choose_threshold`].
pub fn finishing_cost(pool: &[f32], config: &ThresholdConfig) -> Result<f64, QualityError> {
    let sets = accepted_sets(pool, &[], config)?;
    let all = pool.len() as f64;
    let by_hand = all * config.stands_for * config.label_cost;
    let count = admissible(&sets, config).count();
    let finish = cheapest(&sets, count, all, config).map_or(by_hand, |(_, cost)| cost);
    Ok(finish.min(by_hand))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_price_of_the_chosen_threshold() {
        for (power, target_error) in [(1, 0.05), (2, 0.05), (4, 0.05), (4, 0.02), (8, 0.1)] {
            let pool: Vec<f32> = (0..4_000)
                .map(|i| 1.0 - 0.6 * (i as f32 / 4_000.0).powi(power))
                .collect();
            let config = ThresholdConfig {
                target_error,
                ..ThresholdConfig::default()
            };
            let choice = crate::choose_threshold(&pool, &[], &config).unwrap();
            let by_hand = 4_000.0 * config.label_cost;
            let found = finishing_cost(&pool, &config).unwrap();
            let expected = choice.expected_cost.min(by_hand);
            assert!((found / expected - 1.0).abs() < 0.005, "{found} {expected}");
        }
        assert!(finishing_cost(&[], &ThresholdConfig::default()).unwrap() < 1e-9);
    }
}
