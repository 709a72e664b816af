//! What a file really is: told from its first bytes, never from its name.

use std::fmt;

use crate::ImageIoError;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// Portable Network Graphics (ISO/IEC 15948).
    Png,
    /// JPEG (ITU-T T.81), 8 bits, baseline or progressive.
    Jpeg,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ImageFormat::Png => "PNG",
            ImageFormat::Jpeg => "JPEG",
            ImageFormat::Tiff => "TIFF",
        })
    }
}

/// The format of a file's content, or the error that names what it looks like instead.
pub fn sniff(bytes: &[u8]) -> Result<ImageFormat, ImageIoError> {
    if bytes.is_empty() {
        return Err(ImageIoError::EmptyFile);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(ImageFormat::Png);
    }
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Ok(ImageFormat::Jpeg);
    }
    let tiff_magics: [&[u8]; 4] = [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"];
    if tiff_magics.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok(ImageFormat::Tiff);
    }
    Err(ImageIoError::UnknownFormat {
        found: describe_other(bytes),
    })
}

/// What people most often put into a folder of images by mistake.
fn describe_other(bytes: &[u8]) -> &'static str {
    let magics: [(&[u8], &str); 10] = [
        (b"GIF8", "a GIF image"),
        (b"BM", "a Windows bitmap"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
        (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
        (b"\x89PNG", "a PNG image changed by a text-mode transfer"),
        (b"NRRD", "an NRRD volume"),
        (b"\x89HDF", "an HDF5 file"),
    ];
    if let Some((_, name)) = magics.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return name;
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return "a DICOM file";
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return "a WebP image";
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return "nothing but zero bytes";
    }
    let head = &bytes[..bytes.len().min(512)];
    let is_text = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\n' | b'\r' | b'\t' | 0x0C);
    // A character cut by the end of the head is still text.
    let is_utf8 = std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true);
    if is_utf8 && head.iter().all(is_text) {
        return "text";
    }
    "unknown"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> &'static str {
        match sniff(bytes) {
            Err(ImageIoError::UnknownFormat { found }) => found,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn formats_are_told_from_the_content() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n....").unwrap(), ImageFormat::Png);
        assert_eq!(sniff(b"\xff\xd8\xff\xe0").unwrap(), ImageFormat::Jpeg);
        assert_eq!(sniff(b"MM\0\x2a\0\0\0\x08").unwrap(), ImageFormat::Tiff);
        assert!(matches!(sniff(b""), Err(ImageIoError::EmptyFile)));
    }

    #[test]
    fn other_content_is_named() {
        assert_eq!(found(b"file,label\na.png,normal\n"), "text");
        assert_eq!(found("größer als\n".as_bytes()), "text");
        assert_eq!(found(b"%PDF-1.7 ..."), "a PDF document");
        assert_eq!(found(&[0; 600]), "nothing but zero bytes");
        assert_eq!(
            found(b"\x89PNG\n\x1a\n"),
            "a PNG image changed by a text-mode transfer"
        );
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM\x02\0");
        assert_eq!(found(&dicom), "a DICOM file");
        assert_eq!(found(&[0x13, 0x88, 0xfe, 0x01]), "unknown");
    }
}
