//! Average precision of detections exactly as COCO computes it (Lin et al. 2014, `pycocotools`).
//!
//! Per class, over all images: detections in falling order of score are true or false by a greedy
//! match within their image; precision is made to fall with recall, read off at recalls 0, 0.01 … 1,
//! and averaged. Crowds and objects outside an area range are neither to be found nor wrong to find.
//! Two things make it fast without changing a digit: only pairs that reach the lowest threshold enter
//! the match, and all thresholds share one pass over the detections as bits of a word.

use crate::error::{QualityError, in_range, known_class};
use crate::instance_matching::{by_falling_score, falling};
use crate::shape::Shape;
use autolabel_annotation::ClassId;

/// An object that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct TrueObject<S> {
    /// Its class.
    pub class: ClassId,
    /// Where it is.
    pub shape: S,
    /// Its area in square pixels, which decides whether it is small, medium or large. COCO takes that
    /// of the mask for boxes, too.
    pub area: f64,
    /// Whether the shape is a crowd: any number of objects, of which detections may find as many as
    /// they like and none is missed.
    pub is_crowd: bool,
}

/// An object that was predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection<S> {
    /// Its class.
    pub class: ClassId,
    /// Where it is said to be.
    pub shape: S,
    /// How sure the prediction is; any finite number, more is surer.
    pub score: f64,
}

/// One image: what is there and what was predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionImage<S> {
    /// Objects that are there.
    pub truth: Vec<TrueObject<S>>,
    /// Objects that were predicted.
    pub detections: Vec<Detection<S>>,
}

/// What average precision is an average over. The default is COCO's.
#[derive(Debug, Clone, PartialEq)]
pub struct AveragePrecisionConfig {
    /// Least IoUs of a match, at most 32, each 0 to 1; COCO: 0.5, 0.55 … 0.95.
    pub iou_thresholds: Vec<f64>,
    /// Objects up to this area are small, in square pixels, and from it on medium; COCO: 32².
    pub small_up_to: f64,
    /// Objects up to this area are medium, and from it on large; COCO: 96².
    pub medium_up_to: f64,
    /// Detections of a class and image that count, surest first, rising; COCO: 1, 10 and 100.
    pub max_detections: [usize; 3],
}

impl Default for AveragePrecisionConfig {
    fn default() -> Self {
        Self {
            iou_thresholds: evenly_spaced(0.5, 0.95, 10),
            small_up_to: 1_024.0,
            medium_up_to: 9_216.0,
            max_detections: [1, 10, 100],
        }
    }
}

/// What COCO reports. All values are 0 to 1, means over classes and thresholds; `None` (-1 in COCO)
/// where no class has an object that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct AveragePrecision {
    /// AP over all thresholds ("AP50-95").
    pub ap: Option<f64>,
    /// AP at IoU 0.5; `None` also where that is no threshold.
    pub ap_50: Option<f64>,
    /// AP at IoU 0.75; `None` also where that is no threshold.
    pub ap_75: Option<f64>,
    /// AP of small, medium and large objects.
    pub ap_by_area: [Option<f64>; 3],
    /// Average recall with each number of detections of [`AveragePrecisionConfig::max_detections`].
    pub recall: [Option<f64>; 3],
    /// Average recall of small, medium and large objects.
    pub recall_by_area: [Option<f64>; 3],
    /// By class, in the order of the schema.
    pub classes: Vec<ClassAveragePrecision>,
}

/// What COCO reports of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassAveragePrecision {
    /// Objects of the class, without crowds.
    pub objects: u64,
    /// AP over all thresholds; `None` where there is no object.
    pub ap: Option<f64>,
    /// AP at IoU 0.5; `None` also where that is no threshold.
    pub ap_50: Option<f64>,
}

impl AveragePrecision {
    /// The twelve numbers in the order in which `pycocotools` prints them.
    #[must_use]
    pub fn coco_stats(&self) -> [Option<f64>; 12] {
        let [small, medium, large] = self.ap_by_area;
        let [one, ten, hundred] = self.recall;
        let [found_small, found_medium, found_large] = self.recall_by_area;
        [
            self.ap,
            self.ap_50,
            self.ap_75,
            small,
            medium,
            large,
            one,
            ten,
            hundred,
            found_small,
            found_medium,
            found_large,
        ]
    }
}

/// Area ranges: all, small, medium, large.
const RANGES: usize = 4;

