//! Both engines give the same features, and the same for any batch and number of threads.

use autolabel_image_io::{Plane, Samples, Window};
use autolabel_models::{
    BackboneSource, EngineChoice, ModelError, Orientations, Views, embed, load_backbone,
};

use crate::networks::{
    BOTH_ENGINES, TinyNetwork, embed_all, load, noise_plane, relative_difference, rgb_plane,
    write_network,
};

fn planes(count: u32) -> Vec<Plane> {
    (0..count)
        .map(|i| noise_plane(150 + 40 * i, 260, i + 1))
        .collect()
}

/// The engines add up in different orders: 1e-4 is a hundred times the rounding of f32 that this
/// leaves (1e-6 measured), and a tenth of what f16 weights cost.
#[test]
fn engines_agree() {
    let rten = load(&BackboneSource::Default, EngineChoice::Rten, 2).unwrap();
    let Some(onnx_runtime) = load(&BackboneSource::Default, EngineChoice::OnnxRuntime, 2) else {
        return;
    };
    assert_eq!(rten.info(), onnx_runtime.info());
    let planes = planes(5);
    let ours = embed_all(&rten, &planes);
    let theirs = embed_all(&onnx_runtime, &planes);
    for (ours, theirs) in ours.rows.chunks(ours.dim).zip(theirs.rows.chunks(ours.dim)) {
        let difference = relative_difference(ours, theirs);
        assert!(difference < 1e-4, "{difference}");
    }
}

#[test]
fn rows_depend_on_neither_neighbours_nor_threads() {
    let planes = planes(9);
    for engine in BOTH_ENGINES {
        let Some(one) = load(&BackboneSource::Default, engine, 1) else {
            continue;
        };
        let together = embed_all(&one, &planes);
        for (plane, row) in planes.iter().zip(together.rows.chunks(together.dim)) {
            let alone = embed_all(&one, std::slice::from_ref(plane));
            assert_eq!(alone.rows, row, "{engine:?}");
        }
        let three = load(&BackboneSource::Default, engine, 3).unwrap();
        assert_eq!(embed_all(&three, &planes), together, "{engine:?}");
    }
}

#[test]
fn one_backbone_serves_several_threads() {
    for engine in BOTH_ENGINES {
        let Some(backbone) = load(&BackboneSource::Default, engine, 2) else {
            continue;
        };
        let planes = planes(3);
        let expected = embed_all(&backbone, &planes);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(embed_all(&backbone, &planes), expected));
            }
        });
    }
}

#[test]
fn grey_and_16_bit_images_are_embedded_as_they_are_shown() {
    let backbone = load(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let bytes: Vec<u8> = (0..224_u32 * 224).map(|i| (i % 251) as u8).collect();
    let window = Window {
        low: 0.0,
        high: 255.0,
    };
    let plane = |channels, samples, default_window| Plane {
        width: 224,
        height: 224,
        channels,
        samples,
        default_window,
    };
    let rgb = bytes.iter().flat_map(|&b| [b; 3]).collect();
    let wide = bytes.iter().map(|&b| 1000 + 100 * u16::from(b)).collect();
    let wide_window = Window {
        low: 1000.0,
        high: 26_500.0,
    };
    let planes = [
        plane(1, Samples::U8(bytes), window),
        plane(3, Samples::U8(rgb), window),
        plane(1, Samples::U16(wide), wide_window),
    ];
    let embeddings = embed_all(&backbone, &planes);
    let rows: Vec<&[f32]> = embeddings.rows.chunks(embeddings.dim).collect();
    assert_eq!(rows[0], rows[1]);
    assert!(relative_difference(rows[2], rows[0]) < 1e-4);
}

#[test]
fn no_images_give_no_rows() {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Rten, 0).unwrap();
    let embeddings = embed(&backbone, &Views::whole(), &[]).unwrap();
    assert_eq!(embeddings.dim, backbone.info().dim);
    assert!(embeddings.rows.is_empty());
}

