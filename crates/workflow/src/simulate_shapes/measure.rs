//! How good proposals are, by shapes that the program does not see.

use autolabel_annotation::{BoundingBox, Drawing, Geometry, Task};
use autolabel_quality::{
    AveragePrecisionConfig, Detection, DetectionImage, PanopticCounts, Segment, Shape, TrueObject,
    average_precision, mask_overlap, mean_panoptic_quality, panoptic_counts,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::dataset::ShapeDataset;
use crate::WorkflowError;
use crate::shapes::fit::{fit_of, mask_of};
use crate::shapes::proposing::Proposal;

/// Objects of an image that may be found; more than COCO's 100, because a picture of nuclei has more.
const MOST_DETECTIONS: usize = 500;

/// How good the proposals for some images are, each 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeMeasures {
    /// Images.
    pub images: usize,
    /// What counts: `dice` of masks, `ap50` of boxes and instances.
    pub main: f64,
    /// Mean of the images' own fits: Dice of masks, matched IoU of boxes and instances.
    pub fit: f64,
    /// Dice of each class, the mean over the images that have it or for which it is proposed; their mean.
    /// Masks only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dice: Option<f64>,
    /// The same class by class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_dice: Vec<Option<f64>>,
    /// Average precision at an IoU of 0.5, boxes and instances, as COCO has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ap50: Option<f64>,
    /// The mean over IoUs of 0.5, 0.55 … 0.95.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ap50_95: Option<f64>,
    /// Panoptic quality of instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pq: Option<f64>,
}

/// Measures proposals; `None` where there are none.
pub(super) fn measure(
    dataset: &ShapeDataset,
    proposals: &[Proposal],
) -> Result<Option<ShapeMeasures>, WorkflowError> {
    if proposals.is_empty() {
        return Ok(None);
    }
    let truth = |proposal: &Proposal| &dataset.truth[proposal.row as usize];
    let fits: Vec<f64> = proposals
        .par_iter()
        .map(|proposal| fit_of(dataset.task, truth(proposal), &proposal.drawing))
        .collect::<Result<_, _>>()?;
    let mut measures = ShapeMeasures {
        images: proposals.len(),
        main: 0.0,
        fit: fits.iter().sum::<f64>() / fits.len() as f64,
        dice: None,
        class_dice: Vec::new(),
        ap50: None,
        ap50_95: None,
        pq: None,
    };
    match dataset.task {
        Task::Detection => {
            let images = proposals
                .iter()
                .map(|proposal| detections(truth(proposal), proposal, box_of));
            average(dataset, &images.collect::<Vec<_>>(), &mut measures)?;
        }
        Task::InstanceSegmentation => {
            let images = proposals
                .iter()
                .map(|proposal| detections(truth(proposal), proposal, mask_of));
            average(dataset, &images.collect::<Vec<_>>(), &mut measures)?;
            measures.pq = panoptic(dataset, proposals)?;
        }
        _ => {
            measures.class_dice = class_dice(dataset, proposals)?;
            let known: Vec<f64> = measures.class_dice.iter().flatten().copied().collect();
            let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
            measures.dice = Some(mean);
            measures.main = mean;
        }
    }
    Ok(Some(measures))
}

fn box_of(geometry: &Geometry) -> Option<BoundingBox> {
    geometry.bounding_box()
}

fn detections<S: Shape>(
    truth: &Drawing,
    proposal: &Proposal,
    of: fn(&Geometry) -> Option<S>,
) -> DetectionImage<S> {
    let objects = truth.shapes.iter().filter_map(|shape| {
        let object = of(&shape.geometry)?;
        Some(TrueObject {
            class: shape.class,
            area: object.area(),
            shape: object,
            is_crowd: false,
        })
    });
    let sure = proposal.drawing.shapes.iter().zip(&proposal.confidences);
    let faint = proposal
        .faint
        .iter()
        .map(|(shape, confidence)| (shape, confidence));
    let found = sure.chain(faint);
    let detections = found.filter_map(|(shape, confidence)| {
        Some(Detection {
            class: shape.class,
            shape: of(&shape.geometry)?,
            score: f64::from(*confidence),
        })
    });
    DetectionImage {
        truth: objects.collect(),
        detections: detections.collect(),
    }
}

fn average<S: Shape>(
    dataset: &ShapeDataset,
    images: &[DetectionImage<S>],
    measures: &mut ShapeMeasures,
) -> Result<(), WorkflowError> {
    let config = AveragePrecisionConfig {
        max_detections: [1, 10, MOST_DETECTIONS],
        ..AveragePrecisionConfig::default()
    };
    let found = average_precision(images, dataset.class_names.len(), &config)?;
    let [all, at_50, ..] = found.coco_stats();
    measures.ap50 = at_50;
    measures.ap50_95 = all;
    measures.main = at_50.unwrap_or(0.0);
    Ok(())
}

fn panoptic(dataset: &ShapeDataset, proposals: &[Proposal]) -> Result<Option<f64>, WorkflowError> {
    let classes = dataset.class_names.len();
    let segments = |drawing: &Drawing| -> Vec<Segment> {
        let shapes = drawing.shapes.iter().filter_map(|shape| {
            Some(Segment {
                class: shape.class,
                mask: mask_of(&shape.geometry)?,
                is_crowd: false,
            })
        });
        shapes.collect()
    };
    let counts: Vec<Vec<PanopticCounts>> = proposals
        .par_iter()
        .map(|proposal| {
            let truth = &dataset.truth[proposal.row as usize];
            let found = segments(&proposal.drawing);
            panoptic_counts(&segments(truth), &found, None, classes)
        })
        .collect::<Result<_, _>>()?;
    let mut sums = vec![PanopticCounts::default(); classes];
    for of_image in counts {
        for (sum, count) in sums.iter_mut().zip(of_image) {
            *sum += count;
        }
    }
    Ok(mean_panoptic_quality(&sums).map(|quality| quality.pq))
}

fn class_dice(
    dataset: &ShapeDataset,
    proposals: &[Proposal],
) -> Result<Vec<Option<f64>>, WorkflowError> {
    let classes = dataset.class_names.len();
    let of_class = |drawing: &Drawing, class: usize| {
        let mut shapes = drawing.shapes.iter();
        let shape = shapes.find(|shape| shape.class.index() == class)?;
        mask_of(&shape.geometry)
    };
    let dices: Vec<Vec<Option<f64>>> = proposals
        .par_iter()
        .map(|proposal| {
            let truth = &dataset.truth[proposal.row as usize];
            (0..classes)
                .map(|class| {
                    let pair = (of_class(truth, class), of_class(&proposal.drawing, class));
                    Ok(match pair {
                        (Some(truth), Some(found)) => Some(mask_overlap(&truth, &found)?.dice()),
                        (None, None) => None,
                        _ => Some(0.0),
                    })
                })
                .collect()
        })
        .collect::<Result<_, WorkflowError>>()?;
    Ok((0..classes)
        .map(|class| {
            let known: Vec<f64> = dices.iter().filter_map(|of| of[class]).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        })
        .collect())
}
