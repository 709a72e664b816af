//! A place on an image.

use super::GeometryError;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Object, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// A place on an image, in pixels from the upper-left corner. In JSON `[x, y]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 2]", into = "[f32; 2]")]
pub struct Point {
    /// Pixels to the right.
    pub x: f32,
    /// Pixels down.
    pub y: f32,
}

impl Point {
    /// Largest size of a coordinate, 2²⁴: beyond it, single precision skips pixels. Shapes may reach
    /// outside their image, but not further.
    pub const MOST_COORDINATE: f32 = 16_777_216.0;

    /// `Ok` where both coordinates are numbers within the limit.
    pub(super) fn check(self) -> Result<(), GeometryError> {
        for value in [self.x, self.y] {
            // Also false for what is not a number.
            if !(-Self::MOST_COORDINATE..=Self::MOST_COORDINATE).contains(&value) {
                return Err(GeometryError::Coordinate { value });
            }
        }
        Ok(())
    }
}

impl From<[f32; 2]> for Point {
    fn from([x, y]: [f32; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point> for [f32; 2] {
    fn from(point: Point) -> Self {
        [point.x, point.y]
    }
}

impl PartialSchema for Point {
    fn schema() -> RefOr<Schema> {
        let pair = ArrayBuilder::new()
            .items(Object::with_type(Type::Number))
            .min_items(Some(2))
            .max_items(Some(2));
        pair.description(Some(
            "x and y in pixels from the upper-left corner of the image.",
        ))
        .into()
    }
}

impl ToSchema for Point {}
