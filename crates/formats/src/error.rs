//! Why labels cannot be read or written.

use thiserror::Error;

/// Each message names the object and the remedy.
#[derive(Debug, Error)]
pub enum FormatError {
    /// A file cannot be read.
    #[error("the labels cannot be read: {error}")]
    Read {
        /// What the system said, with the path.
        error: std::io::Error,
    },
    /// A NumPy file cannot be read.
    #[error("the array of features cannot be read; check the path: {error}")]
    ReadArray {
        /// What the system said, with the path.
        error: std::io::Error,
    },
    /// A NumPy file that holds no table of numbers.
    #[error("the array of features cannot be used: {reason}: {}", path.display())]
    Array {
        /// What is wrong and what to do.
        reason: String,
        /// The file.
        path: std::path::PathBuf,
    },
    /// Bytes that are not text.
    #[error("line {line} of the labels is not UTF-8 text; save the table as CSV UTF-8")]
    NotText {
        /// Line, counting from 1.
        line: u64,
    },
    /// The table cannot be understood at all.
    #[error("the table of labels cannot be read: {reason}; save it as CSV with a header")]
    Table {
        /// What the parser said.
        reason: String,
    },
    /// A label image that cannot be used.
    #[error("the label image cannot be used: {reason}: {}", path.display())]
    LabelImage {
        /// What is wrong and what to do.
        reason: String,
        /// The file.
        path: std::path::PathBuf,
    },
    /// A file that is no COCO JSON, or none of the task.
    #[error(
        "the COCO labels cannot be used: {reason}; a COCO file has the lists images, annotations and categories"
    )]
    Coco {
        /// What the parser said.
        reason: String,
    },
    /// The column that everything hangs on is missing.
    #[error(
        "line 1 of the labels names no column 'file' (it reads: {found}); the first line must name the columns, for example file,label,group"
    )]
    NoFileColumn {
        /// Columns there are.
        found: String,
    },
    /// Two columns of one name.
    #[error("in line 1 of the labels the column '{name}' stands twice; rename one of the two")]
    RepeatedColumn {
        /// The name, in lower case.
        name: String,
    },
    /// The place of an export is taken.
    #[error("the export is not written because its place is taken; choose another name or remove it first: {}", path.display())]
    Exists {
        /// The place.
        path: std::path::PathBuf,
    },
    /// Class folders hold one class an image, not findings or shapes.
    #[error(
        "class folders need one class an image, and this project asks for something else; export as CSV, JSON Lines or COCO"
    )]
    FoldersOfFindings,
    /// No room.
    #[error("the disk is full, so the export was not written; free some space and export again")]
    DiskFull,
    /// Writing failed for another reason.
    #[error("the export cannot be written: {error}")]
    Write {
        /// What the system said.
        error: std::io::Error,
    },
    /// An image of the class folders cannot be read.
    #[error(
        "an image cannot be read for the export ({error}); put it back or import again: {file}"
    )]
    Image {
        /// The file below the image folder.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
}

impl FormatError {
    /// The right variant for a failure to write: a full disk is named as such.
    pub(crate) fn write(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            Self::DiskFull
        } else {
            Self::Write { error }
        }
    }
}
