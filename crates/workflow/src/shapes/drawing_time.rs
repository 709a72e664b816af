//! How long a person takes to draw an image, or to put a proposal right, and how long an image will take.
//!
//! In a simulation the time follows from the shapes (see [`DrawingSpeed`]); what an unlabeled image will
//! take is learnt from the images drawn so far, in a project and in a simulation alike.

use autolabel_annotation::{BoundingBox, Drawing, DrawnShape, ImageSize, Mask, Task};
use autolabel_quality::{iou_matrix, match_by_iou, surface_distances};

use super::fit::mask_of;
use crate::WorkflowError;

/// How fast a simulated person draws.
///
/// Boxes by extreme clicking take a professional 7.4 s (Kuznetsova et al. 2020, Open Images V4). Outlines
/// cost time by their length: at 60 s for an outline as long as the image has sides (the root of its
/// area), with 10 s to look, a polyp takes about two minutes and a white cell with its nucleus three, in
/// the range of 2 to 5 minutes that experts need for a medical mask.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct DrawingSpeed {
    /// Seconds to look at an image and to go on to the next.
    pub look: f64,
    /// Seconds to draw a box.
    pub draw_box: f64,
    /// Seconds to pick a shape: to delete it, or to begin one.
    pub pick: f64,
    /// Seconds to trace an outline as long as the root of the image's area.
    pub trace: f64,
    /// A proposed box or instance with at least this IoU is left as it is.
    pub good_enough: f64,
}

impl Default for DrawingSpeed {
    fn default() -> Self {
        Self {
            look: 10.0,
            draw_box: 7.4,
            pick: 1.5,
            trace: 60.0,
            good_enough: 0.75,
        }
    }
}

impl DrawingSpeed {
    /// Seconds for an image, from nothing or by correcting the proposal, whichever is faster.
    pub(crate) fn seconds(
        &self,
        task: Task,
        truth: &Drawing,
        proposed: Option<&Drawing>,
        size: ImageSize,
    ) -> Result<f64, WorkflowError> {
        let nothing = Drawing::default();
        let scratch = self.correcting(task, truth, &nothing, size)?;
        Ok(match proposed {
            Some(proposed) => scratch.min(self.correcting(task, truth, proposed, size)?),
            None => scratch,
        })
    }

    fn correcting(
        &self,
        task: Task,
        truth: &Drawing,
        proposed: &Drawing,
        size: ImageSize,
    ) -> Result<f64, WorkflowError> {
        let mut seconds = self.look;
        let mut classes = truth.classes();
        classes.extend(proposed.classes());
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
            let of = |drawing: &Drawing| -> Vec<DrawnShape> {
                let shapes = drawing.shapes.iter().filter(|shape| shape.class == class);
                shapes.cloned().collect()
            };
            let (truth, proposed) = (of(truth), of(proposed));
            seconds += match task {
                Task::Detection => self.boxes(&boxes(&truth), &boxes(&proposed))?,
                Task::InstanceSegmentation => {
                    self.instances(&masks(&truth), &masks(&proposed), size)?
                }
                _ => {
                    let empty = || Mask::empty(size);
                    let first = masks(&truth).pop().unwrap_or_else(empty);
                    let second = masks(&proposed).pop().unwrap_or_else(empty);
                    self.outline(&first, &second, size)?
                }
            };
        }
        Ok(seconds)
    }

    fn boxes(&self, truth: &[BoundingBox], proposed: &[BoundingBox]) -> Result<f64, WorkflowError> {
        let ious = iou_matrix(truth, proposed)?;
        let good = self.good_pairs(&match_by_iou(&ious), |row, column| ious.at(row, column));
        Ok((truth.len() - good.len()) as f64 * self.draw_box
            + (proposed.len() - good.len()) as f64 * self.pick)
    }

    fn instances(
        &self,
        truth: &[Mask],
        proposed: &[Mask],
        size: ImageSize,
    ) -> Result<f64, WorkflowError> {
        let ious = iou_matrix(truth, proposed)?;
        let good = self.good_pairs(&match_by_iou(&ious), |row, column| ious.at(row, column));
        let side = f64::from(size.pixels()).sqrt();
        let mut seconds = (proposed.len() - good.len()) as f64 * self.pick;
        for (row, mask) in truth.iter().enumerate() {
            if !good.contains(&row) {
                seconds += self.pick + self.trace * f64::from(mask.border().area()) / side;
            }
        }
        Ok(seconds)
    }

    /// Rows whose partner is left as it is.
    fn good_pairs(
        &self,
        partners: &[Option<usize>],
        iou: impl Fn(usize, usize) -> f64,
    ) -> Vec<usize> {
        let pairs = partners.iter().enumerate();
        pairs
            .filter_map(|(row, column)| Some((row, (*column)?)))
            .filter(|&(row, column)| iou(row, column) >= self.good_enough)
            .map(|(row, _)| row)
            .collect()
    }

    /// Tracing the part of the outline that lies farther from the proposed one than an eye tells: two
    /// pixels, or one in a hundred of the sides. What is proposed too much is erased along its outline.
    fn outline(
        &self,
        truth: &Mask,
        proposed: &Mask,
        size: ImageSize,
    ) -> Result<f64, WorkflowError> {
        let side = f64::from(size.pixels()).sqrt();
        let tolerance = (0.01 * side).max(2.0);
        let distances = surface_distances(truth, proposed, [1.0, 1.0])?;
        let far = |all: &[f64]| {
            let near = all.partition_point(|distance| *distance <= tolerance);
            (all.len() - near) as f64 / side
        };
        // Where a bulge replaces a piece of outline, both pieces are about as long.
        let length = match (truth.is_empty(), proposed.is_empty()) {
            (true, true) => return Ok(0.0),
            // Deleted as a whole.
            (true, false) => return Ok(self.pick),
            (false, true) => far(&distances.first_to_second),
            (false, false) => {
                0.5 * (far(&distances.first_to_second) + far(&distances.second_to_first))
            }
        };
        Ok(self.trace * length + if length > 0.0 { self.pick } else { 0.0 })
    }
}

