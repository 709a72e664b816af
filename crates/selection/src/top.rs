//! The largest scores without sorting all.

use crate::acquisition::Scored;
use std::cmp::Ordering;

/// The `count` largest scores in falling order; the earlier position wins a tie. `O(n + k log k)`.
pub(crate) fn largest(mut scored: Vec<(usize, f32)>, count: usize) -> Vec<Scored> {
    let order = |a: &(usize, f32), b: &(usize, f32)| -> Ordering {
        b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
    };
    if count < scored.len() && count > 0 {
        scored.select_nth_unstable_by(count - 1, order);
    }
    scored.truncate(count);
    scored.sort_unstable_by(order);
    scored
        .into_iter()
        .map(|(position, score)| Scored {
            position,
            score: Some(score),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_sorting(scores in prop::collection::vec(0_u8..20, 0..60), count in 0_usize..70) {
            let scored: Vec<(usize, f32)> =
                scores.iter().map(|s| f32::from(*s)).enumerate().collect();
            let mut sorted = scored.clone();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            let expected: Vec<usize> = sorted.iter().take(count).map(|s| s.0).collect();
            let found: Vec<usize> = largest(scored, count).iter().map(|s| s.position).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
