//! The state rebuilt from the journal alone, compared with the state that is kept beside it.

use crate::error::At;
use crate::label_state::{LabelState, fold_into};
use crate::state_columns::{load_states_from, save_states, to_i64, to_u64};
use crate::{Store, StoreError};
use autolabel_annotation::ImageId;
use std::collections::{BTreeMap, BTreeSet};

/// Events read at a time.
const PAGE: u32 = 20_000;

/// An image whose kept state is not what its journal says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateDifference {
    /// The image.
    pub image: ImageId,
    /// What is kept.
    pub kept: LabelState,
    /// What the journal says.
    pub journal: LabelState,
}

impl Store {
    /// The states that follow from the journal up to and including `until` (`None` = all of
    /// it). Images without events are left out: their state is the default.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn replay(
        &self,
        until: Option<u64>,
    ) -> Result<BTreeMap<ImageId, LabelState>, StoreError> {
        let last = until.map_or(i64::MAX, to_i64);
        let undone: Vec<i64> = sqlx::query_scalar(
            "SELECT undo_of FROM journal WHERE undo_of IS NOT NULL AND seq <= $1",
        )
        .bind(last)
        .fetch_all(self.readers())
        .await
        .at(&self.folder().database())?;
        let undone: BTreeSet<u64> = undone.into_iter().map(to_u64).collect();
        let mut states = BTreeMap::new();
        let mut after = 0;
        loop {
            let mut page = self.events(after, PAGE).await?;
            page.retain(|record| to_i64(record.sequence) <= last);
            fold_into(&mut states, &page, &undone);
            match page.last() {
                Some(record) if page.len() == PAGE as usize => after = record.sequence,
                _ => return Ok(states),
            }
        }
    }

    /// Every image whose kept state differs from what the journal says.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn state_differences(&self) -> Result<Vec<StateDifference>, StoreError> {
        let journal = self.replay(None).await?;
        let database = self.folder().database();
        let mut connection = self.readers().acquire().await.at(&database)?;
        let kept = load_states_from(&mut connection, &database, ImageId(0)).await?;
        let kept: BTreeMap<ImageId, LabelState> = kept.into_iter().collect();
        let images: BTreeSet<ImageId> = journal.keys().chain(kept.keys()).copied().collect();
        Ok(images
            .into_iter()
            .map(|image| StateDifference {
                image,
                kept: kept.get(&image).copied().unwrap_or_default(),
                journal: journal.get(&image).copied().unwrap_or_default(),
            })
            .filter(|difference| difference.kept != difference.journal)
            .collect())
    }

    /// Replaces the kept states by what the journal says.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn rebuild_states(&self) -> Result<(), StoreError> {
        let states = self.replay(None).await?;
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM image_state")
            .execute(&mut transaction.connection)
            .await
            .at(&database)?;
        save_states(&mut transaction.connection, &database, &states).await?;
        transaction.commit().await
    }

    /// What SQLite finds wrong with the database file; empty = nothing.
    ///
    /// # Errors
    /// The database cannot be read at all.
    pub async fn integrity_problems(&self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_all(self.readers())
            .await
            .at(&self.folder().database())?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }
}
