//! What can go wrong when phantoms are written to a disk.

use thiserror::Error;

/// Why a folder of phantoms was not written.
#[derive(Debug, Error)]
pub enum PhantomError {
    /// The file system refused.
    #[error(
        "the phantoms cannot be written; choose a folder that can be written, with 50 MB free: {0}"
    )]
    Folder(#[from] std::io::Error),
    /// The encoder refused.
    #[error("a phantom cannot be encoded as PNG; report this with the seed: {0}")]
    Encoding(#[from] image::ImageError),
}
