//! Adapting stages 5 to 7 to a collection of images without labels.
//!
//! Each step draws images, two looks at each, mirrors some, and moves the weights so that the looks at
//! one image resemble each other more than those at others. Features of the batch are computed in
//! parts, the loss on all of them together, and its gradient is carried back through the parts: so the
//! parts may run on several threads, and the result is the same on one.

use std::f32::consts::PI;

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::TrainingError;
use crate::adam::{Adam, clip};
use crate::contrast::{PROJECTION_VALUES, contrast, initial_projection, values_of};
use crate::tail::{MAP_CHANNELS, MAP_SIDE, MAP_VALUES, TAIL_FEATURES, Tail};

/// Maps that run together; their graph takes about 7 MB a map.
const PART: usize = 16;
/// Images from which the scale of the features is taken, evenly spaced.
const MOST_SCALED: usize = 128;
/// Longest gradient of the weights that is followed in full.
const LONGEST_GRADIENT: f32 = 2.0;
/// Fewest images that a batch can be drawn from.
const FEWEST_IMAGES: usize = 8;
/// What a deviation is at least, so that a feature without one stays finite.
const TINY_DEVIATION: f32 = 1e-4;

/// The maps of stage 4 of a sample of images, `[images, looks, 80, 14, 14]`.
#[derive(Clone, Copy, Debug)]
pub struct Maps<'a> {
    /// Look after look of image after image: channel after channel, each row by row.
    pub values: &'a [f16],
    /// Looks at each image.
    pub looks: usize,
}

impl Maps<'_> {
    /// Images.
    #[must_use]
    pub fn images(&self) -> usize {
        self.values.len() / (self.looks * MAP_VALUES).max(1)
    }

    fn map(&self, image: usize, look: usize) -> &[f16] {
        &self.values[(image * self.looks + look) * MAP_VALUES..][..MAP_VALUES]
    }
}

/// How to adapt.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptConfig {
    /// Steps in all.
    pub steps: usize,
    /// Images a step; two looks at each are compared.
    pub pairs: usize,
    /// Largest step of a weight; warm-up and a half cosine lead to and from it.
    pub rate: f32,
    /// The same for the projection, which starts from nothing.
    pub projection_rate: f32,
    /// Whether the images have no upright, so that they may be turned as well as mirrored.
    pub may_turn: bool,
    /// Same seed and maps, same weights.
    pub seed: u64,
}

impl Default for AdaptConfig {
    fn default() -> Self {
        Self {
            steps: 150,
            pairs: 48,
            rate: 3e-4,
            projection_rate: 2e-3,
            may_turn: false,
            seed: 0,
        }
    }
}

/// A training under way; [`AdaptState::to_bytes`] keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptState {
    /// Steps taken.
    pub step: usize,
    pub(crate) weights: Adam,
    pub(crate) projection: Adam,
}

impl AdaptState {
    /// Before the first step.
    #[must_use]
    pub fn start(tail: &Tail, config: &AdaptConfig) -> Self {
        Self {
            step: 0,
            weights: Adam::new(tail.initial().to_vec()),
            projection: Adam::new(initial_projection(config.seed)),
        }
    }

    /// The numbers of the tail as trained so far.
    #[must_use]
    pub fn trained(&self) -> &[f32] {
        &self.weights.values
    }

