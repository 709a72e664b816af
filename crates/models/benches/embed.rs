//! Images per second from decoded planes to features, for both engines.
//!
//! `cargo bench -p autolabel-models --bench embed`; ONNX Runtime is left out, with a printed line,
//! where its library is not found. The planes have the size of common chest radiographs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;

use autolabel_image_io::{Plane, Samples, Window};
use autolabel_models::{BackboneSource, EngineChoice, ModelError, Views, embed, load_backbone};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const IMAGES: u32 = 64;

fn planes() -> Vec<Plane> {
    let mut state = 1_u32;
    let mut plane = |_| {
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        Plane {
            width: 512,
            height: 512,
            channels: 1,
            samples: Samples::U8((0..512 * 512).map(|_| noise()).collect()),
            default_window: Window {
                low: 0.0,
                high: 255.0,
            },
        }
    };
    (0..IMAGES).map(&mut plane).collect()
}

#[allow(clippy::print_stdout, reason = "a benchmark talks to the terminal")]
fn embed_planes(criterion: &mut Criterion) {
    let planes = planes();
    let planes: Vec<&Plane> = planes.iter().collect();
    let mut group = criterion.benchmark_group("embed");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(IMAGES)));
    for (engine, name) in [
        (EngineChoice::OnnxRuntime, "onnx_runtime"),
        (EngineChoice::Rten, "rten"),
    ] {
        for threads in [1, 2] {
            let backbone = match load_backbone(&BackboneSource::Default, engine, threads) {
                Ok(backbone) => backbone,
                Err(ModelError::NoOnnxRuntime { reason }) => {
                    println!("skipped: {reason}");
                    continue;
                }
                Err(error) => {
                    println!("failed: {error}");
                    continue;
                }
            };
            group.bench_function(BenchmarkId::new(name, threads), |bencher| {
                bencher.iter(|| black_box(embed(&backbone, &Views::whole(), &planes).is_ok()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, embed_planes);
criterion_main!(benches);
