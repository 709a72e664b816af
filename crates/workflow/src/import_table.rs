//! What comes with the images: a table of labels and groups, or folders named like classes.

use crate::WorkflowError;
use autolabel_annotation::{LabelSchema, SEPARATOR, SchemaError, Task, names_in};
use autolabel_image_io::FoundFile;
use autolabel_store::{Attributes, RefusedRecord};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Most folders that are taken for classes rather than for patients.
const MOST_CLASS_FOLDERS: usize = 20;

/// What comes with the images, by file.
#[derive(Default)]
pub(crate) struct Table {
    pub attributes: HashMap<String, Attributes>,
    /// Given labels.
    pub labels: HashMap<String, String>,
    /// The schema that the labels make; no classes where there are none.
    pub schema: Option<LabelSchema>,
    /// Rows that could not be used.
    pub problems: Vec<RefusedRecord>,
    /// Hash of the table's file.
    pub hash: Option<String>,
}

/// Reads the table, where there is one.
pub(crate) fn read_table(csv: Option<&Path>, files: &[FoundFile]) -> Result<Table, WorkflowError> {
    let Some(csv) = csv else {
        return Ok(Table::default());
    };
    let bytes = fs_err::read(csv).map_err(WorkflowError::Io)?;
    let rows = autolabel_formats::parse_label_table(&bytes)?;
    let there: BTreeSet<&str> = files.iter().map(|file| file.display.as_str()).collect();
    let mut table = Table {
        hash: Some(blake3::hash(&bytes).to_hex().to_string()),
        ..Table::default()
    };
    for problem in rows.problems {
        table.problems.push(RefusedRecord {
            reason: format!("In the table of labels, {problem}"),
            file: problem
                .file
                .unwrap_or_else(|| format!("table of labels, line {}", problem.line)),
        });
    }
    for row in rows.rows {
        if !there.contains(row.file.as_str()) {
            table.problems.push(RefusedRecord {
                file: row.file,
                reason: "The table of labels names this file but the folder does not have it; correct the name or add the file.".to_owned(),
            });
            continue;
        }
        if let Some(label) = row.label.as_ref().map(|label| label.trim().to_owned()) {
            table.labels.insert(row.file.clone(), label);
        }
        let attributes = Attributes {
            group: row.group,
            given_label: row.label,
            source: row.source,
            split: row.split,
            slice: row.slice,
        };
        table.attributes.insert(row.file, attributes);
    }
    if !table.labels.is_empty() {
        table.schema = Some(schema_of(table.labels.values().map(String::as_str))?);
    }
    Ok(table)
}

/// Labels by the first folder of each path, where that looks like classes: every image in a folder,
/// few folders, none with a single image.
pub(crate) fn class_folders(files: &[FoundFile]) -> Option<Table> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut labels = HashMap::new();
    for file in files {
        let (folder, _) = file.display.split_once('/')?;
        *counts.entry(folder).or_insert(0) += 1;
        labels.insert(file.display.clone(), folder.to_owned());
    }
    let plausible = (2..=MOST_CLASS_FOLDERS).contains(&counts.len())
        && counts.values().all(|images| *images >= 2);
    plausible.then(|| Table {
        schema: schema_of(labels.values().map(String::as_str)).ok(),
        labels,
        ..Table::default()
    })
}

/// The schema that labels of a table make: findings where one of them has a `|` between names, else
/// classes; names in rising order.
///
/// # Errors
/// Names that a schema cannot have.
pub(crate) fn schema_of<'a>(
    labels: impl Iterator<Item = &'a str> + Clone,
) -> Result<LabelSchema, SchemaError> {
    let is_list = |label: &str| label.contains(SEPARATOR);
    if labels.clone().any(is_list) {
        let names: BTreeSet<&str> = labels.flat_map(names_in).collect();
        return LabelSchema::new(Task::Findings, names);
    }
    let names: BTreeSet<&str> = labels
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    LabelSchema::new(Task::Classification, names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn found(file: &str) -> FoundFile {
        FoundFile {
            relative: PathBuf::from(file),
            display: file.to_owned(),
            bytes: 1,
            modified_ms: 1,
        }
    }

    fn names(table: &Table) -> Vec<String> {
        let classes = &table.schema.as_ref().unwrap().classes;
        classes.iter().map(|class| class.name.clone()).collect()
    }

    #[test]
    fn a_bar_between_names_makes_findings() {
        let of = |labels: &[&'static str]| schema_of(labels.iter().copied()).unwrap();
        let found = of(&["nodule|effusion", "No Finding", "mass", ""]);
        assert_eq!(found.task, Task::Findings);
        let classes: Vec<&str> = found.classes.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(classes, ["effusion", "mass", "nodule"]);
        let one = of(&["nodule ", "no finding"]);
        assert_eq!(one.task, Task::Classification);
        assert_eq!(one.classes.len(), 2);
    }

    #[test]
    fn folders_are_classes_only_where_they_look_like_it() {
        let two = |a: &str, b: &str| {
            let files = [a, b].map(|f| [1, 2].map(|n| found(&format!("{f}/{n}.png"))));
            class_folders(&files.concat())
        };
        let table = two("pneumonia", "normal").unwrap();
        assert_eq!(names(&table), ["normal", "pneumonia"]);
        assert_eq!(table.labels["normal/1.png"], "normal");
        assert!(two("one", "one").is_none(), "one folder tells nothing");
        assert!(class_folders(&[found("a/1.png"), found("b/1.png")]).is_none());
        assert!(class_folders(&[found("a/1.png"), found("2.png")]).is_none());
    }

    #[test]
    fn a_table_gives_groups_and_labels_and_says_what_it_cannot_use() {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("labels.csv");
        fs_err::write(
            &csv,
            "file,label,group\na.png,normal,p1\ngone.png,sick,p2\n,x,y\n",
        )
        .unwrap();
        let table = read_table(Some(&csv), &[found("a.png"), found("b.png")]).unwrap();
        assert_eq!(names(&table), ["normal"]);
        assert_eq!(table.attributes["a.png"].group.as_deref(), Some("p1"));
        let files: Vec<&str> = table.problems.iter().map(|p| p.file.as_str()).collect();
        assert_eq!(files, ["table of labels, line 4", "gone.png"]);
    }
}
