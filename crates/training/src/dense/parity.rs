//! The dense network beside the same one in PyTorch, whose numbers `tests/golden/dense.py` wrote.

use autolabel_models::{FROZEN_MAP_CHANNELS, FROZEN_MAP_STRIDES};
use half::f16;
use serde::Deserialize;

use crate::adam::{Adam, AdamW};
use crate::dense::maps::{DenseMaps, DenseTarget, DenseView};
use crate::dense::objective::DenseTask;
use crate::dense::prediction::dense_logits;
use crate::dense::state::DenseState;
use crate::dense::training::loss_and_gradient;
use crate::tail::Tail;

const HEIGHT: usize = 64;
const WIDTH: usize = 96;
const CLASSES: usize = 3;

#[derive(Deserialize)]
struct Golden {
    loss: f32,
    logits: Vec<f32>,
    gradients: Vec<GoldenGradient>,
    adam: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct GoldenGradient {
    name: String,
    length: f64,
    projection: f64,
    some: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/dense.json")).unwrap()
}

/// Number `index` of the pattern that both sides are made of, from -1 to 1.
fn pattern(index: usize) -> f64 {
    ((index * 7919) % 1009) as f64 / 504.5 - 1.0
}

/// The pretrained tail with a decoder by the formula.
fn state() -> DenseState {
    let tail = Tail::read(autolabel_models::default_network()).unwrap();
    let mut state = DenseState::start(&tail, DenseTask::Classes { classes: CLASSES }, 0);
    let decoder = state.network.named.iter();
    let mut inputs = 1;
    for part in decoder.filter(|part| part.numbers.start >= state.network.tail_len) {
        if part.dims.len() > 1 {
            inputs = part.dims[..part.dims.len() - 1].iter().product();
        }
        let bound = 1.0 / (inputs as f64).sqrt();
        let (level, size, first) = match () {
            () if part.name.ends_with("norm.weight") => (1.0, 0.2, 5),
            () if part.name.ends_with("norm.bias") => (0.0, 0.2, 7),
            () if part.name.ends_with("bias") => (0.0, bound, 3),
            () => (0.0, bound, 0),
        };
        for (index, number) in part.numbers.clone().enumerate() {
            state.numbers.values[number] = (level + size * pattern(first + index)) as f32;
        }
    }
    state
}

/// The maps of both images.
fn maps() -> [Vec<f16>; 2] {
    [0, 1].map(|image| {
        let mut values = Vec::new();
        let stages = FROZEN_MAP_STRIDES.into_iter().zip(FROZEN_MAP_CHANNELS);
        for (stage, (stride, channels)) in stages.enumerate() {
            let count = HEIGHT / stride * (WIDTH / stride) * channels;
            let first = 11 * stage + image * count;
            values.extend((0..count).map(|index| f16::from_f64(2.0 * pattern(first + index))));
        }
        values
    })
}

fn target(image: usize) -> DenseTarget {
    let labels: Vec<u8> = (0..HEIGHT * WIDTH)
        .map(|pixel| {
            let (x, y) = (pixel % WIDTH, pixel / WIDTH);
            let label = match image {
                0 => (3 * x + 5 * y) / 16 % CLASSES,
                _ => (5 * x + 3 * y) / 24 % (CLASSES + 1),
            };
            label as u8
        })
        .collect();
    DenseTarget::of_classes(HEIGHT, WIDTH, CLASSES, &labels).unwrap()
}

#[track_caller]
fn check(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs();
    assert!(error <= tolerance, "{what}: {found} beside {expected}");
}

#[test]
fn logits_loss_and_gradients_are_those_of_pytorch() {
    let (golden, state, maps) = (golden(), state(), maps());
    let views: Vec<DenseView<'_>> = maps
        .iter()
        .enumerate()
        .map(|(image, values)| DenseView {
            maps: DenseMaps::new(HEIGHT, WIDTH, values).unwrap(),
            target: target(image),
        })
        .collect();
    let both: Vec<DenseMaps<'_>> = views.iter().map(|view| view.maps).collect();
    let logits = dense_logits(&state, &both)
        .into_iter()
        .flat_map(|grid| grid.values);
    for (found, expected) in logits.zip(&golden.logits) {
        check(f64::from(found), f64::from(*expected), 2e-5, "a logit");
    }
    let batch: Vec<&DenseView<'_>> = views.iter().collect();
    let (loss, gradient) = loss_and_gradient(&state, &batch);
    check(f64::from(loss), f64::from(golden.loss), 2e-6, "the loss");
    assert_eq!(golden.gradients.len(), state.network.named.len());
    for (expected, part) in golden.gradients.iter().zip(&state.network.named) {
        let name = &expected.name;
        assert_eq!(name, &part.name);
        let values: Vec<f64> = gradient[part.numbers.clone()]
            .iter()
            .map(|g| f64::from(*g))
            .collect();
        let length = values.iter().map(|g| g * g).sum::<f64>().sqrt();
        let close = 1e-4 * expected.length + 1e-9;
        check(length, expected.length, close, name);
        let projection: f64 = values.iter().enumerate().map(|(i, g)| g * pattern(i)).sum();
        check(projection, expected.projection, close, name);
        let step = (values.len() / 5).max(1);
        for (found, expected) in values.iter().step_by(step).zip(&expected.some) {
            check(*found, *expected, close, name);
        }
    }
}

#[test]
fn steps_of_the_optimiser_are_those_of_pytorch() {
    let mut adam = Adam::new(vec![1.0, -2.0, 0.5]);
    let rule = AdamW {
        first_decay: 0.9,
        second_decay: 0.99,
        weight_decay: 0.01,
    };
    let gradients = [[0.3, -1.0, 0.02], [0.1, 2.0, -0.02], [-0.4, 0.5, 0.3]];
    for (step, (gradient, expected)) in gradients.iter().zip(golden().adam).enumerate() {
        rule.step(&mut adam, 0..3, gradient, 0.1, step);
        for (found, expected) in adam.values.iter().zip(expected) {
            check(f64::from(*found), f64::from(expected), 1e-6, "a number");
        }
    }
}

#[test]
fn a_kept_state_is_the_same_state() {
    let mut state = state();
    state.step = 7;
    state.numbers.first[5] = 0.25;
    let tail = Tail::read(autolabel_models::default_network()).unwrap();
    let bytes = state.to_bytes(true);
    assert!(DenseState::from_bytes(&tail, &bytes).unwrap() == state);
    let small = state.to_bytes(false);
    assert!(small.len() < bytes.len() / 2);
    let read = DenseState::from_bytes(&tail, &small).unwrap();
    assert!(read.warm() == state.warm());
    for task in [
        DenseTask::Boxes { classes: 1 },
        DenseTask::Instances { classes: 2 },
    ] {
        let state = DenseState::start(&tail, task, 3);
        let read = DenseState::from_bytes(&tail, &state.to_bytes(true)).unwrap();
        assert!(read == state && read.task() == task);
    }
    for broken in [&small[..4], &small[..small.len() - 4], b"no state at all"] {
        assert!(DenseState::from_bytes(&tail, broken).is_err());
    }
}
