//! Everything that can go wrong between a folder and a picture, each with what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::format::ImageFormat;

/// Why a folder, a file or an image was refused: one sentence that says what is wrong and what to
/// do. The sentences about a file do not repeat its name, which may carry the name of a patient.
#[derive(Debug, Error)]
pub enum ImageIoError {
    /// The folder of images is missing or unreadable.
    #[error(
        "the folder of images cannot be read ({source}); check that it exists and that this user \
         may read it: {}", path.display()
    )]
    FolderNotReadable {
        /// What the operating system said.
        source: io::Error,
        /// The folder as it was given.
        path: PathBuf,
    },
    /// A file was given where a folder is needed.
    #[error("a folder of images is needed, not a single file; name the folder that holds it: {}", path.display())]
    NotAFolder {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file went away between the scan and the reading.
    #[error("the file is no longer there; put it back or import the folder again")]
    FileMissing,
    /// The operating system refuses to open the file.
    #[error("this user may not read the file; give read permission and import again")]
    PermissionDenied,
    /// Any other failure of the file system.
    #[error(
        "the file cannot be read ({source}); check the disk or the network drive and import again"
    )]
    FileNotReadable {
        /// What the operating system said.
        source: io::Error,
    },
    /// A pipe, a socket or a device.
    #[error("this is not a regular file; replace it by a copy of the image")]
    NotARegularFile,
    /// Zero bytes.
    #[error("the file is empty (0 bytes); copy it again from its source")]
    EmptyFile,
    /// More bytes than the limit.
    #[error(
        "the file has {} MB, more than the {} MB that are read at most; make it smaller or leave it out",
        bytes / 1_000_000, max_bytes / 1_000_000
    )]
    FileTooLarge {
        /// Size of the file in bytes.
        bytes: u64,
        /// The limit in bytes.
        max_bytes: u64,
    },
    /// The content is none of the formats that are read.
    #[error("the content is {found}, not a PNG, JPEG or TIFF image; export it to one of these")]
    UnknownFormat {
        /// What the content looks like, with its article.
        found: &'static str,
    },
    /// The header claims more pixels than the limit.
    #[error(
        "the {format} header announces {width} × {height} pixels, more than the {} million that are \
         read at most; cut or scale the image, or leave it out", max_pixels / 1_000_000
    )]
    TooManyPixels {
        /// Format of the file.
        format: ImageFormat,
        /// Announced columns.
        width: u32,
        /// Announced rows.
        height: u32,
        /// The limit in pixels.
        max_pixels: u64,
    },
    /// The data end too early.
    #[error("the {format} file ends before the image does; copy it again from its source")]
    Truncated {
        /// Format of the file.
        format: ImageFormat,
    },
    /// The data contradict the format.
    #[error("the {format} file is damaged ({detail}); copy it again from its source")]
    Damaged {
        /// Format of the file.
        format: ImageFormat,
        /// What the decoder said.
        detail: String,
    },
    /// A valid file of a kind that is not read.
    #[error("the {format} file holds {found}; save it as {remedy}")]
    Unsupported {
        /// Format of the file.
        format: ImageFormat,
        /// What is not read.
        found: String,
        /// What to save it as.
        remedy: &'static str,
    },
    /// The decoder itself broke down.
    #[error(
        "the {format} decoder failed on this file; save the image anew with another program and report the file"
    )]
    DecoderFailed {
        /// Format of the file.
        format: ImageFormat,
    },
    /// The samples do not fill the stated size.
    #[error(
        "a plane of {width} × {height} pixels and {channels} channels cannot have {found} samples; \
         give width × height × channels samples, with 1 or 3 channels"
    )]
    WrongSampleCount {
        /// Columns in pixels.
        width: u32,
        /// Rows in pixels.
        height: u32,
        /// Stated number of channels.
        channels: u8,
        /// Number of samples given.
        found: usize,
    },
    /// Bytes that are not a plane as this crate writes it.
    #[error("these bytes are not a plane ({detail}); fetch the plane again")]
    WrongPlaneBytes {
        /// What does not fit.
        detail: &'static str,
    },
    /// The JPEG encoder refused the picture.
    #[error("the preview cannot be encoded ({detail}); choose a side of 1 to 65535 pixels")]
    PreviewFailed {
        /// What the encoder said.
        detail: String,
    },
}
