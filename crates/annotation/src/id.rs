//! Identifiers. Each is a newtype so that an image can never be passed where a class is meant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One image of a project: its dense, zero-based row. Images are only ever added, so the row in
/// the database, in the embeddings file and in every score vector is this number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct ImageId(pub u32);

impl ImageId {
    /// The row of this image as an index.
    #[must_use]
    pub fn row(self) -> usize {
        self.0 as usize
    }

    /// The image at a row; `None` beyond the 2³² images a project can hold.
    #[must_use]
    pub fn from_row(row: usize) -> Option<Self> {
        u32::try_from(row).ok().map(Self)
    }
}

/// One class of the label schema: its zero-based position.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct ClassId(pub u16);

impl ClassId {
    /// The position of this class as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Images that must stay together in every split (one patient, video or slide).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct GroupId(pub u32);
