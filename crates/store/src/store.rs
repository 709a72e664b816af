//! Opening a project folder, for writing by one process or for reading by any.

use crate::error::{At, database_error, file_error};
use crate::lock::{self, WriterLock};
use crate::{ProjectFolder, StoreError};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tokio::sync::MutexGuard;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Connections that read beside the writer.
const READERS: u32 = 4;

/// An open project folder.
#[derive(Debug)]
pub struct Store {
    folder: ProjectFolder,
    /// `None` where the store was opened for reading.
    writer: Option<Writer>,
    readers: SqlitePool,
    /// Gone once the store is closed.
    lock: Mutex<Option<WriterLock>>,
}

/// The one writing connection.
#[derive(Debug)]
struct Writer {
    options: SqliteConnectOptions,
    /// Out while a transaction uses it, and gone after one that did not commit.
    connection: tokio::sync::Mutex<Option<SqliteConnection>>,
}

impl Store {
    /// Opens a project for writing; makes the folder and the database where there are none.
    /// `address` tells a second process where this one serves; it may be empty.
    ///
    /// # Errors
    /// Another writer, a folder that cannot be written, a damaged, foreign or newer database.
    /// The folder is then as it was before.
    pub async fn open(folder: &Path, address: &str) -> Result<Self, StoreError> {
        let folder = ProjectFolder::new(folder);
        fs_err::create_dir_all(&folder.root).map_err(|e| file_error(&folder.root, e))?;
        let lock = lock::take(&folder, address)?;
        let database = folder.database();
        if database.exists() {
            inspect(&folder).await?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&database)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let mut writer = options.connect().await.at(&database)?;
        MIGRATIONS
            .run(&mut writer)
            .await
            .map_err(|e| migration_error(&database, e))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.clone().pragma("query_only", "ON"))
            .await
            .at(&database)?;
        Ok(Self {
            folder,
            writer: Some(Writer {
                options,
                connection: tokio::sync::Mutex::new(Some(writer)),
            }),
            readers,
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Opens a project for reading, also while another process writes to it.
    ///
    /// # Errors
    /// No project there, or a damaged, foreign, older or newer database.
    pub async fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        let folder = ProjectFolder::new(folder);
        let database = folder.database();
        if !database.exists() {
            return Err(StoreError::NoProject { path: folder.root });
        }
        let (options, version) = inspect(&folder).await?;
        if version < known_version() {
            return Err(StoreError::OlderVersion { path: database });
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options)
            .await
            .at(&database)?;
        Ok(Self {
            folder,
            writer: None,
            readers,
            lock: Mutex::new(None),
        })
    }

    /// The folder of the project.
    #[must_use]
    pub fn folder(&self) -> &ProjectFolder {
        &self.folder
    }

    /// `true` where this store cannot write.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.writer.is_none()
    }

    /// Tells other processes where this one serves, once that is known.
    ///
    /// # Errors
    /// The lock file cannot be written.
    pub fn announce(&self, address: &str) -> Result<(), StoreError> {
        match self.lock_slot().as_mut() {
            Some(lock) => lock::announce(&self.folder, lock, address),
            None => Err(StoreError::ReadOnly),
        }
    }

    /// Closes the database cleanly, so that it is one single file again, and lets another
    /// process write. Later calls fail.
    ///
    /// # Errors
    /// The last pages could not be written; they are then still in the write-ahead log.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let mut closed = Ok(());
        if let Some(writer) = &self.writer
            && let Some(connection) = writer.connection.lock().await.take()
        {
            closed = connection.close().await.at(&self.folder.database());
        }
        self.lock_slot().take();
        closed
    }

    fn lock_slot(&self) -> std::sync::MutexGuard<'_, Option<WriterLock>> {
        self.lock
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The pool of reading connections.
    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Begins a transaction of the one writer, once it is free.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction<'_>, StoreError> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::ReadOnly);
        };
        let database = self.folder.database();
        let mut home = writer.connection.lock().await;
        if self.lock_slot().is_none() {
            return Err(StoreError::Closed);
        }
        let mut connection = match home.take() {
            Some(connection) => connection,
            None => writer.options.connect().await.at(&database)?,
        };
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .at(&database)?;
        Ok(WriteTransaction {
            home,
            connection,
            database,
        })
    }
}

/// A transaction of the one writer. One that is dropped, because of a failure or because its
/// caller went away, takes its connection with it: SQLite then rolls back whatever state a full
/// disk left it in, and the next transaction begins on a fresh connection.
pub(crate) struct WriteTransaction<'a> {
    home: MutexGuard<'a, Option<SqliteConnection>>,
    /// For the statements of the transaction.
    pub(crate) connection: SqliteConnection,
    /// For messages.
    pub(crate) database: PathBuf,
}

impl WriteTransaction<'_> {
    /// Returns when everything is on disk.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        sqlx::query("COMMIT")
            .execute(&mut self.connection)
            .await
            .at(&self.database)?;
        *self.home = Some(self.connection);
        Ok(())
    }
}

/// Looks at an existing database without changing it: how to read it, and its version (0 where a
/// process ended before it could write anything). Refuses what is not ours or too new.
async fn inspect(folder: &ProjectFolder) -> Result<(SqliteConnectOptions, i64), StoreError> {
    let path = folder.database();
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .read_only(true)
        .disable_statement_logging();
    let (options, tables) = match table_names(&options).await {
        // A project on a read-only disk: no file can be made beside it, and nobody writes.
        Err(error) if is_not_writable(&database_error(&path, &error)) => {
            let options = options.immutable(true);
            let tables = table_names(&options).await;
            (options, tables)
        }
        tables => (options, tables),
    };
    let tables = tables.at(&path)?;
    if tables.is_empty() {
        return Ok((options, 0));
    }
    if !tables.iter().any(|name| name == "_sqlx_migrations") {
        return Err(StoreError::NoProject { path });
    }
    let found = version(&options).await.at(&path)?;
    let known = known_version();
    if found > known {
        return Err(StoreError::NewerVersion { found, known, path });
    }
    Ok((options, found))
}

async fn table_names(options: &SqliteConnectOptions) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = options.connect().await?;
    let names = sqlx::query_scalar("SELECT name FROM sqlite_master ORDER BY name")
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    Ok(names)
}

async fn version(options: &SqliteConnectOptions) -> Result<i64, sqlx::Error> {
    let mut connection = options.connect().await?;
    let version: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(version.unwrap_or(0))
}

fn known_version() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

fn is_not_writable(error: &StoreError) -> bool {
    matches!(error, StoreError::NotWritable { .. })
}

fn migration_error(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => database_error(path, &e),
        other => StoreError::Database {
            detail: other.to_string(),
            path: path.to_path_buf(),
        },
    }
}
