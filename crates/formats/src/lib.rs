//! Labels in and out.
//!
//! In: label tables, and label records with their images. Out: rows with problems, and export files.
//! Never: project state, networks.
//!
//! ```
//! let table = autolabel_formats::parse_label_table(b"file,label\na.png,normal\n")?;
//! assert_eq!(table.rows[0].label.as_deref(), Some("normal"));
//! # Ok::<(), autolabel_formats::FormatError>(())
//! ```

mod error;

mod label_table;

mod record;

mod export;

mod class_folders;
mod coco;
mod json_lines;
mod table;

mod folder_names;
mod manifest;

pub use error::FormatError;
pub use export::{
    ExportFormat, Written, export_certified_to, export_to, write_certified_export, write_export,
};
pub use label_table::{LabelRow, LabelTable, TableProblem, parse_label_table, read_label_table};
pub use manifest::{Manifest, ManifestEntry};
pub use record::{ExportHeader, LabelRecord, LabelSource};
