//! A backbone: the frozen network that turns an image into a row of features.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::ModelError;
use crate::engine::{Engine, EngineChoice, EngineInfo, NetworkFile, Output, open_engine};
use crate::graph::{ImageInput, NetworkDescription, describe_network};
use crate::map_sources::MapSource;
use crate::preprocess::{NetworkSettings, Normalisation, normalisation, read_settings};

/// EfficientNet-Lite0 with ImageNet weights; `weights/README.md` tells where it comes from.
static DEFAULT_NETWORK: &[u8] = include_bytes!("../../../weights/efficientnet_lite0_f16.onnx");

/// Outputs of the default network joined as features: averages of stages 4 (80 channels), 5 (112),
/// 6 (192) and 7 (320), and the standard deviations over the same maps. Early stages keep the texture
/// that later ones have lost: it is what tells X-rays and tissues apart. The deviations brought 1 to 4
/// points on tissues and cells; the head (1280) added nothing to them on any set.
const DEFAULT_OUTPUTS: [&str; 8] = [
    "stage4",
    "stage5",
    "stage6",
    "stage7",
    "stage4_std",
    "stage5_std",
    "stage6_std",
    "stage7_std",
];

/// Where the backbone comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BackboneSource {
    /// The network inside this program: EfficientNet-Lite0, ImageNet weights.
    #[default]
    Default,
    /// An ONNX file of the user, see [`describe_onnx`].
    File(PathBuf),
}

/// What a backbone is, for people and for the record of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackboneInfo {
    /// 16 hexadecimal digits; equal ids give equal features. The blake3 hash of the ONNX file, of
    /// its normalisation and of the outputs joined.
    pub id: String,
    /// The name in the file's metadata, else the file's name.
    pub name: String,
    /// Numbers per image; the sum of `blocks`.
    pub dim: usize,
    /// Numbers per image of each joined output, in their order: layers differ in scale and width, and
    /// what comes after treats each as one block.
    pub blocks: Vec<usize>,
    /// Names of the outputs of the network that are joined, in their order.
    pub outputs: Vec<String>,
    /// Rows and columns that an image is resized to, in pixels.
    pub input_side: u32,
    /// `embedded`, or the path of the file.
    pub source: String,
}

/// A backbone ready to run.
///
/// `Send + Sync`: one backbone serves all threads of the process. Calls from several threads at
/// once run beside each other, up to the number of threads it was loaded with; further calls wait.
pub struct Backbone {
    info: BackboneInfo,
    engine_info: EngineInfo,
    pub(crate) engine: Engine,
    pub(crate) input: ImageInput,
    pub(crate) normalisation: Normalisation,
    pub(crate) threads: usize,
    /// The map behind each output joined, where there is one.
    pub(crate) maps: Vec<Option<MapSource>>,
}

impl Backbone {
    /// What the backbone is.
    pub fn info(&self) -> &BackboneInfo {
        &self.info
    }

    /// What runs it.
    pub fn engine(&self) -> &EngineInfo {
        &self.engine_info
    }
}

/// The ONNX file of [`BackboneSource::Default`].
#[must_use]
pub fn default_network() -> &'static [u8] {
    DEFAULT_NETWORK
}

/// How the default network wants its images.
///
/// # Errors
/// None: the settings are known to be usable.
pub(crate) fn default_normalisation() -> Result<Normalisation, ModelError> {
    normalisation(&default_settings(), 3).map_err(|reason| ModelError::Unusable {
        network: "embedded".to_owned(),
        reason,
    })
}

/// Writes a network that takes the same images as the default one as a file for
/// [`BackboneSource::File`], with `PATH.json` beside it saying how images are normalised and that the
/// features of [`BackboneSource::Default`] and then `further` outputs are joined.
///
/// # Errors
/// [`ModelError::Write`].
pub fn write_variant(path: &Path, file: &[u8], further: &[&str]) -> Result<(), ModelError> {
    let mut settings = default_settings();
    settings
        .outputs
        .extend(further.iter().map(|name| (*name).to_owned()));
    let beside = PathBuf::from(format!("{}.json", path.display()));
    let json = serde_json::to_vec(&settings).map_err(|error| ModelError::Write(error.into()))?;
    // The network last, and under another name until it is whole: where it is, all is.
    fs_err::write(beside, json).map_err(ModelError::Write)?;
    let unfinished = PathBuf::from(format!("{}.part", path.display()));
    fs_err::write(&unfinished, file).map_err(ModelError::Write)?;
    fs_err::rename(&unfinished, path).map_err(ModelError::Write)
}