/// Average precision and recall of detections, boxes or masks, in all images.
///
/// # Errors
/// A class that is not below `class_count`, a score that is not finite, more than 32 thresholds or one
/// outside 0 to 1, or masks of images of different size.
pub fn average_precision<S: Shape>(
    images: &[DetectionImage<S>],
    class_count: usize,
    config: &AveragePrecisionConfig,
) -> Result<AveragePrecision, QualityError> {
    in_range(
        "the number of IoU thresholds",
        config.iou_thresholds.len() as f64,
        1.0,
        32.0,
    )?;
    for threshold in &config.iou_thresholds {
        in_range("an IoU threshold", *threshold, 0.0, 1.0)?;
    }
    let mut evaluation = Evaluation::new(class_count, config);
    for image in images {
        evaluation.add(image)?;
    }
    Ok(evaluation.summary())
}

/// One detection after the match; a bit for each threshold.
#[derive(Clone, Copy)]
struct Judged {
    score: f64,
    /// Place among the detections of its class and image.
    rank: usize,
    /// Found an object, for each area range.
    matched: [u32; RANGES],
    /// Counts neither as right nor as wrong.
    ignored: [u32; RANGES],
}

/// What has been seen of one class.
#[derive(Clone, Default)]
struct ClassResults {
    judged: Vec<Judged>,
    /// Objects that count, for each area range.
    objects: [u64; RANGES],
}

struct Evaluation<'a> {
    config: &'a AveragePrecisionConfig,
    ranges: [[f64; 2]; RANGES],
    /// What an IoU must reach; just below 1 where the threshold is 1, as in COCO.
    least: Vec<f64>,
    classes: Vec<ClassResults>,
}

impl<'a> Evaluation<'a> {
    fn new(class_count: usize, config: &'a AveragePrecisionConfig) -> Self {
        let (small, medium) = (config.small_up_to, config.medium_up_to);
        let least = |threshold: &f64| threshold.min(1.0 - 1e-10);
        Self {
            config,
            ranges: [[0.0, 1e10], [0.0, small], [small, medium], [medium, 1e10]],
            least: config.iou_thresholds.iter().map(least).collect(),
            classes: vec![ClassResults::default(); class_count],
        }
    }

    fn add<S: Shape>(&mut self, image: &DetectionImage<S>) -> Result<(), QualityError> {
        let mut truth: Vec<&TrueObject<S>> = image.truth.iter().collect();
        truth.sort_by_key(|object| object.class);
        let scores: Vec<f64> = image.detections.iter().map(|found| found.score).collect();
        let order = by_falling_score(&scores)?;
        let mut detections: Vec<&Detection<S>> = order
            .into_iter()
            .map(|index| &image.detections[index])
            .collect();
        detections.sort_by_key(|found| found.class);
        let (mut truth, mut detections) = (truth.as_slice(), detections.as_slice());
        while let Some(class) = truth
            .first()
            .map(|object| object.class)
            .into_iter()
            .chain(detections.first().map(|found| found.class))
            .min()
        {
            known_class(class.index(), self.classes.len())?;
            let of_truth = truth.partition_point(|object| object.class == class);
            let of_detections = detections.partition_point(|found| found.class == class);
            let kept = of_detections.min(self.config.max_detections[2]);
            self.judge(class, &truth[..of_truth], &detections[..kept])?;
            (truth, detections) = (&truth[of_truth..], &detections[of_detections..]);
        }
        Ok(())
    }

