//! What can go wrong while training.

use autolabel_annotation::GeometryError;
use autolabel_models::protobuf::NoMessage;

/// An error of this crate; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The bytes are no ONNX file that this crate can read.
    #[error("the network file cannot be read: {reason}; export it again")]
    NotOnnx {
        /// What is wrong with it.
        reason: String,
    },
    /// A weight that is needed is not in the file.
    #[error(
        "the network file has no usable weight {name}: {reason}; only EfficientNet-Lite0 of this program can be adapted"
    )]
    Weight {
        /// Name of the weight.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The images do not suffice or their maps have another shape.
    #[error("the maps cannot be trained on: {reason}")]
    Maps {
        /// What is wrong with them.
        reason: String,
    },
    /// A view that cannot be learnt from or read.
    #[error("the view of the image cannot be used: {reason}; draw another one")]
    View {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A shape of a class that the network does not answer for.
    #[error("a shape has class {class}, but the network answers for {count}; start a new one")]
    Class {
        /// The class given.
        class: u16,
        /// Classes of the network, without the background.
        count: usize,
    },
    /// A drawing that cannot be learnt from.
    #[error("the drawing cannot be learnt from: {0}")]
    Geometry(#[from] GeometryError),
    /// A state that was kept belongs to another training, or is damaged.
    #[error("the kept state of the training cannot be used: {reason}; start the training again")]
    State {
        /// What is wrong with it.
        reason: String,
    },
    /// The training left the numbers that can be computed with.
    #[error("the training diverged at step {step}; nothing was changed")]
    Diverged {
        /// Zero-based step.
        step: usize,
    },
    /// The tensor engine failed.
    #[error("the tensor engine failed: {reason}")]
    Engine {
        /// What it said.
        reason: String,
    },
}

impl From<NoMessage> for TrainingError {
    fn from(damage: NoMessage) -> Self {
        Self::NotOnnx {
            reason: damage.to_string(),
        }
    }
}
