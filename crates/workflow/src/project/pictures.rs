//! The images as the dense network sees them, kept from round to round.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use autolabel_annotation::{ImageId, ImageSize};
use autolabel_models::load_frozen_stages;

use super::{Project, aside, path_of};
use crate::WorkflowError;
use crate::shapes::pictures::Pictures;
use crate::shapes::recipe::Recipe;

impl Project {
    /// Those of all images that the project has now.
    pub(crate) async fn pictures(&self) -> Result<Arc<Pictures>, WorkflowError> {
        let inner = self.inner();
        let (images, task) = {
            let live = self.live();
            (live.index.len(), live.settings.schema.task)
        };
        if let Some(pictures) = self.kept_pictures(images) {
            return Ok(pictures);
        }
        let ids: Vec<ImageId> = (0..images).filter_map(ImageId::from_row).collect();
        let records = inner.store.images(&ids).await?;
        let files: Vec<PathBuf> = records
            .iter()
            .map(|record| path_of(&inner.images, record))
            .collect();
        let sizes: Vec<ImageSize> = records
            .iter()
            .map(|record| Ok(ImageSize::new(record.width, record.height)?))
            .collect::<Result<_, WorkflowError>>()?;
        let engine = inner.engine;
        // Reading a network would hold up whoever else is answered on this thread.
        let stages = aside(move || Ok(load_frozen_stages(engine, 0)?)).await?;
        let recipe = Recipe::of(task, &sizes);
        let pictures = Arc::new(Pictures::new(recipe, stages, files, sizes, inner.seed));
        let mut kept = inner
            .pictures
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Arc::clone(&pictures));
        Ok(pictures)
    }

    fn kept_pictures(&self, images: usize) -> Option<Arc<Pictures>> {
        let pictures = &self.inner().pictures;
        let kept = pictures.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| kept.len() == images).cloned()
    }
}
