//! The embedded network adapted to a collection of images, without labels: a sample of the images is
//! looked at once, stages 5 to 7 are trained on what stage 4 gave, and the result is a network file
//! like any other, with the features of the frozen stages and of the adapted ones side by side.

use crate::WorkflowError;
use crate::orientation::choose_views;
use autolabel_image_io::ReadLimits;
use autolabel_models::{Backbone, Orientations, Views, default_network, write_variant};
use autolabel_training::{
    ADAPTED_OUTPUTS, AdaptConfig, AdaptState, MAP_VALUES, Maps, Tail, adapt, with_adapted_tail,
};
use half::f16;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Whether and how a network is adapted to images.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptation {
    /// Fewer images than this are too few to learn from without labels.
    pub fewest: usize,
    /// The training.
    pub training: AdaptConfig,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            fewest: 500,
            training: AdaptConfig::default(),
        }
    }
}

/// Images of the sample; the maps of three looks at each take 190 MB.
const MOST_SAMPLED: usize = 2_000;

/// Images looked at between two reports.
const LOOKED_AT_TOGETHER: usize = 32;

/// Steps between two states on disk; a crash costs no more.
const STEPS_BETWEEN_STATES: usize = 25;

/// How far an adaptation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdaptProgress {
    /// Images of the sample looked at.
    Looking {
        /// So far.
        done: usize,
        /// In all.
        total: usize,
    },
    /// Steps of the training taken.
    Training {
        /// So far.
        done: usize,
        /// In all.
        total: usize,
    },
}

/// Adapts the embedded network to these files and returns the file of the adapted network, in
/// `folder`, for `BackboneSource::File`. What is there for the same files is used again, and a training
/// that was interrupted goes on. `None` where `go_on` answered `false`.
///
/// # Errors
/// Another network than the embedded one, fewer files than `adaptation` asks for, or the training or
/// writing fails. Files that cannot be read are left out.
pub fn adapt_network(
    files: &[PathBuf],
    backbone: &Backbone,
    folder: &Path,
    adaptation: &Adaptation,
    go_on: &mut dyn FnMut(AdaptProgress) -> bool,
) -> Result<Option<PathBuf>, WorkflowError> {
    if backbone.info().source != "embedded" {
        return Err(refused(
            "only the network inside this program can be adapted; leave out --backbone",
        ));
    }
    if files.len() < adaptation.fewest {
        let problem = format!(
            "there are {} images and {} are needed; go on without it",
            files.len(),
            adaptation.fewest
        );
        return Err(refused(&problem));
    }
    let config = &adaptation.training;
    let step = files.len().div_ceil(MOST_SAMPLED).max(1);
    let sample: Vec<&PathBuf> = files.iter().step_by(step).collect();
    let name = name_of(&sample, backbone, config);
    let network = folder.join(format!("adapted-{name}.onnx"));
    if network.exists() {
        return Ok(Some(network));
    }
    fs_err::create_dir_all(folder).map_err(WorkflowError::Io)?;
    let views = choose_views(files, files.len(), backbone, &ReadLimits::default())?;
    let Some(maps) = maps_of(&sample, backbone, &views, go_on)? else {
        return Ok(None);
    };
    let config = AdaptConfig {
        may_turn: views.orientations != Orientations::Upright,
        ..config.clone()
    };
    let maps = Maps {
        values: &maps,
        looks: views.crops.len(),
    };
    let kept = folder.join(format!("adapting-{name}.state"));
    let Some(trained) = train(&maps, &config, &kept, go_on)? else {
        return Ok(None);
    };
    let joined = with_adapted_tail(default_network(), &trained)?;
    write_variant(&network, &joined, &ADAPTED_OUTPUTS)?;
    remove(&kept)?;
    Ok(Some(network))
}

fn refused(problem: &str) -> WorkflowError {
    WorkflowError::Setting {
        name: "the adaptation of the network",
        problem: problem.to_owned(),
    }
}

/// Names everything that the result depends on.
fn name_of(sample: &[&PathBuf], backbone: &Backbone, config: &AdaptConfig) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(backbone.info().id.as_bytes());
    hash.update(format!("{config:?}").as_bytes());
    for file in sample {
        hash.update(file.to_string_lossy().as_bytes());
        let bytes = fs_err::metadata(file).map_or(0, |found| found.len());
        hash.update(&bytes.to_le_bytes());
    }
    hash.finalize().to_hex()[..16].to_owned()
}

