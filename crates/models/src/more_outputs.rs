//! An ONNX file with other tensors as outputs, without parsing all of it and writing it again.
//!
//! Two serialised protocol buffer messages one after the other are read as their merger: repeated
//! fields are joined, embedded messages merged ("Last One Wins" in the encoding guide of protocol
//! buffers). So a second model that holds nothing but outputs of its graph, put behind the file,
//! makes them outputs of the network.

use crate::protobuf::{LENGTH_DELIMITED, NoMessage, field, fields};

/// Field numbers of onnx.proto, each with its wire type in the low bits.
const MODEL_GRAPH: u64 = 7 << 3 | LENGTH_DELIMITED;
const GRAPH_INPUT: u64 = 11 << 3 | LENGTH_DELIMITED;
const GRAPH_OUTPUT: u64 = 12 << 3 | LENGTH_DELIMITED;
const VALUE_NAME: u64 = 1 << 3 | LENGTH_DELIMITED;
const VALUE_TYPE: u64 = 2 << 3 | LENGTH_DELIMITED;
const TYPE_TENSOR: u64 = 1 << 3 | LENGTH_DELIMITED;
const TENSOR_SHAPE: u64 = 2 << 3 | LENGTH_DELIMITED;
const SHAPE_DIMENSION: u64 = 1 << 3 | LENGTH_DELIMITED;
const DIMENSION_NAME: u64 = 2 << 3 | LENGTH_DELIMITED;
/// A dimension's size is a number, wire type 0.
const DIMENSION_VALUE: u8 = 1 << 3;
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
/// and columns; what comes after the tensors is never computed.
///
/// # Errors
/// Bytes that are no ONNX file.
pub(crate) fn ending_at(file: &[u8], input: &str, names: &[&str]) -> Result<Vec<u8>, NoMessage> {
    let mut rewritten = Vec::with_capacity(file.len());
    for part in fields(file, 0..file.len())? {
        if part.tag() != MODEL_GRAPH {
            rewritten.extend(&file[part.whole]);
            continue;
        }
        let mut graph = Vec::with_capacity(part.content.len());
        for part in fields(file, part.content)? {
            if ![GRAPH_INPUT, GRAPH_OUTPUT].contains(&part.tag()) {
                graph.extend(&file[part.whole]);
            }
        }
        graph.extend(field(GRAPH_INPUT, &open_input(input)));
        graph.extend(outputs(names.iter().copied()));
        rewritten.extend(field(MODEL_GRAPH, &graph));
    }
    Ok(rewritten)
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
