//! Which files a data set has, and what is known of each: from a table of labels, or from folders that
//! are named like the classes.

use crate::WorkflowError;
use crate::dataset::Refused;
use crate::dataset_columns::{REPORTED_COLUMNS, reported_cells};
use autolabel_formats::{LabelRow, LabelTable};
use autolabel_image_io::{FoundFile, Scan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is known of a file.
pub(crate) struct Entry {
    /// Its path below the folder, `/`-separated.
    pub(crate) file: String,
    /// Its class.
    pub(crate) label: String,
    /// Patient, slide or video.
    pub(crate) group: Option<String>,
    /// Whether it is never learnt from.
    pub(crate) is_test: bool,
    /// In the order of [`REPORTED_COLUMNS`].
    pub(crate) columns: [Option<String>; REPORTED_COLUMNS.len()],
}

impl Entry {
    /// What a row of a table says; `None` where it names no class.
    pub(crate) fn of_row(row: &LabelRow) -> Option<Self> {
        let split = row.split.as_deref();
        Some(Self {
            file: row.file.clone(),
            label: row.label.clone()?,
            group: row.group.clone(),
            is_test: split.is_some_and(|split| split.eq_ignore_ascii_case("test")),
            columns: reported_cells(row),
        })
    }

    /// What the path of a file says: its first folder is the class. `None` for a file outside.
    pub(crate) fn of_path(file: &str) -> Option<Self> {
        let (class, _) = file.split_once('/')?;
        Some(Self {
            file: file.to_owned(),
            label: class.to_owned(),
            group: None,
            is_test: false,
            columns: Default::default(),
        })
    }
}

/// The table of labels: the one that is named, else `labels.csv` in the folder, if there is one.
///
/// # Errors
/// The table cannot be read.
pub(crate) fn label_table(
    root: &Path,
    csv: Option<&Path>,
) -> Result<Option<LabelTable>, WorkflowError> {
    let default: PathBuf = root.join("labels.csv");
    let csv = csv.or_else(|| default.is_file().then_some(default.as_path()));
    Ok(csv.map(autolabel_formats::read_label_table).transpose()?)
}

/// The problems of a table as refused files.
pub(crate) fn refused_rows(table: &LabelTable) -> Vec<Refused> {
    let problems = table.problems.iter();
    problems
        .map(|problem| Refused {
            file: problem.file.clone().unwrap_or_default(),
            reason: problem.to_string(),
        })
        .collect()
}

/// The problems of a scan as refused files.
pub(crate) fn refused_files(scan: &Scan) -> Vec<Refused> {
    let problems = scan.problems.iter();
    problems
        .map(|problem| Refused {
            file: problem.file.clone(),
            reason: problem.reason.clone(),
        })
        .collect()
}

/// The files of a folder that have a label: by the table where there is one, else by folders that are
/// named like the classes. What the table says wrongly is refused.
///
/// # Errors
/// The table cannot be read.
pub(crate) fn labeled_entries(
    root: &Path,
    csv: Option<&Path>,
    found: Vec<FoundFile>,
    refused: &mut Vec<Refused>,
) -> Result<Vec<(FoundFile, Entry)>, WorkflowError> {
    Ok(match label_table(root, csv)? {
        Some(table) => {
            refused.extend(refused_rows(&table));
            entries_from_table(found, &table, refused)
        }
        None => entries_from_folders(found),
    })
}

/// The files of a folder that a table gives a class, in the order of the folder. Files that the table
/// names and the folder lacks are refused.
fn entries_from_table(
    found: Vec<FoundFile>,
    table: &LabelTable,
    refused: &mut Vec<Refused>,
) -> Vec<(FoundFile, Entry)> {
    let mut by_file: BTreeMap<&str, &LabelRow> = table
        .rows
        .iter()
        .map(|row| (row.file.as_str(), row))
        .collect();
    let mut entries = Vec::new();
    for found in found {
        if let Some(row) = by_file.remove(found.display.as_str())
            && let Some(entry) = Entry::of_row(row)
        {
            entries.push((found, entry));
        }
    }
    for file in by_file.keys() {
        refused.push(Refused {
            file: (*file).to_owned(),
            reason: "The CSV names this file but the folder does not have it; correct the name or add the file.".to_owned(),
        });
    }
    entries
}

/// The files of class folders, in the order of the folder.
fn entries_from_folders(found: Vec<FoundFile>) -> Vec<(FoundFile, Entry)> {
    found
        .into_iter()
        .filter_map(|found| {
            let entry = Entry::of_path(&found.display)?;
            Some((found, entry))
        })
        .collect()
}

/// Numbers the groups in order of appearance; an image without a group is a group of its own. `None` where
/// no image has one.
pub(crate) fn numbered_groups<'a>(
    groups: impl Iterator<Item = Option<&'a str>> + Clone,
) -> Option<Vec<u32>> {
    if groups.clone().all(|group| group.is_none()) {
        return None;
    }
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0_u32;
    let groups = groups
        .map(|group| {
            let fresh = next;
            let number = match group {
                Some(name) => *numbers.entry(name).or_insert(fresh),
                None => fresh,
            };
            next += u32::from(number == fresh);
            number
        })
        .collect();
    Some(groups)
}
