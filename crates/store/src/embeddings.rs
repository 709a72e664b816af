//! The embeddings of one backbone: a header, then one row of half floats an image, read through
//! a memory map.
//!
//! Rows are appended and synced before the images are committed to the database. So after a
//! crash the file may hold more than the database knows, never less: what is too much, and a
//! half-written last row, is cut when the file is opened for writing.
//!
//! ```text
//! 0    8  magic "ALEMBED\n"
//! 8    4  version, 1 (little-endian, like all numbers here)
//! 12   4  numbers a row
//! 16   4  length of the backbone's id
//! 20 .. 256  backbone's id, zero-padded
//! 256 ..  rows of f16
//! ```

use crate::StoreError;
use crate::error::file_error;
use half::f16;
use half::slice::HalfFloatSliceExt;
use memmap2::Mmap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"ALEMBED\n";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 256;
const LONGEST_ID: usize = HEADER_BYTES - 20;
const BYTES_A_NUMBER: usize = size_of::<f16>();

// The file is read in place; a machine with the other byte order would need a conversion.
#[cfg(target_endian = "big")]
compile_error!("embeddings files are little-endian");

/// The file, open for adding rows.
#[derive(Debug)]
pub struct EmbeddingsWriter {
    file: File,
    path: PathBuf,
    dim: usize,
    rows: usize,
}

impl EmbeddingsWriter {
    /// Opens the file for writing, or makes it; a half-written last row is cut.
    ///
    /// # Errors
    /// Another backbone, dimension or format; a full disk; a folder that cannot be written.
    pub fn open(path: &Path, backbone_id: &str, dim: usize) -> Result<Self, StoreError> {
        let fail = |e| file_error(path, e);
        let header = header(path, backbone_id, dim)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(fail)?;
        let length = file_length(&file).map_err(fail)?;
        let rows = if length < HEADER_BYTES {
            // New, or its maker ended before the header was written.
            file.set_len(0).map_err(fail)?;
            file.write_all(&header).map_err(fail)?;
            0
        } else {
            check_header(path, &mut file, &header)?;
            rows_in(length, dim)
        };
        let mut writer = Self {
            file,
            path: path.to_path_buf(),
            dim,
            rows,
        };
        writer.keep(rows)?;
        Ok(writer)
    }

    /// Rows in the file.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows (`count × dim` numbers, row after row), rounded to half floats. They are safe
    /// only after [`EmbeddingsWriter::sync`].
    ///
    /// # Errors
    /// A number that is not finite or beyond ±65,504, a half row, a full disk. The file is as it
    /// was before then.
    pub fn append(&mut self, rows: &[f32]) -> Result<(), StoreError> {
        let bytes = self.encode(self.rows, rows)?;
        if let Err(error) = self.write_at(self.rows, &bytes) {
            let rows = self.rows;
            // The first failure is the one to tell.
            self.keep(rows).ok();
            return Err(error);
        }
        self.rows += rows.len() / self.dim;
        Ok(())
    }

    /// Replaces one row.
    ///
    /// # Errors
    /// As [`EmbeddingsWriter::append`]; a row that is not there.
    pub fn overwrite(&mut self, row: usize, values: &[f32]) -> Result<(), StoreError> {
        if row >= self.rows || values.len() != self.dim {
            return Err(StoreError::BadEmbedding {
                row,
                detail: format!("the file has {} rows of {}", self.rows, self.dim),
            });
        }
        let bytes = self.encode(row, values)?;
        self.write_at(row, &bytes)
    }

