//! What an expert says about one image, and why that image had been asked for.

use crate::ClassId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An expert's answer for one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// The image shows this class.
    Class {
        /// Position in the label schema.
        class: ClassId,
    },
    /// The image cannot be read (quality, wrong body part, not an image of this kind); it leaves
    /// the pool and is never auto-labeled.
    Unreadable,
}

impl Answer {
    /// The class, where the answer names one.
    #[must_use]
    pub fn class(self) -> Option<ClassId> {
        match self {
            Self::Class { class } => Some(class),
            Self::Unreadable => None,
        }
    }
}

/// Why an image was given to an expert. Only [`LabelOrigin::Random`] answers are an unbiased
/// sample of the pool, so only they may be used to estimate accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelOrigin {
    /// Chosen before any model existed, to cover the pool.
    ColdStart,
    /// Chosen by the acquisition function.
    Chosen,
    /// Drawn uniformly at random from the unlabeled rest: the honest validation part.
    Random,
    /// Returned to people because the model was not sure enough to auto-label it.
    Returned,
    /// Corrected or confirmed during an audit.
    Audit,
    /// Came with the data set, or was chosen by the person.
    Given,
}
