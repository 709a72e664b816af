//! Drawings as one class a pixel, which is what a network learns from, and back.

use autolabel_annotation::{Drawing, DrawnShape, Geometry, ImageSize, LabelMap};
use autolabel_training::UNLABELED;

use crate::WorkflowError;

/// One number a pixel, row by row: 0 for the background, 1 + the class for what is drawn, [`UNLABELED`]
/// for what is ignored.
pub(crate) fn class_numbers(drawing: &Drawing, size: ImageSize) -> Result<Vec<u8>, WorkflowError> {
    let mut map = LabelMap::filled(size, None);
    for shape in &drawing.shapes {
        map.paint(&shape.geometry.mask(size)?, Some(shape.class))?;
    }
    let mut numbers: Vec<u8> = map
        .to_bitmap()
        .into_iter()
        .map(|value| match value {
            LabelMap::IGNORED => 0,
            class => u8::try_from(class + 1).unwrap_or(UNLABELED),
        })
        .collect();
    if let Some(ignored) = &drawing.ignored {
        for (number, is_ignored) in numbers.iter_mut().zip(ignored.to_bitmap()) {
            if is_ignored > 0 {
                *number = UNLABELED;
            }
        }
    }
    Ok(numbers)
}

/// The semantic drawing of class numbers: one mask a class that occurs.
pub(crate) fn semantic_drawing(numbers: &[u8], size: ImageSize) -> Result<Drawing, WorkflowError> {
    let values: Vec<u16> = numbers
        .iter()
        .map(|number| match number.checked_sub(1) {
            Some(class) => u16::from(class),
            None => LabelMap::IGNORED,
        })
        .collect();
    let masks = LabelMap::from_bitmap(size, &values)?.masks();
    let shapes = masks.into_iter().map(|(class, mask)| DrawnShape {
        class,
        geometry: Geometry::Mask(mask),
    });
    Ok(Drawing {
        shapes: shapes.collect(),
        ignored: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::Mask;

    #[test]
    fn numbers_and_drawings_are_the_same_thing() {
        let size = ImageSize::new(4, 2).unwrap();
        let numbers = [0, 1, 1, 0, 2, 2, 0, 0];
        let mut drawing = semantic_drawing(&numbers, size).unwrap();
        assert_eq!(drawing.shapes.len(), 2);
        assert_eq!(class_numbers(&drawing, size).unwrap(), numbers);
        drawing.ignored = Some(Mask::from_bitmap(size, &[1, 0, 0, 0, 0, 0, 0, 0]).unwrap());
        assert_eq!(class_numbers(&drawing, size).unwrap()[0], UNLABELED);
    }
}
