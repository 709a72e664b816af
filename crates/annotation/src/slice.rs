//! The place of an image in a stack.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// That an image is one slice of a series, and where it lies in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Slice {
    /// Name of the series.
    pub series: String,
    /// A slice number, or millimetres: any finite number that rises along the series.
    pub position: f64,
}
