//! One labeled image as every export sees it.

use autolabel_annotation::{ClassId, Drawing, Label, LabelSchema};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Who a label comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelSource {
    /// An expert labeled it.
    Expert,
    /// The program labeled it.
    Auto,
    /// The program labeled it and an auditor confirmed or corrected it.
    Audited,
    /// An expert could not read it; it has no label.
    Unreadable,
    /// Nobody has labeled it; it has no label.
    None,
}

impl LabelSource {
    /// The word in exported files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expert => "expert",
            Self::Auto => "auto",
            Self::Audited => "audited",
            Self::Unreadable => "unreadable",
            Self::None => "none",
        }
    }
}

/// One image with its label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRecord {
    /// Number of the image in the project.
    pub id: u32,
    /// File below the image folder, `/`-separated.
    pub file: String,
    /// Where the image is on disk.
    pub path: PathBuf,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The label, by positions in the schema of [`ExportHeader`].
    pub label: Option<Label>,
    /// What was drawn, where the label is a drawing.
    pub drawing: Option<Drawing>,
    /// Who the label comes from.
    pub source: LabelSource,
    /// Calibrated probability of an automatic label, 0 to 1.
    pub probability: Option<f32>,
    /// Who answered.
    pub reader: Option<String>,
    /// Patient, slide or video.
    pub group: Option<String>,
}

/// What an export says about the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportHeader {
    /// Name of the project.
    pub project: String,
    /// Task and classes.
    pub schema: LabelSchema,
    /// Program and version that wrote it.
    pub program: String,
}

impl LabelRecord {
    /// The probability to four digits, so that single precision does not print noise.
    pub(crate) fn short_probability(&self) -> Option<f64> {
        self.probability.map(|p| (f64::from(p) * 1e4).round() / 1e4)
    }
}

impl ExportHeader {
    /// Names that a record's label has, one where it is a class; `None` where there is no label.
    pub(crate) fn names(&self, record: &LabelRecord) -> Option<Vec<&str>> {
        let named: Vec<ClassId> = match &record.drawing {
            Some(drawing) => drawing.classes(),
            None => record.label?.named().collect(),
        };
        let name_of = |class: ClassId| self.schema.name_of(class);
        Some(named.into_iter().filter_map(name_of).collect())
    }
}
