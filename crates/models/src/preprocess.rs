//! From a decoded image to the numbers a network expects.

use std::path::{Path, PathBuf};

use autolabel_image_io::{Plane, equalise, model_input_of_centre};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::graph::{ImageInput, Layout};
use crate::views::Crop;

/// Statistics of ImageNet on values 0..=1, what most published networks were trained with.
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Weights of red, green and blue in luma (ITU-R BT.601), for networks that take one channel.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// What `NAME.onnx.json` beside a network may say; a missing field keeps its default.
///
/// A network sees `(value / scale - mean) / std` for each channel, `value` being 0..=255.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NetworkSettings {
    /// One number per channel, or one for all.
    pub mean: Vec<f32>,
    /// One number per channel, or one for all; above 0.
    pub std: Vec<f32>,
    /// Above 0.
    pub scale: f32,
    /// Outputs joined as features, in this order; empty: the first that holds a row per image.
    pub outputs: Vec<String>,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            mean: IMAGENET_MEAN.to_vec(),
            std: IMAGENET_STD.to_vec(),
            scale: 255.0,
            outputs: Vec::new(),
        }
    }
}

/// Reads the settings beside `network`, or returns the defaults when there are none.
///
/// # Errors
/// [`ModelError::Read`] and [`ModelError::Settings`].
pub(crate) fn read_settings(network: &Path) -> Result<NetworkSettings, ModelError> {
    let mut name = network.as_os_str().to_owned();
    name.push(".json");
    let file = PathBuf::from(name);
    let text = match fs_err::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(NetworkSettings::default());
        }
        Err(error) => return Err(ModelError::Read(error)),
    };
    serde_json::from_str(&text).map_err(|error| ModelError::Settings {
        file,
        reason: format!("{error}; known are mean, std, scale and outputs"),
    })
}

/// `value * factor + offset` for each channel: the settings in the form in which they are applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Normalisation {
    channels: Vec<(f32, f32)>,
}

impl Normalisation {
    /// Appends a picture, channel after channel, as the network wants it.
    pub fn extend(&self, tensor: &mut Vec<f32>, picture: &[f32]) {
        let pixels = picture.len() / self.channels.len().max(1);
        for ((factor, offset), values) in self.channels.iter().zip(picture.chunks(pixels.max(1))) {
            tensor.extend(values.iter().map(|value| value * factor + offset));
        }
    }
}

/// Checks the settings against the channels of the network.
///
/// # Errors
/// The reason in words.
pub(crate) fn normalisation(
    settings: &NetworkSettings,
    channels: usize,
) -> Result<Normalisation, String> {
    // Defaults and sidecars made for RGB still serve a network that takes luma.
    let per_channel = |values: &[f32], what: &str| match values {
        [one] => Ok(vec![*one; channels]),
        [r, g, b] if channels == 1 => Ok(vec![LUMA[0] * r + LUMA[1] * g + LUMA[2] * b]),
        [_, _, _] => Ok(values.to_vec()),
        _ => Err(format!("{what} must hold 1 or 3 numbers")),
    };
    let mean = per_channel(&settings.mean, "mean")?;
    let std = per_channel(&settings.std, "std")?;
    let channels: Vec<(f32, f32)> = mean
        .iter()
        .zip(&std)
        .map(|(mean, std)| (1.0 / (settings.scale * std), -mean / std))
        .collect();
    let usable = settings.scale > 0.0
        && std.iter().all(|&s| s > 0.0)
        && channels
            .iter()
            .all(|(factor, offset)| factor.is_finite() && offset.is_finite());
    if usable {
        Ok(Normalisation { channels })
    } else {
        Err("scale and std must be above 0, and mean, std and scale finite".to_owned())
    }
}

/// A crop of an image at the side of the network, channel by channel, values 0..=255: RGB, or luma
/// where the network takes one channel. `None` when the plane has fewer samples than its size says.
pub(crate) fn crop_values(plane: &Plane, input: &ImageInput, crop: Crop) -> Option<Vec<f32>> {
    // Planar RGB.
    let mut values = model_input_of_centre(plane, input.side, crop.share);
    let pixels = input.side as usize * input.side as usize;
    if values.len() != 3 * pixels {
        return None;
    }
    if crop.equalised {
        equalise(&mut values, input.side);
    }
    if input.channels == 1 {
        let (red, rest) = values.split_at_mut(pixels);
        let (green, blue) = rest.split_at(pixels);
        for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
            *r = LUMA[0] * *r + LUMA[1] * g + LUMA[2] * b;
        }
        values.truncate(pixels);
    }
    Some(values)
}

