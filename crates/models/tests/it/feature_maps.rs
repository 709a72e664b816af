//! The maps pool to the features that embedding gives, and lie where the image shows something.

use autolabel_image_io::{Plane, Samples, Window};
use autolabel_models::{
    BackboneSource, Crop, EngineChoice, FeatureMap, Orientations, Views, embed, feature_maps,
    load_backbone,
};

/// A grey picture with a bright square of 48 pixels around this point.
fn with_square(at: Option<(u32, u32)>) -> Plane {
    let side = 224_u32;
    let inside =
        |x: u32, y: u32| at.is_some_and(|(cx, cy)| x.abs_diff(cx) < 24 && y.abs_diff(cy) < 24);
    let pixel = |i: u32| {
        let (x, y) = (i % side, i / side);
        let texture = ((x * 7 + y * 13) % 31) as u8;
        if inside(x, y) {
            220 - 4 * texture
        } else {
            60 + texture
        }
    };
    Plane {
        width: side,
        height: side,
        channels: 1,
        samples: Samples::U8((0..side * side).map(pixel).collect()),
        default_window: Window {
            low: 0.0,
            high: 255.0,
        },
    }
}

fn views(orientations: Orientations) -> Views {
    Views {
        crops: vec![Crop::plain(1.0), Crop::plain(0.7)],
        orientations,
    }
}

#[test]
fn maps_pool_to_the_features_with_either_engine() {
    let plane = with_square(Some((80, 150)));
    for engine in [EngineChoice::Auto, EngineChoice::Rten] {
        let backbone = load_backbone(&BackboneSource::Default, engine, 1).unwrap();
        let views = views(Orientations::Four);
        let row = embed(&backbone, &views, &[&plane]).unwrap().rows;
        let found = feature_maps(&backbone, &views, &plane).unwrap();
        assert_eq!(found.row.len(), row.len());
        assert_eq!(found.maps.len(), 4 * views.passes());
        for (column, (map, row)) in found.row.iter().zip(&row).enumerate() {
            let close = (map - row).abs() <= 2e-3 * row.abs().max(0.05);
            assert!(close, "column {column}: {map} beside {row}");
        }
        assert_eq!(found.maps[0].channels, 80);
        assert_eq!((found.maps[3].rows, found.maps[3].columns), (7, 7));
    }
}

/// Middle of the change between two maps, in shares of the image.
fn middle_of_change(with: &FeatureMap, without: &FeatureMap) -> (f64, f64) {
    let positions = with.rows * with.columns;
    let (mut x, mut y, mut total) = (0.0, 0.0, 0.0);
    for (index, (a, b)) in with.values.iter().zip(&without.values).enumerate() {
        let weight = f64::from((a - b).powi(2));
        let (row, column) = (index % positions / with.columns, index % with.columns);
        let place = |cell: usize, cells: usize| {
            0.5 + with.share * ((cell as f64 + 0.5) / cells as f64 - 0.5)
        };
        x += weight * place(column, with.columns);
        y += weight * place(row, with.rows);
        total += weight;
    }
    (x / total, y / total)
}

#[test]
fn maps_change_where_the_image_does_in_every_orientation() {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let views = views(Orientations::Four);
    let without = feature_maps(&backbone, &views, &with_square(None)).unwrap();
    let change = |x: u32, y: u32| -> Vec<(f64, f64)> {
        let with = feature_maps(&backbone, &views, &with_square(Some((x, y)))).unwrap();
        let maps = with.maps.iter().zip(&without.maps);
        maps.map(|(a, b)| middle_of_change(a, b)).collect()
    };
    // Maps reach far, which draws the middle of a change towards that of the picture; a square on
    // the opposite side takes this out and leaves what a wrong place would add to both.
    let (one, opposite) = (change(80, 130), change(144, 94));
    for (index, (a, b)) in one.iter().zip(&opposite).enumerate() {
        let shift = (f64::midpoint(a.0, b.0) - 0.5, f64::midpoint(a.1, b.1) - 0.5);
        assert!(
            shift.0.abs() < 0.03 && shift.1.abs() < 0.03,
            "map {index}: {shift:?}"
        );
        assert!(
            b.0 - a.0 > 0.1 && a.1 - b.1 > 0.05,
            "map {index}: {a:?} {b:?}"
        );
    }
}