    /// Returns when all rows are on disk.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|e| file_error(&self.path, e))
    }

    /// Keeps at most the first `rows` rows: those behind them belong to no image.
    ///
    /// # Errors
    /// The file cannot be changed.
    pub fn keep(&mut self, rows: usize) -> Result<(), StoreError> {
        self.rows = self.rows.min(rows);
        let length = HEADER_BYTES + self.rows * self.dim * BYTES_A_NUMBER;
        self.file
            .set_len(length as u64)
            .map_err(|e| file_error(&self.path, e))
    }

    fn encode(&self, first: usize, rows: &[f32]) -> Result<Vec<u8>, StoreError> {
        if !rows.len().is_multiple_of(self.dim) {
            return Err(StoreError::BadEmbedding {
                row: first,
                detail: format!("{} numbers are no whole rows of {}", rows.len(), self.dim),
            });
        }
        let fits = |value: &f32| value.abs() <= f16::MAX.to_f32();
        if let Some(position) = rows.iter().position(|value| !fits(value)) {
            return Err(StoreError::BadEmbedding {
                row: first + position / self.dim,
                detail: format!("number {} is {}", position % self.dim, rows[position]),
            });
        }
        let mut halves = vec![f16::ZERO; rows.len()];
        halves.convert_from_f32_slice(rows);
        Ok(bytemuck::cast_slice(&halves).to_vec())
    }

    fn write_at(&mut self, row: usize, bytes: &[u8]) -> Result<(), StoreError> {
        let offset = HEADER_BYTES + row * self.dim * BYTES_A_NUMBER;
        let write = |file: &mut File| {
            file.seek(SeekFrom::Start(offset as u64))?;
            file.write_all(bytes)
        };
        write(&mut self.file).map_err(|e| file_error(&self.path, e))
    }
}

/// The file, mapped for reading.
#[derive(Debug)]
pub struct EmbeddingsReader {
    map: Mmap,
    dim: usize,
    rows: usize,
}

impl EmbeddingsReader {
    /// Maps all whole rows.
    ///
    /// # Errors
    /// No such file, another backbone, dimension or format.
    pub fn open(path: &Path, backbone_id: &str, dim: usize) -> Result<Self, StoreError> {
        let fail = |e| file_error(path, e);
        let mut file = File::open(path).map_err(fail)?;
        let length = file_length(&file).map_err(fail)?;
        check_header(path, &mut file, &header(path, backbone_id, dim)?)?;
        let map = map_file(&file).map_err(fail)?;
        Ok(Self {
            map,
            dim,
            rows: rows_in(length, dim),
        })
    }

    /// Numbers a row.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many rows are mapped. The last ones may belong to images that an import has not
    /// committed yet: use only as many as the project has images.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// All rows, one after the other: `row_count × dim` numbers.
    #[must_use]
    pub fn rows(&self) -> &[f16] {
        let end = HEADER_BYTES + self.rows * self.dim * BYTES_A_NUMBER;
        bytemuck::cast_slice(&self.map[HEADER_BYTES..end])
    }
}

#[allow(unsafe_code, reason = "a memory map is the point of this file")]
fn map_file(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: rows that the database knows are never cut off again; only rows behind them are,
    // by the one writer that holds the project's lock, and readers use no more rows than the
    // project has images. A row that is overwritten meanwhile may read as a mix of two rows of
    // plain numbers, which any bit pattern is.
    unsafe { Mmap::map(file) }
}

fn header(path: &Path, backbone_id: &str, dim: usize) -> Result<[u8; HEADER_BYTES], StoreError> {
    let id = backbone_id.as_bytes();
    let (Ok(stored_dim), true) = (u32::try_from(dim), dim > 0 && id.len() <= LONGEST_ID) else {
        return Err(StoreError::EmbeddingsMismatch {
            detail: format!("{dim} numbers a row, an id of {} letters", id.len()),
            path: path.to_path_buf(),
        });
    };
    let id_length = u8::try_from(id.len()).unwrap_or(u8::MAX);
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&stored_dim.to_le_bytes());
    header[16..20].copy_from_slice(&u32::from(id_length).to_le_bytes());
    header[20..20 + id.len()].copy_from_slice(id);
    Ok(header)
}

