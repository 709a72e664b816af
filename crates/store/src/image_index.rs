//! All images at once, in columns: what the loop keeps in memory.

use crate::error::At;
use crate::state_columns::{Fields, load_states_from};
use crate::{LabelState, Store, StoreError};
use autolabel_annotation::ImageId;

/// Columns over all images; position = row of the image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageIndex {
    /// Number of the group.
    pub group: Vec<Option<u32>>,
    /// The earlier image that this one copies.
    pub duplicate_of: Vec<Option<u32>>,
    /// The file was not there at the last import.
    pub missing: Vec<bool>,
    /// The label.
    pub labels: Vec<LabelState>,
}

impl ImageIndex {
    /// How many images there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// `true` where the project has no images yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

impl Store {
    /// Reads the columns of all images from row `from` on.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn image_index(&self, from: ImageId) -> Result<ImageIndex, StoreError> {
        let database = self.folder().database();
        // One text for all rows: a million rows fetched one by one take ten times as long.
        let packed: Option<String> = sqlx::query_scalar(
            "SELECT group_concat(id || ' ' || coalesce(group_id, '') || ' ' \
             || coalesce(duplicate_of, '') || ' ' || missing, ';') FROM image WHERE id >= $1",
        )
        .bind(from.0)
        .fetch_one(self.readers())
        .await
        .at(&database)?;
        let packed = packed.unwrap_or_default();
        let count = packed.split_terminator(';').count();
        let mut index = ImageIndex {
            group: vec![None; count],
            duplicate_of: vec![None; count],
            missing: vec![false; count],
            labels: vec![LabelState::default(); count],
        };
        for text in packed.split_terminator(';') {
            let mut fields = Fields::of(text);
            let row = fields.required::<usize>()?.checked_sub(from.row());
            let Some(row) = row.filter(|row| *row < count) else {
                return Err(fields.bad());
            };
            index.group[row] = fields.optional()?;
            index.duplicate_of[row] = fields.optional()?;
            index.missing[row] = fields.flag()?;
        }
        let mut connection = self.readers().acquire().await.at(&database)?;
        for (image, state) in load_states_from(&mut connection, &database, from).await? {
            // A row behind the last was added between the two queries.
            if let Some(slot) = index.labels.get_mut(image.row() - from.row()) {
                *slot = state;
            }
        }
        Ok(index)
    }
}
