//! What a label is: identifiers, the label schema with coded terms, the answers experts give, and the
//! shapes that they draw on images.
//!
//! In: nothing. Out: plain data that every other crate speaks. Never: IO, clocks, randomness.
//!
//! ```
//! use autolabel_annotation::{Answer, ClassId, LabelSchema};
//! let schema = LabelSchema::classification(["normal", "pneumonia"]).unwrap();
//! let answer = Answer::Class { class: schema.class_named("pneumonia").unwrap() };
//! assert_eq!(answer, Answer::Class { class: ClassId(1) });
//! ```
//!
//! ```
//! use autolabel_annotation::{ImageSize, Mask, Point, Polygon};
//! let corners = [[1.0, 1.0], [5.0, 1.0], [1.0, 5.0]].map(Point::from).to_vec();
//! let mask = Polygon::new(corners, Vec::new())?.rasterize(ImageSize::new(8, 8)?);
//! assert_eq!(mask.area(), 6);
//! let rest = mask.complement();
//! assert_eq!(rest.union(&mask)?.area(), 64);
//! # Ok::<(), autolabel_annotation::GeometryError>(())
//! ```

mod answer;
mod drawing;
mod grade_color;
mod id;
mod label;
mod schema;
mod slice;

// What is drawn on an image.
mod geometry;

pub use answer::{Answer, LabelOrigin};
pub use drawing::{Drawing, DrawingError, DrawingId, DrawnShape, Geometry};
pub use geometry::{
    BoundingBox, ClassRle, CocoCounts, CocoRle, ColumnRun, Connectivity, GeometryError, ImageSize,
    LabelMap, LabelMapRle, LabelRun, Mask, Point, Polygon,
};
pub use grade_color::grade_color;
pub use id::{ClassId, GroupId, ImageId};
pub use label::{FindingSet, Label};
pub use schema::{
    ClassDefinition, CodedTerm, ImageTask, LabelSchema, NO_FINDING, SEPARATOR, SchemaError, Task,
    names_in,
};
pub use slice::Slice;
