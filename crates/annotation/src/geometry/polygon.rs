//! Polygons with holes.

use super::{BoundingBox, GeometryError, Point};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A polygon: an outer ring and holes, each a list of corners whose last is joined to the first. What
/// is inside follows from all rings together by the even-odd rule, so the direction of a ring says
/// nothing. Corners may lie outside the image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "UncheckedPolygon")]
pub struct Polygon {
    outer: Vec<Point>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holes: Vec<Vec<Point>>,
}

/// What JSON says before it is checked.
#[derive(Deserialize)]
struct UncheckedPolygon {
    outer: Vec<Point>,
    #[serde(default)]
    holes: Vec<Vec<Point>>,
}

impl TryFrom<UncheckedPolygon> for Polygon {
    type Error = GeometryError;

    fn try_from(raw: UncheckedPolygon) -> Result<Self, GeometryError> {
        Self::new(raw.outer, raw.holes)
    }
}

impl Polygon {
    /// Most corners of all rings together; the outline of a mask that a person corrected has
    /// thousands.
    pub const MOST_CORNERS: usize = 1 << 20;

    /// A polygon with these rings.
    ///
    /// # Errors
    /// A ring of fewer than 3 corners, more than [`Self::MOST_CORNERS`] in all, or a coordinate that
    /// is not a number or further away than [`Point::MOST_COORDINATE`].
    pub fn new(outer: Vec<Point>, holes: Vec<Vec<Point>>) -> Result<Self, GeometryError> {
        let found = Self { outer, holes };
        let count = found.rings().map(<[Point]>::len).sum();
        if count > Self::MOST_CORNERS {
            return Err(GeometryError::TooManyCorners { count });
        }
        for ring in found.rings() {
            if ring.len() < 3 {
                return Err(GeometryError::TooFewCorners { count: ring.len() });
            }
            ring.iter().try_for_each(|point| point.check())?;
        }
        Ok(found)
    }

    /// The outer ring.
    #[must_use]
    pub fn outer(&self) -> &[Point] {
        &self.outer
    }

    /// The holes.
    #[must_use]
    pub fn holes(&self) -> &[Vec<Point>] {
        &self.holes
    }

    /// The outer ring, then the holes.
    pub fn rings(&self) -> impl Iterator<Item = &[Point]> {
        std::iter::once(self.outer.as_slice()).chain(self.holes.iter().map(Vec::as_slice))
    }

    /// Area in square pixels of the outer ring less that of the holes (shoelace formula); right for
    /// rings that do not cross themselves or each other. [`Self::rasterize`] counts pixels instead.
    #[must_use]
    pub fn area(&self) -> f64 {
        let holes: f64 = self.holes.iter().map(|ring| signed_area(ring).abs()).sum();
        signed_area(&self.outer).abs() - holes
    }

    /// The smallest box around the outer ring; `None` where the ring is a line.
    #[must_use]
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let limits = |of: fn(&Point) -> f32| {
            let values = self.outer.iter().map(of);
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let ((left, right), (top, bottom)) = (limits(|point| point.x), limits(|point| point.y));
        BoundingBox::new(left, top, right - left, bottom - top).ok()
    }
}

/// Area of a ring by the shoelace formula; positive where it runs clockwise on the screen.
pub(super) fn signed_area(ring: &[Point]) -> f64 {
    let Some(origin) = ring.first() else {
        return 0.0;
    };
    // Seen from a corner, so that a small ring far out keeps its digits.
    let from_origin = |point: &Point| {
        let of = |value: f32, zero: f32| f64::from(value) - f64::from(zero);
        (of(point.x, origin.x), of(point.y, origin.y))
    };
    let pairs = ring.windows(2).map(|pair| {
        let ((x, y), (next_x, next_y)) = (from_origin(&pair[0]), from_origin(&pair[1]));
        x * next_y - next_x * y
    });
    // The side back to the first corner, the origin, adds nothing.
    pairs.sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(corners: &[[f32; 2]]) -> Vec<Point> {
        corners.iter().copied().map(Point::from).collect()
    }

    #[test]
    fn area_leaves_holes_out() {
        let outer = ring(&[[1.0, 1.0], [5.0, 1.0], [5.0, 4.0], [1.0, 4.0]]);
        let mut hole = ring(&[[2.0, 2.0], [3.0, 2.0], [3.0, 3.0]]);
        let with = |hole: Vec<Point>| Polygon::new(outer.clone(), vec![hole]).unwrap();
        assert_eq!(with(hole.clone()).area(), 11.5);
        hole.reverse();
        assert_eq!(with(hole).area(), 11.5);
        let around = Polygon::new(outer, Vec::new()).unwrap().bounding_box();
        assert_eq!(around, BoundingBox::new(1.0, 1.0, 4.0, 3.0).ok());
    }

    #[test]
    fn refuses_what_is_no_polygon() {
        let read = |json: &str| serde_json::from_str::<Polygon>(json);
        let fine = r#"{"outer":[[0.0,0.0],[4.0,0.5],[0.0,4.0]]}"#;
        assert_eq!(serde_json::to_string(&read(fine).unwrap()).unwrap(), fine);
        let line = read(r#"{"outer":[[0,0],[4,0]]}"#).unwrap_err();
        assert!(line.to_string().contains("2 corners"), "{line}");
        assert!(read(r#"{"outer":[[0,0],[4,0],[1,1]],"holes":[[]]}"#).is_err());
        assert!(read(r#"{"outer":[[0,0],[1e30,0],[1,1]]}"#).is_err());
        assert!(read(r#"{"outer":[[0,0],[4,0,1],[1,1]]}"#).is_err());
        let long = vec![Point { x: 1.0, y: 1.0 }; Polygon::MOST_CORNERS];
        assert!(Polygon::new(long.clone(), Vec::new()).is_ok());
        assert!(Polygon::new(long, vec![ring(&[[0.0, 0.0]; 3])]).is_err());
    }
}