    /// The state as bytes: the step, then all numbers, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (self.step as u64).to_le_bytes().to_vec();
        for adam in [&self.weights, &self.projection] {
            for value in adam.values.iter().chain(&adam.first).chain(&adam.second) {
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads what [`AdaptState::to_bytes`] wrote for the same tail.
    ///
    /// # Errors
    /// [`TrainingError::State`] for another length or numbers that are not finite.
    pub fn from_bytes(tail: &Tail, bytes: &[u8]) -> Result<Self, TrainingError> {
        let refused = |reason: &str| TrainingError::State {
            reason: reason.to_owned(),
        };
        let count = 3 * (tail.len() + PROJECTION_VALUES);
        let (step, numbers) = bytes
            .split_first_chunk::<8>()
            .filter(|(_, numbers)| numbers.len() == 4 * count)
            .ok_or_else(|| refused("it has another length"))?;
        let mut numbers = numbers
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let mut adam = |count: usize| Adam {
            values: numbers.by_ref().take(count).collect(),
            first: numbers.by_ref().take(count).collect(),
            second: numbers.by_ref().take(count).collect(),
        };
        let state = Self {
            step: usize::try_from(u64::from_le_bytes(*step)).unwrap_or(usize::MAX),
            weights: adam(tail.len()),
            projection: adam(PROJECTION_VALUES),
        };
        let is_finite = |adam: &Adam| adam.values.iter().all(|value| value.is_finite());
        match is_finite(&state.weights) && is_finite(&state.projection) {
            true => Ok(state),
            false => Err(refused("it holds numbers that are not finite")),
        }
    }
}

/// Trains from `state` on until all steps are taken or `go_on` answers `false`; it is told the state
/// and the loss of each step. Runs on the threads of the rayon pool it is called in.
///
/// # Errors
/// [`TrainingError::Maps`], [`TrainingError::Diverged`] and [`TrainingError::Engine`].
pub fn adapt(
    tail: &Tail,
    maps: &Maps<'_>,
    config: &AdaptConfig,
    mut state: AdaptState,
    go_on: &mut dyn FnMut(&AdaptState, f32) -> bool,
) -> Result<AdaptState, TrainingError> {
    let images = maps.images();
    if images < FEWEST_IMAGES || maps.values.len() != images * maps.looks * MAP_VALUES {
        let reason = format!("{images} images; {FEWEST_IMAGES} are needed at least");
        return Err(TrainingError::Maps { reason });
    }
    let scale = FeatureScale::of(tail, maps)?;
    let device = Device::flex().autodiff();
    while state.step < config.steps {
        let batch = Batch::draw(maps, config, state.step);
        let gradient = batch_gradient(tail, &state, &scale, &batch, &device)?;
        if !gradient.loss.is_finite() {
            return Err(TrainingError::Diverged { step: state.step });
        }
        let share = rate_share(state.step, config.steps);
        state
            .weights
            .step(&gradient.weights, config.rate * share, state.step);
        let rate = config.projection_rate * share;
        state
            .projection
            .step(&gradient.projection, rate, state.step);
        state.step += 1;
        if !go_on(&state, gradient.loss) {
            break;
        }
    }
    Ok(state)
}

/// Features of the maps, `[maps, 1248]`, by trained numbers.
///
/// # Errors
/// [`TrainingError::Engine`].
pub fn tail_features(
    tail: &Tail,
    trained: &[f32],
    maps: &[&[f16]],
) -> Result<Vec<f32>, TrainingError> {
    let device = Device::flex();
    let weights = tail.tensors(trained, &device);
    let parts: Result<Vec<Vec<f32>>, TrainingError> = maps
        .par_chunks(PART)
        .map(|maps| {
            let mut values = Vec::with_capacity(maps.len() * MAP_VALUES);
            for map in maps {
                values.extend(positions_first(map, Turn::default()));
            }
            let x = map_tensor(values, &device);
            values_of(tail.features(&weights, x)).map_err(engine_error)
        })
        .collect();
    Ok(parts?.concat())
}

fn engine_error(reason: String) -> TrainingError {
    TrainingError::Engine { reason }
}

fn map_tensor(values: Vec<f32>, device: &Device) -> Tensor<4> {
    let count = values.len() / MAP_VALUES;
    let dims = [count, MAP_SIDE, MAP_SIDE, MAP_CHANNELS];
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// Warm-up over a tenth of the steps, 20 at most, then half a cosine.
fn rate_share(step: usize, steps: usize) -> f32 {
    let warm_up = (steps as f32 / 10.0).clamp(1.0, 20.0);
    let rise = ((step + 1) as f32 / warm_up).min(1.0);
    rise * 0.5 * (1.0 + (PI * step as f32 / steps as f32).cos())
}

/// Averages and deviations of the features before training.
struct FeatureScale {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl FeatureScale {
    fn of(tail: &Tail, maps: &Maps<'_>) -> Result<Self, TrainingError> {
        let step = maps.images().div_ceil(MOST_SCALED);
        let sample: Vec<&[f16]> = (0..maps.images())
            .step_by(step)
            .flat_map(|image| (0..maps.looks).map(move |look| maps.map(image, look)))
            .collect();
        let rows = tail_features(tail, tail.initial(), &sample)?;
        let count = sample.len() as f32;
        let mut scale = Self {
            mean: vec![0.0; TAIL_FEATURES],
            deviation: vec![0.0; TAIL_FEATURES],
        };
        for row in rows.chunks_exact(TAIL_FEATURES) {
            for (mean, value) in scale.mean.iter_mut().zip(row) {
                *mean += value / count;
            }
        }
        for row in rows.chunks_exact(TAIL_FEATURES) {
            let means = scale.mean.iter().zip(row);
            for (deviation, (mean, value)) in scale.deviation.iter_mut().zip(means) {
                *deviation += (value - mean).powi(2) / count;
            }
        }
        for deviation in &mut scale.deviation {
            *deviation = deviation.sqrt() + TINY_DEVIATION;
        }
        Ok(scale)
    }

    fn standardise(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(TAIL_FEATURES) {
            for (value, (mean, deviation)) in
                row.iter_mut().zip(self.mean.iter().zip(&self.deviation))
            {
                *value = (*value - mean) / deviation;
            }
        }
    }

    fn pull_back(&self, gradient: &mut [f32]) {
        for row in gradient.chunks_exact_mut(TAIL_FEATURES) {
            for (value, deviation) in row.iter_mut().zip(&self.deviation) {
                *value /= deviation;
            }
        }
    }
}

/// How a map is mirrored.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    left_right: bool,
    up_down: bool,
    diagonal: bool,
}

/// A map with its channels running fastest, mirrored.
fn positions_first(map: &[f16], turn: Turn) -> Vec<f32> {
    let positions = MAP_SIDE * MAP_SIDE;
    let mut found = vec![0.0; MAP_VALUES];
    for (position, channels) in found.chunks_exact_mut(MAP_CHANNELS).enumerate() {
        let (mut row, mut column) = (position / MAP_SIDE, position % MAP_SIDE);
        if turn.diagonal {
            (row, column) = (column, row);
        }
        if turn.up_down {
            row = MAP_SIDE - 1 - row;
        }
        if turn.left_right {
            column = MAP_SIDE - 1 - column;
        }
        let from = row * MAP_SIDE + column;
        for (channel, value) in channels.iter_mut().enumerate() {
            *value = map[channel * positions + from].to_f32();
        }
    }
    found
}

/// The maps of a step: first looks, then second looks at the same images.
struct Batch(Vec<f32>);

impl Batch {
    /// Depends on the seed and the step alone, so that a training goes on as it would have.
    fn draw(maps: &Maps<'_>, config: &AdaptConfig, step: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(step as u64 + 1);
        let pairs = config.pairs.min(maps.images());
        let images = index::sample(&mut rng, maps.images(), pairs).into_vec();
        let mut looks = [Vec::with_capacity(pairs), Vec::with_capacity(pairs)];
        for &image in &images {
            let first = rng.random_range(0..maps.looks);
            // Another look where there is one.
            let second = match maps.looks {
                1 => first,
                looks => (first + rng.random_range(1..looks)) % looks,
            };
            for (look, maps_of_look) in [first, second].into_iter().zip(&mut looks) {
                let turn = Turn {
                    left_right: rng.random(),
                    up_down: config.may_turn && rng.random(),
                    diagonal: config.may_turn && rng.random(),
                };
                maps_of_look.push((image, look, turn));
            }
        }
        let values = looks.concat();
        let values = values
            .into_iter()
            .flat_map(|(image, look, turn)| positions_first(maps.map(image, look), turn));
        Self(values.collect())
    }
}

/// The loss of a batch and its gradients.
struct BatchGradient {
    loss: f32,
    weights: Vec<f32>,
    projection: Vec<f32>,
}

fn batch_gradient(
    tail: &Tail,
    state: &AdaptState,
    scale: &FeatureScale,
    batch: &Batch,
    device: &Device,
) -> Result<BatchGradient, TrainingError> {
    // Every part has leaves of its own, so that parts share no graph.
    let parts: Result<Vec<_>, TrainingError> = batch
        .0
        .par_chunks(PART * MAP_VALUES)
        .map(|maps| {
            let weights = tail.tensors(state.trained(), device).with_gradients();
            let features = tail.features(&weights, map_tensor(maps.to_vec(), device));
            let values = values_of(features.clone()).map_err(engine_error)?;
            Ok((weights, features, values))
        })
        .collect();
    let parts = parts?;
    let mut rows: Vec<f32> = parts
        .iter()
        .flat_map(|part| part.2.iter().copied())
        .collect();
    scale.standardise(&mut rows);
    let mut found = contrast(&rows, &state.projection.values, device).map_err(engine_error)?;
    scale.pull_back(&mut found.features);
    let gradients: Result<Vec<Vec<f32>>, TrainingError> = parts
        .into_par_iter()
        .zip(found.features.par_chunks(PART * TAIL_FEATURES))
        .map(|((weights, features, _), gradient)| {
            let dims = features.dims();
            let gradient = Tensor::from_data(TensorData::new(gradient.to_vec(), dims), device);
            let mut gradients = (features * gradient).sum().backward();
            let mut flat = Vec::with_capacity(tail.len());
            for weight in &weights.0 {
                let gradient = weight
                    .grad_remove(&mut gradients)
                    .ok_or_else(|| engine_error("a gradient is missing".to_owned()))?;
                flat.extend(values_of(gradient).map_err(engine_error)?);
            }
            Ok(flat)
        })
        .collect();
    // Added in the order of the parts, whatever thread was first.
    let mut weights = vec![0.0; tail.len()];
    for part in gradients? {
        for (sum, value) in weights.iter_mut().zip(part) {
            *sum += value;
        }
    }
    tail.pull_back(&mut weights);
    clip(&mut weights, LONGEST_GRADIENT);
    Ok(BatchGradient {
        loss: found.loss,
        weights,
        projection: found.projection,
    })
}
