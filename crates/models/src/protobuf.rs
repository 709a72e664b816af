//! Protocol buffer messages as ranges of bytes: enough to find, change and add parts of an ONNX file
//! without writing the rest anew.

use std::ops::Range;

/// Bytes that are no message; says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoMessage(&'static str);

/// Wire type of strings, bytes and embedded messages.
pub const LENGTH_DELIMITED: u64 = 2;

/// One field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its number in the description of the message.
    pub number: u64,
    /// How its content is written.
    pub wire_type: u64,
    /// The value of a varint; else 0.
    pub varint: u64,
    /// All bytes of the field, its tag among them.
    pub whole: Range<usize>,
    /// The bytes of its content; of a varint the bytes that encode it.
    pub content: Range<usize>,
}

impl Field {
    /// Number and wire type as they are written.
    #[must_use]
    pub fn tag(&self) -> u64 {
        self.number << 3 | self.wire_type
    }
}

/// The fields of the message in `bytes[range]`, in their order. Ranges count from the start of `bytes`.
///
/// # Errors
/// [`NoMessage`] for bytes that are none.
pub fn fields(bytes: &[u8], range: Range<usize>) -> Result<Vec<Field>, NoMessage> {
    let message = bytes.get(..range.end).ok_or(NoMessage("it ends early"))?;
    let mut at = range.start;
    let mut found = Vec::new();
    while at < message.len() {
        let start = at;
        let (tag, next) = varint(message, at)?;
        let (number, wire_type) = (tag >> 3, tag & 7);
        let (value, content) = match wire_type {
            0 => {
                let (value, end) = varint(message, next)?;
                (value, next..end)
            }
            1 => (0, next..next + 8),
            LENGTH_DELIMITED => {
                let (length, first) = varint(message, next)?;
                let length =
                    usize::try_from(length).map_err(|_| NoMessage("a length is too large"))?;
                let end = first.checked_add(length);
                (0, first..end.ok_or(NoMessage("a length is too large"))?)
            }
            5 => (0, next..next + 4),
            _ => return Err(NoMessage("it has a field of an unknown type")),
        };
        if content.end > message.len() {
            return Err(NoMessage("it ends early"));
        }
        at = content.end;
        found.push(Field {
            number,
            wire_type,
            varint: value,
            whole: start..at,
            content,
        });
    }
    Ok(found)
}

/// A field by its tag: its number, shifted by three bits, and [`LENGTH_DELIMITED`].
#[must_use]
pub fn field(tag: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 12);
    push_varint(&mut bytes, tag);
    push_varint(&mut bytes, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A number of seven bits a byte, the lowest first, and the position behind it.
fn varint(bytes: &[u8], start: usize) -> Result<(u64, usize), NoMessage> {
    let mut value = 0;
    for (index, byte) in bytes.iter().skip(start).take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, start + index + 1));
        }
    }
    Err(NoMessage("a number does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_where_they_were_written() {
        let mut bytes = vec![8, 0xac, 0x02];
        bytes.extend(field(9 << 3 | LENGTH_DELIMITED, &[7; 300]));
        let found = fields(&bytes, 0..bytes.len()).unwrap();
        assert_eq!((found[0].number, found[0].varint), (1, 300));
        assert_eq!((found[1].number, found[1].content.len()), (9, 300));
        assert_eq!(found[0].whole, 0..3);
        assert_eq!(found[1].whole, 3..bytes.len());
        assert_eq!(&bytes[found[1].content.clone()], &[7; 300]);
    }

    #[test]
    fn damaged_messages_are_refused() {
        for bytes in [&[0x80][..], &[0x4a, 5, 1], &[0x4b, 0], &[0x49, 1]] {
            assert!(fields(bytes, 0..bytes.len()).is_err(), "{bytes:?}");
        }
        let mut cut = vec![8, 0xac, 0x02];
        cut.extend(field(9 << 3 | LENGTH_DELIMITED, &[7; 300]));
        assert!(fields(&cut, 0..200).is_err());
    }

    #[test]
    fn lengths_are_written_seven_bits_at_a_time() {
        assert_eq!(field(9, &[1, 2]), [9, 2, 1, 2]);
        let long = field(9, &[0; 300]);
        assert_eq!(long[..3], [9, 0xac, 0x02]);
        assert_eq!(long.len(), 303);
    }
}
