//! Why the store refuses, each in one sentence with the remedy.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the store refuses.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process holds the writer's lock.
    #[error(
        "this project is already open in process {pid}{at}; use that one, or end it first: {}", folder.display()
    )]
    Locked {
        /// Process that holds it, or `unknown`.
        pid: String,
        /// ` at http://…` where it serves, or empty.
        at: String,
        /// The project folder.
        folder: PathBuf,
    },
    /// The folder cannot be written.
    #[error(
        "this folder cannot be written; allow yourself to write there or put the project elsewhere: {}", path.display()
    )]
    NotWritable {
        /// What could not be written.
        path: PathBuf,
    },
    /// No space left, or the file may not grow.
    #[error(
        "the disk is full, so nothing was saved by this step and everything saved before is kept; free some space and try again: {}", path.display()
    )]
    DiskFull {
        /// What could not grow.
        path: PathBuf,
    },
    /// The database is not readable as one.
    #[error(
        "the project's database is damaged ({detail}) and was left untouched; put back a copy of it, or move the file away to begin anew: {}", path.display()
    )]
    Damaged {
        /// What SQLite says.
        detail: String,
        /// The database.
        path: PathBuf,
    },
    /// Made by a later version of this program.
    #[error(
        "this project was written by a newer version of the program (its format is {found}, this program knows {known}) and was left untouched; install the newer version: {}", path.display()
    )]
    NewerVersion {
        /// Format of the database.
        found: i64,
        /// Latest format this program knows.
        known: i64,
        /// The database.
        path: PathBuf,
    },
    /// Made by an earlier version, and opened only for reading.
    #[error(
        "this project was written by an earlier version of the program; open it once for writing to bring it up to date: {}", path.display()
    )]
    OlderVersion {
        /// The database.
        path: PathBuf,
    },
    /// There is no project.
    #[error("there is no project in this folder; make one with 'autolabel open': {}", path.display())]
    NoProject {
        /// The folder or file.
        path: PathBuf,
    },
    /// The store was opened for reading.
    #[error("this project was opened for reading only; open it for writing to change it")]
    ReadOnly,
    /// The store was closed.
    #[error("this project was closed; open it again")]
    Closed,
    /// An event or a query names an image the project does not have.
    #[error("the project has no image number {image}; reload the list of images")]
    UnknownImage {
        /// The number.
        image: u32,
    },
    /// An undo names an entry that cannot be undone.
    #[error("journal entry {sequence} cannot be undone: {reason}")]
    CannotUndo {
        /// Sequence number.
        sequence: u64,
        /// Why.
        reason: &'static str,
    },
    /// One key, two different events.
    #[error(
        "the idempotency key of this request was used before for another image or action; make a new key for each action"
    )]
    KeyReused,
    /// The embeddings file is of another backbone, size or format.
    #[error("the embeddings file does not fit ({detail}); remove it to embed the images again: {}", path.display())]
    EmbeddingsMismatch {
        /// What differs.
        detail: String,
        /// The file.
        path: PathBuf,
    },
    /// An embedding with infinite or undefined numbers, or of the wrong length.
    #[error("embedding {row} cannot be stored ({detail}); check the backbone")]
    BadEmbedding {
        /// Row in the file.
        row: usize,
        /// What is wrong.
        detail: String,
    },
    /// A value in the database does not read as what it should be.
    #[error("the project's database holds an unreadable {what} ({detail}); run 'autolabel doctor'")]
    BadValue {
        /// Which kind of value.
        what: &'static str,
        /// What the parser says.
        detail: String,
    },
    /// Any other failure of a file.
    #[error("a project file could not be used ({source}): {}", path.display())]
    Io {
        /// What the system says.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// Any other failure of the database.
    #[error("the project's database did not accept this ({detail}): {}", path.display())]
    Database {
        /// What SQLite says.
        detail: String,
        /// The database.
        path: PathBuf,
    },
}

/// Puts a failure of a file into words.
pub(crate) fn file_error(path: &Path, source: io::Error) -> StoreError {
    let path = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::DiskFull { path }
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::NotWritable { path }
        }
        _ => StoreError::Io { source, path },
    }
}

/// Puts a failure of the database into words, by the result codes of SQLite
/// (<https://www.sqlite.org/rescode.html>).
pub(crate) fn database_error(path: &Path, error: &sqlx::Error) -> StoreError {
    const READONLY: i32 = 8;
    const IOERR: i32 = 10;
    const IOERR_WRITE: i32 = 778;
    const CORRUPT: i32 = 11;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    const NOTADB: i32 = 26;

    let path = path.to_path_buf();
    let detail = error.to_string();
    let code: Option<i32> = error
        .as_database_error()
        .and_then(|e| e.code()?.parse().ok());
    let Some(code) = code else {
        return StoreError::Database { detail, path };
    };
    match code & 0xff {
        CORRUPT | NOTADB => StoreError::Damaged { detail, path },
        FULL => StoreError::DiskFull { path },
        READONLY | CANTOPEN => StoreError::NotWritable { path },
        // A file that may not grow (quota, ulimit) is an IO error for SQLite.
        IOERR if code == IOERR_WRITE => StoreError::DiskFull { path },
        _ => StoreError::Database { detail, path },
    }
}

/// A stored text that does not parse.
pub(crate) fn bad_value(what: &'static str, error: &serde_json::Error) -> StoreError {
    StoreError::BadValue {
        what,
        detail: error.to_string(),
    }
}

/// `.at(path)` puts a database failure into words on the way out.
pub(crate) trait At<T> {
    fn at(self, database: &Path) -> Result<T, StoreError>;
}

impl<T> At<T> for Result<T, sqlx::Error> {
    fn at(self, database: &Path) -> Result<T, StoreError> {
        self.map_err(|error| database_error(database, &error))
    }
}
