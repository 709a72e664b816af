//! From one latent function to ordered classes: the cumulative probit model (McCullagh 1980; Chu and
//! Ghahramani 2005 with a Gaussian process below).
//!
//! With latent mean `m` and variance `v`, `P(class <= c) = Φ((b_c - a m) / √(1 + a² v))` for rising cut
//! points `b_0 < b_1 < …`. Slope and cut points are fitted by penalised likelihood; the penalties, a
//! normal one on each logarithm, hold a class without labels at the width it starts with.

use crate::lbfgs::{Stop, minimise};
use autolabel_annotation::ClassId;
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Probabilities below this are taken for it.
const SMALLEST: f64 = 1e-12;

/// Spread of the penalties: on the first cut point, and on the logarithms of slope and gaps.
const CUT_SPREAD: f64 = 2.0;
const LOG_SPREAD: f64 = 1.0;

/// Slope and cut points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CutPoints {
    /// `a`, > 0.
    pub slope: f64,
    /// `b_c`, rising; one less than classes.
    pub cuts: Vec<f64>,
}

/// Latent means and variances of labels, with the classes they show.
pub(crate) struct LatentLabels<'a> {
    pub mean: &'a [f64],
    pub variance: &'a [f64],
    pub classes: &'a [ClassId],
}

/// The most probable slope and cut points, from `start`, which is also where the penalties centre.
pub(crate) fn fit_cut_points(labels: &LatentLabels<'_>, start: &CutPoints) -> CutPoints {
    let centre = parameters(start);
    let stop = Stop {
        gradient: 1e-6 * labels.classes.len() as f64,
        iterations: 200,
    };
    let value = |point: &[f64]| loss(labels, &centre, point);
    from_parameters(&minimise(centre.clone(), value, |_| (), stop))
}

/// Logarithm of the slope, first cut point, logarithms of the gaps.
fn parameters(points: &CutPoints) -> Vec<f64> {
    let mut parameters = vec![points.slope.ln()];
    parameters.extend(points.cuts.first());
    parameters.extend(points.cuts.windows(2).map(|pair| (pair[1] - pair[0]).ln()));
    parameters
}

fn from_parameters(parameters: &[f64]) -> CutPoints {
    let mut cuts: Vec<f64> = parameters.get(1).copied().into_iter().collect();
    for gap in parameters.iter().skip(2) {
        cuts.push(cuts[cuts.len() - 1] + gap.exp());
    }
    CutPoints {
        slope: parameters[0].exp(),
        cuts,
    }
}

/// Negative log posterior and its gradient in the parameters.
fn loss(labels: &LatentLabels<'_>, centre: &[f64], point: &[f64]) -> (f64, Vec<f64>) {
    let points = from_parameters(point);
    let (slope, cuts) = (points.slope, &points.cuts);
    let normal = Normal::standard();
    let mut loss = 0.0;
    let mut by_slope = 0.0;
    let mut by_cut = vec![0.0; cuts.len()];
    for ((&mean, &variance), class) in labels.mean.iter().zip(labels.variance).zip(labels.classes) {
        let spread = (1.0 + slope * slope * variance).sqrt();
        let class = class.index();
        let at = |cut: usize| (cuts[cut] - slope * mean) / spread;
        let above = if class < cuts.len() {
            normal.cdf(at(class))
        } else {
            1.0
        };
        let below = if class > 0 {
            normal.cdf(at(class - 1))
        } else {
            0.0
        };
        let p = (above - below).max(SMALLEST);
        loss -= p.ln();
        for (cut, sign) in [(Some(class), 1.0), (class.checked_sub(1), -1.0)] {
            let Some(cut) = cut.filter(|&cut| cut < cuts.len()) else {
                continue;
            };
            let share = -sign * normal.pdf(at(cut)) / p;
            by_cut[cut] += share / spread;
            let turned = -mean / spread - at(cut) * slope * variance / (spread * spread);
            by_slope += share * turned;
        }
    }
    let mut gradient = vec![0.0; point.len()];
    gradient[0] = by_slope * slope;
    for parameter in 1..point.len() {
        // A gap moves every cut point above it.
        let moved: f64 = by_cut[parameter - 1..].iter().sum();
        gradient[parameter] = if parameter == 1 {
            moved
        } else {
            moved * point[parameter].exp()
        };
    }
    for (parameter, (value, centre)) in point.iter().zip(centre).enumerate() {
        let spread: f64 = if parameter == 1 {
            CUT_SPREAD
        } else {
            LOG_SPREAD
        };
        loss += 0.5 * ((value - centre) / spread).powi(2);
        gradient[parameter] += (value - centre) / spread.powi(2);
    }
    (loss, gradient)
}

impl CutPoints {
    /// Probabilities of the classes of one image, written to `out`; they sum to 1.
    pub fn probabilities(&self, mean: f64, variance: f64, out: &mut [f32]) {
        let normal = Normal::standard();
        let spread = (1.0 + self.slope * self.slope * variance).sqrt();
        let mut below = 0.0;
        for (class, out) in out.iter_mut().enumerate() {
            let up_to = self
                .cuts
                .get(class)
                .map_or(1.0, |cut| normal.cdf((cut - self.slope * mean) / spread));
            *out = (up_to - below).max(0.0) as f32;
            below = up_to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MEANS: [f64; 6] = [-2.0, -1.0, -0.2, 0.3, 1.1, 2.2];
    const VARIANCES: [f64; 6] = [0.1, 0.5, 0.2, 0.3, 0.9, 0.1];

    fn start() -> CutPoints {
        CutPoints {
            slope: 1.5,
            cuts: vec![-1.0, 0.2, 1.4],
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let classes = [0, 0, 1, 2, 3, 3].map(ClassId);
        let labels = LatentLabels {
            mean: &MEANS,
            variance: &VARIANCES,
            classes: &classes,
        };
        let centre = parameters(&start());
        let point: Vec<f64> = centre.iter().map(|value| value + 0.1).collect();
        let (_, gradient) = loss(&labels, &centre, &point);
        for parameter in 0..point.len() {
            let moved = |by: f64| {
                let mut point = point.clone();
                point[parameter] += by;
                loss(&labels, &centre, &point).0
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - gradient[parameter]).abs() < 1e-6, "{parameter}");
        }
    }

    #[test]
    fn a_class_without_labels_keeps_its_place() {
        let classes = [0, 0, 1, 1, 3, 3].map(ClassId);
        let labels = LatentLabels {
            mean: &MEANS,
            variance: &VARIANCES,
            classes: &classes,
        };
        let found = fit_cut_points(&labels, &start());
        assert!(found.cuts.windows(2).all(|pair| pair[1] > pair[0]));
        let mut p = [0.0; 4];
        found.probabilities(0.7, 0.2, &mut p);
        assert!(p[2] > 0.02, "{p:?}");
    }

    proptest! {
        #[test]
        fn a_higher_latent_value_moves_probability_upwards(mean in -3.0f64..3.0, by in 0.01f64..2.0, variance in 0.0f64..3.0) {
            let (mut low, mut high) = ([0.0f32; 4], [0.0f32; 4]);
            start().probabilities(mean, variance, &mut low);
            start().probabilities(mean + by, variance, &mut high);
            prop_assert!((low.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            for class in 0..3 {
                let up_to = |p: &[f32]| p[..=class].iter().sum::<f32>();
                prop_assert!(up_to(&high) < up_to(&low) + 1e-6);
            }
        }
    }
}
