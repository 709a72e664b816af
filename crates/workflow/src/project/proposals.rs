//! What the network proposes to draw on an image, and where it is least sure.

use super::{Project, aside};
use crate::WorkflowError;
use crate::error::conflict;
use crate::remaining_proposals::no_model;
use crate::shapes::proposing::doubt_map;
use crate::view::{DoubtSpot, DoubtView, ProposedShape, ShapeProposal};
use autolabel_annotation::{ImageId, ImageSize};
use std::sync::Arc;

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
        let beside = Arc::clone(&model);
        let Some(proposal) = aside(move || beside.proposals.read(image.0)).await? else {
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
            quality: Some(model.fit_of(proposal.claim()) as f32),
            learnt_from: model.said.learnt_from,
        }))
    }

    /// Where the present network is least sure on an image.
    ///
    /// # Errors
    /// No such image, nothing is drawn in this project, there is no model yet, or the file of the image
    /// cannot be read.
    pub async fn doubt(&self, image: ImageId) -> Result<DoubtView, WorkflowError> {
        let record = self.record(image).await?;
        let model = self.shape_model().await?.ok_or_else(no_model)?;
        let pictures = self.pictures().await?;
        let map = aside(move || doubt_map(&pictures, &model.network, image.0)).await?;
        let map = map.ok_or_else(|| {
            conflict(format!(
                "The file of {} cannot be read; put it back to see where the model is unsure.",
                record.file
            ))
        })?;
        let spots = map.spots(ImageSize::new(record.width, record.height)?);
        Ok(DoubtView {
            rows: map.rows as u32,
            columns: map.columns as u32,
            values: map.values,
            spots: spots
                .into_iter()
                .map(|spot| DoubtSpot {
                    x: spot.at[0],
                    y: spot.at[1],
                    doubt: spot.doubt,
                })
                .collect(),
        })
    }
}