/// Loads a backbone; `threads` is the number of threads it may use, 0 for one per core.
///
/// A file is run once on a grey image, so that a network that cannot be used is refused here and
/// not in the middle of an import.
///
/// # Errors
/// Any [`ModelError`] but [`ModelError::NotFinite`] of an image.
pub fn load_backbone(
    source: &BackboneSource,
    engine: EngineChoice,
    threads: usize,
) -> Result<Backbone, ModelError> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    let (label, bytes, settings) = match source {
        BackboneSource::Default => (
            "embedded".to_owned(),
            Cow::Borrowed(DEFAULT_NETWORK),
            default_settings(),
        ),
        BackboneSource::File(path) => (
            path.display().to_string(),
            Cow::Owned(fs_err::read(path).map_err(ModelError::Read)?),
            read_settings(path)?,
        ),
    };
    let description = describe_network(&bytes, &label)?;
    let unusable = |reason| ModelError::Unusable {
        network: label.clone(),
        reason,
    };
    let outputs = feature_outputs(&settings, &description).map_err(unusable)?;
    let normalisation =
        normalisation(&settings, description.input.channels).map_err(|reason| match source {
            BackboneSource::Default => unusable(reason),
            BackboneSource::File(path) => ModelError::Settings {
                file: PathBuf::from(format!("{}.json", path.display())),
                reason,
            },
        })?;
    let mut info = BackboneInfo {
        id: backbone_id(&bytes, &settings, &outputs),
        name: description.name.unwrap_or_else(|| file_stem(&label)),
        dim: 0,
        blocks: Vec::new(),
        outputs: outputs.clone(),
        input_side: description.input.side,
        source: label.clone(),
    };
    let maps = outputs
        .iter()
        .map(|name| description.maps.get(name).cloned())
        .collect();
    let network = NetworkFile {
        label: label.clone(),
        bytes,
        input: description.input.clone(),
        outputs,
    };
    let (engine, engine_info) = open_engine(network, engine, threads)?;
    info.blocks = probe(&engine, &description.input, &label)?;
    info.dim = info.blocks.iter().sum();
    Ok(Backbone {
        info,
        engine_info,
        engine,
        input: description.input,
        normalisation,
        threads,
        maps,
    })
}

/// Checks that an ONNX file can serve as a backbone and tells what it is.
///
/// Accepted: one 32-bit float input of images, `[batch, channels, rows, columns]` or
/// `[batch, rows, columns, channels]`, 3 channels (RGB) or 1 (luma), square, the side from the
/// file or 224 where it is free, the batch free or fixed up to 256; one file, up to what fits in
/// memory. The features are the first float output `[batch, features]` (or
/// `[batch, features, 1, 1]`). Images are normalised with the statistics of ImageNet, unless
/// `NAME.onnx.json` beside the file says otherwise:
/// `{"mean": [0.5], "std": [0.5], "scale": 255, "outputs": ["pooled"]}`, all fields optional;
/// the network sees `(value / scale - mean) / std` with values 0..=255, and the outputs named are
/// joined in that order.
///
/// # Errors
/// Any [`ModelError`] but [`ModelError::NotFinite`] of an image, each with what to do.
pub fn describe_onnx(path: &Path) -> Result<BackboneInfo, ModelError> {
    let source = BackboneSource::File(path.to_owned());
    load_backbone(&source, EngineChoice::Auto, 1).map(|backbone| backbone.info)
}

/// The network expects `(value - 127) / 128`.
fn default_settings() -> NetworkSettings {
    NetworkSettings {
        mean: vec![127.0 / 128.0],
        std: vec![1.0],
        scale: 128.0,
        outputs: DEFAULT_OUTPUTS.map(str::to_owned).to_vec(),
    }
}

