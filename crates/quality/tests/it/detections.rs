//! Average precision and free-response curves beside pycocotools and numpy
//! (`tests/golden/make_detections.py`).

use crate::near;
use autolabel_annotation::{BoundingBox, ClassId, Mask};
use autolabel_quality::{
    AveragePrecision, AveragePrecisionConfig, Detection, DetectionImage, FROC_RATES, FrocImage,
    Hit, Shape, TrueObject, average_precision, froc,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    sets: Vec<DataSet>,
    curves: Vec<Curve>,
}

#[derive(Deserialize)]
struct DataSet {
    kind: String,
    images: usize,
    max_detections: [usize; 3],
    truth: Vec<Entry>,
    detections: Vec<Entry>,
    stats: [f64; 12],
    classes: Vec<[f64; 2]>,
    iou_thresholds: Vec<f64>,
}

#[derive(Deserialize)]
struct Entry {
    image_id: usize,
    category_id: ClassId,
    bbox: Option<[f32; 4]>,
    segmentation: Option<Mask>,
    #[serde(default)]
    iscrowd: u8,
    #[serde(default)]
    area: f64,
    #[serde(default)]
    score: f64,
}

#[derive(Deserialize)]
struct Curve {
    lesions: Vec<usize>,
    detections: Vec<(usize, f64, isize)>,
    sensitivity: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/detections.json")).unwrap()
}

fn box_of(entry: &Entry) -> BoundingBox {
    let [x, y, width, height] = entry.bbox.unwrap();
    BoundingBox::new(x, y, width, height).unwrap()
}

fn mask_of(entry: &Entry) -> Mask {
    entry.segmentation.clone().unwrap()
}

fn evaluated<S: Shape>(set: &DataSet, shape: fn(&Entry) -> S) -> AveragePrecision {
    let image = |number: usize| DetectionImage {
        truth: set
            .truth
            .iter()
            .filter(|entry| entry.image_id == number)
            .map(|entry| TrueObject {
                class: entry.category_id,
                shape: shape(entry),
                area: entry.area,
                is_crowd: entry.iscrowd == 1,
            })
            .collect(),
        detections: set
            .detections
            .iter()
            .filter(|entry| entry.image_id == number)
            .map(|entry| Detection {
                class: entry.category_id,
                shape: shape(entry),
                score: entry.score,
            })
            .collect(),
    };
    let images: Vec<DetectionImage<S>> = (0..set.images).map(image).collect();
    let config = AveragePrecisionConfig {
        max_detections: set.max_detections,
        ..AveragePrecisionConfig::default()
    };
    assert_eq!(config.iou_thresholds, set.iou_thresholds);
    average_precision(&images, set.classes.len(), &config).unwrap()
}

#[test]
fn average_precision_is_that_of_pycocotools() {
    let sets = golden().sets;
    assert_eq!(sets.len(), 17);
    for set in sets {
        let found = match set.kind.as_str() {
            "bbox" => evaluated(&set, box_of),
            _ => evaluated(&set, mask_of),
        };
        let absent = |value: Option<f64>| value.unwrap_or(-1.0);
        for (ours, theirs) in found.coco_stats().into_iter().zip(set.stats) {
            near(absent(ours), theirs, 1e-12);
        }
        for (ours, [ap, ap_50]) in found.classes.iter().zip(set.classes) {
            near(absent(ours.ap), ap, 1e-12);
            near(absent(ours.ap_50), ap_50, 1e-12);
        }
    }
}

#[test]
fn free_response_curves_are_read_off_like_numpy() {
    for curve in golden().curves {
        let mut images: Vec<FrocImage> = curve
            .lesions
            .iter()
            .map(|lesion_count| FrocImage {
                lesion_count: *lesion_count,
                detections: Vec::new(),
            })
            .collect();
        for (image, score, lesion) in curve.detections {
            let hit = usize::try_from(lesion).map_or(Hit::Nothing, Hit::Lesion);
            images[image].detections.push((score, hit));
        }
        let found = froc(&images).unwrap().unwrap();
        for (rate, sensitivity) in FROC_RATES.iter().zip(&curve.sensitivity) {
            near(found.sensitivity_at(*rate), *sensitivity, 1e-12);
        }
        let mean = curve.sensitivity.iter().sum::<f64>() / 7.0;
        near(found.score(), mean, 1e-12);
    }
}
