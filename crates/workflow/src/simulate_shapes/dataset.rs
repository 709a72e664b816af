//! A data set with known shapes: label images named by a table, or a COCO file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use autolabel_annotation::{Drawing, ImageSize, Task};
use autolabel_formats::{LabelImage, LabelRow, read_coco, read_label_image};
use autolabel_heads::Matrix;
use autolabel_models::Backbone;
use rayon::prelude::*;

use crate::WorkflowError;
use crate::dataset::{LoadProgress, Refused, plain_features};
use crate::dataset_embedding::embed_or_reuse;
use crate::dataset_entries::{refused_files, refused_rows};

/// Tables that are looked for, where none is named.
const TABLES: [&str; 2] = ["index.csv", "labels.csv"];
/// The COCO file that is looked for.
const COCO: &str = "coco.json";
/// Most values of a semantic label image.
const MOST_CLASSES: usize = 64;

/// A data set with known shapes, ready to simulate on. Lists have one entry an image.
#[derive(Debug, Clone)]
pub struct ShapeDataset {
    /// Name of the folder.
    pub name: String,
    /// What is drawn.
    pub task: Task,
    /// The folder.
    pub root: PathBuf,
    /// Files below it, `/`-separated, rising.
    pub files: Vec<String>,
    /// Width and height.
    pub sizes: Vec<ImageSize>,
    /// What is drawn on each, in the form of the task.
    pub truth: Vec<Drawing>,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// Patient, slide or video, where the data set has groups.
    pub groups: Option<Vec<u32>>,
    /// `true` = test split: never learnt from, never asked for.
    pub is_test: Vec<bool>,
    /// Reduced features of whole images, one unit row each: which images are alike.
    pub features: Matrix,
    /// Name and engine of the network of the features.
    pub backbone: String,
    /// Files that could not be used, with a sentence each.
    pub refused: Vec<Refused>,
    /// Seconds spent on reading and embedding; 0 when the features were at hand.
    pub embed_seconds: f64,
}

/// Where the shapes of a data set are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapeSource {
    /// A table with a column `mask`: label images with one value a class.
    Masks(PathBuf),
    /// A table with a column `instances`: label images with one value an instance.
    Instances(PathBuf),
    /// A COCO file.
    Coco(PathBuf),
}

/// An image as a table or a COCO file describes it.
struct Described {
    file: String,
    size: ImageSize,
    drawing: Drawing,
    group: Option<String>,
    is_test: bool,
}

/// The shapes of a data set and the task they are for: those of the task that is named, else of the first
/// of masks, instances and a COCO file of boxes that is there. `None` where the folder has none.
///
/// # Errors
/// The table cannot be read, or there are no shapes for the task that is named.
pub fn shape_source(
    root: &Path,
    named: Option<&Path>,
    task: Option<Task>,
) -> Result<Option<(Task, ShapeSource)>, WorkflowError> {
    let mut found = Vec::new();
    let is_coco = |path: &Path| path.extension().is_some_and(|ending| ending == "json");
    let table = match named {
        Some(path) => (!is_coco(path)).then(|| path.to_path_buf()),
        None => TABLES
            .iter()
            .map(|name| root.join(name))
            .find(|path| path.is_file()),
    };
    if let Some(path) = table {
        let table = autolabel_formats::read_label_table(&path)?;
        let has = |column: &str| table.rows.iter().any(|row| row.extra.contains_key(column));
        if has("mask") {
            found.push((Task::SemanticSegmentation, ShapeSource::Masks(path.clone())));
        }
        if has("instances") {
            found.push((Task::InstanceSegmentation, ShapeSource::Instances(path)));
        }
    }
    let coco = match named {
        Some(path) => is_coco(path).then(|| path.to_path_buf()),
        None => Some(root.join(COCO)).filter(|path| path.is_file()),
    };
    if let Some(path) = coco {
        let tasks = [
            Task::Detection,
            Task::SemanticSegmentation,
            Task::InstanceSegmentation,
        ];
        found.extend(tasks.map(|task| (task, ShapeSource::Coco(path.clone()))));
    }
    match task {
        None => Ok(found.into_iter().next()),
        Some(task) => match found.into_iter().find(|(of, _)| *of == task) {
            Some(source) => Ok(Some(source)),
            None => Err(WorkflowError::Setting {
                name: "the task",
                problem: format!(
                    "{} has no shapes for {}; add a table index.csv with the column mask or instances, or a coco.json",
                    root.display(),
                    task.in_words()
                ),
            }),
        },
    }
}

