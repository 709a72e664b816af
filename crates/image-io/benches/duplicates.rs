//! How fast near-duplicates are found among many images.
//!
//! `cargo bench -p autolabel-image-io --bench duplicates`. The prints are those of computed pictures
//! that share one coarse shape, as radiographs of one body part do, so that their hashes crowd;
//! one in twenty is a copy of an earlier one with a little noise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking"
)]

use autolabel_image_io::{
    DuplicateIndex, Fingerprint, Plane, Samples, fingerprint, near_duplicates,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;

/// A 32 × 32 picture: a common shape, an own low-frequency field, and noise.
fn picture(subject: u64, noise: u64) -> Plane {
    let number = |seed: u64, k: u64| {
        let mut mixed =
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ k.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed = (mixed ^ mixed >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        ((mixed ^ mixed >> 32) >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let own: Vec<f32> = (0..81).map(|k| number(subject, k)).collect();
    let levels = (0..32 * 32u64).map(|i| {
        let (x, y) = ((i % 32) as f32 / 4.0, (i / 32) as f32 / 4.0);
        let (column, row) = (x as usize, y as usize);
        let (u, v) = (x.fract(), y.fract());
        let at = |dx: usize, dy: usize| own[(row + dy) * 9 + column + dx];
        let field = (at(0, 0) * (1.0 - u) + at(1, 0) * u) * (1.0 - v)
            + (at(0, 1) * (1.0 - u) + at(1, 1) * u) * v;
        let shape = 60.0 * ((x - 4.0) * 0.9).cos() * ((y - 3.0) * 0.5).cos();
        (120.0 + shape + 45.0 * field + 2.0 * number(noise, i)) as u8
    });
    // The size is that of the samples.
    Plane {
        width: 32,
        height: 32,
        channels: 1,
        samples: Samples::U8(levels.collect()),
        default_window: autolabel_image_io::Window::EIGHT_BIT,
    }
}

fn prints(count: u64) -> Vec<Fingerprint> {
    (0..count)
        .into_par_iter()
        .map(|i| {
            let subject = if i % 20 == 19 { i / 2 } else { i };
            fingerprint(&i.to_le_bytes(), &picture(subject, i + count))
        })
        .collect()
}

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("near duplicates");
    group.sample_size(10);
    // A million takes a quarter of an hour of samples; ask for it by name.
    let largest = if std::env::args().any(|argument| argument.contains("1000000")) {
        1_000_000
    } else {
        100_000
    };
    for count in [10_000u64, largest] {
        let prints = prints(count);
        println!("{count} images: {} pairs", near_duplicates(&prints).len());
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("all at once, {count}"), |bencher| {
            bencher.iter(|| near_duplicates(&prints));
        });
        group.bench_function(format!("one by one, {count}"), |bencher| {
            bencher.iter_batched(
                DuplicateIndex::new,
                |mut index| {
                    prints
                        .iter()
                        .filter_map(|print| index.insert(print))
                        .count()
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
