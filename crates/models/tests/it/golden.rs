//! The embedded network answers as the original PyTorch network does.
//!
//! `weights/golden_logits.json` holds what the published checkpoint says about three images that
//! are whole numbers from a formula. Our file differs from it by the rounding of the weights to
//! f16 only: folding batch normalisation alone changes the logits by 1.5e-6 (printed by the
//! derivation). A weight rounded to f16 is off by up to 2^-11 = 5e-4 of itself; through 50 layers
//! these errors add up to 3e-3 to 6e-3 of the length of the logits. Twice the largest, 1e-2, is
//! allowed; a wrong padding or a wrong channel order is off by 0.08 or more.

use autolabel_image_io::Plane;
use autolabel_models::{BackboneSource, EngineChoice};
use serde::Deserialize;

use crate::networks::{BOTH_ENGINES, embed_all, load, noise_plane, relative_difference, rgb_plane};

const TOLERANCE: f64 = 1e-2;
const SIDE: u32 = 224;
const NETWORK: &[u8] = include_bytes!("../../../../weights/efficientnet_lite0_f16.onnx");

#[derive(Deserialize)]
struct Golden {
    image: String,
    logits: Vec<f32>,
    head: Vec<f32>,
    stage4: Vec<f32>,
    stage5: Vec<f32>,
    stage6: Vec<f32>,
    stage7: Vec<f32>,
    stage4_std: Vec<f32>,
    stage5_std: Vec<f32>,
    stage6_std: Vec<f32>,
    stage7_std: Vec<f32>,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../../../../weights/golden_logits.json")).unwrap()
}

fn golden_plane(name: &str) -> Plane {
    match name {
        "ramp" => rgb_plane(SIDE, SIDE, |y, x, c| ((x * (c + 1) + y) % 256) as u8),
        "squares" => rgb_plane(SIDE, SIDE, |y, x, c| {
            ((((x / 32) * 3 + (y / 32) * 5 + c * 7) * 37) % 256) as u8
        }),
        "noise" => noise_plane(SIDE, SIDE, 1),
        other => panic!("no formula for {other}"),
    }
}

fn largest(values: &[f32]) -> usize {
    let by_value = |a: &&usize, b: &&usize| values[**a].total_cmp(&values[**b]);
    let indices: Vec<usize> = (0..values.len()).collect();
    *indices.iter().max_by(by_value).unwrap()
}

/// Compares `outputs` of our file, joined, with what `original` takes from the golden file.
fn check(engine: EngineChoice, outputs: &[&str], original: impl Fn(&Golden) -> Vec<f32>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.onnx");
    fs_err::write(&path, NETWORK).unwrap();
    let settings = serde_json::json!({
        "mean": [127.0 / 128.0], "std": [1.0], "scale": 128.0, "outputs": outputs,
    });
    fs_err::write(
        folder.path().join("network.onnx.json"),
        settings.to_string(),
    )
    .unwrap();
    let Some(backbone) = load(&BackboneSource::File(path), engine, 2) else {
        return;
    };
    let golden = golden();
    assert_eq!(golden.len(), 3);
    let planes: Vec<Plane> = golden.iter().map(|g| golden_plane(&g.image)).collect();
    let embeddings = embed_all(&backbone, &planes);
    for (golden, row) in golden.iter().zip(embeddings.rows.chunks(embeddings.dim)) {
        let original = original(golden);
        let difference = relative_difference(row, &original);
        assert!(
            difference < TOLERANCE,
            "{engine:?} {outputs:?} {}: {difference}",
            golden.image
        );
        assert!(difference > 0.0, "the original is not stored in f16");
        if outputs == ["logits"] {
            assert_eq!(largest(row), largest(&original), "{}", golden.image);
        }
    }
}

#[test]
fn logits_equal_the_original_within_f16_rounding() {
    for engine in BOTH_ENGINES {
        check(engine, &["logits"], |golden| golden.logits.clone());
    }
}

#[test]
fn every_pooled_stage_equals_the_original_within_f16_rounding() {
    for engine in BOTH_ENGINES {
        check(engine, &["head"], |golden| golden.head.clone());
        check(engine, &["stage4"], |golden| golden.stage4.clone());
        check(engine, &["stage5"], |golden| golden.stage5.clone());
        check(engine, &["stage6"], |golden| golden.stage6.clone());
        check(engine, &["stage7"], |golden| golden.stage7.clone());
        check(engine, &["stage4_std"], |golden| golden.stage4_std.clone());
        check(engine, &["stage7_std"], |golden| golden.stage7_std.clone());
    }
}

#[test]
fn outputs_are_joined_in_the_order_of_the_settings() {
    for engine in BOTH_ENGINES {
        check(engine, &["stage6", "head", "stage4"], |golden| {
            [&golden.stage6[..], &golden.head, &golden.stage4].concat()
        });
    }
}

#[test]
fn default_features_are_averages_and_deviations_of_the_stages() {
    let backbone = load(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    assert_eq!(backbone.info().dim, 2 * (80 + 112 + 192 + 320));
    assert_eq!(backbone.info().input_side, 224);
    for golden in golden() {
        let row = embed_all(&backbone, &[golden_plane(&golden.image)]).rows;
        let mut first = 0;
        for original in [
            golden.stage4,
            golden.stage5,
            golden.stage6,
            golden.stage7,
            golden.stage4_std,
            golden.stage5_std,
            golden.stage6_std,
            golden.stage7_std,
        ] {
            let part = &row[first..first + original.len()];
            assert!(relative_difference(part, &original) < TOLERANCE);
            first += original.len();
        }
    }
}

#[test]
fn embedded_file_is_the_one_described_in_the_readme() {
    let readme = include_str!("../../../../weights/README.md");
    let hash = blake3::hash(NETWORK).to_hex();
    assert!(readme.contains(hash.as_str()), "blake3 is {hash}");
}