/// Reads the shapes of a data set and the features of its images.
///
/// # Errors
/// Nothing can be used, or the network fails.
pub fn load_shape_dataset(
    root: &Path,
    (task, source): &(Task, ShapeSource),
    backbone: &Backbone,
    cache: Option<&Path>,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<ShapeDataset, WorkflowError> {
    let started = std::time::Instant::now();
    let scan = autolabel_image_io::scan(root)?;
    let mut refused = refused_files(&scan);
    let (class_names, described) = match source {
        ShapeSource::Masks(table) => from_table(root, table, "mask", &mut refused)?,
        ShapeSource::Instances(table) => from_table(root, table, "instances", &mut refused)?,
        ShapeSource::Coco(file) => from_coco(file, *task, &mut refused)?,
    };
    let mut by_file: BTreeMap<String, Described> = described
        .into_iter()
        .map(|image| (image.file.clone(), image))
        .collect();
    let (found, images): (Vec<_>, Vec<_>) = scan
        .files
        .into_iter()
        .filter_map(|found| {
            let image = by_file.remove(&found.display)?;
            Some((found, image))
        })
        .unzip();
    for file in by_file.into_keys() {
        refused.push(Refused {
            file,
            reason: "The labels name this image but the folder does not have it; correct the name or add the file.".to_owned(),
        });
    }
    if images.is_empty() {
        return Err(crate::dataset::no_labeled_images(root));
    }
    let raw = embed_or_reuse(root, &found, backbone, cache, progress)?;
    refused.extend(raw.refused.iter().map(|(file, reason)| Refused {
        file: file.clone(),
        reason: reason.clone(),
    }));
    let usable = raw.usable.iter();
    let images: Vec<Described> = images
        .into_iter()
        .zip(usable)
        .filter(|(_, usable)| **usable)
        .map(|(image, _)| image)
        .collect();
    let is_test: Vec<bool> = images.iter().map(|image| image.is_test).collect();
    let from_cache = raw.from_cache;
    let features = plain_features(raw, &is_test, backbone.info())?;
    let name = root.file_name().map(|name| name.to_string_lossy());
    let mut dataset = ShapeDataset {
        name: name.map_or_else(|| "data set".to_owned(), std::borrow::Cow::into_owned),
        task: *task,
        root: root.to_path_buf(),
        files: Vec::new(),
        sizes: Vec::new(),
        truth: Vec::new(),
        class_names,
        groups: groups(&images),
        is_test,
        features,
        backbone: format!("{} on {}", backbone.info().name, backbone.engine().name),
        refused,
        embed_seconds: if from_cache {
            0.0
        } else {
            started.elapsed().as_secs_f64()
        },
    };
    for image in images {
        dataset.files.push(image.file);
        dataset.sizes.push(image.size);
        dataset.truth.push(image.drawing);
    }
    Ok(dataset)
}

/// Class names and images by a table whose `column` names label images.
fn from_table(
    root: &Path,
    path: &Path,
    column: &'static str,
    refused: &mut Vec<Refused>,
) -> Result<(Vec<String>, Vec<Described>), WorkflowError> {
    let table = autolabel_formats::read_label_table(path)?;
    refused.extend(refused_rows(&table));
    let rows: Vec<(&LabelRow, &String)> = table
        .rows
        .iter()
        .filter_map(|row| Some((row, row.extra.get(column)?)))
        .collect();
    let read: Vec<Result<LabelImage, String>> = rows
        .par_iter()
        .map(|(_, file)| read_label_image(&root.join(file)).map_err(|error| error.to_string()))
        .collect();
    let is_semantic = column == "mask";
    let mut labels: Vec<u16> = Vec::new();
    if is_semantic {
        labels = read.iter().flatten().flat_map(LabelImage::labels).collect();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() > MOST_CLASSES {
            return Err(WorkflowError::Setting {
                name: "the masks",
                problem: format!(
                    "they have {} different values, more than the {MOST_CLASSES} classes possible; name the column instances if each value is an object",
                    labels.len()
                ),
            });
        }
    }
    let described: Vec<Result<Described, Refused>> = rows
        .par_iter()
        .zip(read)
        .map(|((row, file), image)| {
            let image = image.map_err(|reason| Refused {
                file: (*file).clone(),
                reason,
            })?;
            Ok(Described {
                file: row.file.clone(),
                size: image.size,
                drawing: match is_semantic {
                    true => image.semantic(&labels),
                    false => image.instances(),
                },
                group: row.group.clone(),
                is_test: is_test(row.split.as_deref()),
            })
        })
        .collect();
    let mut images = Vec::new();
    for image in described {
        match image {
            Ok(image) => images.push(image),
            Err(problem) => refused.push(problem),
        }
    }
    let names = match is_semantic {
        true => labels.iter().map(u16::to_string).collect(),
        false => vec!["object".to_owned()],
    };
    Ok((names, images))
}

fn from_coco(
    path: &Path,
    task: Task,
    refused: &mut Vec<Refused>,
) -> Result<(Vec<String>, Vec<Described>), WorkflowError> {
    let labels = read_coco(path, task)?;
    refused.extend(labels.problems.into_iter().map(|reason| Refused {
        file: path.display().to_string(),
        reason,
    }));
    let images = labels.images.into_iter().map(|image| Described {
        is_test: is_test(image.split.as_deref()),
        file: image.file,
        size: image.size,
        drawing: image.drawing,
        group: image.group,
    });
    Ok((labels.classes, images.collect()))
}

fn is_test(split: Option<&str>) -> bool {
    split.is_some_and(|split| split.eq_ignore_ascii_case("test"))
}

/// Numbers of the groups in order of appearance; an image without one is a group of its own.
fn groups(images: &[Described]) -> Option<Vec<u32>> {
    crate::dataset_entries::numbered_groups(images.iter().map(|image| image.group.as_deref()))
}
