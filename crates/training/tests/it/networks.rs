//! What is trained here computes what the engines compute from the same file.

use std::path::Path;

use autolabel_models::{
    Backbone, BackboneSource, EngineChoice, default_network, load_backbone, write_variant,
};
use autolabel_training::{ADAPTED_OUTPUTS, TAIL_FEATURES, Tail, tail_features, with_adapted_tail};

use crate::pictures::{map_and_row, picture};

/// Columns of the stages 5 to 7 in a row of the default network: averages, then deviations.
const STAGES: [std::ops::Range<usize>; 2] = [80..704, 784..1408];

fn load(path: &Path, engine: EngineChoice) -> Backbone {
    load_backbone(&BackboneSource::File(path.to_owned()), engine, 1).unwrap()
}

fn default_backbone() -> Backbone {
    load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap()
}

/// Length of the difference over the length of `expected`.
fn relative(found: &[f32], expected: &[f32]) -> f32 {
    let square = |terms: &mut dyn Iterator<Item = f32>| terms.map(|t| t * t).sum::<f32>();
    let differences = &mut found.iter().zip(expected).map(|(f, e)| f - e);
    (square(differences) / square(&mut expected.iter().copied())).sqrt()
}

/// Weights that a training could have come to: all filters and biases moved a little.
fn moved(tail: &Tail) -> Vec<f32> {
    let numbers = (0_u16..).cycle().take(5_000).cycle();
    let values = tail.initial().iter().zip(numbers);
    values
        .map(|(v, n)| v + 0.01 * (f32::from(n) * 0.7).sin())
        .collect()
}

#[test]
fn tail_gives_the_features_of_the_engines() {
    let backbone = default_backbone();
    let tail = Tail::read(default_network()).unwrap();
    for kind in 0..3 {
        let (map, row) = map_and_row(&backbone, &picture(kind));
        let found = tail_features(&tail, tail.initial(), &[&map]).unwrap();
        let expected = STAGES.map(|columns| &row[columns]).concat();
        assert_eq!(found.len(), TAIL_FEATURES);
        for (found, expected) in found.chunks(112).zip(expected.chunks(112)) {
            let error = relative(found, expected);
            // The map was rounded to half precision on its way.
            assert!(error < 2e-3, "{kind}: {error}");
        }
        assert!(relative(&found, &expected) < 1e-3);
    }
}

#[test]
fn unchanged_weights_leave_the_file_byte_for_byte() {
    let tail = Tail::read(default_network()).unwrap();
    let patched = tail.patched(default_network(), tail.initial()).unwrap();
    assert!(patched == default_network());
}

#[test]
fn engines_run_a_changed_file_as_it_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let tail = Tail::read(default_network()).unwrap();
    let trained = moved(&tail);
    let patched = tail.patched(default_network(), &trained).unwrap();
    assert!(patched != default_network());
    let alone = folder.path().join("patched.onnx");
    write_variant(&alone, &patched, &[]).unwrap();
    let both = folder.path().join("both.onnx");
    let joined = with_adapted_tail(default_network(), &patched).unwrap();
    write_variant(&both, &joined, &ADAPTED_OUTPUTS).unwrap();
    let (map, frozen) = map_and_row(&default_backbone(), &picture(1));
    let found = tail_features(&tail, &trained, &[&map]).unwrap();
    for engine in [EngineChoice::Auto, EngineChoice::Rten] {
        let (_, row) = map_and_row(&load(&alone, engine), &picture(1));
        let expected = STAGES.map(|columns| &row[columns]).concat();
        assert!(relative(&found, &expected) < 2e-3, "{engine:?}");
        // The change is far larger than what is allowed to differ.
        let before = STAGES.map(|columns| &frozen[columns]).concat();
        assert!(relative(&found, &before) > 2e-2, "{engine:?}");

        let backbone = load(&both, engine);
        let (_, row) = map_and_row(&backbone, &picture(1));
        assert_eq!(backbone.info().outputs.len(), 14);
        assert_eq!(row.len(), frozen.len() + TAIL_FEATURES);
        assert!(relative(&row[..frozen.len()], &frozen) < 1e-4, "{engine:?}");
        assert!(relative(&row[frozen.len()..], &found) < 2e-3, "{engine:?}");
    }
}

#[test]
fn other_files_are_refused() {
    assert!(Tail::read(b"no network").is_err());
    let mut file = default_network().to_vec();
    let name = b"block9.expand.weight";
    let at = file.windows(name.len()).position(|w| w == name).unwrap();
    // Named elsewhere too; the weight itself is what must be found.
    let all: Vec<usize> = (at..file.len() - name.len())
        .filter(|at| file[*at..].starts_with(name))
        .collect();
    for at in all {
        file[at] = b'B';
    }
    let reason = Tail::read(&file).unwrap_err().to_string();
    assert!(reason.contains("block9.expand.weight"), "{reason}");
}
