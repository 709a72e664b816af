//! What is drawn on the slices around an image.

use super::Project;
use super::live::Live;
use crate::WorkflowError;
use crate::view::{DrawnSlice, SliceNeighbours};
use autolabel_annotation::{Answer, DrawingId, ImageId};

impl Project {
    /// The nearest slices of the same series on which a person has drawn, one on either side; none for an
    /// image that is not a slice.
    ///
    /// # Errors
    /// No such image.
    pub async fn neighbours(&self, image: ImageId) -> Result<SliceNeighbours, WorkflowError> {
        let Some(own) = self.record(image).await?.attributes.slice else {
            return Ok(SliceNeighbours::default());
        };
        let slices = self.inner.store.slices(&own.series).await?;
        let (before, after) = {
            let live = self.live();
            let drawn = |(id, at): &(ImageId, f64)| Some((*id, *at, drawing_of(&live, *id)?));
            let before = slices.iter().rev().filter(|(_, at)| *at < own.position);
            let after = slices.iter().filter(|(_, at)| *at > own.position);
            (
                before.filter_map(drawn).next(),
                after.filter_map(drawn).next(),
            )
        };
        Ok(SliceNeighbours {
            before: self.drawn_slice(before).await?,
            after: self.drawn_slice(after).await?,
        })
    }

    async fn drawn_slice(
        &self,
        found: Option<(ImageId, f64, DrawingId)>,
    ) -> Result<Option<DrawnSlice>, WorkflowError> {
        let Some((image, position, drawing)) = found else {
            return Ok(None);
        };
        let record = self.record(image).await?;
        Ok(Some(DrawnSlice {
            image,
            file: record.file,
            position,
            width: record.width,
            height: record.height,
            drawing: self.drawing(drawing).await?.drawing,
        }))
    }
}

/// What a person has drawn on an image.
fn drawing_of(live: &Live, image: ImageId) -> Option<DrawingId> {
    match live.index.labels.get(image.row())?.answer? {
        Answer::Drawn { drawing } => Some(drawing),
        _ => None,
    }
}
