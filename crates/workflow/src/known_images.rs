//! Features of images that a project knows already, by a network that has not looked at them yet.

use crate::WorkflowError;
use crate::embedding::embed_files;
use crate::jobs::JobHandle;
use crate::project::{Project, path_of};
use autolabel_annotation::ImageId;
use autolabel_image_io::ReadLimits;
use autolabel_models::{Backbone, Views};
use autolabel_store::KnownFile;
use std::ops::Range;
use std::path::PathBuf;

/// What a network made of some images.
pub(crate) struct KnownRows {
    /// Row after row; zeros for an image whose file cannot be read now.
    pub features: Vec<f32>,
    /// Those images, marked as gone.
    pub unreadable: Vec<KnownFile>,
}

/// Reads the files of the images `rows` and embeds them.
///
/// # Errors
/// The database cannot be read, or the network fails.
pub(crate) fn known_rows(
    project: &Project,
    job: &JobHandle,
    (backbone, views): (&Backbone, &Views),
    rows: Range<usize>,
) -> Result<KnownRows, WorkflowError> {
    let inner = project.inner();
    let ids: Vec<ImageId> = rows.filter_map(ImageId::from_row).collect();
    let records = job.wait(inner.store.images(&ids))?;
    let paths: Vec<PathBuf> = records
        .iter()
        .map(|record| path_of(&inner.images, record))
        .collect();
    let dim = views.info(backbone.info()).dim;
    let mut features = vec![0.0; ids.len() * dim];
    let mut unreadable = Vec::new();
    let limits = ReadLimits::default();
    embed_files(&paths, backbone, views, &limits, |first, outcomes| {
        for (position, outcome) in (first..).zip(outcomes) {
            match outcome {
                Ok(file) => {
                    features[position * dim..][..dim].copy_from_slice(&file.features);
                }
                Err(_) => unreadable.push(KnownFile {
                    id: ids[position],
                    file: records[position].file.clone(),
                    bytes: 0,
                    modified_ms: 0,
                    missing: true,
                }),
            }
        }
        Ok(true)
    })?;
    Ok(KnownRows {
        features,
        unreadable,
    })
}