    /// Matches the detections of one class and image, surest first.
    fn judge<S: Shape>(
        &mut self,
        class: ClassId,
        truth: &[&TrueObject<S>],
        detections: &[&Detection<S>],
    ) -> Result<(), QualityError> {
        let outside = |area: f64, [low, high]: [f64; 2]| area < low || area > high;
        let areas: Vec<f64> = truth.iter().map(|object| object.shape.area()).collect();
        let ignored = self.ranges.map(|range| -> Vec<bool> {
            let ignored = |object: &&TrueObject<S>| object.is_crowd || outside(object.area, range);
            truth.iter().map(ignored).collect()
        });
        let results = &mut self.classes[class.index()];
        for (objects, ignored) in results.objects.iter_mut().zip(&ignored) {
            *objects += ignored.iter().filter(|ignored| !**ignored).count() as u64;
        }
        let lowest = self.least.iter().copied().fold(1.0, f64::min);
        let mut taken = vec![[0_u32; RANGES]; truth.len()];
        let mut near: Vec<(usize, f64)> = Vec::new();
        for (rank, found) in detections.iter().enumerate() {
            let area = found.shape.area();
            near.clear();
            for (index, (object, object_area)) in truth.iter().zip(&areas).enumerate() {
                let shared = found.shape.intersection_area(&object.shape)?;
                let all = if object.is_crowd {
                    area
                } else {
                    area + object_area - shared
                };
                let iou = if shared > 0.0 { shared / all } else { 0.0 };
                if iou >= lowest {
                    near.push((index, iou));
                }
            }
            let mut judged = Judged {
                score: found.score,
                rank,
                matched: [0; RANGES],
                ignored: [0; RANGES],
            };
            for range in 0..RANGES {
                let is_outside = outside(area, self.ranges[range]);
                for (place, least) in self.least.iter().enumerate() {
                    let bit = 1 << place;
                    let free =
                        |index: usize| truth[index].is_crowd || taken[index][range] & bit == 0;
                    // Objects that count come first; among equals the last wins.
                    let best = |counts: bool| {
                        near.iter()
                            .filter(|(i, iou)| {
                                ignored[range][*i] != counts && iou >= least && free(*i)
                            })
                            .max_by(|first, second| falling(second.1, first.1))
                    };
                    match best(true).or_else(|| best(false)) {
                        Some((index, _)) => {
                            taken[*index][range] |= bit;
                            judged.matched[range] |= bit;
                            if ignored[range][*index] {
                                judged.ignored[range] |= bit;
                            }
                        }
                        None if is_outside => judged.ignored[range] |= bit,
                        None => {}
                    }
                }
            }
            results.judged.push(judged);
        }
        Ok(())
    }

    fn summary(mut self) -> AveragePrecision {
        for class in &mut self.classes {
            // Stable: detections of one score stay in the order of the images.
            class
                .judged
                .sort_by(|first, second| falling(first.score, second.score));
        }
        let curves: Vec<[Vec<f64>; RANGES]> = self
            .classes
            .iter()
            .map(|class| std::array::from_fn(|range| self.precisions(class, range)))
            .collect();
        let all = |range: usize| mean(curves.iter().flat_map(|class| &class[range]).copied());
        let place_of = |iou: f64| self.config.iou_thresholds.iter().position(|t| *t == iou);
        let at = |iou: f64| {
            let place = place_of(iou)?;
            mean(
                curves
                    .iter()
                    .filter_map(|class| class[0].get(place).copied()),
            )
        };
        let most = self.config.max_detections;
        let recall = |range: usize, most: usize| {
            mean(
                self.classes
                    .iter()
                    .flat_map(|class| self.recalls(class, range, most)),
            )
        };
        let of_class =
            |(class, curve): (&ClassResults, &[Vec<f64>; RANGES])| ClassAveragePrecision {
                objects: class.objects[0],
                ap: mean(curve[0].iter().copied()),
                ap_50: place_of(0.5).and_then(|place| curve[0].get(place).copied()),
            };
        AveragePrecision {
            ap: all(0),
            ap_50: at(0.5),
            ap_75: at(0.75),
            ap_by_area: [1, 2, 3].map(all),
            recall: most.map(|most| recall(0, most)),
            recall_by_area: [1, 2, 3].map(|range| recall(range, most[2])),
            classes: self.classes.iter().zip(&curves).map(of_class).collect(),
        }
    }

    /// AP of a class and area range at each threshold; empty where no object counts.
    fn precisions(&self, class: &ClassResults, range: usize) -> Vec<f64> {
        let objects = class.objects[range];
        if objects == 0 {
            return Vec::new();
        }
        let mut precision = Vec::new();
        let of_threshold = |place: usize| {
            let bit = 1 << place;
            precision.clear();
            let mut wrong = 0_u64;
            for judged in &class.judged {
                if judged.ignored[range] & bit != 0 {
                    continue;
                }
                if judged.matched[range] & bit == 0 {
                    wrong += 1;
                } else {
                    let right = precision.len() as f64 + 1.0;
                    precision.push(right / (wrong as f64 + right + f64::EPSILON));
                }
            }
            interpolated(&mut precision, objects as f64)
        };
        (0..self.least.len()).map(of_threshold).collect()
    }

    /// Recall of a class and area range at each threshold; empty where no object counts.
    fn recalls(&self, class: &ClassResults, range: usize, most: usize) -> Vec<f64> {
        let objects = class.objects[range];
        if objects == 0 {
            return Vec::new();
        }
        let of_threshold = |place: usize| {
            let bit = 1 << place;
            let found = class.judged.iter().filter(|judged| {
                judged.rank < most && judged.matched[range] & !judged.ignored[range] & bit != 0
            });
            found.count() as f64 / objects as f64
        };
        (0..self.least.len()).map(of_threshold).collect()
    }
}

