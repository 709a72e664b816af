//! A file on disk → its bytes → a plane, within limits.
//!
//! `std::fs`, not `fs_err`: the latter puts the path, hence maybe a patient's name, into the error.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::decode::decode;
use crate::{ImageIoError, Plane};

/// How much one file may ask of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Largest number of pixels (columns times rows), checked on the header before any memory is
    /// taken for them.
    pub max_pixels: u64,
    /// Largest file in bytes, checked before it is read.
    pub max_bytes: u64,
}

impl Default for ReadLimits {
    /// 400 million pixels and 2 GB.
    fn default() -> ReadLimits {
        ReadLimits {
            max_pixels: 400_000_000,
            max_bytes: 2_000_000_000,
        }
    }
}

/// Reads and decodes one file.
pub fn read_plane(path: &Path, limits: &ReadLimits) -> Result<Plane, ImageIoError> {
    decode(&read_file(path, limits)?, limits)
}

/// The bytes of one regular, non-empty file no larger than `limits.max_bytes`.
pub fn read_file(path: &Path, limits: &ReadLimits) -> Result<Vec<u8>, ImageIoError> {
    // Asked before opening, because opening a pipe would wait for its writer.
    let metadata = fs::metadata(path).map_err(file_error)?;
    if !metadata.is_file() {
        return Err(ImageIoError::NotARegularFile);
    }
    check_size(metadata.len(), limits)?;
    let file = fs::File::open(path).map_err(file_error)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The file may grow while it is read: one byte over the limit is enough to refuse it.
    file.take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(file_error)?;
    check_size(bytes.len() as u64, limits)?;
    Ok(bytes)
}

fn check_size(bytes: u64, limits: &ReadLimits) -> Result<(), ImageIoError> {
    if bytes == 0 {
        return Err(ImageIoError::EmptyFile);
    }
    if bytes > limits.max_bytes {
        return Err(ImageIoError::FileTooLarge {
            bytes,
            max_bytes: limits.max_bytes,
        });
    }
    Ok(())
}

pub(crate) fn file_error(error: std::io::Error) -> ImageIoError {
    match error.kind() {
        ErrorKind::NotFound => ImageIoError::FileMissing,
        ErrorKind::PermissionDenied => ImageIoError::PermissionDenied,
        _ => ImageIoError::FileNotReadable { source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        read_file(path, &ReadLimits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn each_refusal_is_a_sentence_without_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("jane-doe.png");
        fs_err::write(&empty, b"").unwrap();
        assert_eq!(
            refusal(&empty),
            "the file is empty (0 bytes); copy it again from its source"
        );
        assert!(
            refusal(&folder.path().join("gone.png")).starts_with("the file is no longer there")
        );
        assert!(refusal(folder.path()).starts_with("this is not a regular file"));
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.png");
        fs_err::write(&path, vec![1; 1001]).unwrap();
        let limits = ReadLimits {
            max_bytes: 1000,
            ..ReadLimits::default()
        };
        assert!(matches!(
            read_file(&path, &limits),
            Err(ImageIoError::FileTooLarge { bytes: 1001, .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn operating_system_errors_lose_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jane-doe");
        fs_err::write(&path, b"x").unwrap();
        let sentence = refusal(&path.join("below-a-file.png"));
        assert!(!sentence.contains("jane-doe"), "{sentence}");
        assert!(sentence.contains("Not a directory"), "{sentence}");
    }
}
