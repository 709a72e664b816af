//! Arrays of numbers from and for other programs: NumPy's `.npy` (format 1 to 3, its specification is
//! NEP 1), two dimensions, floating point, C order.
//!
//! The header is checked against the size of the file before anything is allocated, so a damaged file
//! costs no memory.

use crate::FormatError;
use half::f16;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What every `.npy` file begins with.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that is read, in bytes; NumPy writes 128 for an array of numbers.
const LONGEST_HEADER: usize = 65_536;

/// Header and magic together are filled up to a multiple of this.
const ALIGNMENT: usize = 64;

/// Values that are converted together.
const VALUES_AT_A_TIME: usize = 65_536;

/// How precise the numbers of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatWidth {
    /// 16 bit.
    Half,
    /// 32 bit.
    Single,
    /// 64 bit.
    Double,
}

impl FloatWidth {
    fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

/// A table of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberArray {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns; > 0.
    pub columns: usize,
    /// `rows × columns` values, row after row; not necessarily finite.
    pub values: Vec<f32>,
    /// How precise they are in the file.
    pub width: FloatWidth,
}

/// Reads a table of numbers from a NumPy file, rounded to single precision.
///
/// # Errors
/// The file cannot be read, or is no NumPy array of two dimensions, floating point and C order; each
/// with a sentence of its own.
pub fn read_number_array(path: &Path) -> Result<NumberArray, FormatError> {
    let unreadable = |error| FormatError::ReadArray { error };
    let file = fs_err::File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    parse(BufReader::new(file), length).map_err(|reason| FormatError::Array {
        reason,
        path: path.to_path_buf(),
    })
}

/// Writes rows of so many columns as a NumPy file of 32-bit numbers.
///
/// # Errors
/// The file cannot be written.
pub fn write_number_array(path: &Path, columns: usize, values: &[f32]) -> Result<(), FormatError> {
    let rows = values.len() / columns.max(1);
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and length come before; a line end closes the header.
    let before = MAGIC.len() + 4;
    let filled = (before + header.len() + 1).next_multiple_of(ALIGNMENT);
    header.push_str(&" ".repeat(filled - before - header.len() - 1));
    header.push('\n');
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::new(fs_err::File::create(path)?);
        file.write_all(MAGIC)?;
        file.write_all(&[1, 0])?;
        // Two numbers of 20 digits at most make it shorter than 192 bytes.
        file.write_all(&(header.len() as u16).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for value in values {
            file.write_all(&value.to_le_bytes())?;
        }
        file.flush()
    };
    write().map_err(FormatError::write)
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    rows: usize,
    columns: usize,
    width: FloatWidth,
}

/// Reads a file of so many bytes.
fn parse(mut file: impl Read, length: u64) -> Result<NumberArray, String> {
    let (text, begin) = header_text(&mut file)?;
    let header = parse_header(&text)?;
    let wanted = header
        .rows
        .checked_mul(header.columns)
        .and_then(|count| count.checked_mul(header.width.bytes()))
        .and_then(|bytes| bytes.checked_add(begin));
    if wanted.and_then(|bytes| u64::try_from(bytes).ok()) != Some(length) {
        let promised =
            wanted.map_or_else(|| "more than memory holds".to_owned(), |w| w.to_string());
        return Err(format!(
            "its header promises {promised} bytes and the file has {length}; save it again"
        ));
    }
    let values = read_values(&mut file, header).map_err(|error| error.to_string())?;
    Ok(NumberArray {
        rows: header.rows,
        columns: header.columns,
        values,
        width: header.width,
    })
}

/// The header as text, and where the values begin.
fn header_text(file: &mut impl Read) -> Result<(String, usize), String> {
    let no_array =
        || "it does not begin like a NumPy array; write it with numpy.save(file, array)".to_owned();
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(|_| no_array())?;
    if start[..6] != *MAGIC {
        return Err(no_array());
    }
    let mut length = [0; 4];
    let length_bytes = match start[6] {
        1 => 2,
        2 | 3 => 4,
        other => {
            return Err(format!(
                "version {other} of the NumPy format is not known; write it with numpy.save(file, array)"
            ));
        }
    };
    file.read_exact(&mut length[..length_bytes])
        .map_err(|_| no_array())?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        return Err(format!(
            "its header of {length} bytes is too long for an array of numbers; save the plain array"
        ));
    }
    let mut text = vec![0; length];
    file.read_exact(&mut text).map_err(|_| no_array())?;
    let text = String::from_utf8(text).map_err(|_| no_array())?;
    Ok((text, start.len() + length_bytes + length))
}

/// Understands `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`, keys in any order.
fn parse_header(text: &str) -> Result<Header, String> {
    let width = parse_type(value_of(text, "descr")?)?;
    if !value_of(text, "fortran_order")?.starts_with("False") {
        return Err(
            "it is in Fortran order; save numpy.ascontiguousarray(array) instead".to_owned(),
        );
    }
    let shape = value_of(text, "shape")?
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(|| damaged("shape"))?
        .0;
    let sizes: Vec<usize> = shape
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| damaged("shape"))?;
    match sizes[..] {
        [rows, columns] if columns > 0 => Ok(Header {
            rows,
            columns,
            width,
        }),
        _ => Err(format!(
            "its shape is ({shape}) and must be (rows, columns): one row an image; reshape it"
        )),
    }
}

