//! Disks that are full: one sentence, no half file.

use crate::sample::{header, records};
use autolabel_formats::{ExportFormat, FormatError, LabelRecord, export_to, write_export};
use std::path::Path;
use std::process::Command;

/// A small file system in memory, unmounted at the end.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            _ => None,
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg(self.folder.path())
            .status()
            .unwrap();
    }
}

/// More rows than a small disk holds.
fn many(images: &Path) -> impl Iterator<Item = LabelRecord> {
    let record = records(images)[0].clone();
    (0..20_000).map(move |id| LabelRecord {
        id,
        file: format!("folder/{id}.png"),
        ..record.clone()
    })
}

#[test]
fn a_full_disk_is_one_sentence_and_no_half_file() {
    let Some(disk) = SmallDisk::mount("256k") else {
        println!("skipped: a small file system cannot be mounted here");
        return;
    };
    let images = tempfile::tempdir().unwrap();
    for format in [
        ExportFormat::Csv,
        ExportFormat::Jsonl,
        ExportFormat::Coco,
        ExportFormat::Folders,
    ] {
        let target = disk.folder.path().join("export");
        // The images are on another disk, so class folders have to copy them.
        let error = export_to(format, &header(), many(images.path()), &target).unwrap_err();
        assert!(
            matches!(error, FormatError::DiskFull),
            "{format:?}: {error}"
        );
        let left = std::fs::read_dir(disk.folder.path()).unwrap().count();
        assert_eq!(left, 0, "{format:?}");
    }
    let target = disk.folder.path().join("labels.csv");
    export_to(
        ExportFormat::Csv,
        &header(),
        many(images.path()).take(9),
        &target,
    )
    .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_takes_no_more_says_so() {
    let images = tempfile::tempdir().unwrap();
    for format in [
        ExportFormat::Csv,
        ExportFormat::Jsonl,
        ExportFormat::Coco,
        ExportFormat::Folders,
    ] {
        let mut full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let error = write_export(format, &header(), many(images.path()), &mut full).unwrap_err();
        assert!(
            matches!(error, FormatError::DiskFull),
            "{format:?}: {error}"
        );
    }
}
