//! How fast files become planes, network inputs and fingerprints, on one core.
//!
//! `cargo bench -p autolabel-image-io --bench decode`, beside `python benches/decode_peer.py`, which
//! measures Pillow and OpenCV on the same images. Uses `../shared` where it is there, else only the
//! computed images.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use autolabel_image_io::{
    Plane, ReadLimits, Samples, decode, fingerprint, model_input, preview_jpeg, read_plane, scan,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const INPUT_SIDE: u32 = 224;

/// The first images of a folder of shared data, read through the file system's cache.
fn shared_images(name: &str, count: usize) -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("AUTOLABEL_SHARED").map_or(beside, PathBuf::from);
    let folder = root.join("data").join(name).join("images");
    let files = scan(&folder).map(|scan| scan.files).unwrap_or_default();
    files
        .iter()
        .take(count)
        .map(|file| folder.join(&file.relative))
        .collect()
}

/// A smooth picture with grain, like a radiograph.
fn radiograph(width: u32, height: u32) -> Vec<u16> {
    let mut grain = 1u32;
    (0..width * height)
        .map(|i| {
            let (x, y) = (
                (i % width) as f32 / width as f32,
                (i / width) as f32 / height as f32,
            );
            grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let level = 0.5 + 0.4 * (9.0 * x).sin() * (7.0 * y).cos();
            (level * 60_000.0) as u16 + (grain >> 22) as u16
        })
        .collect()
}

fn eight_bit(samples: &[u16]) -> Vec<u8> {
    samples.iter().map(|&v| (v >> 8) as u8).collect()
}

fn encoded(image: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, format)
        .expect("encoding to memory");
    bytes.into_inner()
}

fn files(criterion: &mut Criterion) {
    let limits = ReadLimits::default();
    let mut group = criterion.benchmark_group("file to network input");
    for name in [
        "cxr-covid-pneumonia-normal",
        "blood-cells-pbc-8class",
        "polyps-kvasir-seg",
    ] {
        let paths = shared_images(name, 200);
        if paths.is_empty() {
            continue;
        }
        group.throughput(Throughput::Elements(paths.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for path in &paths {
                    if let Ok(plane) = read_plane(path, &limits) {
                        black_box(model_input(&plane, INPUT_SIDE));
                    }
                }
            });
        });
    }
    group.finish();
}

fn large_images(criterion: &mut Criterion) {
    let limits = ReadLimits::default();
    let (width, height) = (2048, 2500);
    let samples = radiograph(width, height);
    let grey8 = image::GrayImage::from_raw(width, height, eight_bit(&samples));
    let grey16 = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(width, height, samples);
    let grey8 = image::DynamicImage::from(grey8.expect("size fits"));
    let grey16 = image::DynamicImage::from(grey16.expect("size fits"));
    let mut group = criterion.benchmark_group("2048 x 2500 to network input");
    group.sample_size(20).throughput(Throughput::Elements(1));
    for (name, bytes) in [
        ("jpeg", encoded(&grey8, image::ImageFormat::Jpeg)),
        ("png 16 bit", encoded(&grey16, image::ImageFormat::Png)),
        ("tiff 16 bit", encoded(&grey16, image::ImageFormat::Tiff)),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let plane = decode(&bytes, &limits).expect("just encoded");
                model_input(&plane, INPUT_SIDE)
            });
        });
    }
    group.finish();
}

fn planes(criterion: &mut Criterion) {
    let samples = radiograph(1024, 1024);
    let eight = Plane::new(1024, 1024, 1, Samples::U8(eight_bit(&samples))).expect("size fits");
    let sixteen = Plane::new(1024, 1024, 1, Samples::U16(samples)).expect("size fits");
    let mut group = criterion.benchmark_group("1024 x 1024 plane");
    for (depth, plane) in [("8 bit", &eight), ("16 bit", &sixteen)] {
        group.bench_function(format!("model input, {depth}"), |bencher| {
            bencher.iter(|| model_input(plane, INPUT_SIDE));
        });
        group.bench_function(format!("fingerprint, {depth}"), |bencher| {
            bencher.iter(|| fingerprint(b"", plane));
        });
        group.bench_function(format!("preview 256, {depth}"), |bencher| {
            bencher.iter(|| preview_jpeg(plane, 256, 80));
        });
    }
    group.finish();
}

criterion_group!(benches, files, large_images, planes);
criterion_main!(benches);