fn parse_type(text: &str) -> Result<FloatWidth, String> {
    let wrong = |found: &str| {
        format!(
            "its numbers are of type {found}; save array.astype('float32') (float16 and float64 will do too)"
        )
    };
    let Some(name) = text
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once('\''))
    else {
        return Err(wrong("'structured'"));
    };
    match name.0 {
        "<f2" => Ok(FloatWidth::Half),
        "<f4" => Ok(FloatWidth::Single),
        "<f8" => Ok(FloatWidth::Double),
        "|O" => Err(wrong("object (Python's own)")),
        other => Err(wrong(&format!("'{other}'"))),
    }
}

/// What stands behind a key.
fn value_of<'a>(text: &'a str, key: &str) -> Result<&'a str, String> {
    text.split_once(&format!("'{key}':"))
        .map(|(_, rest)| rest.trim_start())
        .ok_or_else(|| damaged(key))
}

fn damaged(key: &str) -> String {
    format!("its header has no readable '{key}'; write it with numpy.save(file, array)")
}

fn read_values(file: &mut impl Read, header: Header) -> std::io::Result<Vec<f32>> {
    let count = header.rows * header.columns;
    let size = header.width.bytes();
    let mut values = Vec::with_capacity(count);
    let mut bytes = vec![0; size * VALUES_AT_A_TIME.min(count)];
    while values.len() < count {
        let part = &mut bytes[..size * VALUES_AT_A_TIME.min(count - values.len())];
        file.read_exact(part)?;
        match header.width {
            FloatWidth::Half => {
                let (parts, _) = part.as_chunks();
                values.extend(parts.iter().map(|b| f32::from(f16::from_le_bytes(*b))));
            }
            FloatWidth::Single => {
                let (parts, _) = part.as_chunks();
                values.extend(parts.iter().map(|b| f32::from_le_bytes(*b)));
            }
            FloatWidth::Double => {
                let (parts, _) = part.as_chunks();
                values.extend(parts.iter().map(|b| f64::from_le_bytes(*b) as f32));
            }
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Files that NumPy wrote; `tests/arrays/README.md` has the script.
    macro_rules! written_by_numpy {
        ($name:literal) => {
            include_bytes!(concat!("../tests/arrays/", $name, ".npy"))
        };
    }

    fn parsed(bytes: &[u8]) -> Result<NumberArray, String> {
        parse(bytes, bytes.len() as u64)
    }

    #[test]
    fn what_numpy_wrote_is_read() {
        let expected = [0.0, 0.5, -1.25, 3.0, 1024.0, -0.125];
        for (bytes, width) in [
            (&written_by_numpy!("half")[..], FloatWidth::Half),
            (written_by_numpy!("single"), FloatWidth::Single),
            (written_by_numpy!("double"), FloatWidth::Double),
            (written_by_numpy!("version2"), FloatWidth::Single),
            (written_by_numpy!("version3"), FloatWidth::Single),
        ] {
            let array = parsed(bytes).unwrap();
            assert_eq!((array.rows, array.columns), (3, 2));
            assert_eq!(array.values, expected);
            assert_eq!(array.width, width);
        }
        let empty = parsed(written_by_numpy!("no_rows")).unwrap();
        assert_eq!((empty.rows, empty.columns), (0, 2));
    }

    #[test]
    fn each_bad_file_has_a_sentence() {
        let single = written_by_numpy!("single");
        let mut longer = single.to_vec();
        longer.push(0);
        for (bytes, words) in [
            (&written_by_numpy!("objects")[..], "type object"),
            (written_by_numpy!("integers"), "type '<i8'"),
            (written_by_numpy!("big_endian"), "type '>f4'"),
            (written_by_numpy!("structured"), "type 'structured'"),
            (written_by_numpy!("fortran"), "Fortran order"),
            (written_by_numpy!("one_dimension"), "its shape is (6,)"),
            (
                written_by_numpy!("three_dimensions"),
                "its shape is (1, 3, 2)",
            ),
            (
                &single[..single.len() - 1],
                "promises 152 bytes and the file has 151",
            ),
            (&longer, "promises 152 bytes and the file has 153"),
            (b"file,label\n", "does not begin like a NumPy array"),
            (b"", "does not begin like a NumPy array"),
        ] {
            let reason = parsed(bytes).unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn sizes_beyond_memory_are_refused_without_being_allocated() {
        for shape in [
            "18446744073709551615, 4",
            "4611686018427387904, 2",
            "99999999999999999999, 1",
        ] {
            let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}");
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text.bytes());
            assert!(parsed(&bytes).is_err());
        }
        assert!(parsed(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").is_err());
    }

    #[test]
    fn what_is_written_is_read_again_and_aligned_as_numpy_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let values = [0.0, 0.5, -1.25, 3.0, 1024.0, -0.125];
        write_number_array(&path, 2, &values).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), written_by_numpy!("single"));
        assert_eq!(read_number_array(&path).unwrap().values, values);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200), version in 1_u8..4) {
            let mut file = MAGIC.to_vec();
            file.push(version);
            file.extend(&bytes);
            prop_assert!(parsed(&file).is_err());
        }

        #[test]
        fn no_header_breaks_it(text in "[{}'a-z_<>|0-9:,()  FT]{0,80}") {
            let _outcome = parse_header(&text);
        }
    }
}
