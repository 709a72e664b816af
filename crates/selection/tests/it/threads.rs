//! Batches do not depend on the number of threads.

use autolabel_annotation::ClassId;
use autolabel_heads::{GpConfig, Matrix, Predictions, fit};
use autolabel_selection::{BatchConfig, HeadView, Pick, PoolView, acquisition_names, rank};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 1_500;

#[test]
fn every_function_chooses_the_same_with_one_or_three_threads() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut draw = |count: usize| -> Vec<f32> { (0..count).map(|_| rng.random()).collect() };
    let features = Matrix::new(ROWS, 20, draw(ROWS * 20)).unwrap();
    let candidates: Vec<u32> = (100..ROWS as u32).collect();
    let labeled: Vec<u32> = (0..100).collect();
    let probabilities = draw(candidates.len())
        .into_iter()
        .flat_map(|p| [p, 1.0 - p])
        .collect();
    let predictions = Predictions {
        class_count: 2,
        mean: vec![0.0; candidates.len() * 2],
        variance: vec![1.0; candidates.len() * 2],
        probabilities,
        mutual_information: Some(draw(candidates.len())),
        spread: Some(vec![0.01; candidates.len() * 2]),
    };
    let classes: Vec<ClassId> = (0..100).map(|i| ClassId(i % 2)).collect();
    let model = fit(&features, &labeled, &classes, 2, &GpConfig::default()).unwrap();
    let batch = |strategy: &str, threads: usize| -> Vec<Pick> {
        let config = BatchConfig {
            strategy: strategy.to_owned(),
            size: 30,
            ..BatchConfig::default()
        };
        let pool = PoolView {
            labeled: &labeled,
            heads: &[HeadView {
                predictions: &predictions,
                model: Some(&model),
            }],
            ..PoolView::cold(&features, &candidates)
        };
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(4)).unwrap())
    };
    for name in acquisition_names() {
        assert_eq!(batch(name, 1), batch(name, 3), "{name}");
    }
}
