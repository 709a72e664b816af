//! Images of a kind that was never labeled must stand out.

use crate::toy::clouds;
use autolabel_heads::{Familiar, Matrix};

#[test]
fn images_of_no_known_class_come_last() {
    // Labels and most of the pool are of the first two of three classes.
    let (features, _) = clouds(900, 24, 3, 0.5, 41);
    let known: Vec<u32> = (0..900).filter(|row| row % 3 < 2).collect();
    let foreign: Vec<u32> = (0..900).filter(|row| row % 3 == 2).take(40).collect();
    let familiar = Familiar::new(features.select(&known[..200])).unwrap();
    let pool = [&known[200..], &foreign].concat();
    let found = familiar.novelty(&features.select(&pool)).unwrap();
    let ordinary = known.len() - 200;
    // Chance that a foreign image is farther than an ordinary one.
    let mut above = 0;
    for f in &found.distance[ordinary..] {
        above += found.distance[..ordinary].iter().filter(|&o| f > o).count();
    }
    let auc = above as f64 / (40 * ordinary) as f64;
    assert!(auc > 0.97, "{auc}");
    // Ordinary images are exchangeable with the labels: a p-value below 0.1 one time in ten.
    let small = |part: &[f32]| part.iter().filter(|&&p| p < 0.1).count() as f64 / part.len() as f64;
    assert!(small(&found.label_share[..ordinary]) < 0.16);
    assert!(small(&found.label_share[ordinary..]) > 0.8);
}

#[test]
fn distances_are_those_of_a_plain_search() {
    let (features, _) = clouds(60, 7, 2, 0.8, 43);
    let labels: Vec<u32> = (0..20).collect();
    let familiar = Familiar::new(features.select(&labels)).unwrap();
    let found = familiar.novelty(&features).unwrap();
    for row in 20..60 {
        let mut plain: Vec<f32> = (0..20)
            .map(|label| {
                let pairs = features.row(row).iter().zip(features.row(label));
                pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
            })
            .collect();
        plain.sort_unstable_by(f32::total_cmp);
        assert!((found.distance[row] - plain[4]).abs() < 1e-4);
    }
}

#[test]
fn one_label_is_enough_and_other_features_are_refused() {
    let (features, _) = clouds(10, 6, 2, 0.5, 42);
    let familiar = Familiar::new(features.select(&[0])).unwrap();
    let found = familiar.novelty(&features).unwrap();
    assert!(found.distance.iter().all(|d| d.is_finite()));
    let (other, _) = clouds(10, 7, 2, 0.5, 42);
    assert!(familiar.novelty(&other).is_err());
    assert!(
        familiar
            .novelty(&Matrix::zeros(0, 6))
            .unwrap()
            .distance
            .is_empty()
    );
    assert!(Familiar::new(Matrix::zeros(0, 6)).is_err());
}