fn feature_outputs(
    settings: &NetworkSettings,
    description: &NetworkDescription,
) -> Result<Vec<String>, String> {
    if settings.outputs.is_empty() {
        return match &description.first_row_output {
            Some(name) => Ok(vec![name.clone()]),
            None => Err(
                "none of its outputs holds one row of 32-bit floats per image; export it with \
                 its features pooled"
                    .to_owned(),
            ),
        };
    }
    for (index, name) in settings.outputs.iter().enumerate() {
        if !description.outputs.contains(name) {
            return Err(format!(
                "it has no output named {name}; it has {}",
                description.outputs.join(", ")
            ));
        }
        if settings.outputs[..index].contains(name) {
            return Err(format!(
                "its output {name} is asked for twice; name it once"
            ));
        }
    }
    Ok(settings.outputs.clone())
}

fn backbone_id(bytes: &[u8], settings: &NetworkSettings, outputs: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(bytes);
    for list in [&settings.mean, &settings.std, &vec![settings.scale]] {
        hasher.update(&(list.len() as u64).to_le_bytes());
        for value in list {
            hasher.update(&value.to_le_bytes());
        }
    }
    for name in outputs {
        hasher.update(name.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn file_stem(label: &str) -> String {
    Path::new(label)
        .file_stem()
        .map_or_else(|| label.to_owned(), |stem| stem.to_string_lossy().into())
}

/// Runs the network on a grey batch and returns the number of features per image of each output.
fn probe(engine: &Engine, input: &ImageInput, label: &str) -> Result<Vec<usize>, ModelError> {
    let batch = input.fixed_batch.unwrap_or(1);
    let outputs = engine.run(batch, &vec![0.0; batch * input.values_per_image()])?;
    let unusable = |reason: String| ModelError::Unusable {
        network: label.to_owned(),
        reason,
    };
    let mut widths = Vec::with_capacity(outputs.len());
    for output in &outputs {
        let width = row_width(output, batch).ok_or_else(|| {
            unusable(format!(
                "an output has the shape {:?} for {batch} images; it must be one row of features \
                 per image, so export it with its features pooled",
                output.shape
            ))
        })?;
        if width == 0 {
            return Err(unusable("an output of it is empty".to_owned()));
        }
        widths.push(width);
    }
    Ok(widths)
}

/// Features per image in an output `[batch, features]` or `[batch, features, 1, 1]`.
pub(crate) fn row_width(output: &Output, batch: usize) -> Option<usize> {
    match output.shape[..] {
        [rows, width] | [rows, width, 1, 1] if rows == batch => Some(width),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_tells_files_statistics_and_outputs_apart() {
        let settings = NetworkSettings::default();
        let outputs = ["a".to_owned(), "b".to_owned()];
        let id = backbone_id(b"network", &settings, &outputs);
        assert_eq!(id.len(), 16);
        assert_eq!(id, backbone_id(b"network", &settings, &outputs));
        let scaled = NetworkSettings {
            scale: 1.0,
            ..settings.clone()
        };
        assert_ne!(id, backbone_id(b"networks", &settings, &outputs));
        assert_ne!(id, backbone_id(b"network", &scaled, &outputs));
        assert_ne!(id, backbone_id(b"network", &settings, &["ab".to_owned()]));
    }

    #[test]
    fn default_statistics_are_those_of_the_network() {
        let description = describe_network(DEFAULT_NETWORK, "embedded").unwrap();
        assert_eq!(description.input.shape(2), [2, 3, 224, 224]);
        assert_eq!(description.input.fixed_batch, None);
        assert!(description.name.unwrap().contains("EfficientNet-Lite0"));
        let settings = default_settings();
        let (scale, mean, std) = (settings.scale, settings.mean[0], settings.std[0]);
        for value in 0..=255_u8 {
            let got = (f32::from(value) / scale - mean) / std;
            let expected = (f32::from(value) - 127.0) / 128.0;
            assert_eq!(got.to_bits(), expected.to_bits());
        }
    }
}
