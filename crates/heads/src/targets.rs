//! Class labels as regression targets (Milios, Camoriano, Michiardi, Rosasco and Filippone, 2018,
//! "Dirichlet-based Gaussian processes for large-scale calibrated classification").
//!
//! A label is one observation of a Dirichlet distribution with `alpha = alpha_epsilon`, plus 1 for
//! the class seen. Each of its components is a Gamma variable, approximated by a log-normal one
//! with the same mean and variance: `ln alpha - s²/2` with noise `s² = ln(1/alpha + 1)`. So every
//! class becomes a regression problem with Gaussian noise that takes just two values.

use autolabel_annotation::ClassId;
use std::ops::Range;

/// The two targets and two noise variances, and the constant prior mean of each class.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    /// Target of the class an image shows.
    pub on: f64,
    /// Target of the classes it does not show.
    pub off: f64,
    /// Noise variance of `on`.
    pub on_noise: f64,
    /// Noise variance of `off`; always larger than `on_noise`.
    pub off_noise: f64,
    /// Prior mean of each class. Milios et al. take the logarithm of the class frequencies, shifted
    /// by one constant so that targets minus prior means are zero on average; frequencies here are
    /// smoothed by one virtual label a class, so that a class without labels stays possible.
    pub prior_mean: Vec<f64>,
}

/// Training rows sorted by class: row `i` of every internal matrix is label `order[i]`.
#[derive(Debug, Clone)]
pub(crate) struct ClassOrder {
    /// Position in the caller's order, for each internal row.
    pub order: Vec<usize>,
    /// Internal rows of each class.
    pub ranges: Vec<Range<usize>>,
}

/// Targets for labels with this many images in each class.
pub(crate) fn targets(counts: &[usize], alpha_epsilon: f64) -> Targets {
    let lognormal = |alpha: f64| {
        let noise = (1.0 / alpha + 1.0).ln();
        (alpha.ln() - noise / 2.0, noise)
    };
    let (on, on_noise) = lognormal(1.0 + alpha_epsilon);
    let (off, off_noise) = lognormal(alpha_epsilon);
    let labels = counts.iter().sum::<usize>() as f64;
    let classes = counts.len() as f64;
    let log_frequency: Vec<f64> = counts
        .iter()
        .map(|&count| ((count as f64 + 1.0) / (labels + classes)).ln())
        .collect();
    let mean_target = (on + (classes - 1.0) * off) / classes;
    let shift = mean_target - log_frequency.iter().sum::<f64>() / classes;
    Targets {
        on,
        off,
        on_noise,
        off_noise,
        prior_mean: log_frequency.iter().map(|mean| mean + shift).collect(),
    }
}

impl Targets {
    /// Target of `class` for internal row `row`, less the prior mean of the class.
    pub fn centred(&self, order: &ClassOrder, row: usize, class: usize) -> f64 {
        let seen = order.ranges[class].contains(&row);
        (if seen { self.on } else { self.off }) - self.prior_mean[class]
    }

    /// Noise variance of `class` for internal row `row`.
    pub fn noise(&self, order: &ClassOrder, row: usize, class: usize) -> f64 {
        if order.ranges[class].contains(&row) {
            self.on_noise
        } else {
            self.off_noise
        }
    }
}

impl ClassOrder {
    /// Sorts labels by class; labels of one class keep their order.
    pub fn new(classes: &[ClassId], class_count: usize) -> Self {
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_by_key(|&label| classes[label]);
        let mut ranges = Vec::with_capacity(class_count);
        let mut start = 0;
        for class in 0..class_count {
            let length = classes.iter().filter(|c| c.index() == class).count();
            ranges.push(start..start + length);
            start += length;
        }
        Self { order, ranges }
    }

    /// Images in each class.
    pub fn counts(&self) -> Vec<usize> {
        self.ranges.iter().map(ExactSizeIterator::len).collect()
    }

    /// At most `limit` internal rows, spread evenly; since rows are sorted by class, every class
    /// keeps its share. Returns these rows and their own class order.
    pub fn subsample(&self, limit: usize) -> (Vec<usize>, Self) {
        let count = self.order.len();
        let kept: Vec<usize> = if count <= limit {
            (0..count).collect()
        } else {
            (0..limit).map(|i| i * count / limit).collect()
        };
        let ranges = self
            .ranges
            .iter()
            .map(|range| {
                let start = kept.partition_point(|&row| row < range.start);
                start..kept.partition_point(|&row| row < range.end)
            })
            .collect();
        let order = kept.iter().map(|&row| self.order[row]).collect();
        (kept, Self { order, ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lognormal_keeps_mean_and_variance_of_the_gamma(epsilon in 0.001f64..0.5) {
            let t = targets(&[1, 1], epsilon);
            for (alpha, mean, noise) in [(1.0 + epsilon, t.on, t.on_noise), (epsilon, t.off, t.off_noise)] {
                prop_assert!(((mean + noise / 2.0).exp() / alpha - 1.0).abs() < 1e-9);
                let variance = (noise.exp() - 1.0) * (2.0 * mean + noise).exp();
                prop_assert!((variance / alpha - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn subsample_keeps_every_share(labels in prop::collection::vec(0u16..3, 1..200), limit in 1usize..60) {
            let classes: Vec<ClassId> = labels.iter().map(|&c| ClassId(c)).collect();
            let (kept, order) = ClassOrder::new(&classes, 3).subsample(limit);
            prop_assert_eq!(kept.len(), limit.min(labels.len()));
            for class in 0..3u16 {
                let share = labels.iter().filter(|&&c| c == class).count() as f64 * kept.len() as f64 / labels.len() as f64;
                prop_assert!((order.ranges[class as usize].len() as f64 - share).abs() <= 1.0);
                for row in order.ranges[class as usize].clone() {
                    prop_assert_eq!(labels[order.order[row]], class);
                }
            }
        }
    }

    #[test]
    fn prior_means_are_log_frequencies_up_to_one_constant() {
        let t = targets(&[7, 1, 0], 0.01);
        let ratio = (t.prior_mean[0] - t.prior_mean[1]).exp();
        assert!((ratio - 8.0 / 2.0).abs() < 1e-9);
        let centred: f64 = [7.0, 1.0, 0.0]
            .iter()
            .zip(&t.prior_mean)
            .map(|(count, mean)| count * t.on + (8.0 - count) * t.off - 8.0 * mean)
            .sum();
        assert!(centred.abs() < 1e-9);
    }
}
