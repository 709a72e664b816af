//! Training of networks on the CPU: maps of a frozen network in, weights adapted to them out.
//!
//! Goes in: the ONNX file of EfficientNet-Lite0 and the maps that its stage 4 gave for a sample of
//! images. Comes out: the same file with stages 5 to 7 trained on them without labels, alone
//! ([`Tail::patched`]) or beside the frozen ones ([`with_adapted_tail`]). Also: from maps of stages 2
//! to 4 and drawings to a network that answers for every place ([`DenseTask::target`],
//! [`train_dense`]), and from its answers to shapes ([`dense_logits`], [`DenseTask::shapes`]). This
//! crate never sees files of images or project state, and is the only one that links `burn`.
//!
//! ```
//! use autolabel_training::{AdaptConfig, AdaptState, MAP_VALUES, Maps, Tail, adapt};
//! use half::f16;
//!
//! let file = autolabel_models::default_network();
//! let tail = Tail::read(file)?;
//! // Two looks at eight images of one grey each.
//! let grey = |image: usize| vec![f16::from_f32(image as f32 / 8.0); 2 * MAP_VALUES];
//! let values: Vec<f16> = (0..8).flat_map(grey).collect();
//! let maps = Maps { values: &values, looks: 2 };
//! let config = AdaptConfig { steps: 1, pairs: 4, ..AdaptConfig::default() };
//! let state = AdaptState::start(&tail, &config);
//! let state = adapt(&tail, &maps, &config, state, &mut |_, loss| loss.is_finite())?;
//! assert_eq!(tail.patched(file, state.trained())?.len(), file.len());
//! # Ok::<(), autolabel_training::TrainingError>(())
//! ```
//!
//! The same for every place of an image, here of one class on the left and another on the right:
//!
//! ```
//! use autolabel_training::{
//!     DenseConfig, DenseExample, DenseMaps, DenseState, DenseTarget, DenseTask, DenseView, Tail,
//!     predict_dense, train_dense,
//! };
//! use half::f16;
//!
//! let tail = Tail::read(autolabel_models::default_network())?;
//! // As `autolabel_models::frozen_stage_maps` gives them.
//! let values = vec![f16::from_f32(0.5); DenseMaps::count(32, 64)];
//! let maps = DenseMaps::new(32, 64, &values)?;
//! let labels: Vec<u8> = (0..32 * 64).map(|pixel| u8::from(pixel % 64 >= 32)).collect();
//! let target = DenseTarget::of_classes(32, 64, 2, &labels)?;
//! let examples = [DenseExample { views: vec![DenseView { maps, target }] }];
//! let config = DenseConfig { steps: 2, ..DenseConfig::default() };
//! let start = DenseState::start(&tail, DenseTask::Classes { classes: 2 }, 0);
//! let state = train_dense(&examples, &config, start, &mut |_, loss| loss.is_finite())?;
//! let grids = predict_dense(&state, &[maps]);
//! assert_eq!((grids[0].rows, grids[0].columns, grids[0].channels), (8, 16, 2));
//! assert_eq!(grids[0].likeliest(32, 64).len(), 32 * 64);
//! # Ok::<(), autolabel_training::TrainingError>(())
//! ```
//!
//! And for shapes, here a box that a network which has learnt one step does not find yet:
//!
//! ```
//! use autolabel_annotation::{BoundingBox, ClassId, Drawing, DrawnShape, Geometry, ImageSize};
//! use autolabel_image_io::Augmentation;
//! use autolabel_training::{
//!     DenseConfig, DenseExample, DenseMaps, DenseState, DenseTask, DenseView, Tail, dense_logits,
//!     train_dense,
//! };
//! use half::f16;
//!
//! let tail = Tail::read(autolabel_models::default_network())?;
//! let task = DenseTask::Boxes { classes: 1 };
//! let area = BoundingBox::new(10.0, 6.0, 24.0, 20.0)?;
//! let shape = DrawnShape { class: ClassId(0), geometry: Geometry::Box(area) };
//! let drawing = Drawing { shapes: vec![shape], ignored: None };
//! // An image of 50 x 40 pixels, fitted into a view of 96 x 64.
//! let (size, view) = (ImageSize::new(50, 40)?, Augmentation::plain((40, 50), 64, 96));
//! let values = vec![f16::from_f32(0.5); DenseMaps::count(64, 96)];
//! let maps = DenseMaps::new(64, 96, &values)?;
//! let target = task.target(&drawing, size, &view)?;
//! let examples = [DenseExample { views: vec![DenseView { maps, target }] }];
//! let config = DenseConfig { steps: 1, ..DenseConfig::default() };
//! let start = DenseState::start(&tail, task, 0);
//! let state = train_dense(&examples, &config, start, &mut |_, loss| loss.is_finite())?;
//! let grids = dense_logits(&state, &[maps]);
//! let found = task.shapes(&grids[0], size, &view)?;
//! assert!(found.iter().all(|found| (0.0..=1.0).contains(&found.confidence)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// The steps: maps of images, the layers to train, the training, the network that comes of it.
mod adaptation;
mod looks;
mod tail;
mod two_tails;

// From the same maps to an answer for every place of an image.
mod dense;

// What a step consists of.
mod adam;
mod contrast;
mod depthwise;
mod products;
mod vectors;

// The file of a network.
mod onnx_weights;

mod error;

pub use adaptation::{AdaptConfig, AdaptState, Maps, adapt, tail_features};
pub use dense::{
    BoxDecoding, DENSE_STRIDE, DenseConfig, DenseExample, DenseGrid, DenseMaps, DenseState,
    DenseTarget, DenseTask, DenseView, FoundShape, InstanceDecoding, UNLABELED, box_shapes,
    box_target, class_shapes, class_target, dense_logits, instance_shapes, instance_target,
    predict_dense, train_dense,
};
pub use error::TrainingError;
pub use looks::stage_maps;
pub use onnx_weights::{StoredWeight, read_weight, stored_weights, write_weight};
pub use tail::{MAP_CHANNELS, MAP_SIDE, MAP_VALUES, TAIL_FEATURES, Tail};
pub use two_tails::{ADAPTED_OUTPUTS, with_adapted_tail};
