//! A network of the user: described when it is loaded, run in its own layout and batch.

use autolabel_image_io::Plane;
use autolabel_models::{BackboneSource, describe_onnx};

use crate::networks::{
    BOTH_ENGINES, TinyNetwork, embed_all, load, relative_difference, rgb_plane, write_network,
};

/// Five images of one colour each, so that the average of a channel is known.
fn colours() -> Vec<[u8; 3]> {
    (0..5).map(|i| [10 * i, 100 + i, 250 - 30 * i]).collect()
}

fn planes() -> Vec<Plane> {
    colours()
        .into_iter()
        .map(|colour| rgb_plane(9, 13, |_, _, c| colour[c as usize]))
        .collect()
}

#[track_caller]
fn check(name: &str, network: &TinyNetwork, settings: Option<&str>, expected: &[f32]) {
    let folder = tempfile::tempdir().unwrap();
    let path = write_network(folder.path(), name, network);
    if let Some(settings) = settings {
        fs_err::write(folder.path().join(format!("{name}.onnx.json")), settings).unwrap();
    }
    let info = describe_onnx(&path).unwrap();
    assert_eq!(info.name, name);
    assert_eq!(info.source, path.display().to_string());
    assert_eq!(info.dim * 5, expected.len());
    for engine in BOTH_ENGINES {
        let Some(backbone) = load(&BackboneSource::File(path.clone()), engine, 2) else {
            continue;
        };
        assert_eq!(backbone.info(), &info);
        let embeddings = embed_all(&backbone, &planes());
        let difference = relative_difference(&embeddings.rows, expected);
        assert!(difference < 1e-5, "{name} {engine:?}: {difference}");
    }
}

fn with_imagenet_statistics() -> Vec<f32> {
    let normal = |value: u8, mean: f32, std: f32| (f32::from(value) / 255.0 - mean) / std;
    colours()
        .iter()
        .flat_map(|&[r, g, b]| {
            [
                normal(r, 0.485, 0.229),
                normal(g, 0.456, 0.224),
                normal(b, 0.406, 0.225),
            ]
        })
        .collect()
}

fn bytes() -> Vec<f32> {
    colours().iter().flatten().map(|&v| f32::from(v)).collect()
}

const AS_BYTES: Option<&str> = Some(r#"{"mean": [0], "std": [1], "scale": 1}"#);

#[test]
fn statistics_of_imagenet_are_the_default() {
    let network = TinyNetwork::default();
    check("plain", &network, None, &with_imagenet_statistics());
}

#[test]
fn settings_beside_the_file_change_the_statistics() {
    check("bytes", &TinyNetwork::default(), AS_BYTES, &bytes());
}

#[test]
fn channels_last_networks_run() {
    let network = TinyNetwork {
        input: [0, 16, 16, 3],
        channels_last: true,
        ..TinyNetwork::default()
    };
    check("last", &network, AS_BYTES, &bytes());
}

#[test]
fn networks_with_a_fixed_batch_run_on_any_number_of_images() {
    for batch in [1, 3, 8] {
        let network = TinyNetwork {
            input: [batch, 3, 8, 8],
            output: Some(vec![batch, 3]),
            ..TinyNetwork::default()
        };
        check("fixed", &network, AS_BYTES, &bytes());
    }
}

#[test]
fn one_channel_networks_get_luma() {
    let network = TinyNetwork {
        input: [0, 1, 8, 8],
        output: Some(vec![0, 1]),
        ..TinyNetwork::default()
    };
    let luma: Vec<f32> = colours()
        .iter()
        .map(|rgb| rgb.map(f32::from))
        .map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b)
        .collect();
    check("luma", &network, AS_BYTES, &luma);
}

#[test]
fn outputs_may_end_in_single_pixels_or_have_no_declared_shape() {
    for (output, flat) in [(Some(vec![0, 3, 1, 1]), false), (None, false), (None, true)] {
        let network = TinyNetwork {
            output,
            flat,
            ..TinyNetwork::default()
        };
        check("shape", &network, AS_BYTES, &bytes());
    }
}

#[test]
fn settings_change_the_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_network(folder.path(), "net", &TinyNetwork::default());
    let plain = describe_onnx(&path).unwrap();
    fs_err::write(folder.path().join("net.onnx.json"), r#"{"scale": 1}"#).unwrap();
    assert_ne!(describe_onnx(&path).unwrap().id, plain.id);
}
