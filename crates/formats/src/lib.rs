//! Labels in and out, and features as arrays.
//!
//! In: label tables, COCO files, label images, label records with their images, NumPy arrays. Out: rows with problems, drawings, export
//! files, NumPy arrays.
//! Never: project state, networks.
//!
//! ```
//! let table = autolabel_formats::parse_label_table(b"file,label\na.png,normal\n")?;
//! assert_eq!(table.rows[0].label.as_deref(), Some("normal"));
//! # Ok::<(), autolabel_formats::FormatError>(())
//! ```

mod error;

mod label_table;

mod coco_read;
mod label_image;

mod number_array;

mod record;

mod export;

mod class_folders;
mod coco;
mod json_lines;
mod table;

mod folder_names;
mod manifest;

pub use coco_read::{CocoImage, CocoLabels, parse_coco, read_coco};
pub use error::FormatError;
pub use export::{
    ExportFormat, Written, export_certified_to, export_to, write_certified_export, write_export,
};
pub use label_image::{LabelImage, read_label_image};
pub use label_table::{LabelRow, LabelTable, TableProblem, parse_label_table, read_label_table};
pub use manifest::{Manifest, ManifestEntry};
pub use number_array::{FloatWidth, NumberArray, read_number_array, write_number_array};
pub use record::{ExportHeader, LabelRecord, LabelSource};
