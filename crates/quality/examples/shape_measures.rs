//! Measures shapes from a file and prints the results and how long they took, as JSON; the other half
//! of `benches/shape_measures.py`.
//!
//! `cargo run --release -p autolabel-quality --example shape_measures -- FILE.json`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the terminal whose input another program wrote"
)]

use autolabel_annotation::{BoundingBox, ClassId, Mask};
use autolabel_quality::{
    AveragePrecisionConfig, Detection, DetectionImage, Shape, TrueObject, average_precision,
    iou_matrix, surface_distances,
};
use serde::Deserialize;
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

/// Runs of each measurement; the shortest counts, since other programs can only lengthen one.
const RUNS: usize = 20;

#[derive(Deserialize)]
struct Input {
    classes: usize,
    boxes: Vec<Image<[f32; 4]>>,
    masks: Vec<Image<Mask>>,
    /// A truth and a prediction whose outlines are compared.
    outlines: [Mask; 2],
    /// Shapes of one image, each compared with each.
    crowd: Vec<Mask>,
    /// Read from a bitmap again.
    large: Mask,
}

#[derive(Deserialize)]
struct Image<S> {
    truth: Vec<(ClassId, S, f64)>,
    detections: Vec<(ClassId, S, f64)>,
}

fn main() {
    let file = std::env::args().nth(1).unwrap();
    let input: Input = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let boxed = |[x, y, width, height]: [f32; 4]| BoundingBox::new(x, y, width, height).unwrap();
    let boxes = images(input.boxes, boxed);
    let masks = images(input.masks, |mask| mask);
    let [first, second] = &input.outlines;
    let config = AveragePrecisionConfig::default();
    let (box_secs, box_stats) = timed(|| {
        average_precision(&boxes, input.classes, &config)
            .unwrap()
            .coco_stats()
    });
    let (mask_secs, mask_stats) = timed(|| {
        average_precision(&masks, input.classes, &config)
            .unwrap()
            .coco_stats()
    });
    let (distance_secs, distance) = timed(|| {
        surface_distances(first, second, [1.0, 1.0])
            .unwrap()
            .hausdorff_95()
    });
    let (iou_secs, ious) = timed(|| iou_matrix(&input.crowd, &input.crowd).unwrap());
    let bitmap = input.large.to_bitmap();
    let (encode_secs, large) = timed(|| {
        let mask = Mask::from_bitmap(input.large.size(), &bitmap).unwrap();
        mask.to_coco_string()
    });
    let (decode_secs, _) = timed(|| {
        let mask = Mask::from_coco_string(input.large.size(), &large).unwrap();
        mask.to_bitmap()
    });
    let report = json!({
        "box_ap": {"secs": box_secs, "value": box_stats},
        "mask_ap": {"secs": mask_secs, "value": mask_stats},
        "hausdorff_95": {"secs": distance_secs, "value": distance},
        "iou": {"secs": iou_secs, "value": ious.values.iter().sum::<f64>()},
        "encode": {"secs": encode_secs, "value": large.len()},
        "decode": {"secs": decode_secs, "value": bitmap.iter().map(|b| u64::from(*b)).sum::<u64>()},
    });
    println!("{report}");
}

fn images<T, S: Shape>(images: Vec<Image<T>>, shape: fn(T) -> S) -> Vec<DetectionImage<S>> {
    let truth = |(class, drawn, area): (ClassId, T, f64)| TrueObject {
        class,
        shape: shape(drawn),
        area,
        is_crowd: false,
    };
    let detection = |(class, drawn, score): (ClassId, T, f64)| Detection {
        class,
        shape: shape(drawn),
        score,
    };
    let image = |image: Image<T>| DetectionImage {
        truth: image.truth.into_iter().map(truth).collect(),
        detections: image.detections.into_iter().map(detection).collect(),
    };
    images.into_iter().map(image).collect()
}

/// Shortest time of some runs in seconds, and the result.
fn timed<R>(run: impl Fn() -> R) -> (f64, R) {
    let once = || {
        let start = Instant::now();
        let result = black_box(run());
        (start.elapsed().as_secs_f64(), result)
    };
    let (mut secs, result) = once();
    for _ in 1..RUNS {
        secs = secs.min(once().0);
    }
    (secs, result)
}
