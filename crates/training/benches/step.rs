//! Seconds of one step of the adaptation: 48 pairs, on one thread and on two.

use std::time::{Duration, Instant};

use autolabel_models::default_network;
use autolabel_training::{AdaptConfig, AdaptState, MAP_VALUES, Maps, Tail, adapt};
use criterion::{Criterion, criterion_group, criterion_main};
use half::f16;

fn step(criterion: &mut Criterion) {
    let Ok(tail) = Tail::read(default_network()) else {
        return;
    };
    let value = |index: usize| f16::from_f32(((index * 7_919) % 1_009) as f32 / 250.0 - 2.0);
    let values: Vec<f16> = (0..64 * 3 * MAP_VALUES).map(value).collect();
    let maps = Maps {
        values: &values,
        looks: 3,
    };
    let mut group = criterion.benchmark_group("adapt");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for threads in [1, 2] {
        let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else {
            continue;
        };
        group.bench_function(format!("one step, {threads} threads"), |bench| {
            bench.iter_custom(|steps| {
                // The first step follows on the scale of the features and is not counted.
                let config = AdaptConfig {
                    steps: usize::try_from(steps).unwrap_or(1) + 1,
                    ..AdaptConfig::default()
                };
                let start = AdaptState::start(&tail, &config);
                let mut began = Instant::now();
                let mut on_step = |state: &AdaptState, _: f32| {
                    if state.step == 1 {
                        began = Instant::now();
                    }
                    true
                };
                let taken = pool.install(|| adapt(&tail, &maps, &config, start, &mut on_step));
                assert!(taken.is_ok(), "{taken:?}");
                began.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
