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

mod doubt;
mod prediction;

// The three uses: from a drawing to what should be answered, what a wrong answer costs, and from an
// answer to shapes.
mod class_decoding;
mod class_loss;
mod class_target;

mod box_decoding;
mod box_loss;
mod box_target;

mod instance_decoding;
mod instance_loss;
mod instance_target;

mod found_shape;
mod grid_sampling;
mod view_space;
mod vote_map;

#[cfg(test)]
mod parity;

#[cfg(test)]
mod loss_parity;

// What the network consists of.
mod buffers;
mod layers;

pub use box_decoding::{BoxDecoding, box_shapes};
pub use box_target::box_target;
pub use class_decoding::class_shapes;
pub use class_target::class_target;
pub use found_shape::FoundShape;
pub use instance_decoding::{InstanceDecoding, instance_shapes};
pub use instance_target::instance_target;
pub use maps::{DENSE_STRIDE, DenseExample, DenseMaps, DenseTarget, DenseView, UNLABELED};
pub use objective::DenseTask;
pub use prediction::{DenseGrid, dense_logits, predict_dense};
pub use state::DenseState;
pub use training::{DenseConfig, train_dense};

/// Holds the gradient that a loss writes against differences of the loss itself.
#[cfg(test)]
fn check_slopes(answer: &[f32], loss: impl Fn(&[f32], &mut [f32]) -> f32) {
    let mut gradient = vec![f32::NAN; answer.len()];
    loss(answer, &mut gradient);
    let mut unused = vec![0.0; answer.len()];
    let longest = gradient
        .iter()
        .fold(0.0_f32, |most, slope| most.max(slope.abs()));
    for (index, slope) in gradient.iter().enumerate() {
        let step = 1e-2;
        let mut at = |off: f32| {
            let mut moved = answer.to_vec();
            moved[index] += off;
            loss(&moved, &mut unused)
        };
        // Of four places: what is left grows with the fourth power of the step.
        let near = at(step) - at(-step);
        let far = at(2.0 * step) - at(-2.0 * step);
        let difference = (8.0 * near - far) / (12.0 * step);
        let close = 2e-3 * longest;
        assert!(
            (slope - difference).abs() < close,
            "number {index}: {slope} beside {difference}"
        );
    }
}
