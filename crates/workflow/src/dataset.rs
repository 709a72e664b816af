//! A labeled data set for `simulate`: class folders, or images with a CSV, embedded and reduced.

use crate::WorkflowError;
use crate::dataset_columns::dataset_columns;
use crate::dataset_embedding::{EmbeddedRows, embed_or_reuse};
use crate::dataset_entries::{Entry, labeled_entries, numbered_groups, refused_files};
use crate::representation::{BlockSource, transform_config, transformed_blocks};
use autolabel_annotation::{ImageTask, Label};
use autolabel_heads::{Blocks, FeatureTransform, Matrix, RawFeatures};
use autolabel_models::{Backbone, BackboneInfo, Views};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

pub use crate::dataset_columns::DatasetColumn;
pub use crate::dataset_features::{load_dataset_with_features, save_features};

/// A data set with known labels, ready to simulate on.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Name of the folder.
    pub name: String,
    /// Files below the folder, `/`-separated, in rising order.
    pub files: Vec<String>,
    /// Reduced features with every block counting the same, one row a file.
    pub features: Matrix,
    /// What other weights are applied to; `None` = the features are all there is.
    pub blocks: Option<DatasetBlocks>,
    /// What a label is: findings where the table has `|` between names.
    pub task: ImageTask,
    /// Known label of each file.
    pub truth: Vec<Label>,
    /// Names of the classes or findings in rising order.
    pub class_names: Vec<String>,
    /// Group of each file, where the data set has groups.
    pub groups: Option<Vec<u32>>,
    /// `true` = test split: never learnt from, never asked for.
    pub is_test: Vec<bool>,
    /// Name and engine of the backbone.
    pub backbone: String,
    /// Further columns of the table by which accuracy is reported: `source`, `population`.
    pub columns: Vec<DatasetColumn>,
    /// Files that could not be used, with a sentence each.
    pub refused: Vec<Refused>,
    /// Seconds spent on reading and embedding; 0 when the features were at hand.
    pub embed_seconds: f64,
}

/// Raw features of a data set.
#[derive(Debug, Clone)]
pub struct DatasetBlocks {
    raw: Vec<half::f16>,
    dim: usize,
    transform: FeatureTransform,
    blocks: Blocks,
    /// The looks at an image that the blocks come from.
    pub views: Views,
    /// The network, with one view.
    pub network: BackboneInfo,
}

impl Dataset {
    /// Raw features with what makes blocks of them, where there are any.
    #[must_use]
    pub fn source(&self) -> Option<BlockSource<'_>> {
        Some(self.blocks.as_ref()?.source(&self.is_test))
    }
}

impl DatasetBlocks {
    fn source<'a>(&'a self, excluded: &'a [bool]) -> BlockSource<'a> {
        BlockSource {
            raw: RawFeatures {
                values: &self.raw,
                dim: self.dim,
            },
            transform: &self.transform,
            blocks: &self.blocks,
            excluded,
        }
    }
}

/// A file that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Progress of reading a data set.
#[derive(Debug, Clone, Copy)]
pub struct LoadProgress {
    /// Files embedded.
    pub done: usize,
    /// Files in all.
    pub total: usize,
}

