//! What is made of the answers of the network: shapes of the image, each with a confidence.

use autolabel_annotation::DrawnShape;

/// A shape that the network found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundShape {
    /// Its class in the label schema, and where it is, in pixels of the image.
    pub shape: DrawnShape,
    /// How sure the network is, 0 to 1, as it says itself: not calibrated.
    pub confidence: f32,
}

/// The surest first; equal ones stay in order.
pub(crate) fn sort_by_confidence(found: &mut [FoundShape]) {
    found.sort_by(|first, second| second.confidence.total_cmp(&first.confidence));
}
