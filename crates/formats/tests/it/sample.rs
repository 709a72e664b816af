//! A small project with everything that is awkward in a file name, a label or a reader.

use autolabel_annotation::{ClassId, FindingSet, Label, LabelSchema, Task};
use autolabel_formats::{ExportHeader, LabelRecord, LabelSource};
use std::path::Path;

pub fn header() -> ExportHeader {
    ExportHeader {
        project: "Thorax \"Röntgen\"".to_owned(),
        schema: LabelSchema::classification(["normal", "pneumonia, viral", "=COVID-19", "a/b"])
            .unwrap(),
        program: "AutoLabel 0.1.0".to_owned(),
    }
}

/// Images below `root`, written as small files whose contents differ.
pub fn records(root: &Path) -> Vec<LabelRecord> {
    let rows = [
        ("a/x.png", Some(0), LabelSource::Expert, None, Some("p1")),
        (
            "a__x.png",
            Some(0),
            LabelSource::Auto,
            Some(0.987_654_3),
            Some("p1"),
        ),
        (
            "=cmd|' /C calc'!A0.png",
            Some(1),
            LabelSource::Auto,
            Some(0.9),
            None,
        ),
        (
            "b \"quoted\", comma.png",
            Some(2),
            LabelSource::Audited,
            None,
            Some("-p2"),
        ),
        ("Ärzte/日本.tif", Some(3), LabelSource::Expert, None, None),
        ("unread.png", None, LabelSource::Unreadable, None, None),
        ("nobody.png", None, LabelSource::None, None, Some("p3")),
    ];
    (0_u32..)
        .zip(rows)
        .map(|(id, (file, class, source, probability, group))| {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("image {id}").repeat(100)).unwrap();
            LabelRecord {
                id,
                file: file.to_owned(),
                path,
                width: 640 + id,
                height: 480,
                drawing: None,
                label: class.map(|class| Label::Class(ClassId(class))),
                source,
                probability,
                reader: (source == LabelSource::Expert).then(|| "@anna".to_owned()),
                group: group.map(str::to_owned),
            }
        })
        .collect()
}

/// The same images, each with findings.
pub fn header_of_findings() -> ExportHeader {
    ExportHeader {
        schema: LabelSchema::new(Task::Findings, ["effusion", "nodule", "=mass"]).unwrap(),
        ..header()
    }
}

/// Every label of [`records`] becomes a set of findings, the first one an empty set.
pub fn records_of_findings(root: &Path) -> Vec<LabelRecord> {
    let mut records = records(root);
    for (record, bits) in records.iter_mut().zip([0, 1, 3, 4, 7, 0, 0]) {
        let set = FindingSet::from_bits(bits).unwrap();
        record.label = record.label.map(|_| Label::Findings(set));
    }
    records
}
