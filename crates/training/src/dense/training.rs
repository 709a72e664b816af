//! Training of the dense network on cached maps.

use std::f32::consts::PI;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::TrainingError;
use crate::adam::{AdamW, clip};
use crate::dense::buffers::Buffers;
use crate::dense::maps::{DENSE_STRIDE, DenseExample, DenseMaps, DenseView};
use crate::dense::state::DenseState;
use crate::vectors::vectorised;

/// Images whose gradient one thread computes in one piece. Fewer would let more threads work at a
/// batch, and each pass over the weights serve fewer images.
const PART: usize = 4;
/// Longest gradient that is followed in full.
const LONGEST_GRADIENT: f32 = 1.0;
/// Share of the steps in which the rate rises.
const WARM_UP: f32 = 0.05;
const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.99;

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseConfig {
    /// Steps in all.
    pub steps: usize,
    /// Images a step.
    pub batch: usize,
    /// Largest step of a pretrained weight; warm-up and half a cosine lead to and from it.
    pub tail_rate: f32,
    /// The same for the decoder, which starts from nothing.
    pub decoder_rate: f32,
    /// Share of a weight that a step of rate 1 takes away.
    pub weight_decay: f32,
    /// Same seed and examples, same weights, with one thread or many.
    pub seed: u64,
}

impl Default for DenseConfig {
    fn default() -> Self {
        Self {
            steps: 600,
            batch: 8,
            tail_rate: 3e-4,
            decoder_rate: 2e-3,
            weight_decay: 1e-2,
            seed: 0,
        }
    }
}

/// Trains from `state` on until all steps are taken or `go_on` answers `false`; it is told the state
/// and the loss of each step. Runs on the threads of the rayon pool it is called in.
///
/// A training that was stopped goes on exactly as it would have. Images of different sizes may be
/// mixed; only those of one size in a batch share their passes.
///
/// # Errors
/// [`TrainingError::Maps`] for no examples or targets of another size or task, and
/// [`TrainingError::Diverged`].
pub fn train_dense(
    examples: &[DenseExample<'_>],
    config: &DenseConfig,
    mut state: DenseState,
    go_on: &mut dyn FnMut(&DenseState, f32) -> bool,
) -> Result<DenseState, TrainingError> {
    check(examples, &state)?;
    let rule = AdamW {
        first_decay: FIRST_DECAY,
        second_decay: SECOND_DECAY,
        weight_decay: config.weight_decay,
    };
    let mut workers: Vec<Worker> = Vec::new();
    while state.step < config.steps {
        let batch = draw(examples, config, state.step);
        let loss = batch_gradient(&state, &batch, &mut workers);
        if !loss.is_finite() {
            return Err(TrainingError::Diverged { step: state.step });
        }
        let Some(first) = workers.first_mut() else {
            break;
        };
        clip(&mut first.gradient, LONGEST_GRADIENT);
        let share = rate_share(state.step, config.steps);
        let (tail, all) = (state.network.tail_len, state.len());
        let rates = [
            (0..tail, config.tail_rate),
            (tail..all, config.decoder_rate),
        ];
        for (numbers, rate) in rates {
            let gradient = &first.gradient;
            rule.step(
                &mut state.numbers,
                numbers,
                gradient,
                rate * share,
                state.step,
            );
        }
        state.step += 1;
        if !go_on(&state, loss) {
            break;
        }
    }
    Ok(state)
}

fn check(examples: &[DenseExample<'_>], state: &DenseState) -> Result<(), TrainingError> {
    let refused = |reason: String| Err(TrainingError::Maps { reason });
    if examples.is_empty() {
        return refused("there is no labeled image".to_owned());
    }
    let channels = state.task().target_channels();
    for (index, example) in examples.iter().enumerate() {
        if example.views.is_empty() {
            return refused(format!("image {index} has no view"));
        }
        for DenseView { maps, target } in &example.views {
            let cells = target.rows * target.columns;
            let fits = (target.rows, target.columns)
                == (maps.height() / DENSE_STRIDE, maps.width() / DENSE_STRIDE)
                && target.channels == channels
                && target.values.len() == cells * channels
                && target.weights.len() == cells;
            if !fits {
                return refused(format!("the target of image {index} has another shape"));
            }
        }
    }
    Ok(())
}

/// Warm-up, then half a cosine.
fn rate_share(step: usize, steps: usize) -> f32 {
    let warm_up = (WARM_UP * steps as f32).max(1.0);
    let rise = ((step + 1) as f32 / warm_up).min(1.0);
    rise * 0.5 * (1.0 + (PI * step as f32 / steps as f32).cos())
}

/// One view each of the images of a step. Images are drawn without replacement until all have been
/// seen. Depends on the seed and the step alone, so that a training goes on as it would have.
fn draw<'a>(
    examples: &'a [DenseExample<'a>],
    config: &DenseConfig,
    step: usize,
) -> Vec<&'a DenseView<'a>> {
    let count = examples.len();
    let generator = |stream: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(stream);
        rng
    };
    let mut views = generator(2 * step as u64);
    let mut order: (usize, Vec<usize>) = (usize::MAX, Vec::new());
    (0..config.batch)
        .map(|index| {
            let drawn = step * config.batch + index;
            let epoch = drawn / count;
            if order.0 != epoch {
                let mut images: Vec<usize> = (0..count).collect();
                images.shuffle(&mut generator(2 * epoch as u64 + 1));
                order = (epoch, images);
            }
            let example = &examples[order.1[drawn % count]];
            &example.views[views.random_range(0..example.views.len())]
        })
        .collect()
}

