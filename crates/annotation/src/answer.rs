//! What an expert says about one image, and why that image had been asked for.

use crate::{ClassId, DrawingId, FindingSet, Label};
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
    /// The image shows these findings and none of the others.
    Findings {
        /// Positions in the label schema; empty = none of them.
        present: FindingSet,
    },
    /// The image shows the shapes of this drawing and nothing else.
    Drawn {
        /// The drawing.
        drawing: DrawingId,
    },
    /// The image cannot be read (quality, wrong body part, not an image of this kind); it leaves
    /// the pool and is never auto-labeled.
    Unreadable,
}

impl Answer {
    /// The label; `None` where the image cannot be read.
    #[must_use]
    pub fn label(self) -> Option<Label> {
        match self {
            Self::Class { class } => Some(Label::Class(class)),
            Self::Findings { present } => Some(Label::Findings(present)),
            Self::Drawn { drawing } => Some(Label::Drawn { drawing }),
            Self::Unreadable => None,
        }
    }

    /// The class, where the answer is one.
    #[must_use]
    pub fn class(self) -> Option<ClassId> {
        self.label()?.class()
    }
}

impl From<Label> for Answer {
    fn from(label: Label) -> Self {
        match label {
            Label::Class(class) => Self::Class { class },
            Label::Findings(present) => Self::Findings { present },
            Label::Drawn { drawing } => Self::Drawn { drawing },
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
