//! What a label is: identifiers, the label schema with coded terms, and the answers experts give.
//!
//! In: nothing. Out: plain data that every other crate speaks. Never: IO, clocks, randomness.
//!
//! ```
//! use autolabel_annotation::{Answer, ClassId, LabelSchema};
//! let schema = LabelSchema::classification(["normal", "pneumonia"]).unwrap();
//! let answer = Answer::Class { class: schema.class_named("pneumonia").unwrap() };
//! assert_eq!(answer, Answer::Class { class: ClassId(1) });
//! ```

mod answer;
mod grade_color;
mod id;
mod label;
mod schema;

pub use answer::{Answer, LabelOrigin};
pub use grade_color::grade_color;
pub use id::{ClassId, GroupId, ImageId};
pub use label::{FindingSet, Label};
pub use schema::{
    ClassDefinition, CodedTerm, LabelSchema, NO_FINDING, SEPARATOR, SchemaError, Task, names_in,
};
