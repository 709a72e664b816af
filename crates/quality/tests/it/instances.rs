//! Panoptic quality and disagreement of instances beside numpy, pycocotools and scipy
//! (`tests/golden/make_instances.py`).

use crate::near;
use autolabel_annotation::{ClassId, ImageSize, Mask};
use autolabel_quality::{Segment, instance_disagreement, iou_matrix, panoptic_counts};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    width: u32,
    height: u32,
    truth: Vec<Instance>,
    said: Vec<Instance>,
    void: String,
    counts: Vec<[f64; 4]>,
    disagreement: f64,
}

#[derive(Deserialize)]
struct Instance {
    class: ClassId,
    counts: String,
    is_crowd: bool,
}

#[test]
fn instances_agree_with_bitmaps() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/instances.json")).unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let size = ImageSize::new(case.width, case.height).unwrap();
        let mask = |counts: &str| Mask::from_coco_string(size, counts).unwrap();
        let segments = |instances: &[Instance]| -> Vec<Segment> {
            let segment = |instance: &Instance| Segment {
                class: instance.class,
                mask: mask(&instance.counts),
                is_crowd: instance.is_crowd,
            };
            instances.iter().map(segment).collect()
        };
        let (truth, said) = (segments(&case.truth), segments(&case.said));
        let void = mask(&case.void);
        let found = panoptic_counts(&truth, &said, Some(&void), case.counts.len()).unwrap();
        for (ours, [iou_sum, tp, fp, negatives]) in found.iter().zip(&case.counts) {
            near(ours.iou_sum, *iou_sum, 1e-12);
            assert_eq!(ours.true_positives as f64, *tp);
            assert_eq!(ours.false_positives as f64, *fp);
            assert_eq!(ours.false_negatives as f64, *negatives);
        }
        let masks = |segments: Vec<Segment>| -> Vec<Mask> {
            segments.into_iter().map(|segment| segment.mask).collect()
        };
        let ious = iou_matrix(&masks(truth), &masks(said)).unwrap();
        near(instance_disagreement(&ious), case.disagreement, 1e-12);
    }
}
