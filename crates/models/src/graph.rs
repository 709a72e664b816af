//! What an ONNX file says about itself: its image input and the outputs that can serve as features.

use std::collections::BTreeMap;

use rten_onnx::onnx::{DataLocation, DataType, GraphProto, ModelProto, ValueInfoProto};

use crate::ModelError;
use crate::map_sources::{MapSource, map_sources};

/// Side of the input where the file leaves it open; the side most ImageNet networks are trained at.
const DEFAULT_SIDE: u32 = 224;
const SIDES: std::ops::RangeInclusive<i64> = 8..=4096;

/// Order of the axes of an image tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Batch, channel, row, column.
    ChannelsFirst,
    /// Batch, row, column, channel.
    ChannelsLast,
}

/// The image input of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageInput {
    pub name: String,
    pub layout: Layout,
    /// 1 or 3.
    pub channels: usize,
    /// Rows = columns, in pixels.
    pub side: u32,
    /// The batch size where the file fixes it.
    pub fixed_batch: Option<usize>,
}

impl ImageInput {
    /// Numbers in the tensor of one image.
    pub fn values_per_image(&self) -> usize {
        self.channels * self.side as usize * self.side as usize
    }

    /// Shape of the tensor of `batch` images.
    pub fn shape(&self, batch: usize) -> [usize; 4] {
        let side = self.side as usize;
        match self.layout {
            Layout::ChannelsFirst => [batch, self.channels, side, side],
            Layout::ChannelsLast => [batch, side, side, self.channels],
        }
    }
}

/// An ONNX file in the terms of this crate.
#[derive(Clone, Debug)]
pub(crate) struct NetworkDescription {
    /// The name in the file's metadata, if it has one.
    pub name: Option<String>,
    pub input: ImageInput,
    /// Names of all outputs, in the order of the file.
    pub outputs: Vec<String>,
    /// The first output that holds one row of numbers per image.
    pub first_row_output: Option<String>,
    /// The maps behind those outputs that are pooled from one.
    pub maps: BTreeMap<String, MapSource>,
}

/// Reads the description from the bytes of an ONNX file. `network` names it in errors.
///
/// # Errors
/// [`ModelError::NotOnnx`] and [`ModelError::Unusable`].
pub(crate) fn describe_network(
    bytes: &[u8],
    network: &str,
) -> Result<NetworkDescription, ModelError> {
    let not_onnx = |reason: String| ModelError::NotOnnx {
        network: network.to_owned(),
        reason,
    };
    let model = ModelProto::parse_buf(bytes).map_err(|error| not_onnx(error.to_string()))?;
    let graph = model
        .graph
        .ok_or_else(|| not_onnx("it holds no graph".to_owned()))?;
    let name = model
        .metadata_props
        .iter()
        .find(|entry| entry.key.as_deref() == Some("name"))
        .and_then(|entry| entry.value.clone());
    describe_graph(&graph, name).map_err(|reason| ModelError::Unusable {
        network: network.to_owned(),
        reason,
    })
}

fn describe_graph(graph: &GraphProto, name: Option<String>) -> Result<NetworkDescription, String> {
    let in_other_files = graph.initializer.iter().any(|tensor| {
        tensor.data_location == Some(DataLocation::EXTERNAL) || !tensor.external_data.is_empty()
    });
    if in_other_files {
        return Err("its weights lie in other files; save it as one .onnx file".to_owned());
    }
    // Before IR version 4 the weights are listed among the inputs too.
    let inputs: Vec<&ValueInfoProto> = graph
        .input
        .iter()
        .filter(|input| {
            !graph
                .initializer
                .iter()
                .any(|tensor| tensor.name == input.name)
        })
        .collect();
    let [input] = inputs[..] else {
        return Err(format!(
            "it has {} inputs; export it with one image input",
            inputs.len()
        ));
    };
    let declared_first = graph.output.iter().find(|output| holds_rows(output));
    let undeclared = graph.output.iter().find(|output| {
        element_type(output).is_none_or(|t| t == DataType::FLOAT) && dimensions(output).is_none()
    });
    Ok(NetworkDescription {
        name,
        maps: map_sources(graph),
        input: describe_input(input)?,
        outputs: graph.output.iter().filter_map(|o| o.name.clone()).collect(),
        first_row_output: declared_first.or(undeclared).and_then(|o| o.name.clone()),
    })
}

fn describe_input(input: &ValueInfoProto) -> Result<ImageInput, String> {
    if element_type(input) != Some(DataType::FLOAT) {
        let found = element_type(input).map_or_else(|| "unknown".to_owned(), |t| t.to_string());
        return Err(format!(
            "its input holds {found} numbers; export it with a 32-bit float input"
        ));
    }
    let dims = dimensions(input).unwrap_or_default();
    let [batch, second, third, fourth] = dims[..] else {
        return Err(format!(
            "its input has {} axes; an image input has four (batch, channels, rows, columns)",
            dims.len()
        ));
    };
    let is_channels = |dim: Option<i64>| matches!(dim, Some(1 | 3));
    // An open channel axis is taken as three channels where exporters put it by default: second.
    let (layout, channels, rows, columns) = if is_channels(second) {
        (Layout::ChannelsFirst, second, third, fourth)
    } else if is_channels(fourth) {
        (Layout::ChannelsLast, fourth, second, third)
    } else if second.is_none() {
        (Layout::ChannelsFirst, Some(3), third, fourth)
    } else {
        return Err("its input has neither 3 nor 1 channels; it must take RGB or grey".to_owned());
    };
    let side = match (rows, columns) {
        (Some(rows), Some(columns)) if rows != columns => {
            return Err(format!(
                "its input is {columns} x {rows} pixels; it must be square"
            ));
        }
        (Some(side), _) | (_, Some(side)) => side,
        (None, None) => i64::from(DEFAULT_SIDE),
    };
    if !SIDES.contains(&side) {
        return Err(format!(
            "its input side is {side} pixels; it must be from {} to {}",
            SIDES.start(),
            SIDES.end()
        ));
    }
    let fixed_batch = batch.and_then(|size| usize::try_from(size).ok());
    if fixed_batch.is_some_and(|size| size > 256) {
        return Err("its batch size is fixed above 256; export it with a free batch".to_owned());
    }
    Ok(ImageInput {
        name: input.name.clone().unwrap_or_default(),
        layout,
        channels: if channels == Some(1) { 1 } else { 3 },
        side: u32::try_from(side).unwrap_or(DEFAULT_SIDE),
        fixed_batch,
    })
}

