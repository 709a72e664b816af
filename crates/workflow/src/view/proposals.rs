//! What the network proposes to draw on an image.

use autolabel_annotation::DrawnShape;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Shapes that the network finds on an image; nothing counts before an expert has taken it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShapeProposal {
    /// The shapes; none where the network finds nothing.
    pub shapes: Vec<ProposedShape>,
    /// Agreement with what an expert would draw that is to be expected, 0 to 1; `None` where there are too
    /// few labels to tell.
    pub quality: Option<f32>,
    /// Labels that the network learnt from.
    #[serde(rename = "network")]
    pub learnt_from: u32,
}

/// A shape with how sure the network is of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposedShape {
    /// Class and place.
    #[serde(flatten)]
    pub shape: DrawnShape,
    /// 0 = a guess, 1 = sure.
    pub confidence: f32,
}

/// The answer to who asks for a proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// The proposal; `None` where no network has learnt yet, or this project is not drawn.
    pub proposal: Option<ShapeProposal>,
}