/// Writes the tensor of one crop: normalised, in the layout of the network. `out` holds
/// [`ImageInput::values_per_image`] numbers, as many as `values`. `turned` says which pixel stands
/// where in a picture that is not upright.
pub(crate) fn fill_tensor(
    values: &[f32],
    turned: Option<&[usize]>,
    input: &ImageInput,
    normalisation: &Normalisation,
    out: &mut [f32],
) {
    let pixels = input.side as usize * input.side as usize;
    let channels = normalisation
        .channels
        .iter()
        .zip(values.chunks_exact(pixels));
    for (channel, ((factor, offset), source)) in channels.enumerate() {
        let (start, step) = match input.layout {
            Layout::ChannelsFirst => (channel * pixels, 1),
            Layout::ChannelsLast => (channel, input.channels),
        };
        let targets = out.iter_mut().skip(start).step_by(step).take(pixels);
        match turned {
            None => {
                for (value, target) in source.iter().zip(targets) {
                    *target = value * factor + offset;
                }
            }
            Some(turned) => {
                for (&pixel, target) in turned.iter().zip(targets) {
                    *target = source[pixel] * factor + offset;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use autolabel_image_io::{Samples, Window};

    use super::*;

    fn input(layout: Layout, channels: usize) -> ImageInput {
        ImageInput {
            name: "x".to_owned(),
            layout,
            channels,
            side: 8,
            fixed_batch: None,
        }
    }

    /// 8 x 8 pixels, red 10, green 20, blue 30, but the second pixel is red 40.
    fn plane() -> Plane {
        let mut samples = [10, 20, 30].repeat(64);
        samples[3] = 40;
        Plane {
            width: 8,
            height: 8,
            channels: 3,
            samples: Samples::U8(samples),
            default_window: Window {
                low: 0.0,
                high: 255.0,
            },
        }
    }

    fn tensor(layout: Layout, channels: usize) -> Vec<f32> {
        let settings = NetworkSettings {
            mean: vec![0.0, 1.0, 2.0],
            std: vec![1.0, 2.0, 4.0],
            scale: 10.0,
            outputs: Vec::new(),
        };
        let input = input(layout, channels);
        let mut out = vec![f32::NAN; input.values_per_image()];
        let normalisation = normalisation(&settings, channels).unwrap();
        let values = crop_values(&plane(), &input, Crop::plain(1.0)).unwrap();
        fill_tensor(&values, None, &input, &normalisation, &mut out);
        out
    }

    #[track_caller]
    fn check(got: f32, expected: f32) {
        assert!((got - expected).abs() < 1e-5, "{got} beside {expected}");
    }

    #[test]
    fn channels_first_and_last_hold_the_same_normalised_values() {
        let first = tensor(Layout::ChannelsFirst, 3);
        let last = tensor(Layout::ChannelsLast, 3);
        for (channel, values) in [[1.0, 4.0], [0.5, 0.5], [0.25, 0.25]].iter().enumerate() {
            for (pixel, &expected) in values.iter().enumerate() {
                check(first[channel * 64 + pixel], expected);
                check(last[pixel * 3 + channel], expected);
            }
        }
    }

    #[test]
    fn one_channel_is_luma_with_the_luma_of_the_statistics() {
        let grey = tensor(Layout::ChannelsFirst, 1);
        let luma = |r: f32, g: f32, b: f32| 0.299 * r + 0.587 * g + 0.114 * b;
        let (mean, std) = (luma(0.0, 1.0, 2.0), luma(1.0, 2.0, 4.0));
        check(grey[0], (luma(1.0, 2.0, 3.0) - mean) / std);
        check(grey[1], (luma(4.0, 2.0, 3.0) - mean) / std);
    }

    #[test]
    fn wrong_settings_are_refused() {
        let check = |json: &str, word: &str| {
            let folder = tempfile::tempdir().unwrap();
            let network = folder.path().join("net.onnx");
            fs_err::write(folder.path().join("net.onnx.json"), json).unwrap();
            let reason = match read_settings(&network) {
                Ok(settings) => normalisation(&settings, 3).unwrap_err(),
                Err(error) => error.to_string(),
            };
            assert!(reason.contains(word), "{json}: {reason}");
        };
        check(r#"{"std": [0, 1, 1]}"#, "above 0");
        check(r#"{"mean": [0.5, 0.5]}"#, "1 or 3 numbers");
        check(r#"{"mean": [], "std": []}"#, "1 or 3 numbers");
        check(r#"{"scale": 0}"#, "above 0");
        check(r#"{"means": [1]}"#, "known are mean");
        check("{", "EOF");
    }

    #[test]
    fn settings_are_optional_and_partly_optional() {
        let folder = tempfile::tempdir().unwrap();
        let network = folder.path().join("net.onnx");
        assert_eq!(read_settings(&network).unwrap(), NetworkSettings::default());
        fs_err::write(folder.path().join("net.onnx.json"), r#"{"scale": 1}"#).unwrap();
        let settings = read_settings(&network).unwrap();
        assert!((settings.scale - 1.0).abs() < f32::EPSILON);
        assert_eq!(settings.mean, IMAGENET_MEAN);
    }
}