#[test]
fn features_that_are_no_numbers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_network(folder.path(), "net", &TinyNetwork::default());
    fs_err::write(
        folder.path().join("net.onnx.json"),
        r#"{"scale": 1e-38, "mean": [0], "std": [1]}"#,
    )
    .unwrap();
    let grey = |value| rgb_plane(8, 8, |_, _, _| value);
    let (black, white) = (grey(0), grey(255));
    for engine in BOTH_ENGINES {
        let Some(backbone) = load(&BackboneSource::File(path.clone()), engine, 2) else {
            continue;
        };
        assert!(embed(&backbone, &Views::whole(), &[&black]).is_ok());
        let error = embed(
            &backbone,
            &Views::whole(),
            &[&black, &black, &white, &white],
        )
        .unwrap_err();
        assert!(matches!(error, ModelError::NotFinite { position: 2 }));
    }
}

#[test]
fn a_broken_plane_is_named_by_its_position() {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let good = noise_plane(30, 20, 1);
    let mut broken = good.clone();
    broken.samples = Samples::U8(vec![0; 7]);
    let error = embed(&backbone, &Views::whole(), &[&good, &broken, &broken]).unwrap_err();
    assert!(matches!(error, ModelError::BrokenPlane { position: 1 }));
}

#[test]
fn a_turned_picture_has_the_features_of_the_original_in_four_orientations() {
    let backbone = load(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let upright = noise_plane(64, 64, 5);
    let Samples::U8(samples) = &upright.samples else {
        panic!("noise has 8 bits");
    };
    let pixel = |y: usize, x: usize| samples[3 * (64 * y + x)..][..3].to_vec();
    let turned = |source: &dyn Fn(usize, usize) -> (usize, usize)| {
        let place = |p: usize| source(p / 64, p % 64);
        let values = (0..64 * 64).map(place).flat_map(|(y, x)| pixel(y, x));
        Plane::new(64, 64, 3, Samples::U8(values.collect())).unwrap()
    };
    let planes = [turned(&|y, x| (x, y)), turned(&|y, x| (63 - y, 63 - x))];
    let features = |orientations, plane: &Plane| {
        let views = Views::three_crops(orientations);
        embed(&backbone, &views, &[plane]).unwrap().rows
    };
    let four = features(Orientations::Four, &upright);
    let one = features(Orientations::Upright, &upright);
    for plane in &planes {
        // A turned picture has the same four orientations; only the resize, which rounds to whole
        // grey levels along one axis first, tells them apart.
        let four_apart = relative_difference(&features(Orientations::Four, plane), &four);
        let one_apart = relative_difference(&features(Orientations::Upright, plane), &one);
        assert!(
            four_apart < 0.01 && one_apart > 10.0 * four_apart,
            "{four_apart} {one_apart}"
        );
    }
}

#[test]
fn crops_are_joined_and_each_is_the_picture_of_its_middle() {
    let backbone = load(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    let dim = backbone.info().dim;
    let views = Views::three_crops(Orientations::Upright);
    let plane = rgb_plane(80, 80, |y, x, c| ((y * 5 + x * 3 + c * 40) % 256) as u8);
    let middle = rgb_plane(40, 40, |y, x, c| {
        (((y + 20) * 5 + (x + 20) * 3 + c * 40) % 256) as u8
    });
    let joined = embed(&backbone, &views, &[&plane]).unwrap();
    assert_eq!(joined.dim, 3 * dim);
    assert_eq!(views.info(backbone.info()).dim, 3 * dim);
    let whole = embed_all(&backbone, std::slice::from_ref(&plane)).rows;
    let half = embed_all(&backbone, &[middle]).rows;
    assert_eq!(joined.rows[..dim], whole);
    // The resize of a crop reads a little beyond its border, that of the cut-out middle cannot.
    let crop_apart = relative_difference(&joined.rows[2 * dim..], &half);
    let whole_apart = relative_difference(&joined.rows[..dim], &half);
    assert!(crop_apart < 0.5 * whole_apart, "{crop_apart} {whole_apart}");
}
