//! The adaptation of the network as a background job of a project, after an import.
//!
//! The adapted network serves from the next opening of the project on: its first import then looks at
//! the images once more, as with any other network, and nobody who labels meanwhile is kept waiting.

use crate::WorkflowError;
use crate::jobs;
use crate::network_adaptation::{AdaptProgress, FEWEST_TO_ADAPT, adapt_network};
use crate::project::{Project, path_of};
use crate::view::JobView;
use autolabel_annotation::ImageId;
use autolabel_models::{BackboneSource, load_backbone};
use autolabel_store::Store;
use autolabel_training::AdaptConfig;
use std::path::PathBuf;

/// Kind of the job.
const ADAPT: &str = "adapt";

/// Where the project remembers the name of its adapted network.
const REMEMBERED_AS: &str = "adapted_network";

/// The network that a project is opened with: its adapted one, where it has one and no other is named.
pub(crate) async fn backbone_of(
    store: &Store,
    named: &BackboneSource,
) -> Result<BackboneSource, WorkflowError> {
    let name: Option<String> = store.meta(REMEMBERED_AS).await?;
    let file = name.map(|name| store.folder().networks().join(name));
    Ok(match file {
        Some(file) if *named == BackboneSource::Default && file.exists() => {
            BackboneSource::File(file)
        }
        _ => named.clone(),
    })
}

/// Starts the job where it was asked for, is not done yet, and the project has images enough.
pub(crate) fn start_if_due(project: &Project) -> Result<Option<JobView>, WorkflowError> {
    let inner = project.inner();
    let images = project.live().index.len();
    let is_due = inner.adapt
        && inner.backbone_source == BackboneSource::Default
        && images >= FEWEST_TO_ADAPT;
    if !is_due {
        return Ok(None);
    }
    let project_of_job = project.clone();
    let started = jobs::start(
        project,
        ADAPT,
        "Adapting the network to these images",
        move |job| {
            let inner = project_of_job.inner();
            let ids: Vec<ImageId> = (0..images).filter_map(ImageId::from_row).collect();
            let records = job.wait(inner.store.images(&ids))?;
            let present = records.iter().filter(|record| !record.missing);
            let files: Vec<PathBuf> = present
                .map(|record| path_of(&inner.images, record))
                .collect();
            let backbone = load_backbone(&BackboneSource::Default, inner.engine, 0)?;
            let config = AdaptConfig {
                seed: inner.seed,
                ..AdaptConfig::default()
            };
            let folder = inner.store.folder().networks();
            let adapted = adapt_network(&files, &backbone, &folder, &config, &mut |progress| {
                let (message, done, total) = match progress {
                    AdaptProgress::Looking { done, total } => ("Looking at a sample", done, total),
                    AdaptProgress::Training { done, total } => {
                        ("Adapting the network to these images", done, total)
                    }
                };
                job.progress(message, done as u64, total as u64);
                !job.is_cancelled()
            })?;
            if let Some(name) = adapted.as_deref().and_then(std::path::Path::file_name) {
                let name = name.to_string_lossy().into_owned();
                job.wait(inner.store.put_meta(REMEMBERED_AS, &name))?;
            }
            Ok("The network is adapted; it is used when the project is opened next.".to_owned())
        },
    )?;
    Ok(Some(started))
}