/// True for a float output declared as `[batch, features]` or `[batch, features, 1, 1]`.
fn holds_rows(output: &ValueInfoProto) -> bool {
    element_type(output) == Some(DataType::FLOAT)
        && match dimensions(output).as_deref() {
            Some([_, _]) => true,
            Some([_, _, rows, columns]) => *rows == Some(1) && *columns == Some(1),
            _ => false,
        }
}

fn element_type(value: &ValueInfoProto) -> Option<DataType> {
    value.r#type.as_ref()?.tensor_type.as_ref()?.elem_type
}

/// Declared axes; `None` inside for an axis left open (exporters write a name, 0 or -1).
fn dimensions(value: &ValueInfoProto) -> Option<Vec<Option<i64>>> {
    let shape = value
        .r#type
        .as_ref()?
        .tensor_type
        .as_ref()?
        .shape
        .as_ref()?;
    Some(
        shape
            .dim
            .iter()
            .map(|dim| dim.dim_value.filter(|&size| size > 0))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::{Dimension, TensorShapeProto, TypeProto, TypeProtoTensor};

    use super::*;

    fn tensor(name: &str, elem_type: DataType, dims: &[i64]) -> ValueInfoProto {
        let dim = dims
            .iter()
            .map(|&size| Dimension {
                dim_value: (size >= 0).then_some(size),
                dim_param: (size < 0).then(|| "open".to_owned()),
            })
            .collect();
        ValueInfoProto {
            name: Some(name.to_owned()),
            r#type: Some(TypeProto {
                tensor_type: Some(TypeProtoTensor {
                    elem_type: Some(elem_type),
                    shape: Some(TensorShapeProto { dim }),
                }),
                sequence: None,
            }),
        }
    }

    fn input(dims: &[i64]) -> Result<ImageInput, String> {
        describe_input(&tensor("x", DataType::FLOAT, dims))
    }

    #[track_caller]
    fn check(dims: &[i64], layout: Layout, channels: usize, side: u32, batch: Option<usize>) {
        let expected = ImageInput {
            name: "x".to_owned(),
            layout,
            channels,
            side,
            fixed_batch: batch,
        };
        assert_eq!(input(dims), Ok(expected), "{dims:?}");
    }

    #[test]
    fn image_inputs_of_the_usual_exporters_are_understood() {
        check(&[-1, 3, 224, 224], Layout::ChannelsFirst, 3, 224, None);
        check(&[1, 3, 518, 518], Layout::ChannelsFirst, 3, 518, Some(1));
        check(&[-1, 1, 512, -1], Layout::ChannelsFirst, 1, 512, None);
        check(&[8, 96, 96, 3], Layout::ChannelsLast, 3, 96, Some(8));
        check(&[-1, -1, -1, 3], Layout::ChannelsLast, 3, 224, None);
        check(&[-1, -1, -1, -1], Layout::ChannelsFirst, 3, 224, None);
        check(&[0, 3, 0, 0], Layout::ChannelsFirst, 3, 224, None);
    }

    #[test]
    fn other_inputs_are_refused_with_the_reason() {
        for (dims, word) in [
            (&[-1, 768][..], "2 axes"),
            (&[-1, 3, 224, 256], "square"),
            (&[-1, 4, 224, 224], "channels"),
            (&[-1, 3, 4, 4], "from 8"),
            (&[512, 3, 224, 224], "batch"),
        ] {
            let reason = input(dims).unwrap_err();
            assert!(reason.contains(word), "{dims:?}: {reason}");
        }
        let bytes_input = tensor("x", DataType::UINT8, &[-1, 3, 224, 224]);
        assert!(describe_input(&bytes_input).unwrap_err().contains("UINT8"));
    }

    #[test]
    fn first_output_with_one_row_per_image_is_taken() {
        let graph = GraphProto {
            input: vec![tensor("x", DataType::FLOAT, &[-1, 3, 224, 224])],
            output: vec![
                tensor("ids", DataType::INT64, &[-1, 5]),
                tensor("tokens", DataType::FLOAT, &[-1, 257, 384]),
                tensor("pooled", DataType::FLOAT, &[-1, 384, 1, 1]),
                tensor("logits", DataType::FLOAT, &[-1, 1000]),
            ],
            ..GraphProto::default()
        };
        let description = describe_graph(&graph, None).unwrap();
        assert_eq!(description.first_row_output.as_deref(), Some("pooled"));
        assert_eq!(description.outputs.len(), 4);
    }
}
