//! Why the loop cannot go on, each in one sentence with the remedy.

use autolabel_annotation::{DrawingError, GeometryError, SchemaError};
use autolabel_formats::FormatError;
use autolabel_heads::HeadsError;
use autolabel_image_io::ImageIoError;
use autolabel_models::ModelError;
use autolabel_quality::QualityError;
use autolabel_selection::SelectionError;
use autolabel_store::StoreError;
use autolabel_training::TrainingError;
use std::path::PathBuf;
use thiserror::Error;

/// Why the loop cannot go on.
#[derive(Debug, Error)]
pub enum WorkflowError {
    /// A simulation needs known labels.
    #[error(
        "no labeled image was found; put the images into one folder a class, or give a CSV with the columns file and label: {}", folder.display()
    )]
    NoLabeledImages {
        /// The folder of the data set.
        folder: PathBuf,
    },
    /// The folder of images is not there.
    #[error("there is no such folder of images; check the path: {}", folder.display())]
    NoImageFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A setting outside its range.
    #[error("{name} cannot be used: {problem}")]
    Setting {
        /// What the setting is about.
        name: &'static str,
        /// What is wrong with the value.
        problem: String,
    },
    /// Something that was asked for does not exist.
    #[error("there is no {what} number {number}; reload the list")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// Its number.
        number: u64,
    },
    /// The project is not in a state in which this can be done.
    #[error("{reason}")]
    Conflict {
        /// One sentence: why not, and what to do first.
        reason: String,
    },
    /// The work was given up because the program is ending.
    #[error("the program is ending; start it again and repeat this step")]
    Ending,
    /// A background job broke down.
    #[error("a background job failed unexpectedly; try again, and report this if it stays")]
    JobBroke,
    /// A file of the program's own could not be used.
    #[error("a file could not be used: {0}")]
    Io(std::io::Error),
    /// Data of the program's own could not be read or written.
    #[error("stored data could not be understood: {0}")]
    Json(serde_json::Error),
    /// The label schema is refused.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A drawing.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    /// A shape, or the size of an image for shapes.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// The project folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An image or the folder of images.
    #[error(transparent)]
    ImageIo(#[from] ImageIoError),
    /// The network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The training of the network.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The classifier.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// The choice of images.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// Audit, measures and certificate.
    #[error(transparent)]
    Quality(#[from] QualityError),
    /// Labels in and out.
    #[error(transparent)]
    Formats(#[from] FormatError),
}

/// What kind of failure it is, for exit codes and HTTP statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// What was asked for does not exist.
    NotFound,
    /// The project is not in a state in which this can be done.
    Conflict,
    /// The values are not acceptable.
    Unacceptable,
    /// The project was opened for reading only.
    ReadOnly,
    /// The disk has no room left.
    DiskFull,
    /// Anything else.
    Internal,
}

impl WorkflowError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::NotFound { .. } | Self::NoImageFolder { .. } => FailureKind::NotFound,
            Self::Conflict { .. } => FailureKind::Conflict,
            Self::NoLabeledImages { .. }
            | Self::Setting { .. }
            | Self::Schema(_)
            | Self::Drawing(_)
            | Self::Geometry(_)
            | Self::Selection(_)
            | Self::Formats(_) => FailureKind::Unacceptable,
            Self::Store(error) => store_kind(error),
            Self::ImageIo(ImageIoError::FileMissing) => FailureKind::NotFound,
            Self::Ending
            | Self::JobBroke
            | Self::Io(_)
            | Self::Json(_)
            | Self::ImageIo(_)
            | Self::Model(_)
            | Self::Training(_)
            | Self::Heads(_)
            | Self::Quality(_) => FailureKind::Internal,
        }
    }
}

fn store_kind(error: &StoreError) -> FailureKind {
    match error {
        StoreError::ReadOnly => FailureKind::ReadOnly,
        StoreError::DiskFull { .. } => FailureKind::DiskFull,
        StoreError::UnknownImage { .. } | StoreError::NoProject { .. } => FailureKind::NotFound,
        StoreError::KeyReused | StoreError::CannotUndo { .. } | StoreError::Locked { .. } => {
            FailureKind::Conflict
        }
        _ => FailureKind::Internal,
    }
}

/// A state in which something cannot be done.
pub(crate) fn conflict(reason: impl Into<String>) -> WorkflowError {
    WorkflowError::Conflict {
        reason: reason.into(),
    }
}
