//! Drawings of images: saved first, then named by an answer.

use super::{Project, to_the_end};
use crate::WorkflowError;
use crate::view::DrawingView;
use autolabel_annotation::{Answer, Drawing, DrawingId, ImageId, ImageSize};
use autolabel_store::StoreError;

impl Project {
    /// Keeps a drawing of an image and gives it its number; it is on disk when this returns. An answer may
    /// then name it. Equal drawings of the project have one number.
    ///
    /// # Errors
    /// An unknown image, shapes that the task or the image does not allow, a full disk.
    pub async fn save_drawing(
        &self,
        image: ImageId,
        drawing: &Drawing,
    ) -> Result<DrawingView, WorkflowError> {
        if self.inner.store.is_read_only() {
            return Err(StoreError::ReadOnly.into());
        }
        let settled = self.settled(image, drawing).await?;
        let project = self.clone();
        // Nothing in memory knows of it before an answer does, so that no other writing is waited for.
        to_the_end(async move {
            let kept = std::slice::from_ref(&settled);
            let id = project.inner.store.save_drawings(kept).await?[0];
            Ok(DrawingView {
                id,
                drawing: settled,
            })
        })
        .await
    }

    /// A drawing by its number.
    ///
    /// # Errors
    /// No such drawing.
    pub async fn drawing(&self, id: DrawingId) -> Result<DrawingView, WorkflowError> {
        let mut found = self.inner.store.drawings(&[id]).await?;
        let drawing = found.remove(&id).ok_or(WorkflowError::NotFound {
            what: "drawing",
            number: u64::from(id.0),
        })?;
        Ok(DrawingView { id, drawing })
    }

    /// That the drawing that an answer names is one of this image: a number that was saved for an image of
    /// another size, or before the classes were changed, would put shapes where nothing is.
    pub(crate) async fn check_drawing(
        &self,
        image: ImageId,
        answer: Answer,
    ) -> Result<(), WorkflowError> {
        let Answer::Drawn { drawing: id } = answer else {
            return Ok(());
        };
        let drawing = self.drawing(id).await?.drawing;
        if self.settled(image, &drawing).await? == drawing {
            return Ok(());
        }
        Err(WorkflowError::Setting {
            name: "this answer",
            problem: format!(
                "drawing {} is not one of this image; save the drawing for this image first",
                id.0
            ),
        })
    }

    async fn settled(&self, image: ImageId, drawing: &Drawing) -> Result<Drawing, WorkflowError> {
        let record = self.record(image).await?;
        let schema = self.live().settings.schema.clone();
        let size = ImageSize::new(record.width, record.height)?;
        Ok(drawing.settled(schema.task, schema.classes.len(), size)?)
    }
}
