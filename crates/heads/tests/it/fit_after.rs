//! A classifier that goes on: from one step to the next, and over a restart of the program.

use crate::toy::clouds;
use autolabel_heads::{
    DirichletGp, GpConfig, Matrix, PredictOptions, ScaleChoice, fit, fit_after, predict,
};

/// Labels of each step: the second is added, the third calls for another search.
const STEPS: [usize; 3] = [60, 80, 100];

fn first(features: &Matrix, count: usize) -> Matrix {
    let rows: Vec<u32> = (0..count as u32).collect();
    features.select(&rows)
}

fn difference(a: &DirichletGp, b: &DirichletGp, features: &Matrix) -> f32 {
    let rows: Vec<u32> = (0..features.rows as u32).collect();
    let [a, b] = [a, b].map(|gp| predict(gp, features, &rows, &PredictOptions::default()).unwrap());
    let pairs = a.probabilities.iter().zip(&b.probabilities);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_restart_changes_nothing_of_what_follows() {
    let (features, classes) = clouds(160, 8, 3, 0.8, 11);
    let config = GpConfig::default();
    let after = |gp: &DirichletGp, count: usize| {
        fit_after(gp, &first(&features, count), &classes[..count], 3, &config).unwrap()
    };
    let rows: Vec<u32> = (0..STEPS[0] as u32).collect();
    let searched = fit(&features, &rows, &classes[..STEPS[0]], 3, &config).unwrap();
    let added = after(&searched, STEPS[1]);
    assert_eq!(
        added.last_search(),
        searched.last_search(),
        "it was extended"
    );

    // What a project keeps of it gives it again.
    let kept = GpConfig {
        scale: ScaleChoice::Fixed(added.scale()),
        searched: Some(added.last_search()),
        ..config.clone()
    };
    let rows: Vec<u32> = (0..STEPS[1] as u32).collect();
    let restored = fit(&features, &rows, &classes[..STEPS[1]], 3, &kept).unwrap();
    assert_eq!(restored.last_search(), added.last_search());
    assert!(difference(&restored, &added, &features) < 1e-4);

    let went_on = after(&added, STEPS[2]);
    let restarted = after(&restored, STEPS[2]);
    assert_eq!(
        went_on.last_search().labels,
        STEPS[2],
        "it was searched again"
    );
    assert_eq!(restarted.last_search().labels, STEPS[2]);
    assert!(difference(&restarted, &went_on, &features) < 1e-3);
}

#[test]
fn a_restart_that_forgets_the_search_puts_the_next_one_off() {
    // The reason why `GpConfig::searched` is kept: without it the labels of the restart count as seen.
    let (features, classes) = clouds(160, 8, 3, 0.8, 11);
    let config = GpConfig::default();
    let rows: Vec<u32> = (0..STEPS[0] as u32).collect();
    let searched = fit(&features, &rows, &classes[..STEPS[0]], 3, &config).unwrap();
    let fixed = GpConfig {
        scale: ScaleChoice::Fixed(searched.scale()),
        ..config.clone()
    };
    let rows: Vec<u32> = (0..STEPS[1] as u32).collect();
    let forgot = fit(&features, &rows, &classes[..STEPS[1]], 3, &fixed).unwrap();
    let labeled = first(&features, STEPS[2]);
    let next = fit_after(&forgot, &labeled, &classes[..STEPS[2]], 3, &config).unwrap();
    assert_eq!(next.last_search().labels, STEPS[1]);
}
