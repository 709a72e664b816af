//! How well two drawings of one image fit each other.

use std::collections::BTreeSet;

use autolabel_annotation::{BoundingBox, ClassId, Drawing, Geometry, Mask, Task};
use autolabel_quality::{IouMatrix, instance_disagreement, iou_matrix, mask_overlap, match_by_iou};

use crate::WorkflowError;

/// How well two drawings of one image fit each other, 0 to 1, as a person would say of both.
///
/// - Semantic maps: the mean Dice over the classes that either has (Dice 1945).
/// - Boxes and instances: the mean IoU of shapes and their partners of the same class, where a shape
///   without a partner counts as 0 ([`instance_disagreement`], per class, each class by its shapes).
///
/// 1 where neither has a shape. A pixel that `truth` ignores counts nowhere.
///
/// # Errors
/// Drawings of images of different size.
pub fn fit_of(task: Task, truth: &Drawing, proposed: &Drawing) -> Result<f64, WorkflowError> {
    match task {
        Task::Detection | Task::InstanceSegmentation => instance_fit(truth, proposed),
        _ => fit(truth, proposed),
    }
}

/// The fit from which a proposal is taken to need no edit, where nobody says otherwise: Dice 0.85 of masks,
/// mean IoU 0.7 of boxes and instances.
#[must_use]
pub fn usual_least_fit(task: Task) -> f64 {
    match task {
        Task::SemanticSegmentation => 0.85,
        _ => 0.7,
    }
}

/// [`fit_of`] for semantic maps.
pub(crate) fn fit(truth: &Drawing, proposed: &Drawing) -> Result<f64, WorkflowError> {
    let classes = both_classes(truth, proposed);
    let mut sum = 0.0;
    for class in &classes {
        let of = |drawing: &Drawing| {
            let mut shapes = drawing.shapes.iter().filter(|shape| shape.class == *class);
            mask_of(&shapes.next()?.geometry)
        };
        let mut found = of(proposed);
        if let (Some(mask), Some(ignored)) = (&found, &truth.ignored) {
            found = Some(mask.difference(ignored)?);
        }
        if let (Some(first), Some(second)) = (of(truth), found) {
            sum += mask_overlap(&first, &second)?.dice();
        }
    }
    Ok(if classes.is_empty() {
        1.0
    } else {
        sum / classes.len() as f64
    })
}

/// For each shape of a drawing the IoU with its partner of the same class in another drawing of the image, 0
/// where it has none.
pub(crate) fn partner_ious(drawing: &Drawing, other: &Drawing) -> Result<Vec<f64>, WorkflowError> {
    let mut found = vec![0.0; drawing.shapes.len()];
    for class in drawing.classes() {
        let places: Vec<usize> = (0..drawing.shapes.len())
            .filter(|place| drawing.shapes[*place].class == class)
            .collect();
        let ious = class_ious(drawing, other, class)?;
        for (row, partner) in match_by_iou(&ious).into_iter().enumerate() {
            if let Some(column) = partner {
                found[places[row]] = ious.at(row, column);
            }
        }
    }
    Ok(found)
}

/// IoU of every shape of a class in one drawing with every one in another.
fn class_ious(
    first: &Drawing,
    second: &Drawing,
    class: ClassId,
) -> Result<IouMatrix, WorkflowError> {
    let of = |drawing: &Drawing| -> Vec<Geometry> {
        let shapes = drawing.shapes.iter().filter(|shape| shape.class == class);
        shapes.map(|shape| shape.geometry.clone()).collect()
    };
    let (first, second) = (of(first), of(second));
    Ok(match (boxes(&first), boxes(&second)) {
        (Some(first), Some(second)) => iou_matrix(&first, &second)?,
        _ => iou_matrix(&masks(&first), &masks(&second))?,
    })
}

fn instance_fit(truth: &Drawing, proposed: &Drawing) -> Result<f64, WorkflowError> {
    let (mut sum, mut count) = (0.0, 0);
    for class in both_classes(truth, proposed) {
        let ious = class_ious(truth, proposed, class)?;
        let shapes = ious.rows.max(ious.columns);
        sum += (1.0 - instance_disagreement(&ious)) * shapes as f64;
        count += shapes;
    }
    Ok(if count == 0 { 1.0 } else { sum / count as f64 })
}

/// The classes that either drawing has, rising.
fn both_classes(first: &Drawing, second: &Drawing) -> BTreeSet<ClassId> {
    first
        .classes()
        .into_iter()
        .chain(second.classes())
        .collect()
}

fn boxes(shapes: &[Geometry]) -> Option<Vec<BoundingBox>> {
    shapes
        .iter()
        .map(|shape| match shape {
            Geometry::Box(area) => Some(*area),
            _ => None,
        })
        .collect()
}

fn masks(shapes: &[Geometry]) -> Vec<Mask> {
    shapes.iter().filter_map(mask_of).collect()
}

/// The mask of a shape that is one.
pub(crate) fn mask_of(geometry: &Geometry) -> Option<Mask> {
    match geometry {
        Geometry::Mask(mask) => Some(mask.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{DrawnShape, ImageSize};

    fn drawing(shapes: Vec<(u16, Geometry)>) -> Drawing {
        let shapes = shapes.into_iter().map(|(class, geometry)| DrawnShape {
            class: ClassId(class),
            geometry,
        });
        Drawing {
            shapes: shapes.collect(),
            ignored: None,
        }
    }

    fn mask(samples: &[u8]) -> Geometry {
        Geometry::Mask(Mask::from_bitmap(ImageSize::new(4, 1).unwrap(), samples).unwrap())
    }

    #[test]
    fn maps_fit_by_the_mean_dice_of_their_classes() {
        let truth = drawing(vec![(0, mask(&[1, 1, 0, 0])), (1, mask(&[0, 0, 1, 0]))]);
        let half = drawing(vec![(0, mask(&[1, 1, 0, 0]))]);
        let task = Task::SemanticSegmentation;
        assert!((fit_of(task, &truth, &truth).unwrap() - 1.0).abs() < 1e-12);
        assert!((fit_of(task, &truth, &half).unwrap() - 0.5).abs() < 1e-12);
        let nothing = Drawing::default();
        assert!((fit_of(task, &nothing, &nothing).unwrap() - 1.0).abs() < 1e-12);
        assert!(fit_of(task, &nothing, &half).unwrap().abs() < 1e-12);
    }

    #[test]
    fn ignored_pixels_count_nowhere() {
        let mut truth = drawing(vec![(0, mask(&[1, 1, 0, 0]))]);
        let more = drawing(vec![(0, mask(&[1, 1, 1, 1]))]);
        let before = fit(&truth, &more).unwrap();
        let size = ImageSize::new(4, 1).unwrap();
        truth.ignored = Some(Mask::from_bitmap(size, &[0, 0, 1, 1]).unwrap());
        assert!(before < 0.7);
        assert!((fit(&truth, &more).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_missed_and_a_false_box_count_as_nothing() {
        let area = |x: f32| Geometry::Box(BoundingBox::new(x, 0.0, 10.0, 10.0).unwrap());
        let truth = drawing(vec![(0, area(0.0)), (0, area(50.0))]);
        let found = drawing(vec![(0, area(0.0))]);
        let other_class = drawing(vec![(1, area(0.0)), (0, area(50.0))]);
        let task = Task::Detection;
        assert!((fit_of(task, &truth, &found).unwrap() - 0.5).abs() < 1e-12);
        // Two boxes of class 0, one found; one of class 1 that is not there.
        assert!((fit_of(task, &truth, &other_class).unwrap() - 1.0 / 3.0).abs() < 1e-12);
    }
}
