//! The loop: images in, experts asked, models trained, the rest auto-labeled, audited, certified,
//! exported. This crate decides *when*; the crates below it know *how*.
//!
//! In: a folder of images and what people answer. Out: plain serialisable views, the same for the
//! REST interface, the command line and the web app. Never: HTTP, terminals.
//!
//! ```no_run
//! use autolabel_workflow::{OpenOptions, Project};
//! # async fn example() -> Result<(), autolabel_workflow::WorkflowError> {
//! let project = Project::open(&OpenOptions::new("images")).await?;
//! project.start_import().await?;
//! project.idle().await;
//! let queue = project.queue("local", 4).await?;
//! # Ok(()) }
//! ```

mod error;

// What the outside sees, and the live project behind it.
pub mod view;

mod project;

// The steps, in the order of the walk.
mod embedding;
mod import;

mod import_files;
mod import_table;

pub mod round;

mod training;

mod model_view;
mod snapshot;

mod queue;

mod next_batch;

mod auto_label;

mod audit;

mod audit_restore;

mod certificate;

mod export;

mod jobs;

// The same walk on known labels.
pub mod dataset;
pub mod simulate;
mod simulate_finish;
mod simulate_full;

pub use autolabel_formats::ExportFormat;
pub use autolabel_models::{Backbone, BackboneSource, EngineChoice, load_backbone};
pub use autolabel_quality::{
    QualityError, SignedCertificate, VerifiedCertificate, certificate_json, key_fingerprint,
    verify_certificate,
};
pub use error::{FailureKind, WorkflowError};
pub use export::ExportSummary;
pub use project::{OpenOptions, Project, ProjectEvent, SettingsPatch};
