//! Features and labels in, calibrated predictions with uncertainty out.
//!
//! In: raw embeddings, and the classes of a few images. Out: for every image the mean and variance
//! of each class, probabilities, and how much the classifier would learn from its label. Never:
//! files, clocks, hidden randomness; the same input gives the same output for any number of
//! threads.
//!
//! ```text
//! RawFeatures --fit_transform--> FeatureTransform --apply_transform--> Matrix of blocks
//! Matrix of blocks + labels --weigh_blocks--> BlockWeights --combine--> Matrix of features
//! Matrix + labels --fit--> DirichletGp --predict--> Predictions --apply_temperature--> probabilities
//! DirichletGp + labels --extend--> DirichletGp
//! DirichletGp + rows --joint_samples--> JointSamples
//! Matrix + labels --fit_head--> Head (Gaussian process or linear) --Head::predict--> Predictions
//! Matrix + findings --fit_findings--> one DirichletGp a finding
//! Matrix + grades --fit_ordinal--> OrdinalGp --predict_ordinal--> OrdinalPredictions --ordinal_decisions--> classes
//! Matrix of answered images --UnreadableKind::new--> UnreadableKind --UnreadableKind::holds--> images to set aside
//! Matrix of labels --Familiar::new--> Familiar --Familiar::novelty--> Novelty
//! ClassFunction + raw row --class_gradient--> ClassGradient
//! probabilities + random labels --estimate_prevalence--> shares --reweight--> probabilities
//! ```
//!
//! ```
//! use autolabel_annotation::ClassId;
//! use autolabel_heads::{GpConfig, Matrix, PredictOptions, fit, predict};
//! // Four images with two features each; the first two are labeled.
//! let features = Matrix::new(4, 2, vec![1.0, 0.0, 0.0, 1.0, 0.98, 0.199, 0.199, 0.98])?;
//! let gp = fit(&features, &[0, 1], &[ClassId(0), ClassId(1)], 2, &GpConfig::default())?;
//! let rest = predict(&gp, &features, &[2, 3], &PredictOptions::default())?;
//! assert!(rest.row(0)[0] > 0.5 && rest.row(1)[1] > 0.5);
//! # Ok::<(), autolabel_heads::HeadsError>(())
//! ```

mod error;
mod exponential;
mod half_matrix;
mod matrix;

mod principal_components;
mod transform;

mod gp;
mod kernel;
mod targets;

mod compass;
mod evidence;
mod exact;
mod factor;
mod scale_search;

mod block_weights;
mod combination;
mod extend;
mod fit_after;

mod kmeans;
mod sparse;

mod joint;
mod posterior_samples;
mod predict;
mod support;
mod tracked;

mod ridge;
mod student;

mod class_gradient;

mod leave_one_out;

mod laplace;
mod lbfgs;
mod linear;
mod linear_predict;
mod softmax_regression;

mod head;

mod carrier;
mod cut_points;
mod findings;
mod ordinal;
mod ordinal_predict;

mod novelty;
mod prevalence;
mod unreadable_kind;

mod temperature;

pub use block_weights::{BlockWeights, Blocks, weigh_blocks};
pub use class_gradient::{ClassFunction, ClassGradient};
pub use combination::{Combination, combine, fit_combination};
pub use error::HeadsError;
pub use exponential::exponentials;
pub use extend::{Extension, extend};
pub use findings::{FINDING_STATES, fit_findings, states_of};
pub use fit_after::fit_after;
pub use gp::{DirichletGp, GpConfig, LabelNoise, ScaleChoice, ScaleSearch, fit};
pub use half_matrix::{FeatureRows, HalfMatrix};
pub use head::{Head, HeadConfig, choose_head, fit_head, log_loss};
pub use joint::{JointSamples, joint_samples, posterior_covariance};
pub use kernel::{Kernel, KernelScale};
pub use kmeans::{Clusters, draw_proportional, kmeans, lloyd, medoids};
pub use leave_one_out::leave_one_out;
pub use linear::{LinearConfig, LinearLaplace, PrecisionChoice, fit_linear};
pub use linear_predict::{leave_one_out_linear, predict_linear};
pub use matrix::{Matrix, dot, inner_products};
pub use novelty::{Familiar, Novelty};
pub use ordinal::{OrdinalConfig, OrdinalGp, OrdinalScale, fit_ordinal};
pub use ordinal_predict::{
    OrdinalLoss, OrdinalPredictions, leave_one_out_ordinal, ordinal_decisions, predict_ordinal,
};
pub use predict::{PredictOptions, Predictions, predict, predict_means, predict_rows};
pub use prevalence::{estimate_prevalence, reweight, smoothed_shares};
pub use student::{Student, fit_student};
pub use temperature::{apply_temperature, fit_temperature};
pub use tracked::{Tracked, predict_tracked};
pub use transform::{
    FeatureTransform, PcaConfig, RawFeatures, TransformConfig, apply_transform, fit_transform,
};
pub use unreadable_kind::UnreadableKind;