/// The maps of stage 4 of every look at each file that can be read.
fn maps_of(
    sample: &[&PathBuf],
    backbone: &Backbone,
    views: &Views,
    go_on: &mut dyn FnMut(AdaptProgress) -> bool,
) -> Result<Option<Vec<f16>>, WorkflowError> {
    let limits = ReadLimits::default();
    let mut maps = Vec::with_capacity(sample.len() * views.crops.len() * MAP_VALUES);
    for (index, files) in sample.chunks(LOOKED_AT_TOGETHER).enumerate() {
        let found: Result<Vec<Vec<f16>>, WorkflowError> = files
            .par_iter()
            .map(|file| {
                match autolabel_image_io::read_plane(file, &limits) {
                    Ok(plane) => Ok(autolabel_training::stage_maps(
                        backbone,
                        &views.crops,
                        &plane,
                    )?),
                    // The import tells what is wrong with the file.
                    Err(_) => Ok(Vec::new()),
                }
            })
            .collect();
        for found in found? {
            maps.extend(found);
        }
        let done = (index * LOOKED_AT_TOGETHER + files.len()).min(sample.len());
        let total = sample.len();
        if !go_on(AdaptProgress::Looking { done, total }) {
            return Ok(None);
        }
    }
    Ok(Some(maps))
}

/// The embedded network with its stages 5 to 7 trained; goes on from the state on disk, where there is
/// one that fits.
fn train(
    maps: &Maps<'_>,
    config: &AdaptConfig,
    kept: &Path,
    go_on: &mut dyn FnMut(AdaptProgress) -> bool,
) -> Result<Option<Vec<u8>>, WorkflowError> {
    let tail = Tail::read(default_network())?;
    let earlier = fs_err::read(kept).ok();
    let earlier = earlier.and_then(|bytes| AdaptState::from_bytes(&tail, &bytes).ok());
    let state = earlier.unwrap_or_else(|| AdaptState::start(&tail, config));
    let mut failed = None;
    let state = adapt(&tail, maps, config, state, &mut |state, _| {
        let (done, total) = (state.step, config.steps);
        let goes_on = go_on(AdaptProgress::Training { done, total });
        if done < total && (!goes_on || done % STEPS_BETWEEN_STATES == 0) {
            failed = keep(kept, state).err();
        }
        goes_on && failed.is_none()
    })?;
    match failed {
        Some(error) => Err(error),
        None if state.step < config.steps => Ok(None),
        None => Ok(Some(tail.patched(default_network(), state.trained())?)),
    }
}

fn keep(path: &Path, state: &AdaptState) -> Result<(), WorkflowError> {
    let unfinished = path.with_extension("part");
    fs_err::write(&unfinished, state.to_bytes()).map_err(WorkflowError::Io)?;
    fs_err::rename(&unfinished, path).map_err(WorkflowError::Io)
}

fn remove(path: &Path) -> Result<(), WorkflowError> {
    match path.exists() {
        true => fs_err::remove_file(path).map_err(WorkflowError::Io),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_models::{BackboneSource, EngineChoice, load_backbone};
    use image::{GrayImage, Luma};

    /// Drawn grey stripes of different widths.
    fn pictures(folder: &Path, count: u32) -> Vec<PathBuf> {
        let draw = |kind: u32| {
            let value = |x: u32, y: u32| Luma([((x * (kind + 1) + y * 3) % 97 * 2) as u8]);
            let path = folder.join(format!("{kind:03}.png"));
            let picture = GrayImage::from_fn(48, 48, value);
            picture.save(&path).unwrap();
            path
        };
        (0..count).map(draw).collect()
    }

    #[test]
    fn an_interrupted_adaptation_goes_on_and_its_network_has_both_ends() {
        let images = tempfile::tempdir().unwrap();
        let made = tempfile::tempdir().unwrap();
        let files = pictures(images.path(), 10);
        let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
        let adaptation = Adaptation {
            fewest: 10,
            training: AdaptConfig {
                steps: 3,
                pairs: 4,
                ..AdaptConfig::default()
            },
        };
        let run = |stop_at: usize| {
            let mut steps = Vec::new();
            let found = adapt_network(
                &files,
                &backbone,
                made.path(),
                &adaptation,
                &mut |progress| {
                    if let AdaptProgress::Training { done, .. } = progress {
                        steps.push(done);
                    }
                    steps.last() != Some(&stop_at)
                },
            );
            (found.unwrap(), steps)
        };
        assert_eq!(run(2), (None, vec![1, 2]));
        let (network, steps) = run(4);
        assert_eq!(steps, [3]);
        let network = network.unwrap();
        // Nothing is left to do.
        assert_eq!(run(1), (Some(network.clone()), Vec::new()));
        let found = load_backbone(&BackboneSource::File(network), EngineChoice::Auto, 1).unwrap();
        let outputs = &found.info().outputs;
        assert_eq!(outputs[..8], backbone.info().outputs[..]);
        assert_eq!(outputs[8..], ADAPTED_OUTPUTS);
        assert_ne!(found.info().id, backbone.info().id);
        let left = fs_err::read_dir(made.path()).unwrap().count();
        assert_eq!(left, 2, "the network and its settings, and no state");
    }

    #[test]
    fn few_images_are_refused_with_their_number() {
        let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
        let files = vec![PathBuf::from("a.png"); 499];
        let usual = Adaptation::default();
        let refused = adapt_network(&files, &backbone, Path::new("x"), &usual, &mut |_| true);
        let sentence = refused.unwrap_err().to_string();
        assert!(sentence.contains("there are 499 images"), "{sentence}");
    }
}
