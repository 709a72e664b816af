//! Writes labels in one of the export formats: to a stream, or to a path with a manifest of hashes.
//!
//! Records pass through one at a time; of an image that has passed at most eight bytes are kept. On disk
//! nothing is ever half written: files are written beside their place, flushed to disk and renamed.

use crate::folder_names::{CERTIFICATE, MANIFEST};
use crate::manifest::{HashingWriter, ManifestWriter};
use crate::record::{ExportHeader, LabelRecord};
use crate::{FormatError, class_folders, coco, json_lines, table};
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The export formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One row an image.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON object in the manner of COCO; classes are categories, labels whole-image annotations.
    Coco,
    /// One folder a class with the images in it.
    Folders,
}

impl ExportFormat {
    /// The format of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::Jsonl),
            "coco" => Some(Self::Coco),
            "folders" => Some(Self::Folders),
            _ => None,
        }
    }

    /// File name of a download.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "labels.csv",
            Self::Jsonl => "labels.jsonl",
            Self::Coco => "coco.json",
            Self::Folders => "class-folders.tar",
        }
    }

    /// Media type of a download.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
            Self::Coco => "application/json",
            Self::Folders => "application/x-tar",
        }
    }
}

/// How many images were written, and how many of them have a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Images.
    pub images: u64,
    /// Of them with a label.
    pub labeled: u64,
}

impl Written {
    pub(crate) fn count(&mut self, record: &LabelRecord) {
        self.images += 1;
        self.labeled += u64::from(record.label.is_some());
    }
}

/// Writes an export to a stream; class folders become a tar archive with its manifest at the end.
///
/// # Errors
/// The stream fails, or an image of the class folders cannot be read.
pub fn write_export(
    format: ExportFormat,
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    out: &mut dyn Write,
) -> Result<Written, FormatError> {
    write_certified_export(format, header, records, None, out)
}

/// [`write_export`] with the signed certificate as JSON text, which the tar archive of class folders
/// then holds; the other formats have no place for it.
///
/// # Errors
/// As [`write_export`].
pub fn write_certified_export(
    format: ExportFormat,
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    certificate: Option<&str>,
    out: &mut dyn Write,
) -> Result<Written, FormatError> {
    refuse_folders_of_findings(format, header)?;
    match format {
        ExportFormat::Csv => table::write(header, records, out),
        ExportFormat::Jsonl => json_lines::write(header, records, out),
        ExportFormat::Coco => coco::write(header, records, out),
        ExportFormat::Folders => class_folders::write_tar(header, records, certificate, out),
    }
}

/// Writes an export to `target`, a file (or a folder, for class folders) that must not exist yet, and
/// its manifest of hashes: `manifest.json` inside class folders, else `NAME.manifest.json` beside.
///
/// # Errors
/// `target` exists, the disk is full or not writable, or an image cannot be read. Nothing is left
/// behind then.
pub fn export_to(
    format: ExportFormat,
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    target: &Path,
) -> Result<Written, FormatError> {
    export_certified_to(format, header, records, None, target)
}

/// [`export_to`] with the signed certificate as JSON text: `certificate.json` inside class folders,
/// else `NAME.certificate.json` beside; its hash is in the manifest.
///
/// # Errors
/// As [`export_to`].
pub fn export_certified_to(
    format: ExportFormat,
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    certificate: Option<&str>,
    target: &Path,
) -> Result<Written, FormatError> {
    refuse_folders_of_findings(format, header)?;
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty());
    fs_err::create_dir_all(parent.unwrap_or(Path::new("."))).map_err(FormatError::write)?;
    let mut parts = Parts::default();
    let written = if format == ExportFormat::Folders {
        let part = parts.begin(target.to_path_buf())?;
        fs_err::create_dir(&part).map_err(FormatError::write)?;
        class_folders::write_folder(header, records, certificate, &part)?
    } else {
        write_files(format, header, records, certificate, target, &mut parts)?
    };
    parts.finish()?;
    Ok(written)
}

/// An image with two findings, or with shapes, has no one folder.
fn refuse_folders_of_findings(
    format: ExportFormat,
    header: &ExportHeader,
) -> Result<(), FormatError> {
    if format == ExportFormat::Folders && !header.schema.task.has_one_class() {
        return Err(FormatError::FoldersOfFindings);
    }
    Ok(())
}

/// The file, its manifest and its certificate.
fn write_files(
    format: ExportFormat,
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    certificate: Option<&str>,
    target: &Path,
    parts: &mut Parts,
) -> Result<Written, FormatError> {
    let beside = |ending: &str| {
        let name = format!("{}.{ending}", name_of(target));
        (target.with_file_name(&name), name)
    };
    let file = create(&parts.begin(target.to_path_buf())?)?;
    let mut out = HashingWriter::new(BufWriter::new(file));
    let written = write_export(format, header, records, &mut out)?;
    let (buffer, entry) = out.finish(name_of(target));
    sync(buffer)?;

    let certificate = match certificate {
        Some(json) => {
            let (path, name) = beside(CERTIFICATE);
            Some(class_folders::write_text(&parts.begin(path)?, &name, json)?)
        }
        None => None,
    };
    let file = create(&parts.begin(beside(MANIFEST).0)?)?;
    let mut manifest = ManifestWriter::begin(BufWriter::new(file), header, format)?;
    manifest.add(&entry)?;
    sync(manifest.finish(written, certificate.as_ref())?)?;
    Ok(written)
}

fn create(path: &Path) -> Result<fs_err::File, FormatError> {
    fs_err::File::create_new(path).map_err(FormatError::write)
}

fn sync(buffer: BufWriter<fs_err::File>) -> Result<(), FormatError> {
    let file = buffer
        .into_inner()
        .map_err(|e| FormatError::write(e.into_error()))?;
    file.sync_all().map_err(FormatError::write)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| "export".to_owned(), |n| n.to_string_lossy().into_owned())
}

/// Files and folders under way. Dropped before [`Parts::finish`], it takes them away again.
#[derive(Default)]
struct Parts {
    /// Where each is written, and its place.
    moves: Vec<(PathBuf, PathBuf)>,
}

impl Parts {
    /// Where to write what belongs at `place`.
    fn begin(&mut self, place: PathBuf) -> Result<PathBuf, FormatError> {
        // A link that points nowhere is a taken place too.
        if fs_err::symlink_metadata(&place).is_ok() {
            return Err(FormatError::Exists { path: place });
        }
        let name = format!(".{}.part-{}", name_of(&place), std::process::id());
        let part = place.with_file_name(name);
        // Left by a process of the same number that was killed.
        remove(&part);
        self.moves.push((part.clone(), place));
        Ok(part)
    }

    /// Puts everything in its place.
    fn finish(mut self) -> Result<(), FormatError> {
        let mut done: Vec<PathBuf> = Vec::new();
        for (part, place) in &self.moves {
            if let Err(error) = fs_err::rename(part, place) {
                for place in &done {
                    remove(place);
                }
                return Err(FormatError::write(error));
            }
            done.push(place.clone());
        }
        self.moves.clear();
        Ok(())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        for (part, _) in &self.moves {
            remove(part);
        }
    }
}

/// Takes an unfinished export away. That it cannot be removed changes nothing about the error that is
/// being reported.
fn remove(part: &Path) {
    let gone = if part.is_dir() {
        fs_err::remove_dir_all(part)
    } else {
        fs_err::remove_file(part)
    };
    drop(gone);
}
