//! Protocol buffer messages as ranges of bytes: enough to find, change and add parts of an ONNX file
//! without writing the rest anew.

use std::ops::Range;

use crate::TrainingError;

/// Wire type of strings, bytes and embedded messages.
pub(crate) const LENGTH_DELIMITED: u64 = 2;

/// One field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub number: u64,
    pub wire_type: u64,
    /// The value of a varint; else 0.
    pub varint: u64,
    /// All bytes of the field, its tag among them.
    pub whole: Range<usize>,
    /// The bytes of its content; of a varint the bytes that encode it.
    pub content: Range<usize>,
}

/// The fields of the message in `bytes[range]`, in their order. Ranges count from the start of `bytes`.
///
/// # Errors
/// [`TrainingError::NotOnnx`] for bytes that are no message.
pub(crate) fn fields(bytes: &[u8], range: Range<usize>) -> Result<Vec<Field>, TrainingError> {
    let message = bytes
        .get(..range.end)
        .ok_or_else(|| damaged("it ends early"))?;
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
                    usize::try_from(length).map_err(|_| damaged("a length is too large"))?;
                let end = first.checked_add(length);
                (
                    0,
                    first..end.ok_or_else(|| damaged("a length is too large"))?,
                )
            }
            5 => (0, next..next + 4),
            _ => return Err(damaged("it has a field of an unknown type")),
        };
        if content.end > message.len() {
            return Err(damaged("it ends early"));
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

/// A length-delimited field.
pub(crate) fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 12);
    push_varint(&mut bytes, number << 3 | LENGTH_DELIMITED);
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
fn varint(bytes: &[u8], start: usize) -> Result<(u64, usize), TrainingError> {
    let mut value = 0;
    for (index, byte) in bytes.iter().skip(start).take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, start + index + 1));
        }
    }
    Err(damaged("a number does not end"))
}

fn damaged(reason: &str) -> TrainingError {
    TrainingError::NotOnnx {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_where_they_were_written() {
        let mut bytes = vec![8, 0xac, 0x02];
        bytes.extend(field(9, &[7; 300]));
        let found = fields(&bytes, 0..bytes.len()).unwrap();
        assert_eq!((found[0].number, found[0].varint), (1, 300));
        assert_eq!((found[1].number, found[1].content.len()), (9, 300));
        assert_eq!(found[1].whole, 3..bytes.len());
        assert_eq!(&bytes[found[1].content.clone()], &[7; 300]);
    }

    #[test]
    fn damaged_messages_are_refused() {
        for bytes in [&[0x80][..], &[0x4a, 5, 1], &[0x4b, 0], &[0x49, 1]] {
            assert!(fields(bytes, 0..bytes.len()).is_err(), "{bytes:?}");
        }
    }
}
