//! An ONNX file with other tensors as outputs, without parsing all of it and writing it again.
//!
//! Two serialised protocol buffer messages one after the other are read as their merger: repeated
//! fields are joined, embedded messages merged ("Last One Wins" in the encoding guide of protocol
//! buffers). So a second model that holds nothing but outputs of its graph, put behind the file,
//! makes them outputs of the network.

/// Field numbers of onnx.proto, each with wire type 2 (length-delimited) in the low bits.
const MODEL_GRAPH: u8 = 7 << 3 | 2;
const GRAPH_INPUT: u8 = 11 << 3 | 2;
const GRAPH_OUTPUT: u8 = 12 << 3 | 2;
const VALUE_NAME: u8 = 1 << 3 | 2;
const VALUE_TYPE: u8 = 2 << 3 | 2;
const TYPE_TENSOR: u8 = 1 << 3 | 2;
const TENSOR_SHAPE: u8 = 2 << 3 | 2;
const SHAPE_DIMENSION: u8 = 1 << 3 | 2;
/// A dimension's size is a number, wire type 0.
const DIMENSION_VALUE: u8 = 1 << 3;
const DIMENSION_NAME: u8 = 2 << 3 | 2;
/// Element type, wire type 0 (a number), and 1 = 32-bit float.
const FLOAT_ELEMENTS: [u8; 2] = [1 << 3, 1];

/// The file with these tensors, which its graph computes and does not return, as further outputs of
/// 32-bit floats.
pub(crate) fn with_outputs<'a>(file: &[u8], names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = file.to_vec();
    bytes.extend(field(MODEL_GRAPH, &outputs(names)));
    bytes
}

/// Outputs of a graph.
fn outputs<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let tensor = field(TYPE_TENSOR, &FLOAT_ELEMENTS);
    let mut graph = Vec::new();
    for name in names {
        let mut value = field(VALUE_NAME, name.as_bytes());
        value.extend(field(VALUE_TYPE, &tensor));
        graph.extend(field(GRAPH_OUTPUT, &value));
    }
    graph
}

/// The file with these tensors as its only outputs and an input of three channels, any number of rows
/// and columns; what comes after the tensors is never computed. `None` for bytes that are no ONNX file.
pub(crate) fn ending_at(file: &[u8], input: &str, names: &[&str]) -> Option<Vec<u8>> {
    let mut rewritten = Vec::with_capacity(file.len());
    for part in fields(file)? {
        if part.tag != u64::from(MODEL_GRAPH) {
            rewritten.extend(part.whole);
            continue;
        }
        let mut graph = Vec::with_capacity(part.content.len());
        for part in fields(part.content)? {
            if ![GRAPH_INPUT, GRAPH_OUTPUT]
                .map(u64::from)
                .contains(&part.tag)
            {
                graph.extend(part.whole);
            }
        }
        graph.extend(field(GRAPH_INPUT, &open_input(input)));
        graph.extend(outputs(names.iter().copied()));
        rewritten.extend(field(MODEL_GRAPH, &graph));
    }
    Some(rewritten)
}

/// An image input, `[batch, 3, rows, columns]`.
fn open_input(name: &str) -> Vec<u8> {
    let mut shape = Vec::new();
    for dimension in ["batch", "", "rows", "columns"] {
        let dimension = match dimension {
            "" => vec![DIMENSION_VALUE, 3],
            open => field(DIMENSION_NAME, open.as_bytes()),
        };
        shape.extend(field(SHAPE_DIMENSION, &dimension));
    }
    let mut tensor = FLOAT_ELEMENTS.to_vec();
    tensor.extend(field(TENSOR_SHAPE, &shape));
    let mut value = field(VALUE_NAME, name.as_bytes());
    value.extend(field(VALUE_TYPE, &field(TYPE_TENSOR, &tensor)));
    value
}

/// A field of a message.
struct Field<'a> {
    /// Its number and, in the low three bits, its wire type.
    tag: u64,
    whole: &'a [u8],
    /// What follows tag and length.
    content: &'a [u8],
}

/// The fields of a message; `None` for bytes that are none.
fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut rest = message;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let start = rest;
        let tag = number(&mut rest)?;
        let length = match tag & 7 {
            0 => {
                number(&mut rest)?;
                0
            }
            1 => 8,
            2 => usize::try_from(number(&mut rest)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        rest = after;
        found.push(Field {
            tag,
            whole: &start[..start.len() - rest.len()],
            content,
        });
    }
    Some(found)
}

/// A number of seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let mut length = content.len();
    // Seven bits a byte, the lowest first; the top bit says that more follow.
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_and_damage_is_refused() {
        let mut bytes = vec![8, 0xac, 0x02];
        bytes.extend(field(9 << 3 | 2, &[7; 300]));
        let found = fields(&bytes).unwrap();
        assert_eq!((found[0].tag, found[0].whole), (8, &[8, 0xac, 0x02][..]));
        assert_eq!(
            (found[1].tag, found[1].content),
            (9 << 3 | 2, &[7; 300][..])
        );
        assert!(fields(&bytes[..200]).is_none());
        assert!(fields(&[0x4b, 0]).is_none());
    }

    #[test]
    fn lengths_are_written_seven_bits_at_a_time() {
        assert_eq!(field(9, &[1, 2]), [9, 2, 1, 2]);
        let long = field(9, &[0; 300]);
        assert_eq!(long[..3], [9, 0xac, 0x02]);
        assert_eq!(long.len(), 303);
    }
}
