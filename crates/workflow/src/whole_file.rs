//! Files that are either whole or not there.

use crate::WorkflowError;
use std::io::Write;
use std::path::Path;

/// Writes a file so that a crash leaves the one before or this one; it is on disk when this returns.
///
/// # Errors
/// A full disk.
pub(crate) fn put_whole(file: &Path, bytes: &[u8]) -> Result<(), WorkflowError> {
    let passing = file.with_extension("part");
    let written = (|| {
        let mut out = fs_err::File::create(&passing)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        fs_err::rename(&passing, file)
    })();
    written.map_err(WorkflowError::Io)
}
