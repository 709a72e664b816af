//! The dense learner: from maps of the frozen stages to an answer for every cell of 4 by 4 pixels.
//!
//! The frozen network runs once on some augmented views of every labeled image and its maps of stages
//! 2, 3 and 4 are kept; what is trained, stages 5 to 7 and a light decoder, never sees a pixel. Forward
//! pass and gradient are written out on plain numbers and held against PyTorch by a test: matrix
//! products are nearly all of the work, and those of `faer` run about three times as fast as those of
//! the tensor engine on these shapes.

// In the order of a training: what is read, the network, what it should answer, the steps, the answer.
mod maps;
mod network;
mod objective;
mod state;
mod training;

mod prediction;

#[cfg(test)]
mod parity;

// What the network consists of.
mod buffers;
mod layers;

pub use maps::{DENSE_STRIDE, DenseExample, DenseMaps, DenseTarget, DenseView, UNLABELED};
pub use objective::DenseTask;
pub use prediction::{DenseGrid, dense_logits, predict_dense};
pub use state::DenseState;
pub use training::{DenseConfig, train_dense};
