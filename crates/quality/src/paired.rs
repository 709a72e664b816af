//! Two procedures measured on the same seeds: how far apart they are, and whether that can be luck.
//!
//! Each seed gives both procedures the same start, so what is compared is the difference a seed. Its
//! interval is Student's. Its p value is exact and assumes no distribution: if the procedures were
//! alike, each difference could as well have had the other sign, so all sign patterns are equally
//! likely (Fisher 1935, the sign-flip test). With n seeds no p is below `2 / 2^n`, so fewer than six
//! seeds cannot show anything at 5 %.

use crate::error::{QualityError, same_length};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Up to so many seeds every sign pattern is looked at.
const EXACT_UP_TO: usize = 20;

/// Above, so many random patterns are.
const RANDOM_PATTERNS: u32 = 100_000;

/// Mean difference of two procedures over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// Mean of first minus second.
    pub mean: f64,
    /// 95 % interval of the mean by Student's t; `None` below two seeds.
    pub interval: Option<[f64; 2]>,
    /// Two-sided p value of the sign-flip test; 1 for no difference at all.
    pub p: f64,
}

/// Compares two procedures; entry `i` of both comes from the same seed. `None` without seeds.
///
/// # Errors
/// Lists of different length.
pub fn paired_difference(
    first: &[f64],
    second: &[f64],
) -> Result<Option<PairedDifference>, QualityError> {
    same_length("the first", first.len(), "the second", second.len())?;
    if first.is_empty() {
        return Ok(None);
    }
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let interval = student_t_975(differences.len()).map(|t| {
        let half = t * (variance / n).sqrt();
        [mean - half, mean + half]
    });
    Ok(Some(PairedDifference {
        mean,
        interval,
        p: sign_flip_p(&differences),
    }))
}

/// 97.5 % quantile of Student's t for a mean of `count` values; `None` below two.
#[must_use]
pub fn student_t_975(count: usize) -> Option<f64> {
    let degrees = count.checked_sub(1).filter(|d| *d > 0)?;
    let t = StudentsT::new(0.0, 1.0, degrees as f64).ok()?;
    Some(t.inverse_cdf(0.975))
}

/// Probability that a variable of Student's t distribution with `degrees` of freedom (above 0) is at most
/// `t`; 1/2 where either is not a number.
#[must_use]
pub fn student_t_cdf(t: f64, degrees: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, degrees) {
        Ok(distribution) if !t.is_nan() => distribution.cdf(t),
        _ => 0.5,
    }
}

/// Two-sided p value of the sign-flip test: the share of sign patterns whose sum is at least as far
/// from 0. Exact up to 20 values, from 100,000 patterns of a fixed seed above.
#[must_use]
pub fn sign_flip_p(differences: &[f64]) -> f64 {
    let sum: f64 = differences.iter().sum();
    let size: f64 = differences.iter().map(|d| d.abs()).sum();
    // Sums in another order differ in their last digits.
    let bar = sum.abs() - 1e-9 * size;
    if differences.len() <= EXACT_UP_TO {
        exact_share(differences, bar)
    } else {
        random_share(differences, bar)
    }
}

/// Goes through the patterns one flip at a time (Gray code). The first sign stays, since a pattern and
/// its opposite have the same distance from 0.
fn exact_share(differences: &[f64], bar: f64) -> f64 {
    let Some((_, rest)) = differences.split_first() else {
        return 1.0;
    };
    let mut signs = vec![1.0; rest.len()];
    let mut sum: f64 = differences.iter().sum();
    let patterns = 1_u32 << rest.len();
    let mut as_far = u32::from(sum.abs() >= bar);
    for number in 1..patterns {
        let flipped = number.trailing_zeros() as usize;
        signs[flipped] = -signs[flipped];
        sum += 2.0 * signs[flipped] * rest[flipped];
        as_far += u32::from(sum.abs() >= bar);
    }
    f64::from(as_far) / f64::from(patterns)
}

fn random_share(differences: &[f64], bar: f64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut as_far = 0_u32;
    for _ in 0..RANDOM_PATTERNS {
        let sum: f64 = differences
            .iter()
            .map(|d| if rng.random::<bool>() { *d } else { -d })
            .sum();
        as_far += u32::from(sum.abs() >= bar);
    }
    // The pattern that was seen is one of them.
    (f64::from(as_far) + 1.0) / (f64::from(RANDOM_PATTERNS) + 1.0)
}

/// Holm's step-down correction (1979): p values that may be read together, each as if it were the
/// only one. In the order given.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        corrected[i] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_seeds_better_is_the_smallest_p() {
        let first = [0.95, 0.96, 0.94, 0.97, 0.95, 0.96];
        let second = [0.90, 0.95, 0.91, 0.92, 0.91, 0.90];
        let difference = paired_difference(&first, &second).unwrap().unwrap();
        assert_eq!(difference.p, 2.0 / 64.0);
        let [low, high] = difference.interval.unwrap();
        assert!(low > 0.0 && high > difference.mean);
    }

    #[test]
    fn nothing_is_significant_without_a_difference() {
        let same = paired_difference(&[0.5; 8], &[0.5; 8]).unwrap().unwrap();
        assert_eq!((same.mean, same.p), (0.0, 1.0));
        let one = paired_difference(&[0.9], &[0.1]).unwrap().unwrap();
        assert_eq!((one.interval, one.p), (None, 1.0));
        assert_eq!(paired_difference(&[], &[]).unwrap(), None);
        assert!(paired_difference(&[0.9], &[]).is_err());
    }

    #[test]
    fn random_patterns_come_close_to_all_patterns() {
        let differences: Vec<f64> = (0..16).map(|i| 0.01 * f64::from(i % 7 - 2)).collect();
        let bar = differences.iter().sum::<f64>().abs() - 1e-9;
        let (exact, random) = (
            exact_share(&differences, bar),
            random_share(&differences, bar),
        );
        assert!((exact - random).abs() < 0.004, "{exact} {random}");
    }

    #[test]
    fn holm_multiplies_the_smallest_most() {
        let corrected = holm(&[0.03, 0.01, 0.5]);
        assert!((corrected[0] - 0.06).abs() < 1e-12 && (corrected[1] - 0.03).abs() < 1e-12);
        assert_eq!(corrected[2], 0.5);
    }
}
