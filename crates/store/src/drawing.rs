//! Drawings of a project: each kept once, under a number that answers name.

use crate::error::{At, bad_value};
use crate::statement::{ROWS_A_STATEMENT, push_one_of};
use crate::{Store, StoreError};
use autolabel_annotation::{Drawing, DrawingId};
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row};
use std::collections::BTreeMap;

impl Store {
    /// Keeps drawings and gives each its number, in their order; one that is there already has it from
    /// before. They are on disk when this returns.
    ///
    /// # Errors
    /// A full disk, or a store opened for reading. Nothing is kept then.
    pub async fn save_drawings(&self, drawings: &[Drawing]) -> Result<Vec<DrawingId>, StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        let mut ids = Vec::with_capacity(drawings.len());
        for drawing in drawings {
            let content = serde_json::to_string(drawing).map_err(|e| bad_value("drawing", &e))?;
            let hash = Sha256::digest(content.as_bytes()).to_vec();
            sqlx::query(
                "INSERT INTO drawing (hash, content) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
            )
            .bind(&hash)
            .bind(content)
            .execute(&mut transaction.connection)
            .await
            .at(&database)?;
            let id: u32 = sqlx::query_scalar("SELECT id FROM drawing WHERE hash = $1")
                .bind(&hash)
                .fetch_one(&mut transaction.connection)
                .await
                .at(&database)?;
            ids.push(DrawingId(id));
        }
        transaction.commit().await?;
        Ok(ids)
    }

    /// The drawings of these numbers; a number that names none is left out.
    ///
    /// # Errors
    /// The database cannot be read, or holds what is no drawing.
    pub async fn drawings(
        &self,
        ids: &[DrawingId],
    ) -> Result<BTreeMap<DrawingId, Drawing>, StoreError> {
        let database = self.folder().database();
        let mut found = BTreeMap::new();
        for chunk in ids.chunks(ROWS_A_STATEMENT) {
            let mut select = QueryBuilder::new("SELECT id, content FROM drawing WHERE id ");
            push_one_of(&mut select, chunk.iter().map(|id| id.0));
            let rows = select
                .build()
                .fetch_all(self.readers())
                .await
                .at(&database)?;
            for row in rows {
                let content: String = row.get(1);
                let drawing =
                    serde_json::from_str(&content).map_err(|e| bad_value("drawing", &e))?;
                found.insert(DrawingId(row.get(0)), drawing);
            }
        }
        Ok(found)
    }
}
