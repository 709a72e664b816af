//! The classifier against scikit-learn and NumPy; `tests/golden/make_golden.py` made the numbers.

use autolabel_annotation::ClassId;
use autolabel_heads::{
    DirichletGp, GpConfig, Kernel, KernelScale, Matrix, PredictOptions, Predictions, ScaleChoice,
    fit, leave_one_out, predict,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Case {
    name: Kernel,
    scale: KernelScale,
    cols: usize,
    pub class_count: usize,
    labeled: Vec<f32>,
    classes: Vec<u16>,
    pub tests: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    log_evidence: f64,
    leave_one_out_mean: Vec<f32>,
    leave_one_out_variance: Vec<f32>,
    probabilities: Vec<f32>,
    mutual_information: Vec<f32>,
}

pub fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../golden/dirichlet_gp.json")).unwrap()
}

pub fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance, "{what}[{i}]: {f} against {e}");
    }
}

/// Fits a case: the classifier, the features with labeled rows first, and the rows of the tests.
pub fn fitted(case: &Case, max_exact: usize) -> (DirichletGp, Matrix, Vec<u32>) {
    let labels = case.classes.len();
    let data = [case.labeled.clone(), case.tests.clone()].concat();
    let rows = data.len() / case.cols;
    let features = Matrix::new(rows, case.cols, data).unwrap();
    let classes: Vec<ClassId> = case.classes.iter().map(|&c| ClassId(c)).collect();
    let labeled: Vec<u32> = (0..labels as u32).collect();
    let rest: Vec<u32> = (labels as u32..rows as u32).collect();
    let config = GpConfig {
        kernel: case.name,
        scale: ScaleChoice::Fixed(case.scale),
        max_exact,
        ..GpConfig::default()
    };
    let gp = fit(&features, &labeled, &classes, case.class_count, &config).unwrap();
    (gp, features, rest)
}

/// Fits and predicts a case.
fn run(case: &Case, max_exact: usize, samples: usize) -> (f64, Predictions, Predictions) {
    let (gp, features, rest) = fitted(case, max_exact);
    let options = PredictOptions {
        samples,
        ..PredictOptions::default()
    };
    let predictions = predict(&gp, &features, &rest, &options).unwrap();
    (gp.log_evidence(), predictions, leave_one_out(&gp))
}

#[test]
fn means_variances_and_evidence_equal_the_independent_ones() {
    for case in cases() {
        let (log_evidence, predictions, _) = run(&case, 8_000, 64);
        close(&predictions.mean, &case.mean, 1e-4, "mean");
        close(&predictions.variance, &case.variance, 2e-4, "variance");
        assert!((log_evidence - case.log_evidence).abs() < 1e-3);
    }
}

#[test]
fn leave_one_out_equals_independent_refits() {
    for case in cases() {
        let (_, _, without) = run(&case, 8_000, 64);
        close(&without.mean, &case.leave_one_out_mean, 2e-4, "mean");
        close(
            &without.variance,
            &case.leave_one_out_variance,
            2e-4,
            "variance",
        );
    }
}

#[test]
fn probabilities_and_information_equal_plain_monte_carlo() {
    for case in cases() {
        // With many samples the rule converges; with the usual 64 it is near.
        for (samples, tolerance) in [(20_000, 0.004), (64, 0.02)] {
            let (_, predictions, _) = run(&case, 8_000, samples);
            close(
                &predictions.probabilities,
                &case.probabilities,
                tolerance,
                "probability",
            );
            let information = predictions.mutual_information.unwrap();
            close(
                &information,
                &case.mutual_information,
                2.2 * tolerance,
                "information",
            );
        }
    }
}

#[test]
fn inducing_points_at_every_label_are_exact() {
    for case in cases() {
        let (_, sparse, without) = run(&case, 1, 64);
        // The jitter of the inducing points leaves differences far below the noise.
        close(&sparse.mean, &case.mean, 1e-2, "mean");
        close(&sparse.variance, &case.variance, 2e-2, "variance");
        close(
            &without.mean,
            &case.leave_one_out_mean,
            2e-2,
            "mean without",
        );
        close(
            &without.variance,
            &case.leave_one_out_variance,
            2e-2,
            "variance without",
        );
    }
}
