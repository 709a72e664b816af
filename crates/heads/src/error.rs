//! Why a head refuses what it is given.

use thiserror::Error;

/// Why fitting or predicting is refused. Each message names the object and the remedy.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum HeadsError {
    /// Two inputs that belong together differ in size.
    #[error(
        "{what}: {found} found where {expected} were expected; pass inputs that belong together"
    )]
    Shape {
        /// The input in question.
        what: &'static str,
        /// Size that the other inputs ask for.
        expected: usize,
        /// Size that was passed.
        found: usize,
    },
    /// A row number beyond the features.
    #[error("row {row} does not exist: the features have {rows} rows; pass rows of this matrix")]
    RowOutOfRange {
        /// The row in question.
        row: u32,
        /// Rows there are.
        rows: usize,
    },
    /// A class beyond the label schema.
    #[error(
        "class number {class} does not exist: the schema has {class_count} classes; check the labels"
    )]
    ClassOutOfRange {
        /// The class in question.
        class: u16,
        /// Classes there are.
        class_count: usize,
    },
    /// Nothing to learn from.
    #[error("there are no {what} to learn from; give at least one")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// An infinite value or one that is not a number.
    #[error(
        "row {row} of the features holds a value that is not a finite number; embed this image again"
    )]
    NotFinite {
        /// The row in question.
        row: usize,
    },
    /// A setting outside its range.
    #[error("the setting {name} is {value}, which is out of range; it must be {range}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A factorisation broke down.
    #[error("the {what} could not be factorised; check the features for extreme values")]
    Factorisation {
        /// The matrix in question.
        what: &'static str,
    },
}