/// Reads, embeds and reduces a data set. With `csv`, or a `labels.csv` in the folder, labels come from
/// there; otherwise the first folder below `root` is the class. Features are kept in `cache`, where
/// given, and used again as long as files and backbone are the same.
///
/// The reduction is fitted on the pool alone.
///
/// # Errors
/// No labeled image is found, the CSV cannot be understood, or embedding fails.
pub fn load_dataset(
    root: &Path,
    csv: Option<&Path>,
    backbone: &Backbone,
    cache: Option<&Path>,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<Dataset, WorkflowError> {
    let started = std::time::Instant::now();
    let scan = autolabel_image_io::scan(root)?;
    let mut refused = refused_files(&scan);
    let entries = labeled_entries(root, csv, scan.files, &mut refused)?;
    let (found, entries): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    if entries.is_empty() {
        return Err(no_labeled_images(root));
    }
    let raw = embed_or_reuse(root, &found, backbone, cache, progress)?;
    for (file, reason) in &raw.refused {
        refused.push(Refused {
            file: file.clone(),
            reason: reason.clone(),
        });
    }
    let keep: Vec<Entry> = entries
        .into_iter()
        .zip(&raw.usable)
        .filter(|(_, usable)| **usable)
        .map(|(entry, _)| entry)
        .collect();
    let from_cache = raw.from_cache;
    let mut dataset = without_features(root, &keep, refused)?;
    let network = backbone.info();
    dataset.backbone = format!("{} on {}", network.name, backbone.engine().name);
    dataset.blocks = Some(blocks(raw, &dataset.is_test, network)?);
    if let Some(source) = dataset.source() {
        dataset.features = source.features(None)?;
    }
    if !from_cache {
        dataset.embed_seconds = started.elapsed().as_secs_f64();
    }
    Ok(dataset)
}

/// The images of a data set that may be learnt from, whatever their labels: all but the test split.
///
/// # Errors
/// As [`load_dataset`], but for embedding.
pub fn pool_files(root: &Path, csv: Option<&Path>) -> Result<Vec<PathBuf>, WorkflowError> {
    let scan = autolabel_image_io::scan(root)?;
    let entries = labeled_entries(root, csv, scan.files, &mut Vec::new())?;
    let pool = entries.iter().filter(|(_, entry)| !entry.is_test);
    Ok(pool.map(|(found, _)| root.join(&found.relative)).collect())
}

pub(crate) fn no_labeled_images(root: &Path) -> WorkflowError {
    WorkflowError::NoLabeledImages {
        folder: root.to_path_buf(),
    }
}

/// A data set of these files to which only the features are still to be added.
///
/// # Errors
/// The names of the classes cannot be used.
pub(crate) fn without_features(
    root: &Path,
    entries: &[Entry],
    refused: Vec<Refused>,
) -> Result<Dataset, WorkflowError> {
    let schema = crate::import_table::schema_of(entries.iter().map(|e| e.label.as_str()))?;
    // A table names classes, never shapes.
    let task = schema.task.of_image().unwrap_or(ImageTask::Classification);
    let truth = entries
        .iter()
        .filter_map(|e| schema.label_written(&e.label))
        .collect();
    let name = root.file_name().map_or_else(
        || "data set".to_owned(),
        |n| n.to_string_lossy().into_owned(),
    );
    Ok(Dataset {
        name,
        files: entries.iter().map(|e| e.file.clone()).collect(),
        features: Matrix::zeros(0, 0),
        blocks: None,
        task,
        truth,
        class_names: schema.classes.into_iter().map(|class| class.name).collect(),
        groups: numbered_groups(entries.iter().map(|entry| entry.group.as_deref())),
        is_test: entries.iter().map(|e| e.is_test).collect(),
        backbone: String::new(),
        columns: dataset_columns(&entries.iter().map(|e| &e.columns)),
        refused,
        embed_seconds: 0.0,
    })
}

/// Reduced features with every block counting the same, one row an image; the reduction is fitted on the
/// pool alone.
pub(crate) fn plain_features(
    raw: EmbeddedRows,
    is_test: &[bool],
    network: &BackboneInfo,
) -> Result<Matrix, WorkflowError> {
    blocks(raw, is_test, network)?
        .source(is_test)
        .features(None)
}

/// Fits the transform on the pool alone.
fn blocks(
    raw: EmbeddedRows,
    is_test: &[bool],
    network: &BackboneInfo,
) -> Result<DatasetBlocks, WorkflowError> {
    let info = raw.views.info(network);
    let pool: Vec<half::f16> = raw
        .rows
        .chunks(info.dim)
        .zip(is_test)
        .filter(|(_, test)| !**test)
        .flat_map(|(row, _)| row.iter().copied())
        .collect();
    let pool = RawFeatures {
        values: &pool,
        dim: info.dim,
    };
    Ok(DatasetBlocks {
        transform: autolabel_heads::fit_transform(&pool, &transform_config(&info.blocks), 0)?,
        blocks: transformed_blocks(&info.blocks, raw.views.crops.len()),
        raw: raw.rows,
        dim: info.dim,
        views: raw.views,
        network: network.clone(),
    })
}
