//! Planes, engines and tiny networks that the tests share.

use std::path::{Path, PathBuf};

use autolabel_image_io::{Plane, Samples, Window};
use autolabel_models::{
    Backbone, BackboneSource, Embeddings, EngineChoice, ModelError, Views, embed, load_backbone,
};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

pub const BOTH_ENGINES: [EngineChoice; 2] = [EngineChoice::OnnxRuntime, EngineChoice::Rten];

/// A backbone, or `None` with a printed line where the library of ONNX Runtime is missing.
pub fn load(source: &BackboneSource, engine: EngineChoice, threads: usize) -> Option<Backbone> {
    match load_backbone(source, engine, threads) {
        Ok(backbone) => Some(backbone),
        Err(ModelError::NoOnnxRuntime { reason }) => {
            println!("skipped: {reason}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

pub fn rgb_plane(width: u32, height: u32, value: impl Fn(u32, u32, u32) -> u8) -> Plane {
    let mut samples = Vec::new();
    for y in 0..height {
        for x in 0..width {
            samples.extend((0..3).map(|c| value(y, x, c)));
        }
    }
    Plane {
        width,
        height,
        channels: 3,
        samples: Samples::U8(samples),
        default_window: Window {
            low: 0.0,
            high: 255.0,
        },
    }
}

/// Noise from the linear congruential generator of `weights/derive_efficientnet_lite0.py`.
pub fn noise_plane(width: u32, height: u32, seed: u32) -> Plane {
    let state = std::cell::Cell::new(seed);
    rgb_plane(width, height, |_, _, _| {
        state.set(
            state
                .get()
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223),
        );
        (state.get() >> 24) as u8
    })
}

pub fn embed_all(backbone: &Backbone, planes: &[Plane]) -> Embeddings {
    let planes: Vec<&Plane> = planes.iter().collect();
    embed(backbone, &Views::whole(), &planes).unwrap()
}

/// Euclidean norm of `a - b` over that of `b`.
pub fn relative_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = |values: &mut dyn Iterator<Item = f32>| -> f64 {
        values.map(|value| f64::from(value).powi(2)).sum()
    };
    let difference = squares(&mut a.iter().zip(b).map(|(a, b)| a - b));
    (difference / squares(&mut b.iter().copied())).sqrt()
}

/// Shape of a tiny network that averages each channel over the image; 0 is a free axis.
pub struct TinyNetwork {
    pub input: [i64; 4],
    pub element: DataType,
    pub channels_last: bool,
    /// `None` leaves the shape of the output out.
    pub output: Option<Vec<i64>>,
    /// Ends in `[batch, channels]` instead of `[batch, channels, 1, 1]`.
    pub flat: bool,
}

impl Default for TinyNetwork {
    fn default() -> Self {
        Self {
            input: [0, 3, 8, 8],
            element: DataType::FLOAT,
            channels_last: false,
            output: Some(vec![0, 3]),
            flat: true,
        }
    }
}

/// Writes the network as `NAME.onnx` into `folder`.
pub fn write_network(folder: &Path, name: &str, network: &TinyNetwork) -> PathBuf {
    let mut node = Vec::new();
    let mut last = "pixels".to_owned();
    let mut append = |operation: &str, attribute: Option<AttributeProto>| {
        let output = format!("{operation}_of_{last}");
        node.push(NodeProto {
            name: Some(output.clone()),
            op_type: Some(operation.to_owned()),
            input: vec![last.clone()],
            output: vec![output.clone()],
            attribute: attribute.into_iter().collect(),
            domain: None,
        });
        last = output;
    };
    if network.channels_last {
        append(
            "Transpose",
            Some(AttributeProto {
                name: Some("perm".to_owned()),
                ints: vec![0, 3, 1, 2],
                r#type: Some(AttributeType::INTS),
                ..AttributeProto::default()
            }),
        );
    }
    append("GlobalAveragePool", None);
    if network.flat {
        append("Flatten", None);
    }
    let model = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(13),
        }],
        graph: Some(GraphProto {
            node,
            input: vec![tensor("pixels", network.element, Some(&network.input))],
            output: vec![tensor(&last, DataType::FLOAT, network.output.as_deref())],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    };
    let path = folder.join(format!("{name}.onnx"));
    fs_err::write(&path, model.write_buf().unwrap()).unwrap();
    path
}

fn tensor(name: &str, element: DataType, dims: Option<&[i64]>) -> ValueInfoProto {
    let shape = dims.map(|dims| TensorShapeProto {
        dim: dims
            .iter()
            .enumerate()
            .map(|(axis, &size)| Dimension {
                dim_value: (size > 0).then_some(size),
                dim_param: (size == 0).then(|| format!("{name}_axis_{axis}")),
            })
            .collect(),
    });
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TypeProtoTensor {
                elem_type: Some(element),
                shape,
            }),
            sequence: None,
        }),
    }
}
