//! Heat maps find what a class rests on: drawn radiographs, on which the place is known.

use autolabel_annotation::ClassId;
use autolabel_heads::{ClassFunction, GpConfig, RawFeatures, fit, fit_transform};
use autolabel_image_io::Plane;
use autolabel_models::{
    BackboneSource, Crop, EngineChoice, Orientations, Views, embed, feature_maps, load_backbone,
};
use autolabel_phantoms::{Phantom, PhantomClass, chest_radiograph};
use autolabel_workflow::localization::{Heat, localize};
use autolabel_workflow::representation::{BlockSource, transform_config, transformed_blocks};
use half::f16;

fn draw(numbers: std::ops::Range<u64>) -> Vec<Phantom> {
    let class = |number: u64| match number % 2 {
        0 => PhantomClass::Normal,
        _ => PhantomClass::Pneumonia,
    };
    numbers.map(|n| chest_radiograph(n, class(n))).collect()
}

/// Whether the hottest position lies in one of the shadows that were drawn.
fn points_at_a_shadow(heat: &Heat, phantom: &Phantom) -> bool {
    let Some(hottest) = heat.values.iter().position(|v| *v >= 1.0) else {
        return false;
    };
    let (row, column) = (hottest / heat.columns, hottest % heat.columns);
    let x = (column as f32 + 0.5) / heat.columns as f32 * phantom.plane.width as f32;
    let y = (row as f32 + 0.5) / heat.rows as f32 * phantom.plane.height as f32;
    phantom.truth.opacities.iter().any(|o| {
        (o.left_px..=o.left_px + o.width_px).contains(&x)
            && (o.top_px..=o.top_px + o.height_px).contains(&y)
    })
}

#[test]
fn the_hottest_position_is_the_shadow_more_often_than_not() {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 0).unwrap();
    let views = Views {
        crops: vec![Crop::plain(1.0)],
        orientations: Orientations::Upright,
    };
    let training = draw(0..120);
    let planes: Vec<&Plane> = training.iter().map(|p| &p.plane).collect();
    let embeddings = embed(&backbone, &views, &planes).unwrap();
    let values: Vec<f16> = embeddings.rows.iter().map(|v| f16::from_f32(*v)).collect();
    let raw = RawFeatures {
        values: &values,
        dim: embeddings.dim,
    };
    let widths = &backbone.info().blocks;
    let transform = fit_transform(&raw, &transform_config(widths), 0).unwrap();
    let source = BlockSource {
        raw,
        transform: &transform,
        blocks: &transformed_blocks(widths, 1),
        excluded: &[],
    };
    let combination = source.combination(None).unwrap();
    let features = source.combined(&combination).unwrap();
    let rows: Vec<u32> = (0..120).collect();
    let classes: Vec<ClassId> = (0..120).map(|n| ClassId(n % 2)).collect();
    let gp = fit(&features, &rows, &classes, 2, &GpConfig::default()).unwrap();
    let function = ClassFunction {
        transform: &transform,
        combination: &combination,
        gp: &gp,
    };
    let ill: Vec<Phantom> = draw(1_000..1_048).into_iter().skip(1).step_by(2).collect();
    let mut found = 0;
    for phantom in &ill {
        let maps = feature_maps(&backbone, &views, &phantom.plane).unwrap();
        let size = (phantom.plane.width, phantom.plane.height);
        let shown = localize(&function, &maps, ClassId(1), size).unwrap();
        found += usize::from(points_at_a_shadow(&shown.heat, phantom));
    }
    // A random position is in a shadow on one image in five.
    println!("{found} of {} shadows found", ill.len());
    assert!(found * 2 > ill.len(), "{found} of {}", ill.len());
}
