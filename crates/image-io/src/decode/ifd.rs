//! The first directory of a TIFF structure: a TIFF file itself, or the Exif block of a photograph.

/// A tag with one 16-bit value, and where that value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShortEntry {
    /// The value.
    pub value: u16,
    /// Offset of the value's two bytes from the start of the structure.
    pub offset: usize,
    /// Byte order of the structure.
    pub big_endian: bool,
}

/// Tag 262: how sample values become colours (TIFF 6.0, section 8).
pub(crate) const PHOTOMETRIC: u16 = 262;
/// Tag 274: which way up the picture is (TIFF 6.0, section 8; Exif 2.32, 4.6.4).
pub(crate) const ORIENTATION: u16 = 274;

/// The entry of type SHORT with this tag in the first directory of a classic (not Big) TIFF.
pub(crate) fn find_short(bytes: &[u8], tag: u16) -> Option<ShortEntry> {
    const SHORT: u16 = 3;
    let big_endian = match bytes.get(..4)? {
        b"II\x2a\0" => false,
        b"MM\0\x2a" => true,
        _ => return None,
    };
    let short_at = |offset: usize| -> Option<u16> {
        let pair = *bytes.get(offset..)?.first_chunk::<2>()?;
        Some(if big_endian {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    };
    let first = *bytes.get(4..)?.first_chunk::<4>()?;
    let directory = if big_endian {
        u32::from_be_bytes(first)
    } else {
        u32::from_le_bytes(first)
    } as usize;
    let entries = usize::from(short_at(directory)?);
    (0..entries)
        .map(|index| directory + 2 + index * 12)
        .take_while(|offset| offset + 12 <= bytes.len())
        .find(|&offset| short_at(offset) == Some(tag) && short_at(offset + 2) == Some(SHORT))
        .and_then(|offset| {
            Some(ShortEntry {
                value: short_at(offset + 8)?,
                offset: offset + 8,
                big_endian,
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(big_endian: bool, entries: &[(u16, u16)]) -> Vec<u8> {
        let short = |v: u16| {
            if big_endian {
                v.to_be_bytes()
            } else {
                v.to_le_bytes()
            }
        };
        let mut bytes = if big_endian {
            b"MM\0\x2a\0\0\0\x08".to_vec()
        } else {
            b"II\x2a\0\x08\0\0\0".to_vec()
        };
        bytes.extend(short(entries.len() as u16));
        for &(tag, value) in entries {
            bytes.extend(short(tag));
            bytes.extend(short(3));
            bytes.extend(if big_endian {
                [0, 0, 0, 1]
            } else {
                [1, 0, 0, 0]
            });
            bytes.extend(short(value));
            bytes.extend([0, 0]);
        }
        bytes
    }

    #[test]
    fn finds_the_value_in_both_byte_orders() {
        for big_endian in [false, true] {
            let bytes = structure(big_endian, &[(PHOTOMETRIC, 3), (ORIENTATION, 6)]);
            let entry = find_short(&bytes, ORIENTATION).unwrap();
            assert_eq!((entry.value, entry.big_endian), (6, big_endian));
            assert_eq!(entry.offset, 8 + 2 + 12 + 8);
        }
    }

    #[test]
    fn cut_or_foreign_bytes_have_no_entry() {
        let bytes = structure(false, &[(PHOTOMETRIC, 3), (ORIENTATION, 6)]);
        for length in 0..bytes.len() {
            assert_eq!(find_short(&bytes[..length], ORIENTATION), None);
        }
        assert_eq!(find_short(b"II\x2a\0\xff\xff\xff\xff", ORIENTATION), None);
    }
}
