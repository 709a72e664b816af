//! The maps of stages 2, 3 and 4 of the embedded network at any input size: what answers for every
//! place of an image are learnt from.
//!
//! The network runs no further than stage 4, as a file of its own that ends there and leaves the size
//! of its input open.

use std::borrow::Cow;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::ModelError;
use crate::backbone::{default_network, default_normalisation};
use crate::engine::{Engine, EngineChoice, EngineInfo, NetworkFile, Output, open_engine};
use crate::graph::describe_network;
use crate::more_outputs::ending_at;
use crate::preprocess::Normalisation;
use crate::shared_work::each_part;

/// The maps of stages 2, 3 and 4 in the embedded network.
const MAPS: [&str; 3] = ["block2.add", "block4.add", "block7.add"];
/// Channels of the maps of stages 2, 3 and 4.
pub const FROZEN_MAP_CHANNELS: [usize; 3] = [24, 40, 80];
/// Pixels a position of these maps stands for, in each direction.
pub const FROZEN_MAP_STRIDES: [usize; 3] = [4, 8, 16];
/// What both sides of an input must be a multiple of, so that all further stages halve evenly.
pub const FROZEN_MULTIPLE: usize = 32;
/// Channels turned at a time: a line of the processor's memory holds sixteen halves.
const TURNED: usize = 16;

/// The embedded network up to stage 4, ready to run; shared by all threads.
pub struct FrozenStages {
    engine: Engine,
    engine_info: EngineInfo,
    normalisation: Normalisation,
    threads: usize,
}

impl FrozenStages {
    /// What runs it.
    #[must_use]
    pub fn engine(&self) -> &EngineInfo {
        &self.engine_info
    }
}

/// Loads the stages; `threads` is the number of threads they may use, 0 for one per core.
///
/// # Errors
/// [`ModelError::Load`], and [`ModelError::NoOnnxRuntime`] when that engine was demanded.
pub fn load_frozen_stages(
    choice: EngineChoice,
    threads: usize,
) -> Result<FrozenStages, ModelError> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    let label = "embedded, up to stage 4".to_owned();
    let description = describe_network(default_network(), &label)?;
    let bytes = ending_at(default_network(), &description.input.name, &MAPS).map_err(|damage| {
        ModelError::NotOnnx {
            network: label.clone(),
            reason: damage.to_string(),
        }
    })?;
    let network = NetworkFile {
        label,
        bytes: Cow::Owned(bytes),
        input: description.input,
        outputs: MAPS.map(str::to_owned).to_vec(),
    };
    let (engine, engine_info) = open_engine(network, choice, threads)?;
    Ok(FrozenStages {
        engine,
        engine_info,
        normalisation: default_normalisation()?,
        threads,
    })
}

/// Numbers that [`frozen_stage_maps`] gives for an image of `height` by `width` pixels.
#[must_use]
pub fn frozen_stage_values(height: usize, width: usize) -> usize {
    let maps = FROZEN_MAP_STRIDES.iter().zip(FROZEN_MAP_CHANNELS);
    maps.map(|(stride, channels)| height / stride * (width / stride) * channels)
        .sum()
}

/// The maps of images of `height` by `width` pixels, multiples of 32, one image after the other: stage
/// 2 as `[height / 4, width / 4, 24]`, stage 3 as `[height / 8, width / 8, 40]`, stage 4 as
/// `[height / 16, width / 16, 80]`, channels running fastest. An image is `[3, height, width]` values
/// in 0..=255: red, green, blue.
///
/// The maps of an image do not depend on its neighbours. Runs on as many threads as the stages were
/// loaded for; give it twice as many images or more.
///
/// # Errors
/// [`ModelError::Run`]; [`ModelError::BrokenPlane`] for an image of another size, or any image where
/// the sides are no multiples of 32; [`ModelError::NotFinite`].
pub fn frozen_stage_maps(
    stages: &FrozenStages,
    height: usize,
    width: usize,
    images: &[&[f32]],
) -> Result<Vec<f16>, ModelError> {
    let is_side = |side: usize| side > 0 && side.is_multiple_of(FROZEN_MULTIPLE);
    let is_usable =
        |image: &[f32]| is_side(height) && is_side(width) && image.len() == 3 * height * width;
    if let Some(position) = images.iter().position(|image| !is_usable(image)) {
        return Err(ModelError::BrokenPlane { position });
    }
    let size = frozen_stage_values(height, width);
    let mut found = vec![f16::ZERO; images.len() * size];
    let parts = images.iter().zip(found.chunks_mut(size.max(1)));
    let threads = stages.threads.min(images.len());
    each_part(threads, parts, |position, (image, found), tensor| {
        tensor.clear();
        stages.normalisation.extend(tensor, image);
        let shape = [1, 3, height, width];
        let outputs = stages.engine.run_shaped(shape, tensor)?;
        match write_maps(&outputs, [height, width], found) {
            true => Ok(()),
            false => Err(ModelError::NotFinite { position }),
        }
    })?;
    Ok(found)
}

/// Writes the maps of one image with their channels running fastest; `false` where one is missing or a
/// number in it is not finite.
fn write_maps(outputs: &[Output], sides: [usize; 2], mut found: &mut [f16]) -> bool {
    let mut halves = Vec::new();
    for ((output, stride), channels) in outputs
        .iter()
        .zip(FROZEN_MAP_STRIDES)
        .zip(FROZEN_MAP_CHANNELS)
    {
        let [rows, columns] = sides.map(|side| side / stride);
        let positions = rows * columns;
        if output.shape != [1, channels, rows, columns] {
            return false;
        }
        let (map, rest) = found.split_at_mut(positions * channels);
        halves.resize(output.values.len(), f16::ZERO);
        halves.convert_from_f32_slice(&output.values);
        if !halves.iter().all(|value| value.is_finite()) {
            return false;
        }
        for first in (0..channels).step_by(TURNED) {
            let last = channels.min(first + TURNED);
            for (position, out) in map.chunks_exact_mut(channels).enumerate() {
                for (channel, out) in (first..last).zip(&mut out[first..last]) {
                    *out = halves[channel * positions + position];
                }
            }
        }
        found = rest;
    }
    found.is_empty()
}
