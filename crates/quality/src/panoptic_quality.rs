//! Panoptic quality of instances (Kirillov et al. 2019): how many are found, and how well.

use crate::error::{QualityError, known_class};
use autolabel_annotation::{ClassId, Mask};
use std::ops::AddAssign;

/// An instance, or the whole region of a class without instances. Segments of one side do not overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its class.
    pub class: ClassId,
    /// Its pixels, at least one.
    pub mask: Mask,
    /// Whether it stands for any number of instances; only looked at in the truth.
    pub is_crowd: bool,
}

/// Counts of one class; those of many images add up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PanopticCounts {
    /// Segments of truth and prediction that are the same: one class and an IoU above 0.5.
    pub true_positives: u64,
    /// Predicted segments that are not there.
    pub false_positives: u64,
    /// Segments that were not found.
    pub false_negatives: u64,
    /// Sum of the IoUs of the true positives.
    pub iou_sum: f64,
}

/// Panoptic quality and its two factors, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PanopticQuality {
    /// `pq = sq * rq`.
    pub pq: f64,
    /// Segmentation quality: mean IoU of what was found; 0 where nothing was.
    pub sq: f64,
    /// Recognition quality: the F1 score, `tp / (tp + fp / 2 + fn / 2)`.
    pub rq: f64,
}

impl AddAssign for PanopticCounts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.iou_sum += other.iou_sum;
    }
}

impl PanopticCounts {
    /// The quality; `None` where the class is in neither truth nor prediction.
    #[must_use]
    pub fn quality(&self) -> Option<PanopticQuality> {
        let found = self.true_positives as f64;
        let all = found + 0.5 * (self.false_positives + self.false_negatives) as f64;
        (all > 0.0).then(|| PanopticQuality {
            pq: self.iou_sum / all,
            sq: self.iou_sum / found.max(1.0),
            rq: found / all,
        })
    }
}

/// Mean over the classes that truth or prediction have; `None` where there are none. As in COCO, also
/// `sq` and `rq` are means, so that `pq` is not their product.
#[must_use]
pub fn mean_panoptic_quality(counts: &[PanopticCounts]) -> Option<PanopticQuality> {
    let present: Vec<PanopticQuality> = counts.iter().filter_map(PanopticCounts::quality).collect();
    let mean = |of: fn(&PanopticQuality) -> f64| {
        present.iter().map(of).sum::<f64>() / present.len() as f64
    };
    (!present.is_empty()).then(|| PanopticQuality {
        pq: mean(|quality| quality.pq),
        sq: mean(|quality| quality.sq),
        rq: mean(|quality| quality.rq),
    })
}

/// Counts of one image for every class of the schema, as `panopticapi` has them. Two segments are the
/// same where they have one class and an IoU above 0.5, which at most one pair can have since segments
/// do not overlap. Pixels of `void`, which nobody labeled, do not count for the union; a predicted
/// segment that nothing matches is no mistake where more than half of it lies on `void` or on crowds of
/// its class. Of the background of instances leave `void` out: objects predicted there are mistakes.
///
/// # Errors
/// Segments that overlap or are empty, masks of different size, or a class that is not below
/// `class_count`.
pub fn panoptic_counts(
    truth: &[Segment],
    predicted: &[Segment],
    void: Option<&Mask>,
    class_count: usize,
) -> Result<Vec<PanopticCounts>, QualityError> {
    check("true", truth, void, class_count)?;
    check("predicted", predicted, None, class_count)?;
    let mut counts = vec![PanopticCounts::default(); class_count];
    let mut found = vec![false; truth.len()];
    let areas: Vec<u32> = truth.iter().map(|segment| segment.mask.area()).collect();
    for segment in predicted {
        let counts = &mut counts[segment.class.index()];
        let area = segment.mask.area();
        let unlabeled = void.map_or(Ok(0), |void| void.intersection_area(&segment.mask))?;
        let mut excused = u64::from(unlabeled);
        let mut is_found = false;
        for ((other, other_area), found) in truth.iter().zip(&areas).zip(&mut found) {
            let shared = other.mask.intersection_area(&segment.mask)?;
            if other.class != segment.class || shared == 0 {
                continue;
            }
            if other.is_crowd {
                excused += u64::from(shared);
                continue;
            }
            let union = f64::from(area) + f64::from(*other_area) - f64::from(shared + unlabeled);
            let iou = f64::from(shared) / union;
            if iou > 0.5 {
                (is_found, *found) = (true, true);
                counts.true_positives += 1;
                counts.iou_sum += iou;
            }
        }
        if !is_found && 2 * excused <= u64::from(area) {
            counts.false_positives += 1;
        }
    }
    for (segment, found) in truth.iter().zip(found) {
        if !found && !segment.is_crowd {
            counts[segment.class.index()].false_negatives += 1;
        }
    }
    Ok(counts)
}

