//! The ordinal head against scikit-learn and SciPy (`tests/golden/make_ordinal_golden.py` made the
//! numbers), and on made-up grades.

use crate::toy::clouds;
use autolabel_annotation::ClassId;
use autolabel_heads::{
    HeadsError, KernelScale, Matrix, OrdinalConfig, OrdinalLoss, OrdinalScale, fit_ordinal,
    leave_one_out_ordinal, ordinal_decisions, predict_ordinal,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    variance: f64,
    lengthscale: f64,
    noise: f64,
    cols: usize,
    class_count: usize,
    features: Vec<f32>,
    classes: Vec<u16>,
    log_evidence: f64,
    latent_mean: Vec<f32>,
    latent_variance: Vec<f32>,
    probabilities: Vec<f32>,
    leave_one_out_mean: Vec<f32>,
    leave_one_out_variance: Vec<f32>,
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance, "{what}[{i}]: {f} against {e}");
    }
}

#[test]
fn equals_the_independent_one() {
    let case: Case = serde_json::from_str(include_str!("../golden/ordinal.json")).unwrap();
    let all = case.features.len() / case.cols;
    let features = Matrix::new(all, case.cols, case.features).unwrap();
    let classes: Vec<ClassId> = case.classes.iter().map(|&c| ClassId(c)).collect();
    let rows: Vec<u32> = (0..classes.len() as u32).collect();
    let rest: Vec<u32> = (classes.len() as u32..all as u32).collect();
    let config = OrdinalConfig {
        scale: Some(OrdinalScale {
            kernel: KernelScale {
                variance: case.variance,
                lengthscale: case.lengthscale,
                linear_variance: 0.0,
            },
            noise: case.noise,
        }),
        ..OrdinalConfig::default()
    };
    let head = fit_ordinal(&features, &rows, &classes, case.class_count, &config).unwrap();
    assert!((head.log_evidence() - case.log_evidence).abs() < 1e-3);
    let found = predict_ordinal(&head, &features, &rest).unwrap();
    close(&found.latent_mean, &case.latent_mean, 1e-4, "mean");
    close(
        &found.latent_variance,
        &case.latent_variance,
        1e-4,
        "variance",
    );
    close(
        &found.probabilities,
        &case.probabilities,
        1e-3,
        "probability",
    );
    let (positions, without) = leave_one_out_ordinal(&head);
    assert!(positions.iter().copied().eq(0..classes.len()));
    close(
        &without.latent_mean,
        &case.leave_one_out_mean,
        1e-4,
        "mean without",
    );
    close(
        &without.latent_variance,
        &case.leave_one_out_variance,
        1e-4,
        "variance without",
    );
}

/// Grades 0 to 4 by a direction of the features.
fn grades(rows: usize, seed: u64) -> (Matrix, Vec<ClassId>) {
    let (features, _) = clouds(rows, 8, 2, 1.0, seed);
    let grade = |row: &[f32]| {
        let value = row[0] + row[2] - row[1];
        ClassId(
            [-0.5f32, 0.0, 0.4, 0.9]
                .iter()
                .filter(|&&cut| value > cut)
                .count() as u16,
        )
    };
    let classes = (0..rows).map(|row| grade(features.row(row))).collect();
    (features, classes)
}

#[test]
fn grades_are_found_to_within_one_step() {
    let (features, classes) = grades(700, 21);
    let rows: Vec<u32> = (0..300).collect();
    let rest: Vec<u32> = (300..700).collect();
    let config = OrdinalConfig::default();
    let head = fit_ordinal(&features, &rows, &classes[..300], 5, &config).unwrap();
    let found = predict_ordinal(&head, &features, &rest).unwrap();
    let decided = ordinal_decisions(&found.probabilities, 5, OrdinalLoss::Quadratic).unwrap();
    let steps: Vec<u16> = decided
        .iter()
        .zip(&classes[300..])
        .map(|(a, b)| a.0.abs_diff(b.0))
        .collect();
    let share = |limit: u16| steps.iter().filter(|&&s| s <= limit).count() as f64 / 400.0;
    assert!(
        share(0) > 0.75 && share(1) > 0.99,
        "{} {}",
        share(0),
        share(1)
    );
    // Probabilities have one peak: they fall from it in both directions.
    for image in 0..400 {
        let row = &found.probabilities[image * 5..(image + 1) * 5];
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // Calibrated: as often right as it says.
    let said: f32 = decided
        .iter()
        .enumerate()
        .map(|(image, class)| found.probabilities[image * 5 + class.index()])
        .sum::<f32>()
        / 400.0;
    assert!(
        (f64::from(said) - share(0)).abs() < 0.08,
        "{said} {}",
        share(0)
    );
}

#[test]
fn learns_from_a_part_where_there_are_too_many_labels() {
    let (features, classes) = grades(400, 22);
    let rows: Vec<u32> = (0..400).collect();
    let config = OrdinalConfig {
        max_exact: 150,
        search_rows: 100,
        ..OrdinalConfig::default()
    };
    let head = fit_ordinal(&features, &rows, &classes, 6, &config).unwrap();
    let (positions, found) = leave_one_out_ordinal(&head);
    assert_eq!(positions.len(), 150);
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(found.probabilities.len(), 150 * 6);
}

#[test]
fn refuses_settings_out_of_range() {
    let (features, classes) = grades(20, 23);
    let rows: Vec<u32> = (0..20).collect();
    let config = OrdinalConfig {
        search_rows: 1,
        ..OrdinalConfig::default()
    };
    let refused = fit_ordinal(&features, &rows, &classes, 5, &config).unwrap_err();
    assert!(matches!(refused, HeadsError::Setting { .. }));
    let head = fit_ordinal(&features, &rows, &classes, 5, &OrdinalConfig::default()).unwrap();
    assert!(predict_ordinal(&head, &features, &[20]).is_err());
}
