//! The cheap stand-in beside the classifier it learns from, and half beside single precision.

use crate::toy::clouds;
use autolabel_annotation::ClassId;
use autolabel_heads::{
    DirichletGp, FeatureRows, GpConfig, HalfMatrix, Matrix, PredictOptions, fit, fit_student,
    predict, predict_rows,
};
use half::f16;

const CLASSES: usize = 3;

fn fitted(features: &Matrix, classes: &[ClassId]) -> DirichletGp {
    let rows: Vec<u32> = (0..200).collect();
    fit(
        features,
        &rows,
        &classes[..200],
        CLASSES,
        &GpConfig::default(),
    )
    .unwrap()
}

fn halved(matrix: &Matrix) -> HalfMatrix<'static> {
    let data: Vec<f16> = matrix.data.iter().map(|v| f16::from_f32(*v)).collect();
    HalfMatrix::new(matrix.rows, matrix.cols, data).unwrap()
}

fn lead(p: &[f32]) -> f32 {
    let mut sorted = p.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted[0] - sorted[1]
}

/// The `count` rows with the smallest lead.
fn most_doubtful(probabilities: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len() / CLASSES).collect();
    let of = |row: usize| lead(&probabilities[row * CLASSES..][..CLASSES]);
    order.sort_by(|&a, &b| of(a).total_cmp(&of(b)));
    order.truncate(count);
    order
}

#[test]
fn finds_the_doubtful_images_of_the_classifier() {
    let (features, classes) = clouds(6_000, 48, CLASSES, 0.5, 3);
    let gp = fitted(&features, &classes);
    let all: Vec<u32> = (0..6_000).collect();
    let exact = predict(&gp, &features, &all, &PredictOptions::default()).unwrap();
    let sample: Vec<u32> = (200..6_000).step_by(6).collect();
    let positions: Vec<usize> = sample.iter().map(|&row| row as usize).collect();
    let learned = exact.select(&positions).probabilities;
    let student = fit_student(&gp, 64, &features.select(&sample), &learned).unwrap();
    let half = halved(&features);
    for rows in [FeatureRows::from(&features), FeatureRows::from(&half)] {
        let found = student.probabilities(rows).unwrap();
        for row in found.chunks_exact(CLASSES) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        let wanted = most_doubtful(&exact.probabilities, 300);
        let screened = most_doubtful(&found, 1_200);
        let hits = wanted.iter().filter(|row| screened.contains(row)).count();
        assert!(hits >= 285, "{hits} of 300 among the first 1200");
    }
}

#[test]
fn is_the_same_for_any_number_of_threads() {
    let (features, classes) = clouds(5_000, 24, CLASSES, 0.8, 4);
    let gp = fitted(&features, &classes);
    let all: Vec<u32> = (0..5_000).collect();
    let exact = predict(&gp, &features, &all, &PredictOptions::default()).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let student = fit_student(&gp, 40, &features, &exact.probabilities).unwrap();
            student.probabilities((&features).into()).unwrap()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn constant_columns_and_few_rows_are_no_obstacle() {
    let (mut features, classes) = clouds(300, 8, CLASSES, 0.8, 4);
    for row in features.data.chunks_exact_mut(8) {
        row[3] = 0.0;
        row[5] = row[4];
    }
    let gp = fitted(&features, &classes);
    let few = features.select(&[250, 251, 252]);
    let exact = predict(&gp, &few, &[0, 1, 2], &PredictOptions::default()).unwrap();
    let student = fit_student(&gp, 64, &few, &exact.probabilities).unwrap();
    let found = student.probabilities((&features).into()).unwrap();
    assert!(found.iter().all(|p| p.is_finite()));
    assert!(fit_student(&gp, 64, &few.select(&[]), &[]).is_err());
    assert!(fit_student(&gp, 64, &few, &exact.probabilities[..6]).is_err());
}

#[test]
fn half_precision_moves_probabilities_by_less_than_two_thousandths() {
    let (features, classes) = clouds(2_000, 64, CLASSES, 0.8, 9);
    let gp = fitted(&features, &classes);
    let half = halved(&features);
    let rows: Vec<u32> = (0..2_000).rev().collect();
    let options = PredictOptions::default();
    let single = predict_rows(&gp, (&features).into(), &rows, &options).unwrap();
    let found = predict_rows(&gp, (&half).into(), &rows, &options).unwrap();
    assert_eq!(single, predict(&gp, &features, &rows, &options).unwrap());
    assert_eq!(found.len(), 2_000);
    for (a, b) in single.probabilities.iter().zip(&found.probabilities) {
        assert!((a - b).abs() < 2e-3, "{a} {b}");
    }
    assert!(predict_rows(&gp, (&half).into(), &[2_000], &options).is_err());
}
