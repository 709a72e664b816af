//! An ONNX file with more of its tensors as outputs, without parsing and writing it again.
//!
//! Two serialised protocol buffer messages one after the other are read as their merger: repeated
//! fields are joined, embedded messages merged ("Last One Wins" in the encoding guide of protocol
//! buffers). So a second model that holds nothing but outputs of its graph, put behind the file,
//! makes them outputs of the network.

/// Field numbers of onnx.proto, each with wire type 2 (length-delimited) in the low bits.
const MODEL_GRAPH: u8 = 7 << 3 | 2;
const GRAPH_OUTPUT: u8 = 12 << 3 | 2;
const VALUE_NAME: u8 = 1 << 3 | 2;
const VALUE_TYPE: u8 = 2 << 3 | 2;
const TYPE_TENSOR: u8 = 1 << 3 | 2;
/// Element type, wire type 0 (a number), and 1 = 32-bit float.
const FLOAT_ELEMENTS: [u8; 2] = [1 << 3, 1];

/// The file with these tensors, which its graph computes and does not return, as further outputs of
/// 32-bit floats.
pub(crate) fn with_outputs<'a>(file: &[u8], names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let tensor = field(TYPE_TENSOR, &FLOAT_ELEMENTS);
    let mut graph = Vec::new();
    for name in names {
        let mut value = field(VALUE_NAME, name.as_bytes());
        value.extend(field(VALUE_TYPE, &tensor));
        graph.extend(field(GRAPH_OUTPUT, &value));
    }
    let mut bytes = file.to_vec();
    bytes.extend(field(MODEL_GRAPH, &graph));
    bytes
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
    fn lengths_are_written_seven_bits_at_a_time() {
        assert_eq!(field(9, &[1, 2]), [9, 2, 1, 2]);
        let long = field(9, &[0; 300]);
        assert_eq!(long[..3], [9, 0xac, 0x02]);
        assert_eq!(long.len(), 303);
    }
}