fn boxes(shapes: &[DrawnShape]) -> Vec<BoundingBox> {
    let boxes = shapes
        .iter()
        .filter_map(|shape| shape.geometry.bounding_box());
    boxes.collect()
}

fn masks(shapes: &[DrawnShape]) -> Vec<Mask> {
    let masks = shapes.iter().filter_map(|shape| mask_of(&shape.geometry));
    masks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{ClassId, Geometry};

    fn square(size: ImageSize, side: f32) -> Drawing {
        let area = BoundingBox::new(10.0, 10.0, side, side).unwrap();
        Drawing {
            shapes: vec![DrawnShape {
                class: ClassId(0),
                geometry: Geometry::Mask(Mask::of_box(size, &area)),
            }],
            ignored: None,
        }
    }

    #[test]
    fn a_good_proposal_saves_time_and_a_bad_one_costs_none() {
        let size = ImageSize::new(100, 100).unwrap();
        let speed = DrawingSpeed::default();
        let truth = square(size, 50.0);
        let of = |proposed: Option<&Drawing>| {
            speed
                .seconds(Task::SemanticSegmentation, &truth, proposed, size)
                .unwrap()
        };
        let scratch = of(None);
        // An outline of 196 pixels at 100 a minute.
        assert!(
            (scratch - (10.0 + 1.5 + 0.6 * 196.0)).abs() < 1e-9,
            "{scratch}"
        );
        assert!((of(Some(&truth)) - 10.0).abs() < 1e-9);
        // Only the corner lies farther off than an eye tells.
        assert!(of(Some(&square(size, 52.0))) < 14.0);
        assert!(of(Some(&square(size, 80.0))) <= scratch);
    }

    #[test]
    fn boxes_take_what_extreme_clicking_takes() {
        let size = ImageSize::new(100, 100).unwrap();
        let speed = DrawingSpeed::default();
        let area = |x: f32| DrawnShape {
            class: ClassId(0),
            geometry: Geometry::Box(BoundingBox::new(x, 0.0, 20.0, 20.0).unwrap()),
        };
        let drawing = |shapes: Vec<DrawnShape>| Drawing {
            shapes,
            ignored: None,
        };
        let truth = drawing(vec![area(0.0), area(40.0)]);
        let of = |proposed: &Drawing| {
            speed
                .seconds(Task::Detection, &truth, Some(proposed), size)
                .unwrap()
        };
        assert!((of(&Drawing::default()) - 24.8).abs() < 1e-9);
        assert!((of(&drawing(vec![area(0.5)])) - 17.4).abs() < 1e-9);
        assert!((of(&truth) - 10.0).abs() < 1e-9);
    }
}
