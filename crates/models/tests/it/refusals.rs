//! What cannot serve as a backbone is refused with one sentence that says why and what to do.

use std::path::Path;

use autolabel_models::{BackboneSource, EngineChoice, ModelError, describe_onnx, load_backbone};
use proptest::prelude::*;
use rten_onnx::onnx::DataType;

use crate::networks::{TinyNetwork, write_network};

#[track_caller]
fn check(path: &Path, words: &[&str]) -> ModelError {
    let error = describe_onnx(path).unwrap_err();
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word} is missing in: {text}");
    }
    assert!(!text.contains('\n'), "{text}");
    error
}

#[track_caller]
fn check_network(network: &TinyNetwork, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = write_network(folder.path(), "net", network);
    let error = check(&path, words);
    assert!(matches!(error, ModelError::Unusable { .. }), "{error:?}");
}

#[test]
fn files_that_are_no_networks_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.onnx");
    let error = check(&missing, &["cannot read", "missing.onnx"]);
    assert!(matches!(error, ModelError::Read(_)));

    for (name, bytes) in [
        ("empty.onnx", &b""[..]),
        ("text.onnx", b"these are not the weights you look for"),
        ("picture.onnx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ] {
        let path = folder.path().join(name);
        fs_err::write(&path, bytes).unwrap();
        let error = check(&path, &["not a complete ONNX file", name]);
        assert!(matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
    }
}

#[test]
fn networks_with_another_input_are_refused() {
    let with_input = |input| TinyNetwork {
        input,
        ..TinyNetwork::default()
    };
    check_network(&with_input([0, 3, 224, 256]), &["256 x 224", "square"]);
    check_network(&with_input([0, 4, 8, 8]), &["channels"]);
    let half = TinyNetwork {
        element: DataType::FLOAT16,
        ..TinyNetwork::default()
    };
    check_network(&half, &["FLOAT16", "32-bit float"]);
}

#[test]
fn networks_without_a_row_per_image_are_refused() {
    let dense = TinyNetwork {
        output: Some(vec![0, 3, 7, 7]),
        ..TinyNetwork::default()
    };
    check_network(&dense, &["row", "pooled"]);
}

#[test]
fn outputs_that_the_network_lacks_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_network(folder.path(), "net", &TinyNetwork::default());
    let settings = folder.path().join("net.onnx.json");
    fs_err::write(&settings, r#"{"outputs": ["penultimate"]}"#).unwrap();
    check(&path, &["penultimate", "Flatten_of"]);
    let twice = "Flatten_of_GlobalAveragePool_of_pixels";
    let text = serde_json::json!({ "outputs": [twice, twice] }).to_string();
    fs_err::write(&settings, text).unwrap();
    check(&path, &[twice, "once"]);
    fs_err::write(&settings, r#"{"std": [0.0]}"#).unwrap();
    check(&path, &["above 0", "net.onnx.json"]);
}

/// A copy that was cut short, or a bad disk: an error or, where only weights changed, a network;
/// never a panic.
#[test]
fn damaged_networks_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_network(folder.path(), "net", &TinyNetwork::default());
    let whole = fs_err::read(&path).unwrap();
    let load = |engine| load_backbone(&BackboneSource::File(path.clone()), engine, 1);
    let check = |bytes: &[u8]| {
        fs_err::write(&path, bytes).unwrap();
        for engine in [EngineChoice::Auto, EngineChoice::Rten] {
            if let Err(error) = load(engine) {
                assert!(!error.to_string().is_empty());
            }
        }
    };
    for length in 0..whole.len() {
        check(&whole[..length]);
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let damage = (0..whole.len(), any::<u8>());
    runner
        .run(&damage, |(index, byte)| {
            let mut bytes = whole.clone();
            bytes[index] = byte;
            check(&bytes);
            Ok(())
        })
        .unwrap();
}