/// Mean precision at recalls 0, 0.01 … 1, given the precision at each object that was found, where it
/// is made the highest of all that follow. Recalls that are never reached have 0.
fn interpolated(precision: &mut [f64], objects: f64) -> f64 {
    let mut highest = 0.0;
    for value in precision.iter_mut().rev() {
        highest = f64::max(highest, *value);
        *value = highest;
    }
    let mut sum = 0.0;
    let mut found = 0;
    for recall in evenly_spaced(0.0, 1.0, 101) {
        while found < precision.len() && (found as f64 + 1.0) / objects < recall {
            found += 1;
        }
        sum += precision.get(found).copied().unwrap_or(0.0);
    }
    sum / 101.0
}

/// The numbers of `numpy.linspace`, to the last digit: IoUs of small boxes often equal a threshold.
fn evenly_spaced(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / (count - 1) as f64;
    let inner = (0..count - 1).map(|index| index as f64 * step + first);
    inner.chain([last]).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::BoundingBox;

    fn boxed(x: f32) -> BoundingBox {
        BoundingBox::new(x, 0.0, 10.0, 10.0).unwrap()
    }

    fn object(class: u16, x: f32) -> TrueObject<BoundingBox> {
        TrueObject {
            class: ClassId(class),
            shape: boxed(x),
            area: 100.0,
            is_crowd: false,
        }
    }

    fn detection(class: u16, x: f32, score: f64) -> Detection<BoundingBox> {
        Detection {
            class: ClassId(class),
            shape: boxed(x),
            score,
        }
    }

    fn of(
        truth: Vec<TrueObject<BoundingBox>>,
        detections: Vec<Detection<BoundingBox>>,
    ) -> Result<AveragePrecision, QualityError> {
        let image = DetectionImage { truth, detections };
        average_precision(&[image], 2, &AveragePrecisionConfig::default())
    }

    #[test]
    fn a_perfect_prediction_has_1_and_an_absent_class_nothing() {
        let found = of(vec![object(0, 0.0)], vec![detection(0, 0.0, 0.3)]).unwrap();
        assert!((found.ap.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(found.classes[1].ap, None);
        assert_eq!(found.ap_by_area[2], None);
        let missed = of(vec![object(0, 0.0)], Vec::new()).unwrap();
        assert_eq!((missed.ap, missed.recall[2]), (Some(0.0), Some(0.0)));
        let nothing = of(Vec::new(), vec![detection(1, 0.0, 0.3)]).unwrap();
        assert_eq!(nothing.coco_stats(), [None; 12]);
    }

    #[test]
    fn a_second_detection_of_an_object_is_wrong() {
        let truth = vec![object(0, 0.0), object(0, 50.0)];
        let twice = vec![
            detection(0, 0.0, 0.9),
            detection(0, 1.0, 0.8),
            detection(0, 50.0, 0.7),
        ];
        let found = of(truth, twice).unwrap().ap_50.unwrap();
        // Precision 1 up to recall 0.5 (51 of 101), then 2/3.
        assert!((found - (51.0 + 50.0 * 2.0 / 3.0) / 101.0).abs() < 1e-12);
    }

    #[test]
    fn a_crowd_may_be_found_any_number_of_times() {
        let mut crowd = object(0, 30.0);
        (crowd.is_crowd, crowd.shape) = (true, BoundingBox::new(30.0, 0.0, 99.0, 99.0).unwrap());
        let mut detections = vec![detection(0, 0.0, 0.1)];
        detections.extend([40.0, 60.0].map(|x| detection(0, x, 0.9)));
        let found = of(vec![object(0, 0.0), crowd], detections).unwrap();
        assert!((found.ap_50.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(found.classes[0].objects, 1);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(of(vec![object(2, 0.0)], Vec::new()).is_err());
        let refused = of(Vec::new(), vec![detection(0, 0.0, f64::NAN)]).unwrap_err();
        assert!(refused.to_string().contains("score of a detection is NaN"));
        let config = AveragePrecisionConfig {
            iou_thresholds: vec![1.5],
            ..AveragePrecisionConfig::default()
        };
        assert!(average_precision::<BoundingBox>(&[], 2, &config).is_err());
    }
}
