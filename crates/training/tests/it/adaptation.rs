//! Training on maps of drawn pictures: it learns, repeats itself, goes on, and stops when told.

use autolabel_models::{BackboneSource, EngineChoice, default_network, load_backbone};
use autolabel_training::{AdaptConfig, AdaptState, Maps, Tail, adapt};
use half::f16;

use crate::pictures::{map_and_row, on_threads, picture};

/// Two looks at each of twelve pictures: one kind, and the next one with it as a neighbour in pattern.
fn maps() -> Vec<f16> {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let looks = (0..12).flat_map(|kind| [picture(2 * kind), picture(2 * kind + 1)]);
    looks
        .flat_map(|plane| map_and_row(&backbone, &plane).0)
        .collect()
}

fn config(steps: usize) -> AdaptConfig {
    AdaptConfig {
        steps,
        pairs: 10,
        may_turn: true,
        ..AdaptConfig::default()
    }
}

/// The state after `steps` of a training of as many, with the losses on its way.
fn train(
    tail: &Tail,
    values: &[f16],
    config: &AdaptConfig,
    state: AdaptState,
    stop_at: usize,
) -> (AdaptState, Vec<f32>) {
    let maps = Maps { values, looks: 2 };
    let mut losses = Vec::new();
    let state = adapt(tail, &maps, config, state, &mut |state, loss| {
        losses.push(loss);
        state.step < stop_at
    });
    (state.unwrap(), losses)
}

#[test]
fn looks_at_one_picture_come_to_resemble_each_other() {
    let (tail, values) = (Tail::read(default_network()).unwrap(), maps());
    let config = config(16);
    let start = AdaptState::start(&tail, &config);
    let (state, losses) = train(&tail, &values, &config, start, 16);
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&losses[..4]), mean(&losses[12..]));
    assert!(last < first - 0.3, "{losses:?}");
    assert!(state.trained() != tail.initial());
}

#[test]
fn an_interrupted_training_ends_where_an_undisturbed_one_does_on_any_number_of_threads() {
    let (tail, values) = (Tail::read(default_network()).unwrap(), maps());
    let config = config(4);
    let start = || AdaptState::start(&tail, &config);
    let (undisturbed, losses) =
        on_threads(1, || train(&tail, &values, &config, start(), config.steps));
    let (half, _) = on_threads(2, || train(&tail, &values, &config, start(), 2));
    assert_eq!((losses.len(), half.step), (4, 2));
    let kept = half.to_bytes();
    let half = AdaptState::from_bytes(&tail, &kept).unwrap();
    let (whole, _) = on_threads(2, || train(&tail, &values, &config, half, config.steps));
    assert!(whole == undisturbed);
    assert!(AdaptState::from_bytes(&tail, &kept[1..]).is_err());
}

#[test]
fn too_few_pictures_are_refused() {
    let (tail, values) = (Tail::read(default_network()).unwrap(), maps());
    let config = config(2);
    let maps = Maps {
        values: &values[..values.len() / 3],
        looks: 2,
    };
    let start = AdaptState::start(&tail, &config);
    let refused = adapt(&tail, &maps, &config, start, &mut |_, _| true).unwrap_err();
    assert!(refused.to_string().contains("4 images"), "{refused}");
}
