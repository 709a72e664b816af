//! The maps of the frozen stages are those inside the whole network, at any size, by either engine.

use autolabel_image_io::{Plane, Samples, model_input, model_input_sized};
use autolabel_models::{
    BackboneSource, EngineChoice, Views, feature_maps, frozen_stage_maps, frozen_stage_values,
    load_backbone, load_frozen_stages,
};

fn picture(width: u32, height: u32) -> Plane {
    let value = |index: u32| (index * 7 % 251 + index / width % 5) as u8;
    let samples = Samples::U8((0..width * height * 3).map(value).collect());
    Plane::new(width, height, 3, samples).unwrap()
}

fn relative(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(f, e)| (f - e).powi(2));
    let square: f32 = expected.iter().map(|e| e * e).sum();
    (differences.sum::<f32>() / square).sqrt()
}

/// Stage 4 of maps of a picture of `height` by `width` pixels, channel after channel.
fn stage_4(maps: &[f32], height: usize, width: usize) -> Vec<f32> {
    let positions = height / 16 * (width / 16);
    let maps = &maps[maps.len() - 80 * positions..];
    let channel = |channel: usize| maps.iter().skip(channel).step_by(80).copied();
    (0..80).flat_map(channel).collect()
}

fn maps(choice: EngineChoice, height: usize, width: usize, images: &[&[f32]]) -> Vec<f32> {
    let stages = load_frozen_stages(choice, 2).unwrap();
    let found = frozen_stage_maps(&stages, height, width, images).unwrap();
    assert_eq!(
        found.len(),
        images.len() * frozen_stage_values(height, width)
    );
    found.into_iter().map(f32::from).collect()
}

#[test]
fn stage_4_is_the_one_that_the_whole_network_pools() {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let plane = picture(224, 224);
    let expected = feature_maps(&backbone, &Views::whole(), &plane).unwrap();
    let expected = expected.maps.iter().find(|map| map.channels == 80).unwrap();
    for choice in [EngineChoice::Auto, EngineChoice::Rten] {
        let found = maps(choice, 224, 224, &[&model_input(&plane, 224)]);
        let error = relative(&stage_4(&found, 224, 224), &expected.values);
        // Rounded to half precision.
        assert!(error < 1e-3, "{choice:?}: {error}");
    }
}

#[test]
fn sizes_need_be_neither_square_nor_alone() {
    let images = [picture(96, 64), picture(64, 96)].map(|plane| model_input_sized(&plane, 96, 64));
    let images: Vec<&[f32]> = images.iter().map(Vec::as_slice).collect();
    let both = maps(EngineChoice::Auto, 64, 96, &images);
    let by_rten = maps(EngineChoice::Rten, 64, 96, &images);
    assert!(relative(&by_rten, &both) < 1e-3);
    let second = maps(EngineChoice::Auto, 64, 96, &images[1..]);
    assert!(both[both.len() / 2..] == second);
}

#[test]
fn other_sizes_are_refused() {
    let stages = load_frozen_stages(EngineChoice::Auto, 1).unwrap();
    let image = vec![0.0; 3 * 64 * 80];
    for (height, width) in [(64, 80), (64, 96), (0, 0)] {
        let refused = frozen_stage_maps(&stages, height, width, &[&image]);
        assert!(refused.is_err(), "{height} x {width}");
    }
    assert!(frozen_stage_maps(&stages, 64, 96, &[]).unwrap().is_empty());
}
