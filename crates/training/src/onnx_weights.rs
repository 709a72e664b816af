//! The weights of an ONNX file: read, and overwritten in place.

use std::collections::BTreeMap;
use std::ops::Range;

use half::f16;

use crate::TrainingError;
use autolabel_models::protobuf::{Field, LENGTH_DELIMITED, fields};

/// Field numbers of onnx.proto.
const MODEL_GRAPH: u64 = 7;
pub(crate) const GRAPH_INITIALIZER: u64 = 5;
pub(crate) const TENSOR_NAME: u64 = 8;
const TENSOR_DIMS: u64 = 1;
const TENSOR_DATA_TYPE: u64 = 2;
const TENSOR_RAW_DATA: u64 = 9;
/// Values of `TensorProto.DataType`.
const FLOAT: u64 = 1;
const FLOAT16: u64 = 10;

/// Where the numbers of a weight lie in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredWeight {
    /// Axes, the last one running fastest.
    pub dims: Vec<usize>,
    /// Whether the numbers are stored in half precision; else in single precision.
    pub is_half: bool,
    /// The bytes of the numbers, little-endian.
    bytes: Range<usize>,
}

impl StoredWeight {
    /// Numbers in the weight.
    #[must_use]
    pub fn count(&self) -> usize {
        self.dims.iter().product()
    }
}

/// The weights of an ONNX file by name: those stored as raw 16- or 32-bit floats.
///
/// # Errors
/// [`TrainingError::NotOnnx`].
pub fn stored_weights(file: &[u8]) -> Result<BTreeMap<String, StoredWeight>, TrainingError> {
    let graph = graph(file)?;
    let mut found = BTreeMap::new();
    for tensor in fields(file, graph.content)? {
        if tensor.number == GRAPH_INITIALIZER
            && let Some((name, weight)) = weight(file, &tensor)?
        {
            found.insert(name, weight);
        }
    }
    Ok(found)
}

/// The graph of an ONNX file.
///
/// # Errors
/// [`TrainingError::NotOnnx`] without one.
pub(crate) fn graph(file: &[u8]) -> Result<Field, TrainingError> {
    fields(file, 0..file.len())?
        .into_iter()
        .find(|field| field.number == MODEL_GRAPH && field.wire_type == LENGTH_DELIMITED)
        .ok_or_else(|| TrainingError::NotOnnx {
            reason: "it holds no graph".to_owned(),
        })
}

fn weight(file: &[u8], tensor: &Field) -> Result<Option<(String, StoredWeight)>, TrainingError> {
    let mut name = None;
    let mut dims = Vec::new();
    let mut data_type = 0;
    let mut raw = None;
    for field in fields(file, tensor.content.clone())? {
        match (field.number, field.wire_type) {
            (TENSOR_NAME, LENGTH_DELIMITED) => {
                name = std::str::from_utf8(&file[field.content])
                    .ok()
                    .map(str::to_owned);
            }
            (TENSOR_DIMS, 0) => dims.push(field.varint as usize),
            // Newer writers pack the axes into one field.
            (TENSOR_DIMS, LENGTH_DELIMITED) => dims.extend(packed(&file[field.content])),
            (TENSOR_DATA_TYPE, 0) => data_type = field.varint,
            (TENSOR_RAW_DATA, LENGTH_DELIMITED) => raw = Some(field.content),
            _ => {}
        }
    }
    let (Some(name), Some(bytes)) = (name, raw) else {
        return Ok(None);
    };
    let weight = StoredWeight {
        dims,
        is_half: data_type == FLOAT16,
        bytes,
    };
    let width = if weight.is_half { 2 } else { 4 };
    let is_whole = weight.bytes.len() == weight.count().saturating_mul(width);
    Ok((matches!(data_type, FLOAT | FLOAT16) && is_whole).then_some((name, weight)))
}

fn packed(bytes: &[u8]) -> Vec<usize> {
    let mut value = 0_usize;
    let mut shift = 0;
    let mut values = Vec::new();
    for byte in bytes {
        value |= usize::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            values.push(value);
            (value, shift) = (0, 0);
        }
    }
    values
}

/// The numbers of a weight of `file`, row-major.
#[must_use]
pub fn read_weight(file: &[u8], weight: &StoredWeight) -> Vec<f32> {
    let bytes = &file[weight.bytes.clone()];
    if weight.is_half {
        let halves = bytes.chunks_exact(2);
        halves
            .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
            .collect()
    } else {
        let singles = bytes.chunks_exact(4);
        singles
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    }
}

/// Overwrites the numbers of a weight of `file`, rounded to the precision it is stored in. Nothing
/// else in the file changes. What does not fit into half precision becomes the largest number that
/// does.
///
/// # Errors
/// [`TrainingError::Weight`] for another number of values, or values that are not finite.
pub fn write_weight(
    file: &mut [u8],
    name: &str,
    weight: &StoredWeight,
    values: &[f32],
) -> Result<(), TrainingError> {
    let refused = |reason: String| TrainingError::Weight {
        name: name.to_owned(),
        reason,
    };
    if values.len() != weight.count() {
        let count = weight.count();
        return Err(refused(format!("{} values for {count}", values.len())));
    }
    if !values.iter().all(|value| value.is_finite()) {
        return Err(refused("a value is not finite".to_owned()));
    }
    let bytes = &mut file[weight.bytes.clone()];
    if weight.is_half {
        let (low, high) = (f16::MIN.to_f32(), f16::MAX.to_f32());
        for (bytes, value) in bytes.chunks_exact_mut(2).zip(values) {
            bytes.copy_from_slice(&f16::from_f32(value.clamp(low, high)).to_le_bytes());
        }
    } else {
        for (bytes, value) in bytes.chunks_exact_mut(4).zip(values) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
    }
    Ok(())
}
