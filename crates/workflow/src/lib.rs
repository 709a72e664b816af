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

// The live project, and what the outside sees of it.
mod project;
pub mod view;

// The steps; ARCHITECTURE.md has them in the order of the walk.
mod adaptation_job;
mod audit;
mod audit_restore;
mod auto_label;
mod certificate;
pub mod classifier;
mod embedding;
mod excerpt;
mod export;
mod forecast;
mod grade_head;
mod import;
mod import_files;
mod import_table;
mod jobs;
mod known_images;
pub mod localization;
mod model_view;
mod network_adaptation;
mod next_batch;
mod orientation;
mod pool_features;
mod queue;
mod remaining_proposals;
pub mod representation;
pub mod round;
mod screening;
mod shape_audit;
mod shape_model;
mod shape_training;
mod shapes;
mod snapshot;
mod training;
mod unusual;
mod whole_file;

// The same walk on known labels.
mod audited_release;
pub mod dataset;
mod dataset_columns;
mod dataset_embedding;
mod dataset_entries;
mod dataset_features;
mod dataset_grades;
mod runs;
pub mod simulate;
pub mod simulate_shapes;

// Its report as a page.
mod line_chart;
mod markup;
mod simulation_page;

pub use autolabel_formats::ExportFormat;
pub use autolabel_models::{Backbone, BackboneSource, EngineChoice, load_backbone};
pub use autolabel_quality::{
    QualityError, SignedCertificate, VerifiedCertificate, certificate_json, key_fingerprint,
    verify_certificate,
};
pub use autolabel_training::AdaptConfig;
pub use error::{FailureKind, WorkflowError};
pub use export::ExportSummary;
pub use network_adaptation::{AdaptProgress, Adaptation, adapt_network};
pub use project::{OpenOptions, Project, ProjectEvent, SettingsPatch};
pub use screening::{Kept, Screening};
pub use simulation_page::simulation_page;
