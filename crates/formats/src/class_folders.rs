//! Class folders: one folder a class with the images in it, as most training programs read them.
//! Images without a label are left out; `manifest.json` names the original of every file.
//!
//! On disk files are hard links where the disk allows it, else copies. A hard link is the same file
//! under a second name: it needs no room, and who edits it edits the original too. In a stream files
//! are entries of a tar archive.

use crate::FormatError;
use crate::export::{ExportFormat, Written};
use crate::folder_names::{CERTIFICATE, FolderNames, MANIFEST};
use crate::manifest::{HashingWriter, ManifestEntry, ManifestWriter};
use crate::record::{ExportHeader, LabelRecord};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

pub(crate) fn write_tar(
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    certificate: Option<&str>,
    out: &mut dyn Write,
) -> Result<Written, FormatError> {
    let mut written = Written::default();
    let mut names = FolderNames::new(header);
    let mut archive = tar::Builder::new(out);
    // An entry says its size before its contents, so the manifest waits on disk until it is whole.
    let spool = tempfile::tempfile().map_err(FormatError::write)?;
    let mut manifest = ManifestWriter::begin(BufWriter::new(spool), header, ExportFormat::Folders)?;
    for record in records.filter(|r| r.label.is_some()) {
        let name = names.place(&record);
        manifest.add(&append_image(&mut archive, &record, name)?)?;
        written.count(&record);
    }
    let certificate = match certificate {
        Some(json) => Some(append_text(&mut archive, CERTIFICATE, json)?),
        None => None,
    };
    let spool = manifest.finish(written, certificate.as_ref())?;
    let mut spool = spool
        .into_inner()
        .map_err(|e| FormatError::write(e.into_error()))?;
    let size = spool.stream_position().map_err(FormatError::write)?;
    spool.rewind().map_err(FormatError::write)?;
    append(&mut archive, MANIFEST, size, spool).map_err(FormatError::write)?;
    archive.finish().map_err(FormatError::write)?;
    Ok(written)
}

/// Fills an empty folder.
pub(crate) fn write_folder(
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    certificate: Option<&str>,
    folder: &Path,
) -> Result<Written, FormatError> {
    let mut written = Written::default();
    let mut names = FolderNames::new(header);
    for name in &names.folders {
        fs_err::create_dir_all(folder.join(name)).map_err(FormatError::write)?;
    }
    let file = fs_err::File::create_new(folder.join(MANIFEST)).map_err(FormatError::write)?;
    let mut manifest = ManifestWriter::begin(BufWriter::new(file), header, ExportFormat::Folders)?;
    for record in records.filter(|r| r.label.is_some()) {
        let name = names.place(&record);
        let target = folder.join(&name);
        let copied = link(&record.path, &target).is_err();
        manifest.add(&hash(&record, copied.then_some(target.as_path()), name)?)?;
        written.count(&record);
    }
    let certificate = match certificate {
        Some(json) => Some(write_text(&folder.join(CERTIFICATE), CERTIFICATE, json)?),
        None => None,
    };
    let buffer = manifest.finish(written, certificate.as_ref())?;
    let file = buffer
        .into_inner()
        .map_err(|e| FormatError::write(e.into_error()))?;
    file.sync_all().map_err(FormatError::write)?;
    Ok(written)
}

/// A hard link to the image. A symbolic link is not linked, because it would point nowhere from its
/// new place.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    if fs_err::symlink_metadata(from)?.is_symlink() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    fs_err::hard_link(from, to)
}

/// Hashes an image, and copies it while doing so where a target is given. The target is never one
/// that exists: it could be the original under another name.
fn hash(
    record: &LabelRecord,
    target: Option<&Path>,
    name: String,
) -> Result<ManifestEntry, FormatError> {
    let mut reader = Observed::new(open_image(record)?);
    let copied = match target {
        None => io::copy(&mut reader, &mut io::sink()),
        Some(target) => {
            fs_err::File::create_new(target).and_then(|mut to| io::copy(&mut reader, &mut to))
        }
    };
    reader.finish(record, copied.map(drop), name)
}

fn append_image(
    archive: &mut tar::Builder<&mut dyn Write>,
    record: &LabelRecord,
    name: String,
) -> Result<ManifestEntry, FormatError> {
    let from = open_image(record)?;
    let size = from
        .metadata()
        .map_err(|error| image_error(record, error))?
        .len();
    let mut reader = Observed::new(from.take(size));
    let appended = append(archive, &name, size, &mut reader);
    let entry = reader.finish(record, appended, name)?;
    if entry.bytes != size {
        let error = io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter meanwhile");
        return Err(image_error(record, error));
    }
    Ok(entry)
}

fn append_text(
    archive: &mut tar::Builder<&mut dyn Write>,
    name: &str,
    text: &str,
) -> Result<ManifestEntry, FormatError> {
    append(archive, name, text.len() as u64, text.as_bytes()).map_err(FormatError::write)?;
    Ok(entry_of(name, text))
}

fn append(
    archive: &mut tar::Builder<&mut dyn Write>,
    name: &str,
    size: u64,
    contents: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    // The same export gives the same bytes, so no entry has a time of its own.
    header.set_mtime(0);
    archive.append_data(&mut header, name, contents)
}

/// Writes a small text and says what it wrote.
pub(crate) fn write_text(
    path: &Path,
    name: &str,
    text: &str,
) -> Result<ManifestEntry, FormatError> {
    let mut file = fs_err::File::create_new(path).map_err(FormatError::write)?;
    file.write_all(text.as_bytes())
        .map_err(FormatError::write)?;
    file.sync_all().map_err(FormatError::write)?;
    Ok(entry_of(name, text))
}

fn entry_of(name: &str, text: &str) -> ManifestEntry {
    ManifestEntry {
        file: name.to_owned(),
        original: None,
        bytes: text.len() as u64,
        blake3: blake3::hash(text.as_bytes()).to_hex().to_string(),
    }
}

fn open_image(record: &LabelRecord) -> Result<fs_err::File, FormatError> {
    fs_err::File::open(&record.path).map_err(|error| image_error(record, error))
}

fn image_error(record: &LabelRecord, error: io::Error) -> FormatError {
    FormatError::Image {
        file: record.file.clone(),
        error,
    }
}

/// A reader of an image that hashes what passes and keeps the error it failed with, so that it can be
/// told from a failure of the writer.
struct Observed<R> {
    inner: R,
    hasher: HashingWriter<io::Sink>,
    failure: Option<io::Error>,
}

impl<R> Observed<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: HashingWriter::new(io::sink()),
            failure: None,
        }
    }

    fn finish(
        self,
        record: &LabelRecord,
        outcome: io::Result<()>,
        name: String,
    ) -> Result<ManifestEntry, FormatError> {
        if let Some(error) = self.failure {
            return Err(image_error(record, error));
        }
        outcome.map_err(FormatError::write)?;
        let (_, mut entry) = self.hasher.finish(name);
        entry.original = Some(record.file.clone());
        Ok(entry)
    }
}

impl<R: Read> Read for Observed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(read) => {
                self.hasher.write_all(&buffer[..read])?;
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let told = io::Error::new(error.kind(), error.to_string());
                self.failure = Some(error);
                Err(told)
            }
        }
    }
}
