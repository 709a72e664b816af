//! Time of one round: fit from the last scale, predict the pool, choose 50 images; and of the cold
//! start.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking"
)]

use autolabel_annotation::ClassId;
use autolabel_heads::{DirichletGp, GpConfig, Matrix, PredictOptions, ScaleChoice, fit, predict};
use autolabel_selection::{BatchConfig, HeadView, PoolView, acquisition_names, rank};
use criterion::{Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::time::Duration;

const CLASSES: usize = 3;
const LABELS: usize = 1_000;
const POOL: usize = 9_000;

/// Rows of length 1 in three overlapping clouds.
fn clouds(cols: usize) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut features = Matrix::zeros(LABELS + POOL, cols);
    for (row, values) in features.data.chunks_exact_mut(cols).enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            let signal = f32::from(u8::from(column % CLASSES == row % CLASSES));
            *value = signal + rng.random_range(-3.0f32..3.0);
        }
        let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        for value in values.iter_mut() {
            *value /= length;
        }
    }
    features
}

#[allow(clippy::unwrap_used, reason = "a bench without a batch has no result")]
fn round(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("round");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    let labeled: Vec<u32> = (0..LABELS as u32).collect();
    let candidates: Vec<u32> = (LABELS as u32..(LABELS + POOL) as u32).collect();
    let classes: Vec<ClassId> = (0..LABELS)
        .map(|row| ClassId((row % CLASSES) as u16))
        .collect();
    for cols in [1_984, 320] {
        let features = clouds(cols);
        let learn = |scale| {
            let config = GpConfig {
                scale,
                ..GpConfig::default()
            };
            fit(&features, &labeled, &classes, CLASSES, &config).unwrap()
        };
        let ask = |gp: &DirichletGp| {
            predict(gp, &features, &candidates, &PredictOptions::default()).unwrap()
        };
        let warm = ScaleChoice::WarmStart(learn(ScaleChoice::Search).scale());
        let model = learn(warm);
        let all = PredictOptions {
            spread: true,
            ..PredictOptions::default()
        };
        let predictions = predict(&model, &features, &candidates, &all).unwrap();
        let pool = PoolView {
            labeled: &labeled,
            heads: &[HeadView {
                predictions: &predictions,
                model: Some(&model),
            }],
            ..PoolView::cold(&features, &candidates)
        };
        let choose = |pool: &PoolView<'_>, strategy: &str| {
            let config = BatchConfig {
                strategy: strategy.to_owned(),
                ..BatchConfig::default()
            };
            rank(pool, &config, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
        };
        group.bench_function(format!("fit, predict, choose 50 of 9000, d={cols}"), |b| {
            b.iter(|| {
                let model = learn(warm);
                let predictions = ask(&model);
                let pool = PoolView {
                    heads: &[HeadView {
                        predictions: &predictions,
                        model: Some(&model),
                    }],
                    ..pool
                };
                black_box(choose(&pool, "auto"))
            });
        });
        for name in acquisition_names() {
            group.bench_function(format!("choose 50 of 9000 by {name}, d={cols}"), |b| {
                b.iter(|| black_box(choose(&pool, name)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, round);
criterion_main!(benches);
