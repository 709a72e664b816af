//! Axis-parallel boxes.

use super::{GeometryError, ImageSize, Point};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An axis-parallel box in continuous pixel coordinates, as COCO's `[x, y, width, height]`: it holds
/// the points with `x <= px < x + width` and `y <= py < y + height`. It may reach outside its image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "UncheckedBox")]
pub struct BoundingBox {
    /// Left side.
    pub x: f32,
    /// Upper side.
    pub y: f32,
    /// Width, greater than 0.
    pub width: f32,
    /// Height, greater than 0.
    pub height: f32,
}

/// What JSON says before it is checked.
#[derive(Deserialize)]
struct UncheckedBox {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl TryFrom<UncheckedBox> for BoundingBox {
    type Error = GeometryError;

    fn try_from(raw: UncheckedBox) -> Result<Self, GeometryError> {
        Self::new(raw.x, raw.y, raw.width, raw.height)
    }
}

impl BoundingBox {
    /// A box that keeps the promises of the fields.
    ///
    /// # Errors
    /// See [`Self::validate`].
    pub fn new(x: f32, y: f32, width: f32, height: f32) -> Result<Self, GeometryError> {
        let found = Self {
            x,
            y,
            width,
            height,
        };
        found.validate()?;
        Ok(found)
    }

    /// Checks the promises of the fields.
    ///
    /// # Errors
    /// A coordinate that is not a number or further away than [`Point::MOST_COORDINATE`], or a side
    /// that is not greater than 0.
    pub fn validate(&self) -> Result<(), GeometryError> {
        let sides = Point {
            x: self.width,
            y: self.height,
        };
        self.origin().check()?;
        sides.check()?;
        if self.width > 0.0 && self.height > 0.0 {
            Ok(())
        } else {
            Err(GeometryError::EmptyBox {
                width: self.width,
                height: self.height,
            })
        }
    }

    fn origin(&self) -> Point {
        Point {
            x: self.x,
            y: self.y,
        }
    }

    /// Right side, in double precision so that a width is never lost to a large `x`.
    #[must_use]
    pub fn right(&self) -> f64 {
        f64::from(self.x) + f64::from(self.width)
    }

    /// Lower side.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        f64::from(self.y) + f64::from(self.height)
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        f64::from(self.width) * f64::from(self.height)
    }

    /// Whether the point lies inside.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        let (x, y) = (f64::from(point.x), f64::from(point.y));
        (f64::from(self.x)..self.right()).contains(&x)
            && (f64::from(self.y)..self.bottom()).contains(&y)
    }

    /// What of the box lies on the image; `None` where nothing does.
    #[must_use]
    pub fn clipped(&self, size: ImageSize) -> Option<Self> {
        self.within(
            [0.0, 0.0],
            [f64::from(size.width()), f64::from(size.height())],
        )
    }

    /// What both boxes hold; `None` where they share no inside.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        self.within(
            [f64::from(other.x), f64::from(other.y)],
            [other.right(), other.bottom()],
        )
    }

    /// The part right of and below `from`, left of and above `to`.
    fn within(&self, from: [f64; 2], to: [f64; 2]) -> Option<Self> {
        let (left, top) = (
            f64::from(self.x).max(from[0]),
            f64::from(self.y).max(from[1]),
        );
        let (right, bottom) = (self.right().min(to[0]), self.bottom().min(to[1]));
        let [x, y, width, height] =
            [left, top, right - left, bottom - top].map(|value| value as f32);
        Self::new(x, y, width, height).ok()
    }

    /// Area that both boxes share, in square pixels.
    #[must_use]
    pub fn intersection_area(&self, other: &Self) -> f64 {
        let width = self.right().min(other.right()) - f64::from(self.x.max(other.x));
        let height = self.bottom().min(other.bottom()) - f64::from(self.y.max(other.y));
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0 to 1.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let shared = self.intersection_area(other);
        shared / (self.area() + other.area() - shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxed(x: f32, y: f32, width: f32, height: f32) -> BoundingBox {
        BoundingBox::new(x, y, width, height).unwrap()
    }

    #[test]
    fn sides_are_half_open() {
        let found = boxed(1.0, 2.0, 3.0, 4.0);
        assert!(found.contains(Point { x: 1.0, y: 2.0 }));
        assert!(!found.contains(Point { x: 4.0, y: 3.0 }));
        assert!(!found.contains(Point { x: 2.0, y: 6.0 }));
        let beside = boxed(4.0, 2.0, 3.0, 4.0);
        assert_eq!(found.intersection(&beside), None);
        assert_eq!(found.iou(&beside), 0.0);
    }

    #[test]
    fn clips_to_the_image() {
        let size = ImageSize::new(10, 5).unwrap();
        let inside = boxed(-2.0, 1.0, 20.0, 10.0).clipped(size);
        assert_eq!(inside, Some(boxed(0.0, 1.0, 10.0, 4.0)));
        assert_eq!(boxed(-9.0, 0.0, 9.0, 5.0).clipped(size), None);
    }

    #[test]
    fn refuses_what_is_no_box() {
        let json = r#"{"x":1,"y":2,"width":0,"height":4}"#;
        let refused = serde_json::from_str::<BoundingBox>(json).unwrap_err();
        assert!(refused.to_string().contains("0 x 4 pixels has no inside"));
        assert!(BoundingBox::new(f32::NAN, 0.0, 1.0, 1.0).is_err());
        assert!(BoundingBox::new(0.0, 0.0, f32::INFINITY, 1.0).is_err());
        assert!(BoundingBox::new(0.0, 3e7, 1.0, 1.0).is_err());
        let found = boxed(0.1, 2.0, 3.5, 4.0);
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(json, r#"{"x":0.1,"y":2.0,"width":3.5,"height":4.0}"#);
        assert_eq!(serde_json::from_str::<BoundingBox>(&json).unwrap(), found);
    }

    fn any_box() -> impl Strategy<Value = BoundingBox> {
        // Eighths of a pixel, so that areas are exact.
        let sides = (-80i32..80, -80i32..80, 1i32..80, 1i32..80);
        sides.prop_map(|(x, y, width, height)| {
            let [x, y, width, height] = [x, y, width, height].map(|value| value as f32 / 8.0);
            boxed(x, y, width, height)
        })
    }

    proptest! {
        #[test]
        fn iou_is_what_the_intersection_says(first in any_box(), second in any_box()) {
            let shared = first.intersection(&second).map_or(0.0, |inside| inside.area());
            prop_assert_eq!(shared, first.intersection_area(&second));
            let iou = first.iou(&second);
            prop_assert_eq!(iou, second.iou(&first));
            prop_assert_eq!(iou, shared / (first.area() + second.area() - shared));
            prop_assert_eq!(first.iou(&first), 1.0);
            prop_assert_eq!(iou == 1.0, first == second);
        }
    }
}
