//! Leave-one-out predictions keep the caller's order and follow from refits of the same problem.
//! (`golden.rs` compares them with refits by an independent implementation.)

use crate::toy::{accuracy, clouds};
use autolabel_heads::{GpConfig, PredictOptions, fit, leave_one_out, predict};

#[test]
fn finds_the_label_that_disagrees_with_all_others() {
    let (features, mut classes) = clouds(90, 24, 3, 0.3, 1);
    let wrong = 41;
    classes[wrong] = classes[wrong + 1];
    let rows: Vec<u32> = (0..90).collect();
    let gp = fit(&features, &rows, &classes, 3, &GpConfig::default()).unwrap();
    let without = leave_one_out(&gp);
    let of_label = |i: usize| without.row(i)[classes[i].index()];
    let least = (0..90).min_by(|&a, &b| of_label(a).total_cmp(&of_label(b)));
    assert_eq!(least, Some(wrong));
    assert!(accuracy(&without, &classes) > 0.9);
}

#[test]
fn is_less_sure_than_with_the_label() {
    let (features, classes) = clouds(60, 16, 2, 0.6, 2);
    let rows: Vec<u32> = (0..60).rev().collect();
    let reversed: Vec<_> = classes.iter().rev().copied().collect();
    let gp = fit(&features, &rows, &reversed, 2, &GpConfig::default()).unwrap();
    let seen = predict(&gp, &features, &rows, &PredictOptions::default()).unwrap();
    let without = leave_one_out(&gp);
    for (with_label, without_label) in seen.variance.iter().zip(&without.variance) {
        assert!(*without_label > 0.999 * with_label);
    }
}
