//! The features of a data set's images: embedded, or taken from the cache of an earlier simulation.

use crate::WorkflowError;
use crate::dataset::LoadProgress;
use crate::embedding::{FILES_AT_A_TIME, embed_files};
use crate::orientation::choose_views;
use autolabel_image_io::{FoundFile, ReadLimits};
use autolabel_models::{Backbone, Views};
use autolabel_store::{EmbeddingsReader, EmbeddingsWriter};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Raw features of the files that could be used.
pub(crate) struct EmbeddedRows {
    /// Row after row.
    pub(crate) rows: Vec<half::f16>,
    /// The looks at an image that they come from.
    pub(crate) views: Views,
    /// One entry a file: it has a row.
    pub(crate) usable: Vec<bool>,
    /// Files that have none, with a sentence each.
    pub(crate) refused: Vec<(String, String)>,
    /// Whether nothing had to be embedded.
    pub(crate) from_cache: bool,
}

/// What is kept beside the cached features.
#[derive(Serialize, Deserialize)]
struct CacheIndex {
    views: Views,
    usable: Vec<bool>,
    refused: Vec<(String, String)>,
}

/// Reads the features of these files from the cache, or embeds the files and fills it.
///
/// # Errors
/// The network fails, or the cache cannot be written.
pub(crate) fn embed_or_reuse(
    root: &Path,
    files: &[FoundFile],
    backbone: &Backbone,
    cache: Option<&Path>,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<EmbeddedRows, WorkflowError> {
    let paths = cache.map(|folder| cache_paths(folder, files, backbone));
    if let Some((features, index)) = &paths
        && let Some(raw) = read_cache(features, index, backbone)
    {
        progress(LoadProgress {
            done: files.len(),
            total: files.len(),
        });
        return Ok(raw);
    }
    let raw = embed(root, files, backbone, progress)?;
    if let Some((features, index)) = &paths {
        write_cache(features, index, backbone, &raw)?;
    }
    Ok(raw)
}

/// The cache is named by everything the features depend on.
fn cache_paths(folder: &Path, files: &[FoundFile], backbone: &Backbone) -> (PathBuf, PathBuf) {
    let mut hash = blake3::Hasher::new();
    hash.update(backbone.info().id.as_bytes());
    for file in files {
        hash.update(file.display.as_bytes());
        hash.update(&file.bytes.to_le_bytes());
        hash.update(&file.modified_ms.to_le_bytes());
    }
    let name = hash.finalize().to_hex()[..32].to_owned();
    (
        folder.join(format!("{name}.f16")),
        folder.join(format!("{name}.json")),
    )
}

fn read_cache(features: &Path, index: &Path, backbone: &Backbone) -> Option<EmbeddedRows> {
    let index: CacheIndex = serde_json::from_slice(&fs_err::read(index).ok()?).ok()?;
    let info = index.views.info(backbone.info());
    let reader = EmbeddingsReader::open(features, &info.id, info.dim).ok()?;
    let expected = index.usable.iter().filter(|usable| **usable).count();
    (reader.row_count() == expected).then(|| EmbeddedRows {
        rows: reader.rows().to_vec(),
        views: index.views,
        usable: index.usable,
        refused: index.refused,
        from_cache: true,
    })
}

fn write_cache(
    features: &Path,
    index: &Path,
    backbone: &Backbone,
    raw: &EmbeddedRows,
) -> Result<(), WorkflowError> {
    if let Some(folder) = features.parent() {
        fs_err::create_dir_all(folder).map_err(WorkflowError::Io)?;
    }
    if features.exists() {
        fs_err::remove_file(features).map_err(WorkflowError::Io)?;
    }
    let info = raw.views.info(backbone.info());
    let mut writer = EmbeddingsWriter::open(features, &info.id, info.dim)?;
    let rows: Vec<f32> = raw.rows.iter().map(|v| f32::from(*v)).collect();
    writer.append(&rows)?;
    writer.sync()?;
    let json = serde_json::to_vec(&CacheIndex {
        views: raw.views.clone(),
        usable: raw.usable.clone(),
        refused: raw.refused.clone(),
    })
    .map_err(WorkflowError::Json)?;
    fs_err::write(index, json).map_err(WorkflowError::Io)
}

fn embed(
    root: &Path,
    files: &[FoundFile],
    backbone: &Backbone,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<EmbeddedRows, WorkflowError> {
    let paths: Vec<PathBuf> = files.iter().map(|e| root.join(&e.relative)).collect();
    let limits = ReadLimits::default();
    let views = choose_views(&paths, paths.len(), backbone, &limits)?;
    let mut raw = EmbeddedRows {
        rows: Vec::with_capacity(files.len() * views.info(backbone.info()).dim),
        views: views.clone(),
        usable: Vec::with_capacity(files.len()),
        refused: Vec::new(),
        from_cache: false,
    };
    embed_files(&paths, backbone, &views, &limits, |first, outcomes| {
        for (offset, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(file) => {
                    raw.usable.push(true);
                    raw.rows
                        .extend(file.features.iter().map(|v| half::f16::from_f32(*v)));
                }
                Err(reason) => {
                    raw.usable.push(false);
                    let file = files[first + offset].display.clone();
                    raw.refused.push((file, reason.to_string()));
                }
            }
        }
        progress(LoadProgress {
            done: (first + FILES_AT_A_TIME).min(files.len()),
            total: files.len(),
        });
        Ok(true)
    })?;
    Ok(raw)
}
