//! Time of masks, contours, polygons and label maps on an image of 4,096 x 4,096.
//!
//! `benches/shape_measures.py` compares with pycocotools.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use autolabel_annotation::{ClassId, Connectivity, ImageSize, LabelMap, Mask};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

const SIDE: u32 = 4_096;

/// Waves that cover half of the image in some thousand parts with uneven outlines.
fn waves(size: ImageSize, stretch: f64) -> Vec<u8> {
    let sample = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) * stretch, f64::from(y) * stretch);
        u8::from((x / 20.0).sin() + (y / 23.0).sin() + ((x + 2.0 * y) / 61.0).sin() > 0.0)
    };
    let rows = (0..size.height()).flat_map(|y| (0..size.width()).map(move |x| sample(x, y)));
    rows.collect()
}

fn shapes(criterion: &mut Criterion) {
    let size = ImageSize::new(SIDE, SIDE).unwrap();
    let bitmap = waves(size, 1.0);
    let first = Mask::from_bitmap(size, &bitmap).unwrap();
    let second = Mask::from_bitmap(size, &waves(size, 0.9)).unwrap();
    let contours = first.contours().unwrap();
    let mut map = LabelMap::filled(size, Some(ClassId(0)));
    map.paint(&first, Some(ClassId(1))).unwrap();
    let mut other = map.clone();
    other.paint(&second, Some(ClassId(2))).unwrap();
    let mut group = criterion.benchmark_group("4096 x 4096");
    group.sample_size(10);
    group.bench_function("mask from bitmap", |b| {
        b.iter(|| black_box(Mask::from_bitmap(size, &bitmap).unwrap()));
    });
    group.bench_function("bitmap from mask", |b| {
        b.iter(|| black_box(first.to_bitmap()));
    });
    group.bench_function("union", |b| {
        b.iter(|| black_box(first.union(&second).unwrap()));
    });
    group.bench_function("area of the intersection", |b| {
        b.iter(|| black_box(first.intersection_area(&second).unwrap()));
    });
    group.bench_function("connected components", |b| {
        b.iter(|| black_box(first.connected_components(Connectivity::Eight)));
    });
    group.bench_function("contours", |b| {
        b.iter(|| black_box(first.contours().unwrap()));
    });
    group.bench_function("rasterize all contours", |b| {
        b.iter(|| {
            for polygon in &contours {
                black_box(polygon.rasterize(size));
            }
        });
    });
    group.bench_function("compare label maps", |b| {
        b.iter(|| {
            let mut same = 0_u64;
            let count = |x, y, pixels| same += if x == y { u64::from(pixels) } else { 0 };
            map.compare(&other, count).unwrap();
            black_box(same)
        });
    });
    group.finish();
}

criterion_group!(benches, shapes);
criterion_main!(benches);
