//! What the network proposes to draw on an image, and where it is least sure.

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

/// Where the network of shapes is least sure on an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DoubtView {
    /// Rows of the map, which covers the image.
    pub rows: u32,
    /// Columns of the map.
    pub columns: u32,
    /// Row by row how unsure the network is: 0 = sure, 1 = it could be anything.
    pub values: Vec<f32>,
    /// The places to look at, the most doubtful first; none where it is sure everywhere.
    pub spots: Vec<DoubtSpot>,
}

/// A doubtful place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DoubtSpot {
    /// Column, in pixels of the image.
    pub x: f32,
    /// Row, in pixels of the image.
    pub y: f32,
    /// Mean doubt around it, 0 to 1.
    pub doubt: f32,
}
