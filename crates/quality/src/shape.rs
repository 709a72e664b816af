//! What measures of detection and segmentation ask of a shape: a box or a mask.

use crate::error::QualityError;
use autolabel_annotation::{BoundingBox, Mask, Point};

/// A set of points of an image with an area.
pub trait Shape {
    /// Area in square pixels.
    fn area(&self) -> f64;

    /// Area shared with another shape of the same image, in square pixels.
    ///
    /// # Errors
    /// Masks of images of different size.
    fn intersection_area(&self, other: &Self) -> Result<f64, QualityError>;

    /// Whether a point lies inside; of a mask, whether the pixel around it belongs to it.
    fn contains(&self, point: Point) -> bool;
}

impl Shape for BoundingBox {
    fn area(&self) -> f64 {
        Self::area(self)
    }

    fn intersection_area(&self, other: &Self) -> Result<f64, QualityError> {
        Ok(Self::intersection_area(self, other))
    }

    fn contains(&self, point: Point) -> bool {
        Self::contains(self, point)
    }
}

impl Shape for Mask {
    fn area(&self) -> f64 {
        f64::from(Self::area(self))
    }

    fn intersection_area(&self, other: &Self) -> Result<f64, QualityError> {
        Ok(f64::from(Self::intersection_area(self, other)?))
    }

    fn contains(&self, point: Point) -> bool {
        // Casts cut off what lies after the point, and what is below 0 is no pixel.
        point.x >= 0.0 && point.y >= 0.0 && Self::contains(self, point.x as u32, point.y as u32)
    }
}

/// Intersection over union of every shape of a list with every shape of another.
#[derive(Debug, Clone, PartialEq)]
pub struct IouMatrix {
    /// Shapes of the first list.
    pub rows: usize,
    /// Shapes of the second list.
    pub columns: usize,
    /// `rows` x `columns`, row by row, each 0 to 1.
    pub values: Vec<f64>,
}

impl IouMatrix {
    /// Intersection over union of one pair.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// One shape of the first list with all of the second.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }
}

/// Intersection over union of every pair of shapes; 0 for a pair that shares nothing, two empty masks
/// included, as in `pycocotools`.
///
/// # Errors
/// Masks of images of different size.
pub fn iou_matrix<S: Shape>(first: &[S], second: &[S]) -> Result<IouMatrix, QualityError> {
    let areas: Vec<f64> = second.iter().map(Shape::area).collect();
    let mut values = Vec::with_capacity(first.len() * second.len());
    for shape in first {
        let area = shape.area();
        for (other, other_area) in second.iter().zip(&areas) {
            let shared = shape.intersection_area(other)?;
            values.push(if shared > 0.0 {
                shared / (area + other_area - shared)
            } else {
                0.0
            });
        }
    }
    Ok(IouMatrix {
        rows: first.len(),
        columns: second.len(),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::ImageSize;

    #[test]
    fn a_mask_contains_the_points_of_its_pixels() {
        let size = ImageSize::new(3, 2).unwrap();
        let mask = Mask::from_bitmap(size, &[0, 1, 0, 0, 0, 0]).unwrap();
        let inside = |x, y| Shape::contains(&mask, Point { x, y });
        assert!(inside(1.0, 0.0) && inside(1.99, 0.99));
        assert!(!inside(2.0, 0.5) && !inside(1.5, 1.0) && !inside(1.5, -0.5));
        assert!(!inside(f32::NAN, 0.5) && !inside(1e9, 0.0));
    }

    #[test]
    fn shapes_without_anything_in_common_have_0() {
        let size = ImageSize::new(3, 2).unwrap();
        let (none, all) = (Mask::empty(size), Mask::full(size));
        let left = Mask::from_bitmap(size, &[1, 0, 0, 1, 0, 0]).unwrap();
        let found = iou_matrix(&[none.clone(), left], &[none, all]).unwrap();
        assert_eq!(found.values, [0.0, 0.0, 0.0, 1.0 / 3.0]);
        assert_eq!((found.at(1, 1), found.row(0)), (1.0 / 3.0, &[0.0, 0.0][..]));
    }
}
