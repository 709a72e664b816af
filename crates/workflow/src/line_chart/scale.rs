//! Ranges, ticks and the writing of numbers on an axis.

/// About so many ticks an axis.
const TICKS: f64 = 5.0;

/// How the numbers of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// A share as a percentage.
    Percent,
    /// As they are.
    Plain,
}

/// Smallest and largest with a little room; never of no width.
pub(super) fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return [0.0, 1.0];
    }
    let room = ((high - low) * 0.04).max(0.005 * high.abs()).max(1e-6);
    [low - room, high + room]
}

/// Round numbers within a range, about five.
pub(super) fn ticks([low, high]: [f64; 2]) -> Vec<f64> {
    let rough = (high - low) / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    // A bound that is itself a round number may miss it by its last digit.
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|number| number as f64 * step).collect()
}

/// A number of an axis whose ticks are `step` apart.
pub(super) fn number(value: f64, step: f64, numbers: Numbers) -> String {
    let (value, step, unit) = match numbers {
        Numbers::Percent => (value * 100.0, step * 100.0, " %"),
        Numbers::Plain => (value, step, ""),
    };
    let decimals = (-step.log10() + 1e-9).ceil().clamp(0.0, 6.0) as usize;
    format!("{value:.decimals$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_range() {
        let close = |ours: Vec<f64>, expected: &[f64]| {
            assert_eq!(ours.len(), expected.len(), "{ours:?}");
            for (a, b) in ours.iter().zip(expected) {
                assert!((a - b).abs() < 1e-9, "{ours:?}");
            }
        };
        close(ticks([0.83, 0.97]), &[0.85, 0.9, 0.95]);
        close(ticks([0.0, 0.15]), &[0.0, 0.05, 0.1, 0.15]);
        close(ticks([3.0, 42.0]), &[10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn numbers_have_the_decimals_that_tell_ticks_apart() {
        assert_eq!(number(0.85, 0.05, Numbers::Percent), "85 %");
        assert_eq!(number(0.985, 0.005, Numbers::Percent), "98.5 %");
        assert_eq!(number(40.0, 10.0, Numbers::Plain), "40");
        assert_eq!(number(0.4, 0.2, Numbers::Plain), "0.4");
    }
}
