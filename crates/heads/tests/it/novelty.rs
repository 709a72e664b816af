//! Images of a kind that was never labeled must stand out.

use crate::toy::clouds;
use autolabel_heads::{GpConfig, Matrix, PredictOptions, Predictions, fit, novelty, predict};

#[test]
fn images_of_no_known_class_come_last() {
    // Labels and most of the pool are of the first two of three classes.
    let (features, classes) = clouds(900, 24, 3, 0.5, 41);
    let known: Vec<u32> = (0..900).filter(|row| row % 3 < 2).collect();
    let labeled = &known[..200];
    let shown: Vec<_> = labeled.iter().map(|&row| classes[row as usize]).collect();
    let gp = fit(&features, labeled, &shown, 2, &GpConfig::default()).unwrap();
    let foreign: Vec<u32> = (0..900).filter(|row| row % 3 == 2).take(40).collect();
    let pool = [&known[200..], &foreign].concat();
    let said = predict(&gp, &features, &pool, &PredictOptions::default()).unwrap();
    let found = novelty(&gp, &features, &pool, &said).unwrap();
    let ordinary = known.len() - 200;
    // Chance that a foreign image scores above an ordinary one.
    let mut above = 0;
    for f in &found.score[ordinary..] {
        above += found.score[..ordinary].iter().filter(|&o| f > o).count();
    }
    let auc = above as f64 / (40 * ordinary) as f64;
    assert!(auc > 0.97, "{auc}");
    // Ordinary images are exchangeable with the labels: a p-value below 0.1 one time in ten.
    let small = |part: &[f32]| part.iter().filter(|&&p| p < 0.1).count() as f64 / part.len() as f64;
    assert!(small(&found.label_share[..ordinary]) < 0.16);
    assert!(small(&found.label_share[ordinary..]) > 0.8);
    assert!(found.variance_share.iter().all(|a| (0.0..=1.0).contains(a)));
    assert!(found.score.iter().all(|a| (0.0..=1.0).contains(a)));
}

#[test]
fn one_label_is_enough_and_other_predictions_are_refused() {
    let (features, classes) = clouds(10, 6, 2, 0.5, 42);
    let gp = fit(&features, &[0], &classes[..1], 2, &GpConfig::default()).unwrap();
    let rows: Vec<u32> = (1..10).collect();
    let said = predict(&gp, &features, &rows, &PredictOptions::default()).unwrap();
    let found = novelty(&gp, &features, &rows, &said).unwrap();
    assert!(found.distance.iter().all(|d| d.is_finite()));
    assert!(novelty(&gp, &features, &rows[1..], &said).is_err());
    let (other, _) = clouds(10, 7, 2, 0.5, 42);
    assert!(novelty(&gp, &other, &rows, &said).is_err());
    let empty = novelty(&gp, &Matrix::zeros(0, 6), &[], &Predictions::default()).unwrap();
    assert!(empty.score.is_empty());
}
