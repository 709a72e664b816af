//! The linear head against scikit-learn and NumPy (`tests/golden/make_linear_golden.py` made the
//! numbers), against its own definition, and beside the Gaussian process.

use crate::toy::{accuracy, clouds};
use autolabel_annotation::ClassId;
use autolabel_heads::{
    GpConfig, HeadConfig, HeadsError, LinearConfig, Matrix, PrecisionChoice, PredictOptions,
    choose_head, fit_head, fit_linear, leave_one_out_linear, predict_linear,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    is_full: bool,
    precision: f64,
    cols: usize,
    class_count: usize,
    features: Vec<f32>,
    classes: Vec<u16>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    probabilities: Vec<f32>,
    log_evidence: f64,
    leave_one_out_mean: Vec<f32>,
    refitted_mean: Vec<f32>,
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance, "{what}[{i}]: {f} against {e}");
    }
}

#[test]
fn equals_the_independent_one() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/linear.json")).unwrap();
    for case in cases {
        let labels = case.classes.len();
        let all = case.features.len() / case.cols;
        let features = Matrix::new(all, case.cols, case.features).unwrap();
        let classes: Vec<ClassId> = case.classes.iter().map(|&c| ClassId(c)).collect();
        let rows: Vec<u32> = (0..labels as u32).collect();
        let rest: Vec<u32> = (labels as u32..all as u32).collect();
        let config = LinearConfig {
            precision: PrecisionChoice::Fixed(case.precision),
            max_full: if case.is_full { 1_500 } else { 1 },
            ..LinearConfig::default()
        };
        let head = fit_linear(&features, &rows, &classes, case.class_count, &config, None).unwrap();
        assert_eq!(head.is_full(), case.is_full);
        assert!((head.log_evidence() - case.log_evidence).abs() < 1e-3);
        let options = PredictOptions {
            samples: 20_000,
            ..PredictOptions::default()
        };
        let found = predict_linear(&head, &features, &rest, &options).unwrap();
        close(&found.mean, &case.mean, 1e-3, "mean");
        close(&found.variance, &case.variance, 1e-3, "variance");
        close(
            &found.probabilities,
            &case.probabilities,
            4e-3,
            "probability",
        );
        let without = leave_one_out_linear(&head);
        close(&without.mean, &case.leave_one_out_mean, 2e-3, "one step");
        // One step, not a refit: far nearer to the refit than the head that saw the label.
        let distance = |means: &[f32]| -> f32 {
            means
                .iter()
                .zip(&case.refitted_mean)
                .map(|(a, b)| (a - b).abs())
                .sum()
        };
        let seen = predict_linear(&head, &features, &rows, &options).unwrap();
        if case.is_full {
            assert!(distance(&without.mean) < 0.25 * distance(&seen.mean));
        }
    }
}

/// With two classes the centred logits are opposite, so that the probability is the logistic function of
/// one normal variable and its variance an integral over one dimension.
#[test]
fn spread_of_two_classes_equals_the_integral() {
    let (features, classes) = clouds(40, 6, 2, 0.8, 8);
    let rows: Vec<u32> = (0..20).collect();
    let config = LinearConfig::default();
    let head = fit_linear(&features, &rows, &classes[..20], 2, &config, None).unwrap();
    let options = PredictOptions {
        samples: 20_000,
        spread: true,
        ..PredictOptions::default()
    };
    let rest: Vec<u32> = (20..40).collect();
    let found = predict_linear(&head, &features, &rest, &options).unwrap();
    let spread = found.spread.as_ref().unwrap();
    for image in 0..20 {
        let (mean, sd) = (found.mean[2 * image], found.variance[2 * image].sqrt());
        let moment = |power: i32| -> f64 {
            (-800..=800)
                .map(|i| {
                    let z = f64::from(i) / 100.0;
                    let p = 1.0 / (1.0 + (-2.0 * (f64::from(mean) + f64::from(sd) * z)).exp());
                    0.01 * p.powi(power) * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
                })
                .sum()
        };
        let expected = (moment(2) - moment(1).powi(2)) as f32;
        assert!(expected > 1e-3);
        for class in 0..2 {
            let error = (spread[2 * image + class] - expected).abs();
            assert!(error < 5e-4, "{} {expected}", spread[2 * image + class]);
        }
    }
}

#[test]
fn evidence_chooses_a_precision_that_no_neighbour_beats() {
    let (features, classes) = clouds(200, 12, 3, 0.8, 8);
    let rows: Vec<u32> = (0..200).collect();
    let fitted = |precision| {
        let config = LinearConfig {
            precision,
            ..LinearConfig::default()
        };
        fit_linear(&features, &rows, &classes, 3, &config, None).unwrap()
    };
    let best = fitted(PrecisionChoice::Search);
    for factor in [0.25, 4.0] {
        let other = fitted(PrecisionChoice::Fixed(best.precision() * factor));
        assert!(other.log_evidence() < best.log_evidence() + 0.5);
    }
    let warm = LinearConfig {
        precision: PrecisionChoice::WarmStart(best.precision()),
        ..LinearConfig::default()
    };
    let warm = fit_linear(&features, &rows, &classes, 3, &warm, Some(&best)).unwrap();
    assert!((warm.precision() / best.precision()).ln().abs() < 0.36);
}

