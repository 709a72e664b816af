//! What is kept of background jobs.

use crate::error::{At, bad_value};
use crate::{Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Store {
    /// Writes down where a job stands.
    ///
    /// # Errors
    /// A full disk.
    pub async fn put_job<T: Serialize>(&self, id: u64, job: &T) -> Result<(), StoreError> {
        let text = serde_json::to_string(job).map_err(|e| bad_value("job", &e))?;
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO job (id, value) VALUES ($1, $2) \
             ON CONFLICT (id) DO UPDATE SET value = excluded.value",
        )
        .bind(id.cast_signed())
        .bind(text)
        .execute(&mut transaction.connection)
        .await
        .at(&transaction.database)?;
        transaction.commit().await
    }

    /// The latest jobs, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn jobs<T: DeserializeOwned>(&self, limit: u32) -> Result<Vec<T>, StoreError> {
        let texts: Vec<String> =
            sqlx::query_scalar("SELECT value FROM job ORDER BY id DESC LIMIT $1")
                .bind(limit)
                .fetch_all(self.readers())
                .await
                .at(&self.folder().database())?;
        texts
            .iter()
            .map(|text| serde_json::from_str(text).map_err(|e| bad_value("job", &e)))
            .collect()
    }
}
