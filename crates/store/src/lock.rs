//! One writer at a time: an exclusive lock on the file `lock`, which says who holds it.
//!
//! The operating system drops the lock with the process, however it ends, so a crash leaves
//! nothing to clean up.

use crate::error::file_error;
use crate::{ProjectFolder, StoreError};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};

/// Who writes to a project, as the lock file says it.
#[derive(Serialize, Deserialize)]
struct LockHolder {
    pid: u32,
    /// Empty where it does not serve.
    address: String,
}

/// The held lock; dropped = released.
#[derive(Debug)]
pub(crate) struct WriterLock {
    file: File,
}

/// Takes the writer's lock, or says who has it.
pub(crate) fn take(folder: &ProjectFolder, address: &str) -> Result<WriterLock, StoreError> {
    let path = folder.lock();
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|e| file_error(&path, e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(locked(folder, &mut file)),
        Err(TryLockError::Error(error)) => return Err(file_error(&path, error)),
    }
    let mut lock = WriterLock { file };
    announce(folder, &mut lock, address)?;
    Ok(lock)
}

/// Writes down where the holder of the lock serves.
pub(crate) fn announce(
    folder: &ProjectFolder,
    lock: &mut WriterLock,
    address: &str,
) -> Result<(), StoreError> {
    let holder = LockHolder {
        pid: std::process::id(),
        address: address.to_owned(),
    };
    let text = serde_json::to_string(&holder).map_err(|e| crate::error::bad_value("lock", &e))?;
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())
    };
    write(&mut lock.file).map_err(|e| file_error(&folder.lock(), e))
}

fn read_holder(file: &mut File) -> Option<LockHolder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn locked(folder: &ProjectFolder, file: &mut File) -> StoreError {
    // A holder that is just starting may not have written its name yet.
    let holder = read_holder(file);
    StoreError::Locked {
        pid: holder
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), |h| h.pid.to_string()),
        at: holder
            .filter(|h| !h.address.is_empty())
            .map_or_else(String::new, |h| format!(" at {}", h.address)),
        folder: folder.root.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_writer_is_told_who_is_first() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = ProjectFolder::new(temporary.path());
        let mut first = take(&folder, "").unwrap();
        announce(&folder, &mut first, "http://127.0.0.1:4000").unwrap();

        let message = take(&folder, "").unwrap_err().to_string();

        assert!(message.contains(&format!("process {}", std::process::id())));
        assert!(message.contains("at http://127.0.0.1:4000"));
    }

    #[test]
    fn a_released_lock_can_be_taken_again() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = ProjectFolder::new(temporary.path());
        drop(take(&folder, "").unwrap());
        take(&folder, "").unwrap();
    }
}
