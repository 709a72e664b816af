//! Joint samples and the spread of probabilities against scikit-learn and NumPy;
//! `tests/golden/make_joint_golden.py` made the numbers.

use crate::golden::{Case, cases, close, fitted};
use autolabel_heads::{JointSamples, PredictOptions, joint_samples, predict, predict_means};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// Error of a moment: 20,000 samples here and 400,000 there leave about 0.003 (standard error).
const TOLERANCE: f32 = 0.012;

#[derive(Deserialize)]
struct Joint {
    tests: Vec<f32>,
    moments: Vec<f32>,
    spread: Vec<f32>,
}

/// The cases with the images of the joint check in place of their own.
fn joint_cases() -> Vec<(Case, Joint)> {
    let joint: Vec<Joint> = serde_json::from_str(include_str!("../golden/joint.json")).unwrap();
    let mut pairs: Vec<(Case, Joint)> = cases().into_iter().zip(joint).collect();
    for (case, joint) in &mut pairs {
        case.tests.clone_from(&joint.tests);
    }
    pairs
}

fn sampled(case: &Case, max_exact: usize) -> JointSamples {
    let (gp, features, rest) = fitted(case, max_exact);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    joint_samples(&gp, &features, &rest, 20_000, &mut rng).unwrap()
}

/// `E[p_c(x) p_d(x')]` for every two images and classes.
fn moments(samples: &JointSamples) -> Vec<f32> {
    let (images, classes) = (samples.len(), samples.class_count);
    let value = |image: usize, class: usize, sample: usize| {
        f64::from(samples.image(image)[sample * classes + class])
    };
    let mut moments = Vec::new();
    for i in 0..images * classes {
        for j in 0..images * classes {
            let sum: f64 = (0..samples.samples)
                .map(|k| value(i / classes, i % classes, k) * value(j / classes, j % classes, k))
                .sum();
            moments.push((sum / samples.samples as f64) as f32);
        }
    }
    moments
}

#[test]
fn moments_of_joint_samples_equal_the_independent_ones() {
    for (case, joint) in joint_cases() {
        for max_exact in [8_000, 1] {
            let found = moments(&sampled(&case, max_exact));
            close(&found, &joint.moments, TOLERANCE, "moment");
        }
    }
}

/// The check above would see it if images were sampled one by one: the first and the last image are
/// near-copies, so that the moment of their equal classes is far above the product of their means.
#[test]
fn near_copies_go_together() {
    let gap = |case: &Case, joint: &Joint| -> f32 {
        let classes = case.class_count;
        let width = joint.spread.len();
        let last = width - classes;
        let mean = |column: usize| -> f32 {
            // Probabilities of one image sum to 1, so the moments with all its classes sum to the mean.
            (0..classes)
                .map(|d| joint.moments[column * width + d])
                .sum()
        };
        (0..classes)
            .map(|c| joint.moments[c * width + last + c] - mean(c) * mean(last + c))
            .fold(0.0, f32::max)
    };
    let widest = joint_cases()
        .iter()
        .map(|(case, joint)| gap(case, joint))
        .fold(0.0, f32::max);
    assert!(widest > 5.0 * TOLERANCE, "{widest}");
}

#[test]
fn by_class_turns_the_table() {
    let samples = JointSamples {
        class_count: 2,
        samples: 3,
        probabilities: (0..12).map(|i| i as f32).collect(),
    };
    let table = samples.by_class(&[1, 0]);
    assert_eq!((table.rows, table.cols), (4, 3));
    assert_eq!(table.row(1), [7.0, 9.0, 11.0]);
    assert_eq!(table.row(2), [0.0, 2.0, 4.0]);
}

#[test]
fn spread_equals_plain_monte_carlo() {
    for (case, joint) in joint_cases() {
        let (gp, features, rest) = fitted(&case, 8_000);
        for (samples, tolerance) in [(20_000, 0.003), (64, 0.02)] {
            let options = PredictOptions {
                samples,
                spread: true,
                ..PredictOptions::default()
            };
            let predictions = predict(&gp, &features, &rest, &options).unwrap();
            close(
                &predictions.spread.unwrap(),
                &joint.spread,
                tolerance,
                "spread",
            );
        }
    }
}

#[test]
fn means_alone_equal_the_means_of_predictions() {
    for (case, _) in joint_cases() {
        for max_exact in [8_000, 1] {
            let (gp, features, rest) = fitted(&case, max_exact);
            let full = predict(&gp, &features, &rest, &PredictOptions::default()).unwrap();
            let means = predict_means(&gp, &features, &rest).unwrap();
            close(&means, &full.mean, 1e-4, "mean");
        }
    }
}
