//! The bytes of every export, and that our own reader takes them back.

use crate::sample::{header, header_of_findings, records, records_of_findings};
use autolabel_formats::{
    ExportFormat, FormatError, Manifest, Written, export_certified_to, export_to,
    parse_label_table, write_export,
};
use std::path::Path;

const ALL: [ExportFormat; 4] = [
    ExportFormat::Csv,
    ExportFormat::Jsonl,
    ExportFormat::Coco,
    ExportFormat::Folders,
];

fn bytes(format: ExportFormat) -> Vec<u8> {
    let images = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    let written = write_export(
        format,
        &header(),
        records(images.path()).into_iter(),
        &mut out,
    )
    .unwrap();
    assert_eq!(written.labeled, 5);
    out
}

fn text(format: ExportFormat) -> String {
    String::from_utf8(bytes(format)).unwrap()
}

#[test]
fn csv_is_as_before() {
    insta::assert_snapshot!(text(ExportFormat::Csv).replace("\r\n", "␍␊\n"));
}

#[test]
fn json_lines_are_as_before() {
    insta::assert_snapshot!(text(ExportFormat::Jsonl));
}

#[test]
fn coco_is_as_before() {
    insta::assert_snapshot!(text(ExportFormat::Coco));
}

#[test]
fn tar_is_as_before_and_the_same_every_time() {
    let first = bytes(ExportFormat::Folders);
    assert_eq!(first, bytes(ExportFormat::Folders));
    let mut listing = String::new();
    for entry in tar::Archive::new(first.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut contents = String::new();
        std::io::Read::read_to_string(&mut entry, &mut contents).unwrap();
        let shown = if name.ends_with(".json") {
            contents
        } else {
            format!("{} bytes", contents.len())
        };
        listing.push_str(&format!("{name}: {shown}\n"));
    }
    insta::assert_snapshot!(listing);
}

#[test]
fn our_reader_takes_the_csv_back() {
    let table = parse_label_table(&bytes(ExportFormat::Csv)).unwrap();
    assert!(table.problems.is_empty(), "{:?}", table.problems);
    let images = tempfile::tempdir().unwrap();
    let header = header();
    for (row, record) in table.rows.iter().zip(records(images.path())) {
        assert_eq!(row.file, record.file);
        assert_eq!(row.group, record.group);
        let class = record.label.map(|label| header.schema.in_words(label));
        assert_eq!(row.label, class);
        assert_eq!(row.source.as_deref(), Some(record.source.word()));
        assert_eq!(row.extra.get("reader"), record.reader.as_ref());
    }
    assert_eq!(table.rows.len(), 7);
}

/// Also what `tests/golden/check_exports.py` looks at, with programs that are not ours.
#[test]
fn files_come_with_a_manifest_that_is_true() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports");
    if place.exists() {
        std::fs::remove_dir_all(&place).unwrap();
    }
    let images = tempfile::tempdir().unwrap();
    let records = records(images.path());
    let certificate = "{\"certificate\":{}}\n";
    for format in ALL {
        let name = if format == ExportFormat::Folders {
            "folders"
        } else {
            format.file_name()
        };
        let target = place.join(name);
        let rows = records.iter().cloned();
        let written =
            export_certified_to(format, &header(), rows, Some(certificate), &target).unwrap();
        let (folder, manifest) = match format {
            ExportFormat::Folders => (target.clone(), target.join("manifest.json")),
            _ => (place.clone(), place.join(format!("{name}.manifest.json"))),
        };
        let manifest: Manifest = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
        let Manifest {
            images, labeled, ..
        } = manifest;
        assert_eq!(Written { images, labeled }, written);
        assert_eq!(manifest.format, format);
        let certified = manifest.certificate.as_ref().unwrap();
        for entry in manifest.files.iter().chain([certified]) {
            let contents = std::fs::read(folder.join(&entry.file)).unwrap();
            assert_eq!(entry.bytes, contents.len() as u64, "{}", entry.file);
            assert_eq!(entry.blake3, blake3::hash(&contents).to_hex().as_str());
        }
    }
    let hidden = std::fs::read_dir(&place).unwrap().filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    });
    assert_eq!(hidden.count(), 0);
    std::fs::write(
        place.join("class-folders.tar"),
        bytes(ExportFormat::Folders),
    )
    .unwrap();
}

#[test]
fn a_place_that_is_taken_is_left_alone() {
    let images = tempfile::tempdir().unwrap();
    let records = records(images.path());
    let target = images.path().join("labels.csv");
    let beside = images.path().join("labels.csv.manifest.json");
    for taken in [&target, &beside] {
        std::fs::write(taken, "mine").unwrap();
        let error = export_to(
            ExportFormat::Csv,
            &header(),
            records.iter().cloned(),
            &target,
        )
        .unwrap_err();
        assert!(matches!(error, FormatError::Exists { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(taken).unwrap(), "mine");
        std::fs::remove_file(taken).unwrap();
        assert!(!target.exists() && !beside.exists());
    }
}

#[test]
fn no_images_are_an_export_too() {
    for format in ALL {
        let mut out = Vec::new();
        let written = write_export(format, &header(), std::iter::empty(), &mut out).unwrap();
        assert_eq!(written, Written::default());
        if format == ExportFormat::Coco {
            let object: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(object["categories"].as_array().unwrap().len(), 4);
        }
    }
}

fn findings(format: ExportFormat) -> Result<String, FormatError> {
    let images = tempfile::tempdir().unwrap();
    let records = records_of_findings(images.path()).into_iter();
    let mut out = Vec::new();
    write_export(format, &header_of_findings(), records, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn findings_come_back_from_a_table() {
    let table = parse_label_table(findings(ExportFormat::Csv).unwrap().as_bytes()).unwrap();
    let images = tempfile::tempdir().unwrap();
    let schema = header_of_findings().schema;
    for (row, record) in table.rows.iter().zip(records_of_findings(images.path())) {
        let label = row
            .label
            .as_deref()
            .map(|cell| schema.label_written(cell).unwrap());
        assert_eq!(label, record.label, "{row:?}");
    }
    assert_eq!(table.rows[0].label.as_deref(), Some("no finding"));
    assert_eq!(table.rows[2].label.as_deref(), Some("effusion|nodule"));
}

#[test]
fn findings_are_lists_in_json() {
    insta::assert_snapshot!(findings(ExportFormat::Jsonl).unwrap());
    let coco: serde_json::Value =
        serde_json::from_str(&findings(ExportFormat::Coco).unwrap()).unwrap();
    let annotations = coco["annotations"].as_array().unwrap();
    let of = |image: u64| -> Vec<u64> {
        let own = annotations.iter().filter(|a| a["image_id"] == image);
        own.map(|a| a["category_id"].as_u64().unwrap()).collect()
    };
    assert_eq!((of(0), of(2), of(4)), (vec![], vec![1, 2], vec![1, 2, 3]));
    let ids: Vec<u64> = annotations
        .iter()
        .map(|a| a["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, (1..=annotations.len() as u64).collect::<Vec<_>>());
}

#[test]
fn class_folders_of_findings_are_refused_in_a_sentence() {
    let refused = findings(ExportFormat::Folders).unwrap_err().to_string();
    assert!(refused.contains("one class an image"), "{refused}");
}