#[test]
fn the_choice_prefers_the_head_that_fits_the_data() {
    // Inside and outside a circle: no plane separates them.
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let data: Vec<f32> = (0..400).map(|_| rng.random_range(-1.0f32..1.0)).collect();
    let circle = Matrix::new(200, 2, data).unwrap();
    let inside: Vec<ClassId> = (0..200)
        .map(|row| {
            ClassId(u16::from(
                circle.row(row)[0].powi(2) + circle.row(row)[1].powi(2) < 0.6,
            ))
        })
        .collect();
    let rows: Vec<u32> = (0..200).collect();
    let heads = |features: &Matrix, classes: &[ClassId]| {
        [
            HeadConfig::Gp(GpConfig::default()),
            HeadConfig::Linear(LinearConfig::default()),
        ]
        .map(|config| fit_head(features, &rows, classes, 2, &config).unwrap())
    };
    let (best, losses) = choose_head(&heads(&circle, &inside), &inside).unwrap();
    assert_eq!(best, 0, "{losses:?}");
    // A plane through the origin with labels that doubt it.
    let (features, _) = clouds(200, 10, 2, 1.0, 10);
    let side: Vec<ClassId> = (0..200)
        .map(|row| {
            let logit = 12.0 * (features.row(row)[0] - features.row(row)[1]);
            ClassId(u16::from(
                rng.random::<f32>() < 1.0 / (1.0 + (-logit).exp()),
            ))
        })
        .collect();
    let (best, losses) = choose_head(&heads(&features, &side), &side).unwrap();
    assert_eq!(best, 1, "{losses:?}");
}

#[test]
fn learns_with_many_classes_and_one_without_labels() {
    let (features, classes) = clouds(600, 30, 5, 0.6, 11);
    let rows: Vec<u32> = (0..300).collect();
    let rest: Vec<u32> = (300..600).collect();
    for max_full in [1_500, 10] {
        let config = LinearConfig {
            max_full,
            ..LinearConfig::default()
        };
        let head = fit_linear(&features, &rows, &classes[..300], 6, &config, None).unwrap();
        let found = predict_linear(&head, &features, &rest, &PredictOptions::default()).unwrap();
        assert!(accuracy(&found, &classes[300..]) > 0.9);
        assert!(accuracy(&leave_one_out_linear(&head), &classes[..300]) > 0.9);
        for image in 0..found.len() {
            let row = found.row(image);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row[5] > 0.0);
        }
    }
}

#[test]
fn is_the_same_for_any_number_of_threads() {
    let (features, classes) = clouds(900, 20, 3, 0.8, 12);
    let rows: Vec<u32> = (0..700).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let config = LinearConfig::default();
            let head = fit_linear(&features, &rows, &classes[..700], 3, &config, None).unwrap();
            let all: Vec<u32> = (0..900).collect();
            let found = predict_linear(&head, &features, &all, &PredictOptions::default());
            (
                head.precision(),
                found.unwrap(),
                leave_one_out_linear(&head),
            )
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn refuses_what_does_not_belong_together() {
    let (features, classes) = clouds(20, 8, 2, 0.4, 7);
    let rows: Vec<u32> = (0..20).collect();
    let fitted = |rows: &[u32], classes: &[ClassId], precision| {
        let config = LinearConfig {
            precision,
            ..LinearConfig::default()
        };
        fit_linear(&features, rows, classes, 2, &config, None)
    };
    let refused = |result: Result<_, HeadsError>| result.unwrap_err();
    let search = PrecisionChoice::Search;
    let empty = refused(fitted(&[], &[], search).map(drop));
    assert!(matches!(empty, HeadsError::Empty { .. }));
    let row = refused(fitted(&[20], &classes[..1], search).map(drop));
    assert!(matches!(row, HeadsError::RowOutOfRange { .. }));
    let setting = refused(fitted(&rows, &classes, PrecisionChoice::Fixed(0.0)).map(drop));
    assert!(matches!(setting, HeadsError::Setting { .. }));
    let head = fitted(&rows, &classes, search).unwrap();
    let (other, _) = clouds(20, 9, 2, 0.4, 7);
    let shape = refused(predict_linear(&head, &other, &[0], &PredictOptions::default()).map(drop));
    assert!(matches!(shape, HeadsError::Shape { .. }));
}
