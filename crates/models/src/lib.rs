//! Networks: decoded images in, rows of features out.
//!
//! This crate never touches project state, labels, file formats of images or the network (of
//! computers). It is the only crate that links tensor libraries.
//!
//! ```
//! use autolabel_image_io::{Plane, Samples, Window};
//! use autolabel_models::{BackboneSource, EngineChoice, Views, embed, load_backbone};
//!
//! let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 2)?;
//! let plane = Plane {
//!     width: 2,
//!     height: 1,
//!     channels: 1,
//!     samples: Samples::U8(vec![0, 255]),
//!     default_window: Window { low: 0.0, high: 255.0 },
//! };
//! let embeddings = embed(&backbone, &Views::whole(), &[&plane])?;
//! assert_eq!(embeddings.dim, backbone.info().dim);
//! assert_eq!(embeddings.rows.len(), embeddings.dim);
//! # Ok::<(), autolabel_models::ModelError>(())
//! ```

// The steps: load a backbone, embed images; and what it saw where.
mod backbone;
mod embed;
mod feature_maps;
mod frozen_stages;
mod views;

// What a network file says, and how an image becomes its input.
mod graph;
mod map_sources;
mod preprocess;
pub mod protobuf;

// The engines that run it.
mod engine;
mod more_outputs;
mod onnx_runtime;
mod rten_engine;
mod runtime_library;
mod shared_work;

mod error;

pub use backbone::{
    Backbone, BackboneInfo, BackboneSource, default_network, describe_onnx, load_backbone,
    write_variant,
};
pub use embed::{Embeddings, embed};
pub use engine::{EngineChoice, EngineInfo};
pub use error::ModelError;
pub use feature_maps::{FeatureMap, FeatureMaps, feature_maps};
pub use frozen_stages::{
    FROZEN_MAP_CHANNELS, FROZEN_MAP_STRIDES, FROZEN_MULTIPLE, FrozenStages, frozen_stage_maps,
    frozen_stage_values, load_frozen_stages,
};
pub use views::{Crop, Orientations, Views};
