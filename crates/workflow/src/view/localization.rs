//! Where on an image the model sees the evidence for a class.

pub use crate::localization::PixelBox;
use autolabel_annotation::{ClassId, ImageId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A heat map over an image, computed by the present model from classes alone, and a box proposed
/// from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LocalizationView {
    /// Row of the image.
    pub image: ImageId,
    /// The class whose evidence is shown.
    pub class: ClassId,
    /// Version of the model.
    pub model: u32,
    /// Positions of the heat map from top to bottom; together they cover the image.
    pub rows: u32,
    /// Positions from left to right.
    pub columns: u32,
    /// `rows * columns` values row by row, 0 to 1: 1 = speaks most for the class, 0 = does not.
    pub values: Vec<f32>,
    /// The box around the hottest part, in pixels of the image; `None` where nothing speaks for the
    /// class.
    pub proposal: Option<PixelBox>,
    /// What is shown, in a sentence.
    pub text: String,
}
