//! Paired comparisons and learning curves beside scipy, statsmodels and numpy;
//! `tests/golden/make_paired.py` made the numbers.

use autolabel_quality::{area_under_curve, holm, labels_to, paired_difference, value_at};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    pairs: Vec<Pair>,
    corrections: Corrections,
    curves: Vec<Curve>,
}

#[derive(Deserialize)]
struct Pair {
    first: Vec<f64>,
    second: Vec<f64>,
    mean: f64,
    interval: [f64; 2],
    p: f64,
}

#[derive(Deserialize)]
struct Corrections {
    p: Vec<f64>,
    holm: Vec<f64>,
}

#[derive(Deserialize)]
struct Curve {
    labels: Vec<f64>,
    values: Vec<f64>,
    area: f64,
    asked: Vec<f64>,
    answers: Vec<f64>,
    levels: Vec<f64>,
    labels_to: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/paired.json")).unwrap()
}

fn near(a: f64, b: f64) {
    crate::near(a, b, 1e-9);
}

#[test]
fn differences_intervals_and_p_values() {
    for pair in golden().pairs {
        let difference = paired_difference(&pair.first, &pair.second)
            .unwrap()
            .unwrap();
        near(difference.mean, pair.mean);
        let [low, high] = difference.interval.unwrap();
        near(low, pair.interval[0]);
        near(high, pair.interval[1]);
        near(difference.p, pair.p);
    }
}

#[test]
fn holms_correction() {
    let corrections = golden().corrections;
    for (ours, theirs) in holm(&corrections.p).into_iter().zip(corrections.holm) {
        near(ours, theirs);
    }
}

#[test]
fn areas_values_and_crossings() {
    for curve in golden().curves {
        near(
            area_under_curve(&curve.labels, &curve.values).unwrap(),
            curve.area,
        );
        for (asked, answer) in curve.asked.iter().zip(&curve.answers) {
            near(
                value_at(&curve.labels, &curve.values, *asked).unwrap(),
                *answer,
            );
        }
        for (level, labels) in curve.levels.iter().zip(&curve.labels_to) {
            near(
                labels_to(&curve.labels, &curve.values, *level).unwrap(),
                *labels,
            );
        }
    }
}
