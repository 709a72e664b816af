//! What an export wrote, with a hash of every file; stands beside the export as JSON.

use crate::FormatError;
use crate::export::{ExportFormat, Written};
use crate::record::ExportHeader;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// A written file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Path below the folder of the manifest, `/`-separated.
    pub file: String,
    /// The file below the image folder that it was made from, for class folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// Bytes.
    pub bytes: u64,
    /// blake3 hash in hexadecimal.
    pub blake3: String,
}

/// A manifest as it is read back. An export itself writes it file by file and never holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the project.
    pub project: String,
    /// Program and version.
    pub program: String,
    /// Format.
    pub format: ExportFormat,
    /// Files in the order of the images.
    pub files: Vec<ManifestEntry>,
    /// The certificate, where one went with the export.
    pub certificate: Option<ManifestEntry>,
    /// Images written.
    pub images: u64,
    /// Of them with a label.
    pub labeled: u64,
}

/// Writes a manifest while the export goes on.
pub(crate) struct ManifestWriter<W> {
    out: W,
    empty: bool,
}

impl<W: Write> ManifestWriter<W> {
    pub(crate) fn begin(
        mut out: W,
        header: &ExportHeader,
        format: ExportFormat,
    ) -> Result<Self, FormatError> {
        let begin = || -> io::Result<()> {
            out.write_all(b"{\"project\":")?;
            serde_json::to_writer(&mut out, &header.project)?;
            out.write_all(b",\"program\":")?;
            serde_json::to_writer(&mut out, &header.program)?;
            out.write_all(b",\"format\":")?;
            serde_json::to_writer(&mut out, &format)?;
            out.write_all(b",\"files\":[")
        };
        run(begin)?;
        Ok(Self { out, empty: true })
    }

    pub(crate) fn add(&mut self, entry: &ManifestEntry) -> Result<(), FormatError> {
        let separator: &[u8] = if self.empty { b"\n" } else { b",\n" };
        self.empty = false;
        run(|| {
            self.out.write_all(separator)?;
            Ok(serde_json::to_writer(&mut self.out, entry)?)
        })
    }

    pub(crate) fn finish(
        mut self,
        written: Written,
        certificate: Option<&ManifestEntry>,
    ) -> Result<W, FormatError> {
        run(|| {
            self.out.write_all(b"\n],\"certificate\":")?;
            serde_json::to_writer(&mut self.out, &certificate)?;
            let Written { images, labeled } = written;
            writeln!(self.out, ",\"images\":{images},\"labeled\":{labeled}}}")?;
            self.out.flush()
        })?;
        Ok(self.out)
    }
}

fn run(write: impl FnOnce() -> io::Result<()>) -> Result<(), FormatError> {
    write().map_err(FormatError::write)
}

/// Counts and hashes what passes through.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    pub(crate) fn finish(self, file: String) -> (W, ManifestEntry) {
        let entry = ManifestEntry {
            file,
            original: None,
            bytes: self.bytes,
            blake3: self.hasher.finalize().to_hex().to_string(),
        };
        (self.inner, entry)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
