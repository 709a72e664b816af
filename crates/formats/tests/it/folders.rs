//! Class folders on disk: links, copies, and originals that stay as they are.

use crate::sample::{header, records};
use autolabel_formats::{ExportFormat, FormatError, export_to, write_export};
use std::path::Path;

fn contents(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_labeled_image_is_in_the_folder_of_its_class() {
    let images = tempfile::tempdir().unwrap();
    let records = records(images.path());
    let before = contents(images.path());
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out");
    let written = export_to(
        ExportFormat::Folders,
        &header(),
        records.iter().cloned(),
        &target,
    )
    .unwrap();
    assert_eq!((written.images, written.labeled), (5, 5));
    let found: Vec<String> = contents(&target)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    insta::assert_debug_snapshot!(found);
    assert_eq!(contents(images.path()), before);
}

#[cfg(unix)]
#[test]
fn files_are_linked_but_symbolic_links_are_copied() {
    use std::os::unix::fs::MetadataExt;
    let images = tempfile::tempdir().unwrap();
    let mut records = records(images.path());
    let alias = images.path().join("alias.png");
    std::os::unix::fs::symlink(Path::new("a/x.png"), &alias).unwrap();
    records[1].path = alias;
    let target = images.path().join("out");
    export_to(
        ExportFormat::Folders,
        &header(),
        records.iter().cloned(),
        &target,
    )
    .unwrap();
    let inode = |path: &Path| std::fs::symlink_metadata(path).unwrap().ino();
    assert_eq!(
        inode(&target.join("normal/a__x.png")),
        inode(&records[0].path)
    );
    let copy = target.join("normal/a__x-1.png");
    assert!(std::fs::symlink_metadata(&copy).unwrap().is_file());
    assert_eq!(
        std::fs::read(copy).unwrap(),
        std::fs::read(&records[0].path).unwrap()
    );
}

#[test]
fn an_image_that_is_gone_is_named_and_nothing_is_left() {
    let images = tempfile::tempdir().unwrap();
    let records = records(images.path());
    std::fs::remove_file(&records[3].path).unwrap();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("out");
    let error = export_to(
        ExportFormat::Folders,
        &header(),
        records.iter().cloned(),
        &target,
    )
    .unwrap_err();
    assert!(
        matches!(&error, FormatError::Image { file, .. } if *file == records[3].file),
        "{error}"
    );
    assert_eq!(contents(place.path()), []);
    let mut out = Vec::new();
    let error = write_export(
        ExportFormat::Folders,
        &header(),
        records.into_iter(),
        &mut out,
    )
    .unwrap_err();
    assert!(matches!(error, FormatError::Image { .. }), "{error}");
}
