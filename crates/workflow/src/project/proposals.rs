//! What the network proposes to draw on an image.

use super::Project;
use crate::WorkflowError;
use crate::view::ShapeProposal;
use autolabel_annotation::ImageId;

impl Project {
    /// Shapes that the present network finds on an image; `None` before one has learnt.
    ///
    /// # Errors
    /// No such image.
    pub async fn proposal(&self, image: ImageId) -> Result<Option<ShapeProposal>, WorkflowError> {
        self.record(image).await?;
        Ok(None)
    }
}