fn check_header(
    path: &Path,
    file: &mut File,
    expected: &[u8; HEADER_BYTES],
) -> Result<(), StoreError> {
    let mut found = [0; HEADER_BYTES];
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.read_exact(&mut found))
        .map_err(|e| file_error(path, e))?;
    let detail = if found[..8] != expected[..8] {
        "it is no embeddings file"
    } else if found[8..12] != expected[8..12] {
        "it is of another version of the format"
    } else if found[12..16] != expected[12..16] {
        "its rows have another length"
    } else if found != *expected {
        "it was made by another backbone"
    } else {
        return Ok(());
    };
    Err(StoreError::EmbeddingsMismatch {
        detail: detail.to_owned(),
        path: path.to_path_buf(),
    })
}

fn file_length(file: &File) -> std::io::Result<usize> {
    let length = file.metadata()?.len();
    usize::try_from(length).map_err(std::io::Error::other)
}

fn rows_in(length: usize, dim: usize) -> usize {
    length.saturating_sub(HEADER_BYTES) / (dim * BYTES_A_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("embeddings-a.f16")
    }

    #[test]
    fn rows_come_back_as_half_floats() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        let mut writer = EmbeddingsWriter::open(&path, "a", 3).unwrap();
        writer.append(&[1.0, -2.5, 0.1, 4.0, 5.0, 6.0]).unwrap();
        writer.overwrite(1, &[7.0, 8.0, 9.0]).unwrap();
        writer.sync().unwrap();

        let reader = EmbeddingsReader::open(&path, "a", 3).unwrap();

        let expected = [1.0, -2.5, 0.1, 7.0, 8.0, 9.0].map(f16::from_f32);
        assert_eq!(reader.rows(), expected);
    }

    #[test]
    fn a_torn_row_and_rows_without_images_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        let mut writer = EmbeddingsWriter::open(&path, "a", 2).unwrap();
        writer.append(&[1.0; 6]).unwrap();
        drop(writer);
        let mut raw = OpenOptions::new().append(true).open(&path).unwrap();
        raw.write_all(&[1, 2, 3]).unwrap();

        let mut writer = EmbeddingsWriter::open(&path, "a", 2).unwrap();

        assert_eq!(writer.rows(), 3);
        writer.keep(2).unwrap();
        assert_eq!(writer.rows(), 2);
        assert_eq!(fs_err::metadata(&path).unwrap().len(), 256 + 8);
    }

    #[test]
    fn a_torn_header_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        fs_err::write(&path, b"ALEM").unwrap();
        let mut writer = EmbeddingsWriter::open(&path, "a", 2).unwrap();
        writer.append(&[1.0, 2.0]).unwrap();
        assert_eq!(
            EmbeddingsReader::open(&path, "a", 2).unwrap().row_count(),
            1
        );
    }

    #[test]
    fn another_backbone_or_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        EmbeddingsWriter::open(&path, "a", 2).unwrap();
        let text = |result: Result<EmbeddingsReader, StoreError>| result.unwrap_err().to_string();
        assert!(text(EmbeddingsReader::open(&path, "b", 2)).contains("another backbone"));
        assert!(text(EmbeddingsReader::open(&path, "a", 4)).contains("another length"));
        fs_err::write(&path, vec![7; 300]).unwrap();
        assert!(text(EmbeddingsReader::open(&path, "a", 2)).contains("no embeddings file"));
    }

    #[test]
    fn numbers_that_half_floats_cannot_hold_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EmbeddingsWriter::open(&file(&folder), "a", 2).unwrap();
        for bad in [f32::NAN, f32::INFINITY, 1e6] {
            let error = writer.append(&[0.0, 1.0, 2.0, bad]).unwrap_err();
            assert!(matches!(error, StoreError::BadEmbedding { row: 1, .. }));
        }
        assert!(writer.append(&[1.0]).is_err());
        assert_eq!(writer.rows(), 0);
    }
}
