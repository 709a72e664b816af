//! Free-response operating characteristic: how many lesions are found at how many false alarms an image
//! (Bunch et al. 1978), as in LUNA16 (Setio et al. 2017) and CAMELYON16 (Ehteshami Bejnordi et al. 2017).

use crate::error::QualityError;
use crate::instance_matching::falling;
use crate::shape::{IouMatrix, Shape};
use autolabel_annotation::Point;

/// False positives an image at which LUNA16 reads sensitivity off; CAMELYON16 leaves the first out.
pub const FROC_RATES: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// What a detection hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// This lesion of its image, zero-based.
    Lesion(usize),
    /// Something that is neither a lesion to be found nor a mistake to be counted, such as isolated
    /// tumour cells.
    Ignored,
    /// Nothing: a false positive.
    Nothing,
}

/// Detections in one image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrocImage {
    /// Lesions that are to be found.
    pub lesion_count: usize,
    /// Score and target of every detection; a higher score is surer.
    pub detections: Vec<(f64, Hit)>,
}

/// Where a threshold of the score leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrocPoint {
    /// Detections of at least this score count.
    pub score: f64,
    /// Mean number of false positives an image.
    pub false_positives_per_image: f64,
    /// Share of all lesions that are hit, 0 to 1.
    pub sensitivity: f64,
}

/// A curve with one point for every score that occurs, from the highest on; both coordinates rise.
#[derive(Debug, Clone, PartialEq)]
pub struct Froc {
    /// Its points; none where nothing was detected.
    pub points: Vec<FrocPoint>,
}

/// The curve of detections in all images, those without a lesion included; `None` where there is no
/// lesion to be found. A lesion is found at the highest score that hits it; further hits change nothing
/// and are no false positives.
///
/// # Errors
/// A score that is not finite, or a hit of a lesion that its image does not have.
pub fn froc(images: &[FrocImage]) -> Result<Option<Froc>, QualityError> {
    let lesion_count: usize = images.iter().map(|image| image.lesion_count).sum();
    // Score, and whether it is of a lesion.
    let mut events: Vec<(f64, bool)> = Vec::new();
    for image in images {
        let mut surest: Vec<Option<f64>> = vec![None; image.lesion_count];
        for (score, hit) in &image.detections {
            let score = *score;
            if !score.is_finite() {
                return Err(QualityError::ScoreNotFinite { score });
            }
            match *hit {
                Hit::Lesion(lesion) => {
                    let unknown = QualityError::UnknownLesion {
                        lesion,
                        lesion_count: image.lesion_count,
                    };
                    let best = surest.get_mut(lesion).ok_or(unknown)?;
                    *best = Some(best.map_or(score, |best| best.max(score)));
                }
                Hit::Ignored => {}
                Hit::Nothing => events.push((score, false)),
            }
        }
        events.extend(surest.into_iter().flatten().map(|score| (score, true)));
    }
    if lesion_count == 0 {
        return Ok(None);
    }
    events.sort_by(|first, second| falling(first.0, second.0));
    let (mut found, mut wrong) = (0_u32, 0_u32);
    let mut points = Vec::new();
    for same in events.chunk_by(|first, second| first.0 == second.0) {
        let lesions = same.iter().filter(|(_, is_lesion)| *is_lesion).count() as u32;
        found += lesions;
        wrong += same.len() as u32 - lesions;
        points.push(FrocPoint {
            score: same[0].0,
            false_positives_per_image: f64::from(wrong) / images.len() as f64,
            sensitivity: f64::from(found) / lesion_count as f64,
        });
    }
    Ok(Some(Froc { points }))
}

impl Froc {
    /// Sensitivity at a number of false positives an image, interpolated linearly between points, from 0
    /// at 0; beyond the last point that of the last.
    #[must_use]
    pub fn sensitivity_at(&self, false_positives_per_image: f64) -> f64 {
        let rate = false_positives_per_image;
        let next = self
            .points
            .partition_point(|point| point.false_positives_per_image <= rate);
        let before = next.checked_sub(1).map_or((0.0, 0.0), |last| {
            let point = self.points[last];
            (point.false_positives_per_image, point.sensitivity)
        });
        self.points.get(next).map_or(before.1, |after| {
            let share = (rate - before.0) / (after.false_positives_per_image - before.0);
            before.1 + share * (after.sensitivity - before.1)
        })
    }

