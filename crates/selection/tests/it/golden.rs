//! Scores against scikit-activeml, SciPy and NumPy; `tests/golden/make_golden.py` made the numbers. That
//! the mutual information itself is right is checked where it is computed, in `heads`.

use autolabel_heads::{Matrix, Predictions};
use autolabel_selection::{HeadView, PoolView, acquisition};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    class_count: usize,
    probabilities: Vec<f32>,
    mutual_information: Vec<f32>,
    least_confidence: Vec<f32>,
    margin: Vec<f32>,
    entropy: Vec<f32>,
    spread: Vec<f32>,
    mean_sd: Vec<f32>,
    balanced_entropy: Vec<f32>,
}

#[test]
fn scores_and_their_order_equal_the_independent_ones() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/scores.json")).unwrap();
    let images = golden.margin.len();
    let predictions = Predictions {
        class_count: golden.class_count,
        mean: vec![0.0; golden.probabilities.len()],
        variance: vec![1.0; golden.probabilities.len()],
        probabilities: golden.probabilities,
        mutual_information: Some(golden.mutual_information.clone()),
        spread: Some(golden.spread),
    };
    let features = Matrix::zeros(images, 1);
    let rows: Vec<u32> = (0..images as u32).collect();
    let open: Vec<usize> = (0..images).collect();
    let pool = PoolView {
        heads: &[HeadView {
            predictions: &predictions,
            model: None,
        }],
        ..PoolView::cold(&features, &rows)
    };
    for (name, expected) in [
        ("least_confidence", &golden.least_confidence),
        ("margin", &golden.margin),
        ("entropy", &golden.entropy),
        ("bald", &golden.mutual_information),
        ("mean_sd", &golden.mean_sd),
        ("balanced_entropy", &golden.balanced_entropy),
    ] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let found = acquisition(name)
            .unwrap()
            .choose(&pool, &open, images, &mut rng);
        assert_eq!(found.len(), images, "{name}");
        for scored in &found {
            let score = scored.score.unwrap();
            let difference = (score - expected[scored.position]).abs();
            let tolerance = 2e-6 * score.abs().max(1.0);
            assert!(
                difference < tolerance,
                "{name} of image {}",
                scored.position
            );
        }
        let mut order: Vec<usize> = (0..images).collect();
        order.sort_by(|&a, &b| expected[b].total_cmp(&expected[a]));
        let positions: Vec<usize> = found.iter().map(|scored| scored.position).collect();
        assert_eq!(positions, order, "{name}");
    }
}