/// Checks the segments of one side.
fn check(
    name: &'static str,
    segments: &[Segment],
    void: Option<&Mask>,
    class_count: usize,
) -> Result<(), QualityError> {
    for segment in segments {
        known_class(segment.class.index(), class_count)?;
        if segment.mask.is_empty() {
            return Err(QualityError::EmptySegment { name });
        }
    }
    let masks = segments.iter().map(|segment| &segment.mask).chain(void);
    let mut runs: Vec<(u32, u32)> = masks.flat_map(Mask::runs).collect();
    runs.sort_unstable();
    if runs.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(QualityError::SegmentsOverlap { name });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::ImageSize;

    fn segment(class: u16, pixels: [u8; 8]) -> Segment {
        Segment {
            class: ClassId(class),
            mask: Mask::from_bitmap(ImageSize::new(4, 2).unwrap(), &pixels).unwrap(),
            is_crowd: false,
        }
    }

    #[test]
    fn half_is_not_found() {
        let truth = [
            segment(0, [1, 1, 0, 0, 0, 0, 0, 0]),
            segment(1, [0, 0, 0, 1, 0, 0, 1, 1]),
        ];
        let said = [
            segment(0, [1, 0, 0, 0, 0, 0, 0, 0]),
            segment(1, [0, 0, 0, 0, 0, 0, 1, 1]),
        ];
        let counts = panoptic_counts(&truth, &said, None, 3).unwrap();
        let missed = counts[0].quality().unwrap();
        assert_eq!((missed.pq, missed.sq, missed.rq), (0.0, 0.0, 0.0));
        let found = counts[1].quality().unwrap();
        assert_eq!((found.pq, found.rq), (2.0 / 3.0, 1.0));
        assert_eq!(counts[2].quality(), None);
        assert_eq!(mean_panoptic_quality(&counts).unwrap().rq, 0.5);
        assert_eq!(mean_panoptic_quality(&counts[2..]), None);
    }

    #[test]
    fn what_nobody_labeled_is_no_mistake() {
        let void = segment(0, [0, 0, 1, 1, 0, 0, 1, 0]).mask;
        let said = [segment(0, [0, 0, 1, 1, 0, 0, 0, 1])];
        let excused = panoptic_counts(&[], &said, Some(&void), 1).unwrap();
        assert_eq!(excused[0], PanopticCounts::default());
        assert_eq!(
            panoptic_counts(&[], &said, None, 1).unwrap()[0].false_positives,
            1
        );
    }

    #[test]
    fn segments_that_overlap_are_refused() {
        let one = segment(0, [1, 1, 0, 0, 0, 0, 0, 0]);
        let two = segment(1, [0, 1, 0, 0, 0, 0, 0, 0]);
        let refused = panoptic_counts(&[], &[one.clone(), two], None, 2).unwrap_err();
        assert!(refused.to_string().starts_with("two predicted segments"));
        let empty = segment(0, [0; 8]);
        assert!(panoptic_counts(&[empty], &[], None, 2).is_err());
        let overlapping = panoptic_counts(std::slice::from_ref(&one), &[], Some(&one.mask), 2);
        assert!(overlapping.is_err());
        assert!(panoptic_counts(&[one], &[], None, 0).is_err());
    }
}