    /// Mean sensitivity at the seven [`FROC_RATES`], the score of LUNA16.
    #[must_use]
    pub fn score(&self) -> f64 {
        let sum: f64 = FROC_RATES
            .iter()
            .map(|rate| self.sensitivity_at(*rate))
            .sum();
        sum / FROC_RATES.len() as f64
    }
}

/// What detections hit by their centre: the first lesion that contains it.
#[must_use]
pub fn hits_by_center<S: Shape>(centers: &[Point], lesions: &[S]) -> Vec<Hit> {
    let hit = |center: &Point| {
        let lesion = lesions.iter().position(|lesion| lesion.contains(*center));
        lesion.map_or(Hit::Nothing, Hit::Lesion)
    };
    centers.iter().map(hit).collect()
}

/// What detections (rows) hit by overlap: the lesion (column) of the highest IoU, where that is at least
/// `least_iou`.
#[must_use]
pub fn hits_by_iou(ious: &IouMatrix, least_iou: f64) -> Vec<Hit> {
    let hit = |row: usize| {
        let candidates = ious.row(row).iter().enumerate();
        let near = candidates.filter(|(_, iou)| **iou >= least_iou);
        let best = near.min_by(|first, second| falling(*first.1, *second.1));
        best.map_or(Hit::Nothing, |(lesion, _)| Hit::Lesion(lesion))
    };
    (0..ious.rows).map(hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::BoundingBox;

    fn image(lesion_count: usize, detections: &[(f64, Hit)]) -> FrocImage {
        FrocImage {
            lesion_count,
            detections: detections.to_vec(),
        }
    }

    #[test]
    fn each_lesion_counts_once_at_its_highest_score() {
        let images = [
            image(
                2,
                &[
                    (0.9, Hit::Lesion(0)),
                    (0.4, Hit::Lesion(0)),
                    (0.8, Hit::Nothing),
                ],
            ),
            image(0, &[(0.7, Hit::Nothing), (0.99, Hit::Ignored)]),
        ];
        let curve = froc(&images).unwrap().unwrap();
        let points: Vec<(f64, f64)> = curve
            .points
            .iter()
            .map(|point| (point.false_positives_per_image, point.sensitivity))
            .collect();
        assert_eq!(points, [(0.0, 0.5), (0.5, 0.5), (1.0, 0.5)]);
        assert_eq!(curve.score(), 0.5);
    }

    #[test]
    fn between_points_sensitivity_rises_evenly() {
        let both = image(1, &[(0.5, Hit::Lesion(0)), (0.5, Hit::Nothing)]);
        let curve = froc(&[both]).unwrap().unwrap();
        assert_eq!(curve.sensitivity_at(0.25), 0.25);
        assert_eq!(
            (curve.sensitivity_at(0.0), curve.sensitivity_at(8.0)),
            (0.0, 1.0)
        );
        let missed = froc(&[image(1, &[])]).unwrap().unwrap();
        assert_eq!(missed.score(), 0.0);
        assert_eq!(froc(&[image(0, &[(0.5, Hit::Nothing)])]).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        let unknown = froc(&[image(1, &[(0.5, Hit::Lesion(1))])]).unwrap_err();
        assert!(
            unknown
                .to_string()
                .contains("lesion number 1, but its image has 1")
        );
        assert!(froc(&[image(1, &[(f64::INFINITY, Hit::Nothing)])]).is_err());
    }

    #[test]
    fn hits_by_center_and_by_overlap() {
        let lesions = [0.0, 5.0].map(|x| BoundingBox::new(x, 0.0, 10.0, 10.0).unwrap());
        let centers = [[1.0, 1.0], [7.0, 1.0], [14.0, 1.0], [15.0, 1.0]].map(Point::from);
        let expected = [Hit::Lesion(0), Hit::Lesion(0), Hit::Lesion(1), Hit::Nothing];
        assert_eq!(hits_by_center(&centers, &lesions), expected);
        let ious = IouMatrix {
            rows: 2,
            columns: 2,
            values: vec![0.3, 0.4, 0.1, 0.2],
        };
        assert_eq!(hits_by_iou(&ious, 0.25), [Hit::Lesion(1), Hit::Nothing]);
    }
}
