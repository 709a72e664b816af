//! A labeled data set for `simulate`: class folders, or images with a CSV, embedded and reduced.

use crate::WorkflowError;
use crate::dataset_columns::{REPORTED_COLUMNS, dataset_columns, reported_cells};
use crate::embedding::{FILES_AT_A_TIME, embed_files};
use crate::orientation::choose_views;
use crate::representation::{BlockSource, transform_config, transformed_blocks};
use autolabel_annotation::{ClassId, LabelSchema};
use autolabel_formats::LabelTable;
use autolabel_heads::{Blocks, FeatureTransform, Matrix, RawFeatures};
use autolabel_image_io::{FoundFile, ReadLimits};
use autolabel_models::{Backbone, BackboneInfo, Views};
use autolabel_store::{EmbeddingsReader, EmbeddingsWriter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use crate::dataset_columns::DatasetColumn;

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
    /// Known class of each file.
    pub truth: Vec<ClassId>,
    /// Class names in rising order.
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
        let blocks = self.blocks.as_ref()?;
        Some(BlockSource {
            raw: RawFeatures {
                values: &blocks.raw,
                dim: blocks.dim,
            },
            transform: &blocks.transform,
            blocks: &blocks.blocks,
            excluded: &self.is_test,
        })
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

/// A file with what is known about it.
struct Entry {
    found: FoundFile,
    label: String,
    group: Option<String>,
    is_test: bool,
    /// In the order of [`REPORTED_COLUMNS`].
    columns: [Option<String>; REPORTED_COLUMNS.len()],
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
    let mut refused: Vec<Refused> = scan
        .problems
        .iter()
        .map(|p| Refused {
            file: p.file.clone(),
            reason: p.reason.clone(),
        })
        .collect();
    let default_csv = root.join("labels.csv");
    let csv = csv.or_else(|| default_csv.is_file().then_some(default_csv.as_path()));
    let entries = match csv {
        Some(csv) => entries_from_table(scan.files, csv, &mut refused)?,
        None => entries_from_folders(scan.files),
    };
    if entries.is_empty() {
        return Err(WorkflowError::NoLabeledImages {
            folder: root.to_path_buf(),
        });
    }
    let raw = embed_or_reuse(root, &entries, backbone, cache, progress)?;
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
    let mut dataset = assemble(root, &keep, raw, backbone)?;
    dataset.refused = refused;
    if !from_cache {
        dataset.embed_seconds = started.elapsed().as_secs_f64();
    }
    Ok(dataset)
}

fn entries_from_table(
    found: Vec<FoundFile>,
    csv: &Path,
    refused: &mut Vec<Refused>,
) -> Result<Vec<Entry>, WorkflowError> {
    let table: LabelTable = autolabel_formats::read_label_table(csv)?;
    for problem in &table.problems {
        refused.push(Refused {
            file: problem.file.clone().unwrap_or_default(),
            reason: problem.to_string(),
        });
    }
    let mut by_file: BTreeMap<&str, &autolabel_formats::LabelRow> = table
        .rows
        .iter()
        .map(|row| (row.file.as_str(), row))
        .collect();
    let mut entries = Vec::new();
    for found in found {
        let Some(row) = by_file.remove(found.display.as_str()) else {
            continue;
        };
        let Some(label) = row.label.clone() else {
            continue;
        };
        entries.push(Entry {
            label,
            group: row.group.clone(),
            is_test: row
                .split
                .as_deref()
                .is_some_and(|s| s.eq_ignore_ascii_case("test")),
            columns: reported_cells(row),
            found,
        });
    }
    for file in by_file.keys() {
        refused.push(Refused {
            file: (*file).to_owned(),
            reason: "The CSV names this file but the folder does not have it; correct the name or add the file.".to_owned(),
        });
    }
    Ok(entries)
}

fn entries_from_folders(found: Vec<FoundFile>) -> Vec<Entry> {
    found
        .into_iter()
        .filter_map(|found| {
            let (class, _) = found.display.split_once('/')?;
            Some(Entry {
                label: class.to_owned(),
                group: None,
                is_test: false,
                columns: Default::default(),
                found,
            })
        })
        .collect()
}

struct EmbeddedRows {
    rows: Vec<half::f16>,
    views: Views,
    /// One entry a file: it has a row.
    usable: Vec<bool>,
    refused: Vec<(String, String)>,
    from_cache: bool,
}

/// What is kept beside the cached features.
#[derive(Serialize, Deserialize)]
struct CacheIndex {
    views: Views,
    usable: Vec<bool>,
    refused: Vec<(String, String)>,
}

fn embed_or_reuse(
    root: &Path,
    entries: &[Entry],
    backbone: &Backbone,
    cache: Option<&Path>,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<EmbeddedRows, WorkflowError> {
    let paths = cache.map(|folder| cache_paths(folder, entries, backbone));
    if let Some((features, index)) = &paths
        && let Some(raw) = read_cache(features, index, backbone)
    {
        progress(LoadProgress {
            done: entries.len(),
            total: entries.len(),
        });
        return Ok(raw);
    }
    let raw = embed(root, entries, backbone, progress)?;
    if let Some((features, index)) = &paths {
        write_cache(features, index, backbone, &raw)?;
    }
    Ok(raw)
}

/// The cache is named by everything the features depend on.
fn cache_paths(folder: &Path, entries: &[Entry], backbone: &Backbone) -> (PathBuf, PathBuf) {
    let mut hash = blake3::Hasher::new();
    hash.update(backbone.info().id.as_bytes());
    for entry in entries {
        hash.update(entry.found.display.as_bytes());
        hash.update(&entry.found.bytes.to_le_bytes());
        hash.update(&entry.found.modified_ms.to_le_bytes());
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
    entries: &[Entry],
    backbone: &Backbone,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<EmbeddedRows, WorkflowError> {
    let paths: Vec<PathBuf> = entries
        .iter()
        .map(|e| root.join(&e.found.relative))
        .collect();
    let limits = ReadLimits::default();
    let views = choose_views(&paths, paths.len(), backbone, &limits)?;
    let mut raw = EmbeddedRows {
        rows: Vec::with_capacity(entries.len() * views.info(backbone.info()).dim),
        views: views.clone(),
        usable: Vec::with_capacity(entries.len()),
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
                    let file = entries[first + offset].found.display.clone();
                    raw.refused.push((file, reason.to_string()));
                }
            }
        }
        progress(LoadProgress {
            done: (first + FILES_AT_A_TIME).min(entries.len()),
            total: entries.len(),
        });
        Ok(true)
    })?;
    Ok(raw)
}

