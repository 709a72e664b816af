//! Facts about the project as a whole, by name.

use crate::error::{At, bad_value};
use crate::{Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Store {
    /// A fact; `None` where it was never set.
    ///
    /// # Errors
    /// The database cannot be read, or the fact is of another type.
    pub async fn meta<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
            .bind(key)
            .fetch_optional(self.readers())
            .await
            .at(&self.folder().database())?;
        text.map(|text| serde_json::from_str(&text).map_err(|e| bad_value("fact", &e)))
            .transpose()
    }

    /// Sets a fact.
    ///
    /// # Errors
    /// A full disk.
    pub async fn put_meta<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        let text = serde_json::to_string(value).map_err(|e| bad_value("fact", &e))?;
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES ($1, $2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(text)
        .execute(&mut transaction.connection)
        .await
        .at(&transaction.database)?;
        transaction.commit().await
    }
}
