//! `doctor`: whether what is on disk hangs together.

use super::{Project, aside};
use crate::WorkflowError;
use autolabel_annotation::ImageId;
use autolabel_store::{EmbeddingsReader, ImageRecord};

impl Project {
    /// Checks the database, the journal against the state, the embeddings against the images, and
    /// that the image files are there. One sentence a problem; none = all is well.
    ///
    /// # Errors
    /// The database cannot be read at all.
    pub async fn check(&self) -> Result<Vec<String>, WorkflowError> {
        let store = &self.inner.store;
        let mut problems = Vec::new();
        for line in store.integrity_problems().await? {
            problems.push(format!(
                "The database file is damaged ({line}); put back a copy of the project folder."
            ));
        }
        let differences = store.state_differences().await?;
        if !differences.is_empty() {
            let repaired = !store.is_read_only();
            if repaired {
                self.mend_states().await?;
            }
            problems.push(format!(
                "The labels of {} images are not what the journal says{}.",
                differences.len(),
                if repaired {
                    "; they were rebuilt from it"
                } else {
                    "; open the project for writing to rebuild them"
                }
            ));
        }
        problems.extend(self.embedding_problem().await?);
        let gone = self.gone_files().await?;
        if gone > 0 {
            problems.push(format!(
                "{gone} image files are not in the folder; put them back and import again."
            ));
        }
        Ok(problems)
    }

    /// Makes the kept states what the journal says, on disk and in memory.
    async fn mend_states(&self) -> Result<(), WorkflowError> {
        let _writing = self.inner.writing.lock().await;
        self.inner.store.rebuild_states().await?;
        let index = self.inner.store.image_index(ImageId(0)).await?;
        self.live_mut().index.labels = index.labels;
        Ok(())
    }

    async fn embedding_problem(&self) -> Result<Option<String>, WorkflowError> {
        let images = self.inner.store.image_count().await?;
        let Some(backbone) = self.live().backbone.clone() else {
            let missing = "No image has features yet; start the import.".to_owned();
            return Ok((images > 0).then_some(missing));
        };
        let path = self.inner.store.folder().embeddings(&backbone.id);
        let reader = match EmbeddingsReader::open(&path, &backbone.id, backbone.dim) {
            Ok(reader) => reader,
            Err(error) => {
                return Ok(Some(format!(
                    "The features of the images cannot be used ({error}); start the import to make them again."
                )));
            }
        };
        let rows = reader.row_count() as u64;
        Ok((rows < images).then(|| {
            format!("{rows} of {images} images have features; start the import to make the others.")
        }))
    }

    async fn gone_files(&self) -> Result<u64, WorkflowError> {
        const PAGE: usize = 1_000;
        let count = usize::try_from(self.inner.store.image_count().await?).unwrap_or(usize::MAX);
        let mut gone = 0;
        for first in (0..count).step_by(PAGE) {
            let ids: Vec<ImageId> = (first..(first + PAGE).min(count))
                .filter_map(ImageId::from_row)
                .collect();
            let records = self.inner.store.images(&ids).await?;
            let images = self.inner.images.clone();
            gone += aside(move || {
                let gone = |r: &&ImageRecord| !super::path_of(&images, r).exists();
                Ok(records.iter().filter(gone).count() as u64)
            })
            .await?;
        }
        Ok(gone)
    }
}