fn assemble(
    root: &Path,
    entries: &[Entry],
    raw: EmbeddedRows,
    backbone: &Backbone,
) -> Result<Dataset, WorkflowError> {
    let mut class_names: Vec<String> = entries.iter().map(|e| e.label.clone()).collect();
    class_names.sort();
    class_names.dedup();
    let schema = LabelSchema::classification(class_names.clone())?;
    let truth = entries
        .iter()
        .filter_map(|e| schema.class_named(e.label.trim()))
        .collect();
    let is_test: Vec<bool> = entries.iter().map(|e| e.is_test).collect();
    let network = backbone.info();
    let name = root.file_name().map_or_else(
        || "data set".to_owned(),
        |n| n.to_string_lossy().into_owned(),
    );
    let mut dataset = Dataset {
        name,
        files: entries.iter().map(|e| e.found.display.clone()).collect(),
        features: Matrix::zeros(0, 0),
        blocks: Some(blocks(raw, &is_test, network)?),
        truth,
        class_names,
        groups: group_numbers(entries),
        is_test,
        backbone: format!("{} on {}", network.name, backbone.engine().name),
        columns: dataset_columns(&entries.iter().map(|e| &e.columns)),
        refused: Vec::new(),
        embed_seconds: 0.0,
    };
    if let Some(source) = dataset.source() {
        dataset.features = source.features(None)?;
    }
    Ok(dataset)
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

/// Numbers the groups in order of appearance; an image without a group is a group of its own.
fn group_numbers(entries: &[Entry]) -> Option<Vec<u32>> {
    if entries.iter().all(|e| e.group.is_none()) {
        return None;
    }
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0_u32;
    let groups = entries
        .iter()
        .map(|entry| {
            let fresh = next;
            let number = match entry.group.as_deref() {
                Some(name) => *numbers.entry(name).or_insert(fresh),
                None => fresh,
            };
            next += u32::from(number == fresh);
            number
        })
        .collect();
    Some(groups)
}
