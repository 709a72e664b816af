//! How good the shapes are that were found.

use autolabel_annotation::{BoundingBox, Geometry};
use autolabel_quality::{
    AveragePrecision, AveragePrecisionConfig, Detection, DetectionImage, PanopticCounts, Segment,
    Shape, TrueObject, average_precision, mean_panoptic_quality, panoptic_counts,
};
use autolabel_training::{DenseTask, FoundShape};

use crate::Outcome;
use crate::collection::{Collection, DrawnImage};

/// Detections of a class and image that COCO counts, and one more than any image has.
const MOST_DETECTIONS: [usize; 2] = [100, 1_000];

/// Prints average precision, and panoptic quality of instances.
pub fn report(collection: &Collection, found: &[Vec<FoundShape>], task: DenseTask) -> Outcome<()> {
    let classes = collection.classes.len();
    let images = || collection.measured.iter().zip(found);
    match task {
        DenseTask::Instances { .. } => {
            let masks: Outcome<Vec<_>> = images()
                .map(|(image, found)| {
                    detections(image, found, |geometry| Ok(geometry.mask(image.size)?))
                })
                .collect();
            print_precision(collection, &masks?)?;
            let mut counts = vec![PanopticCounts::default(); classes];
            for (image, found) in images() {
                let truth = image.drawing.shapes.iter();
                let truth = segments(image, truth.map(|shape| (shape.class, &shape.geometry)))?;
                let found = found.iter().map(|found| &found.shape);
                let found = segments(image, found.map(|shape| (shape.class, &shape.geometry)))?;
                let of_image = panoptic_counts(&truth, &found, None, classes)?;
                for (sum, counts) in counts.iter_mut().zip(of_image) {
                    *sum += counts;
                }
            }
            if let Some(quality) = mean_panoptic_quality(&counts) {
                println!(
                    "PQ {:.4} (SQ {:.4}, RQ {:.4})",
                    quality.pq, quality.sq, quality.rq
                );
            }
        }
        DenseTask::Boxes { .. } | DenseTask::Classes { .. } => {
            let boxes: Outcome<Vec<_>> = images()
                .map(|(image, found)| detections(image, found, box_of))
                .collect();
            print_precision(collection, &boxes?)?;
        }
    }
    Ok(())
}

fn box_of(geometry: &Geometry) -> Outcome<BoundingBox> {
    geometry
        .bounding_box()
        .ok_or_else(|| "a shape is empty".into())
}

fn detections<S: Shape>(
    image: &DrawnImage,
    found: &[FoundShape],
    shape_of: impl Fn(&Geometry) -> Outcome<S>,
) -> Outcome<DetectionImage<S>> {
    let truth: Outcome<Vec<TrueObject<S>>> = image
        .drawing
        .shapes
        .iter()
        .map(|drawn| {
            let shape = shape_of(&drawn.geometry)?;
            Ok(TrueObject {
                class: drawn.class,
                area: shape.area(),
                shape,
                is_crowd: false,
            })
        })
        .collect();
    let detections: Outcome<Vec<Detection<S>>> = found
        .iter()
        .map(|found| {
            Ok(Detection {
                class: found.shape.class,
                shape: shape_of(&found.shape.geometry)?,
                score: f64::from(found.confidence),
            })
        })
        .collect();
    Ok(DetectionImage {
        truth: truth?,
        detections: detections?,
    })
}

fn segments<'a>(
    image: &DrawnImage,
    shapes: impl Iterator<Item = (autolabel_annotation::ClassId, &'a Geometry)>,
) -> Outcome<Vec<Segment>> {
    shapes
        .map(|(class, geometry)| {
            Ok(Segment {
                class,
                mask: geometry.mask(image.size)?,
                is_crowd: false,
            })
        })
        .collect()
}

fn print_precision<S: Shape + Sync>(
    collection: &Collection,
    images: &[DetectionImage<S>],
) -> Outcome<()> {
    let shown = |value: Option<f64>| value.map_or("none".to_owned(), |value| format!("{value:.4}"));
    for most in MOST_DETECTIONS {
        let config = AveragePrecisionConfig {
            max_detections: [1, 10, most],
            ..AveragePrecisionConfig::default()
        };
        let classes = collection.classes.len();
        let found: AveragePrecision = average_precision(images, classes, &config)?;
        let per_class: Vec<String> = collection
            .classes
            .iter()
            .zip(&found.classes)
            .map(|(name, class)| format!("{name} {}", shown(class.ap_50)))
            .collect();
        println!(
            "AP50 {} ({}), AP50-95 {}, at most {most} an image",
            shown(found.ap_50),
            per_class.join(", "),
            shown(found.ap)
        );
    }
    Ok(())
}
