//! What can go wrong with a network, each time with the remedy.

use std::path::PathBuf;

/// A network that cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The ONNX file or its sidecar cannot be read from disk.
    #[error("cannot read the network file, check its path and permissions: {0}")]
    Read(#[source] std::io::Error),

    /// A network cannot be written to disk.
    #[error("cannot write the network file, check the free space and the permissions: {0}")]
    Write(#[source] std::io::Error),

    /// The bytes are no ONNX file.
    #[error(
        "this is not a complete ONNX file ({reason}); export or copy the network again: {network}"
    )]
    NotOnnx {
        /// The file, or the name of the embedded network.
        network: String,
        /// What the parser met.
        reason: String,
    },

    /// A valid ONNX file that does not turn one image into one row of features.
    #[error("this network cannot be used as a backbone: {reason}: {network}")]
    Unusable {
        /// The file, or the name of the embedded network.
        network: String,
        /// What is in the way, and the remedy.
        reason: String,
    },

    /// The JSON file beside a network is wrong.
    #[error("the settings beside the network are wrong: {reason}: {}", file.display())]
    Settings {
        /// The sidecar file.
        file: PathBuf,
        /// What is wrong, and the remedy.
        reason: String,
    },

    /// The features cannot be traced back to places on the image.
    #[error(
        "this network does not tell where on an image its features come from: {reason}; \
         use features that are averages of maps, as those of the built-in network"
    )]
    NoMaps {
        /// What is in the way.
        reason: String,
    },

    /// ONNX Runtime was demanded and is not there.
    #[error("{reason}")]
    NoOnnxRuntime {
        /// Why, and how to install it.
        reason: String,
    },

    /// The engine refuses the network.
    #[error("{engine} cannot load the network ({reason}); try the other engine: {network}")]
    Load {
        /// Name of the engine.
        engine: &'static str,
        /// The engine's own words.
        reason: String,
        /// The file, or the name of the embedded network.
        network: String,
    },

    /// The engine failed while it ran the network.
    #[error("{engine} failed to run the network ({reason}); try the other engine")]
    Run {
        /// Name of the engine.
        engine: &'static str,
        /// The engine's own words.
        reason: String,
    },

    /// A plane whose samples do not fill its size.
    #[error("image {position} of this call has fewer samples than its size says; decode it again")]
    BrokenPlane {
        /// Index into the planes of the call, from 0.
        position: usize,
    },

    /// Features that are not numbers, which would spoil every later step.
    #[error(
        "the features of image {position} of this call are not finite numbers; \
         check the mean, std and scale given for the network"
    )]
    NotFinite {
        /// Index into the planes of the call, from 0.
        position: usize,
    },
}
