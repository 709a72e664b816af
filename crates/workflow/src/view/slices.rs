//! Slices around an image.

use autolabel_annotation::{Drawing, ImageId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The nearest slices of a series on which a person has drawn, one on either side of an image.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct SliceNeighbours {
    /// At a smaller position; `None` where nothing is drawn before, or the image is not a slice.
    pub before: Option<DrawnSlice>,
    /// At a larger position.
    pub after: Option<DrawnSlice>,
}

/// A slice with what a person has drawn on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrawnSlice {
    /// Row of the image.
    pub image: ImageId,
    /// Path below the image folder, `/`-separated.
    pub file: String,
    /// Where it lies in the series, as the table says.
    pub position: f64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What is drawn; no shapes where there is nothing.
    pub drawing: Drawing,
}
