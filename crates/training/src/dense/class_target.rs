//! What the network should answer where each pixel has a class.

use autolabel_annotation::{Drawing, ImageSize};
use autolabel_image_io::{Augmentation, augmented_labels};

use crate::TrainingError;
use crate::dense::maps::{DenseTarget, UNLABELED};
use crate::dense::view_space::{OnTop, UNKNOWN, ViewSpace, shape_numbers};

/// The shares of `classes` classes in each cell of a view of an image of `size`: 0 is what no shape
/// covers, class `c` of the label schema is `c + 1`. Later shapes lie on top of earlier ones; what is
/// ignored counts nothing. Beyond the border of the image lies its mirror image, as in
/// [`autolabel_image_io::augmented`].
///
/// # Errors
/// [`TrainingError::Geometry`] for masks of another size, [`TrainingError::View`] for a view that cannot
/// be used, [`TrainingError::Class`] for a class that is not below `classes - 1`.
pub fn class_target(
    drawing: &Drawing,
    size: ImageSize,
    classes: usize,
    view: &Augmentation,
) -> Result<DenseTarget, TrainingError> {
    // Refuses views that cannot be used.
    ViewSpace::new(size, view)?;
    let label_of: Vec<u8> = drawing
        .shapes
        .iter()
        .map(|shape| match u8::try_from(shape.class.index() + 1) {
            Ok(label) if usize::from(label) < classes => Ok(label),
            _ => Err(TrainingError::Class {
                class: shape.class.0,
                count: classes.saturating_sub(1),
            }),
        })
        .collect::<Result<_, _>>()?;
    let labels: Vec<u8> = shape_numbers(drawing, size, OnTop::Later)?
        .into_iter()
        .map(|number| match number {
            0 => 0,
            UNKNOWN => UNLABELED,
            number => label_of[number as usize - 1],
        })
        .collect();
    let (rows, columns) = (size.height() as usize, size.width() as usize);
    let labels = augmented_labels(&labels, rows, columns, view);
    DenseTarget::of_classes(view.height, view.width, classes, &labels)
}

#[cfg(test)]
mod tests {
    use autolabel_annotation::{BoundingBox, ClassId, DrawnShape, Geometry, Mask};

    use super::*;

    #[test]
    fn later_shapes_lie_on_top_and_what_is_ignored_counts_nothing() {
        let size = ImageSize::new(8, 8).unwrap();
        let area = |x: f32, y: f32, width: f32, height: f32| {
            BoundingBox::new(x, y, width, height).unwrap()
        };
        let shape = |class: u16, area: BoundingBox| DrawnShape {
            class: ClassId(class),
            geometry: Geometry::Box(area),
        };
        let drawing = Drawing {
            shapes: vec![
                shape(0, area(0.0, 0.0, 4.0, 8.0)),
                shape(1, area(0.0, 0.0, 2.0, 4.0)),
            ],
            ignored: Some(Mask::of_box(size, &area(4.0, 4.0, 4.0, 2.0))),
        };
        let view = Augmentation::plain((8, 8), 8, 8);
        let target = class_target(&drawing, size, 3, &view).unwrap();
        let half = [0.0, 0.5, 0.5];
        let expected = [half, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
        assert_eq!(target.values, expected.concat());
        assert_eq!(target.weights, [1.0, 1.0, 1.0, 0.5]);
        let refused = class_target(&drawing, size, 2, &view).unwrap_err();
        assert!(matches!(
            refused,
            TrainingError::Class { class: 1, count: 1 }
        ));
    }
}
