//! What the network proposes to draw on an image.

use super::Project;
use crate::WorkflowError;
use crate::view::{ProposedShape, ShapeProposal};
use autolabel_annotation::ImageId;

impl Project {
    /// Shapes that the present network finds on an image; `None` before one has learnt, and for an image
    /// that it has not looked at.
    ///
    /// # Errors
    /// No such image.
    pub async fn proposal(&self, image: ImageId) -> Result<Option<ShapeProposal>, WorkflowError> {
        self.record(image).await?;
        let Some(model) = self.shape_model().await? else {
            return Ok(None);
        };
        let Some(proposal) = model.said.proposals.get(&image.0) else {
            return Ok(None);
        };
        let shapes = proposal.drawing.shapes.iter().zip(&proposal.confidences);
        Ok(Some(ShapeProposal {
            shapes: shapes
                .map(|(shape, confidence)| ProposedShape {
                    shape: shape.clone(),
                    confidence: *confidence,
                })
                .collect(),
            quality: model.expected_fit(image.0).map(|fit| fit as f32),
            learnt_from: model.said.learnt_from,
        }))
    }
}
