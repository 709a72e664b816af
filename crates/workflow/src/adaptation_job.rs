//! The adaptation of the network as a background job of a project, after an import.
//!
//! The adapted network looks at all images while people go on with the features at hand, and takes over
//! when it has features for every one of them. A job that was interrupted goes on after the next import.

use crate::WorkflowError;
use crate::embedding::FILES_AT_A_TIME;
use crate::jobs::{self, JobHandle};
use crate::known_images::known_rows;
use crate::network_adaptation::{AdaptProgress, Adaptation, adapt_network};
use crate::project::live::BackboneFacts;
use crate::project::network::facts;
use crate::project::{Project, path_of};
use crate::training;
use crate::view::JobView;
use autolabel_annotation::ImageId;
use autolabel_models::{Backbone, BackboneSource, Views, load_backbone};
use autolabel_store::EmbeddingsWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Kind of the job.
const ADAPT: &str = "adapt";

/// Starts the job where it may run, is not done yet, and the project has images enough.
pub(crate) fn start_if_due(project: &Project) -> Result<Option<JobView>, WorkflowError> {
    let images = project.live().index.len();
    let Some(adaptation) = project.inner().adapt.clone() else {
        return Ok(None);
    };
    if images < adaptation.fewest || !project.has_default_network() {
        return Ok(None);
    }
    let worker = project.clone();
    let message = "Adapting the network to these images";
    let started = jobs::start(project, ADAPT, message, move |job| {
        let message = match adapted_file(&worker, job, adaptation)? {
            Some(file) if take_over(&worker, job, &file)? => {
                "The network is adapted to these images; from now on it chooses among them."
            }
            // The job says itself that it was stopped.
            _ => "",
        };
        Ok(message.to_owned())
    })?;
    Ok(Some(started))
}

/// The file of the network, adapted to the images that are there now; `None` where the job is to end.
fn adapted_file(
    project: &Project,
    job: &mut JobHandle,
    mut adaptation: Adaptation,
) -> Result<Option<PathBuf>, WorkflowError> {
    let inner = project.inner();
    let images = project.live().index.len();
    let ids: Vec<ImageId> = (0..images).filter_map(ImageId::from_row).collect();
    let records = job.wait(inner.store.images(&ids))?;
    let present = records.iter().filter(|record| !record.missing);
    let files: Vec<PathBuf> = present
        .map(|record| path_of(&inner.images, record))
        .collect();
    adaptation.training.seed = inner.seed;
    let backbone = project.backbone()?;
    let folder = inner.store.folder().networks();
    adapt_network(&files, &backbone, &folder, &adaptation, &mut |progress| {
        let (message, done, total) = match progress {
            AdaptProgress::Looking { done, total } => {
                ("Adapting the network: looking at a sample", done, total)
            }
            AdaptProgress::Training { done, total } => {
                ("Adapting the network to these images", done, total)
            }
        };
        job.progress(message, done as u64, total as u64);
        !job.is_cancelled()
    })
}

/// Lets the adapted network look at every image, at those too that come meanwhile, and puts it in the
/// place of the present one. `false` where the job is to end.
fn take_over(project: &Project, job: &mut JobHandle, file: &Path) -> Result<bool, WorkflowError> {
    let inner = project.inner();
    let backbone = load_backbone(&BackboneSource::File(file.to_path_buf()), inner.engine, 0)?;
    let views = project.live().backbone.as_ref().map(BackboneFacts::views);
    let views = views.unwrap_or_else(Views::whole);
    let facts = facts(&backbone, &views);
    let path = inner.store.folder().embeddings(&facts.id);
    let mut revision = project.live().embedding_revision;
    loop {
        let mut writer = EmbeddingsWriter::open(&path, &facts.id, facts.dim)?;
        if !look_again(project, job, (&backbone, &views), &mut writer)? {
            return Ok(false);
        }
        // From here nothing else reads or writes features.
        let _importing = job.wait(inner.importing.lock());
        let _refitting = job.wait(inner.refitting.lock());
        let (images, present) = {
            let live = project.live();
            (live.index.len(), live.embedding_revision)
        };
        if job.is_cancelled() {
            return Ok(false);
        }
        if present != revision {
            // An image was replaced since it was looked at.
            revision = present;
            writer.keep(0)?;
        }
        if writer.rows() == images {
            job.wait(project.change_network(file, Arc::new(backbone), facts))?;
            break;
        }
    }
    if !project.live().models.is_empty() {
        training::start(project)?;
    }
    Ok(true)
}

/// Adds the features of every image that is there now; `false` where the job is to end.
fn look_again(
    project: &Project,
    job: &mut JobHandle,
    network: (&Backbone, &Views),
    writer: &mut EmbeddingsWriter,
) -> Result<bool, WorkflowError> {
    loop {
        let images = project.live().index.len();
        let first = writer.rows();
        if job.is_cancelled() || first >= images {
            return Ok(!job.is_cancelled());
        }
        let last = (first + FILES_AT_A_TIME).min(images);
        // A file that is gone has a row of zeros until an import finds it again.
        let found = known_rows(project, job, network, first..last)?;
        writer.append(&found.features)?;
        writer.sync()?;
        let message = "Looking at the images with the adapted network";
        job.progress(message, last as u64, images as u64);
    }
}
