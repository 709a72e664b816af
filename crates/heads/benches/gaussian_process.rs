//! Time of a fit, of a prediction over a pool and of the feature transform.
//!
//! `benches/heads_against_sklearn.py` compares with scikit-learn.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking"
)]

use autolabel_annotation::ClassId;
use autolabel_heads::{
    GpConfig, Matrix, PcaConfig, PredictOptions, RawFeatures, ScaleChoice, TransformConfig,
    apply_transform, extend, fit, fit_transform, leave_one_out, predict,
};
use criterion::{Criterion, criterion_group, criterion_main};
use half::f16;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::time::Duration;

const CLASSES: usize = 3;
const POOL: usize = 9_000;
/// Columns of the whole backbone, of principal components of its five layers, and of the peer.
const WIDTHS: [usize; 3] = [1_984, 320, 256];

/// Rows of length 1 in three overlapping clouds.
fn clouds(rows: usize, cols: usize) -> (Matrix, Vec<ClassId>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut features = Matrix::zeros(rows, cols);
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
    let classes = (0..rows).map(|row| ClassId((row % CLASSES) as u16));
    (features, classes.collect())
}

#[allow(clippy::unwrap_used, reason = "a bench that cannot fit has no result")]
fn gaussian_process(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gaussian process");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for cols in WIDTHS {
        let (features, classes) = clouds(POOL, cols);
        let pool: Vec<u32> = (0..POOL as u32).collect();
        let fitted = |labels: usize, scale: ScaleChoice| {
            let config = GpConfig {
                scale,
                ..GpConfig::default()
            };
            fit(
                &features,
                &pool[..labels],
                &classes[..labels],
                CLASSES,
                &config,
            )
            .unwrap()
        };
        for labels in [500, 1_000] {
            group.bench_function(format!("fit {labels} from scratch, d={cols}"), |b| {
                b.iter(|| black_box(fitted(labels, ScaleChoice::Search)));
            });
        }
        let scale = fitted(1_000, ScaleChoice::Search).scale();
        group.bench_function(format!("fit 1000 warm, d={cols}"), |b| {
            b.iter(|| black_box(fitted(1_000, ScaleChoice::WarmStart(scale))));
        });
        group.bench_function(format!("fit 1000 at a fixed scale, d={cols}"), |b| {
            b.iter(|| black_box(fitted(1_000, ScaleChoice::Fixed(scale))));
        });
        let gp = fitted(1_000, ScaleChoice::Fixed(scale));
        group.bench_function(format!("extend 1000 by 50, d={cols}"), |b| {
            let (rows, classes) = (&pool[1_000..1_050], &classes[1_000..1_050]);
            b.iter(|| black_box(extend(&gp, &features, rows, classes, &GpConfig::default())));
        });
        group.bench_function(format!("predict 9000 from 1000, d={cols}"), |b| {
            b.iter(|| black_box(predict(&gp, &features, &pool, &PredictOptions::default())));
        });
        group.bench_function(format!("leave one out of 1000, d={cols}"), |b| {
            b.iter(|| black_box(leave_one_out(&gp)));
        });
    }
    group.finish();
}

#[allow(clippy::unwrap_used, reason = "a bench that cannot fit has no result")]
fn transform(criterion: &mut Criterion) {
    let blocks = vec![80, 112, 192, 320, 1_280];
    let dim: usize = blocks.iter().sum();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let values: Vec<f16> = (0..POOL * dim)
        .map(|_| f16::from_f32(rng.random_range(0.0..2.0)))
        .collect();
    let raw = RawFeatures {
        values: &values,
        dim,
    };
    let config = TransformConfig {
        standardise: true,
        pca: Some(PcaConfig {
            components: 64,
            whiten: false,
        }),
        blocks,
    };
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.bench_function("fit, 9000 rows of 1984 columns", |b| {
        b.iter(|| black_box(fit_transform(&raw, &config, 1)));
    });
    let fitted = fit_transform(&raw, &config, 1).unwrap();
    group.bench_function("apply, 9000 rows of 1984 columns", |b| {
        b.iter(|| black_box(apply_transform(&fitted, &raw)));
    });
    group.finish();
}

criterion_group!(benches, gaussian_process, transform);
criterion_main!(benches);