/// What a thread needs for its part of a batch.
#[derive(Default)]
struct Worker {
    gradient: Vec<f32>,
    loss: f32,
    buffers: Buffers,
}

/// The loss of a batch; its gradient lies in the first worker afterwards. Parts are the same for any
/// number of threads and are added in their order.
fn batch_gradient(state: &DenseState, batch: &[&DenseView<'_>], workers: &mut Vec<Worker>) -> f32 {
    let parts = batch.len().div_ceil(PART);
    workers.resize_with(parts, Worker::default);
    let share = 1.0 / batch.len() as f32;
    workers
        .par_iter_mut()
        .zip(batch.par_chunks(PART))
        .for_each(|(worker, part)| worker.run(state, part, share));
    let Some((first, others)) = workers.split_first_mut() else {
        return f32::NAN;
    };
    for other in &*others {
        first.loss += other.loss;
    }
    let chunk = 1 << 16;
    first
        .gradient
        .par_chunks_mut(chunk)
        .enumerate()
        .for_each(|(index, sums)| {
            for other in &*others {
                let values = &other.gradient[index * chunk..][..sums.len()];
                vectorised(
                    #[inline(always)]
                    || {
                        for (sum, value) in sums.iter_mut().zip(values) {
                            *sum += value;
                        }
                    },
                );
            }
        });
    first.loss
}

impl Worker {
    fn run(&mut self, state: &DenseState, part: &[&DenseView<'_>], share: f32) {
        self.gradient.clear();
        self.gradient.resize(state.len(), 0.0);
        self.loss = 0.0;
        let size = |view: &&DenseView<'_>| (view.maps.height(), view.maps.width());
        for alike in part.chunk_by(|first, second| size(first) == size(second)) {
            let maps: Vec<DenseMaps<'_>> = alike.iter().map(|view| view.maps).collect();
            let numbers = &state.numbers.values;
            let pass = state.network.forward(numbers, &maps, &mut self.buffers);
            let mut by_logits = self.buffers.take(pass.logits.len());
            let values = pass.logits.len() / alike.len();
            let answers = pass.logits.chunks_exact(values);
            let gradients = by_logits.chunks_exact_mut(values);
            for ((view, answer), gradient) in alike.iter().zip(answers).zip(gradients) {
                self.loss += share * state.task().loss(answer, &view.target, share, gradient);
            }
            let (gradient, buffers) = (&mut self.gradient, &mut self.buffers);
            state
                .network
                .backward(numbers, pass, &by_logits, gradient, buffers);
            self.buffers.give(by_logits);
        }
    }
}

/// The loss and the gradient by all numbers of one batch.
#[cfg(test)]
pub(crate) fn loss_and_gradient(state: &DenseState, batch: &[&DenseView<'_>]) -> (f32, Vec<f32>) {
    let mut workers = Vec::new();
    let loss = batch_gradient(state, batch, &mut workers);
    (loss, workers.swap_remove(0).gradient)
}
