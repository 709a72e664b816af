//! Shapes on an image: boxes, polygons, masks and label maps.
//!
//! # Pixel space
//!
//! All shapes of one image share these conventions, which are COCO's:
//!
//! - The origin is the upper-left corner of the upper-left pixel; x grows to the right, y downwards,
//!   both in pixels of the stored image. Pixel (column `x`, row `y`) covers `x..x + 1` times
//!   `y..y + 1`, so its centre is at (`x + 0.5`, `y + 0.5`).
//! - Coordinates are continuous, and intervals are half-open: a [`BoundingBox`] holds the points from
//!   its left and upper side up to, and without, its right and lower side.
//! - A pixel belongs to a shape when its centre does. A point is inside a [`Polygon`] when a ray from
//!   it crosses all rings together an odd number of times (even-odd rule), so holes are simply
//!   further rings. A centre exactly on a side belongs to the shape to the right of or below that
//!   side, so that shapes that share a side never share a pixel, and leave none out.
//! - Runs of pixels go down the columns, column after column, as in COCO: position
//!   `x * height + y`. COCO files and `pycocotools` then hold the same numbers as we do, and nothing
//!   is transposed on the way; rows would only suit the screen, which gets a bitmap anyway.

mod error;

mod image_size;
mod point;

mod bounding_box;

mod polygon;

mod mask;

mod mask_bitmap;
mod mask_sets;
mod mask_transforms;
mod rasterize;

mod components;
mod contours;

mod coco_rle;

mod label_map;

pub use bounding_box::BoundingBox;
pub use coco_rle::{CocoCounts, CocoRle};
pub use components::Connectivity;
pub use error::GeometryError;
pub use image_size::ImageSize;
pub use label_map::{ClassRle, LabelMap, LabelMapRle, LabelRun};
pub use mask::{ColumnRun, Mask};
pub use point::Point;
pub use polygon::Polygon;
