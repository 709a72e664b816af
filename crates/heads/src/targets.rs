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
    /// Concentration of a class that a label does not name.
    pub alpha_epsilon: f64,
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

/// Training rows sorted by class, one batch after the other: row `i` of every internal matrix is
/// label `order[i]`. A fit makes one batch of all labels, an extension appends one more, so that
/// factors that are there keep their rows.
#[derive(Debug, Clone)]
pub(crate) struct ClassOrder {
    /// Position in the caller's order, for each internal row.
    pub order: Vec<usize>,
    /// Class of each internal row.
    pub class_of: Vec<usize>,
    /// Internal rows of each class in rising order: one range a batch.
    pub members: Vec<Members>,
}

/// Rising, disjoint ranges of internal rows.
pub(crate) type Members = Vec<Range<usize>>;

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
        alpha_epsilon,
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
        let seen = order.class_of[row] == class;
        (if seen { self.on } else { self.off }) - self.prior_mean[class]
    }

    /// Noise variance of `class` for internal row `row`.
    pub fn noise(&self, order: &ClassOrder, row: usize, class: usize) -> f64 {
        if order.class_of[row] == class {
            self.on_noise
        } else {
            self.off_noise
        }
    }
}

impl ClassOrder {
    /// Sorts labels by class; labels of one class keep their order.
    pub fn new(classes: &[ClassId], class_count: usize) -> Self {
        let none = Self {
            order: Vec::new(),
            class_of: Vec::new(),
            members: vec![Members::new(); class_count],
        };
        none.extended(classes)
    }

    /// This order with one more batch of labels behind it, sorted by class in itself.
    pub fn extended(&self, classes: &[ClassId]) -> Self {
        let start = self.order.len();
        let mut batch: Vec<usize> = (0..classes.len()).collect();
        batch.sort_by_key(|&label| classes[label]);
        let mut all = self.clone();
        all.order.extend(batch.iter().map(|label| start + label));
        all.class_of
            .extend(batch.iter().map(|&label| classes[label].index()));
        for (class, members) in all.members.iter_mut().enumerate() {
            let first = start + all.class_of[start..].partition_point(|&c| c < class);
            let end = start + all.class_of[start..].partition_point(|&c| c <= class);
            members.push(first..end);
        }
        all
    }

    /// Number of classes, with and without labels.
    pub fn class_count(&self) -> usize {
        self.members.len()
    }

    /// Images in each class.
    pub fn counts(&self) -> Vec<usize> {
        self.members.iter().map(|rows| row_count(rows)).collect()
    }

    /// At most `limit` internal rows, spread evenly; since the rows of a fit are sorted by class, every
    /// class keeps its share. Returns these rows and their own class order.
    pub fn subsample(&self, limit: usize) -> (Vec<usize>, Self) {
        let count = self.order.len();
        let kept: Vec<usize> = if count <= limit {
            (0..count).collect()
        } else {
            (0..limit).map(|i| i * count / limit).collect()
        };
        let within = |range: &Range<usize>| {
            let start = kept.partition_point(|&row| row < range.start);
            start..kept.partition_point(|&row| row < range.end)
        };
        let members = self.members.iter();
        let members = members.map(|m| m.iter().map(within).collect()).collect();
        let order = kept.iter().map(|&row| self.order[row]).collect();
        let class_of = kept.iter().map(|&row| self.class_of[row]).collect();
        let chosen = Self {
            order,
            class_of,
            members,
        };
        (kept, chosen)
    }
}

/// Rows in all ranges.
pub(crate) fn row_count(members: &[Range<usize>]) -> usize {
    members.iter().map(ExactSizeIterator::len).sum()
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
                prop_assert!((row_count(&order.members[class as usize]) as f64 - share).abs() <= 1.0);
                for row in order.members[class as usize].iter().cloned().flatten() {
                    prop_assert_eq!(labels[order.order[row]], class);
                }
            }
        }
    }

    #[test]
    fn a_further_batch_keeps_the_rows_that_are_there() {
        let classes = [2u16, 0, 1, 0].map(ClassId);
        let more = [1u16, 0, 1].map(ClassId);
        let order = ClassOrder::new(&classes, 3).extended(&more);
        assert_eq!(order.order, [1, 3, 2, 0, 5, 4, 6]);
        assert_eq!(order.class_of, [0, 0, 1, 2, 0, 1, 1]);
        assert_eq!(
            order.members,
            [vec![0..2, 4..5], vec![2..3, 5..7], vec![3..4, 7..7]]
        );
        assert_eq!(order.counts(), [3, 3, 1]);
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
