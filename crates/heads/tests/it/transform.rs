//! Features have length 1 and balanced blocks whatever the raw columns look like.

use autolabel_heads::{
    HeadsError, PcaConfig, RawFeatures, TransformConfig, apply_transform, fit_transform,
};
use half::f16;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows of ten columns: small, large and constant ones.
fn raw(rows: usize) -> Vec<f16> {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    (0..rows)
        .flat_map(|_| {
            let mut row = [0.0f32; 10];
            for (column, value) in row.iter_mut().enumerate() {
                *value = match column {
                    3 => 7.5,
                    4 => 0.0,
                    _ => rng.random_range(-1.0f32..1.0) * 10f32.powi(column as i32 % 4) + 3.0,
                };
            }
            row.map(f16::from_f32)
        })
        .collect()
}

fn configs() -> Vec<TransformConfig> {
    let pca = |components, whiten| Some(PcaConfig { components, whiten });
    let config = |standardise, pca, blocks: &[usize]| TransformConfig {
        standardise,
        pca,
        blocks: blocks.to_vec(),
    };
    vec![
        config(false, None, &[]),
        config(true, None, &[]),
        config(true, None, &[6, 4]),
        config(true, pca(3, true), &[]),
        config(true, pca(3, false), &[6, 2, 2]),
        config(false, pca(5, true), &[]),
    ]
}

#[test]
fn every_row_has_length_one_and_every_block_its_share() {
    let values = raw(300);
    let raw = RawFeatures {
        values: &values,
        dim: 10,
    };
    for config in configs() {
        let transform = fit_transform(&raw, &config, 1).unwrap();
        let features = apply_transform(&transform, &raw).unwrap();
        assert_eq!(features.cols, transform.width());
        for length in features.squared_norms() {
            assert!((length - 1.0).abs() < 1e-5, "{config:?}: {length}");
        }
        if config.blocks == [6, 2, 2] {
            assert_eq!(features.cols, 3 + 2 + 2);
            let first: f32 = features.row(0)[..3].iter().map(|v| v * v).sum();
            assert!((first - 1.0 / 3.0).abs() < 1e-5);
        }
    }
}

#[test]
fn standardised_columns_have_equal_weight_and_constants_none() {
    let values = raw(2_000);
    let raw = RawFeatures {
        values: &values,
        dim: 10,
    };
    let transform = fit_transform(&raw, &TransformConfig::default(), 1).unwrap();
    let features = apply_transform(&transform, &raw).unwrap();
    for column in 0..10 {
        let squares: f32 = (0..2_000)
            .map(|row| features.row(row)[column].powi(2))
            .sum();
        let share = squares / 2_000.0;
        if column == 3 || column == 4 {
            assert_eq!(share, 0.0);
        } else {
            assert!((share - 0.125).abs() < 0.01, "column {column}: {share}");
        }
    }
}

#[test]
fn keeps_distances_when_all_components_are_kept_unwhitened() {
    let values = raw(200);
    let raw = RawFeatures {
        values: &values,
        dim: 10,
    };
    let plain = fit_transform(&raw, &TransformConfig::default(), 1).unwrap();
    let turned = TransformConfig {
        pca: Some(PcaConfig {
            components: 9,
            whiten: false,
        }),
        ..TransformConfig::default()
    };
    let turned = fit_transform(&raw, &turned, 1).unwrap();
    let (a, b) = (
        apply_transform(&plain, &raw).unwrap(),
        apply_transform(&turned, &raw).unwrap(),
    );
    // Two of ten columns are constant, so nine components hold everything.
    for i in 1..200 {
        let inner = |m: &autolabel_heads::Matrix| -> f32 {
            m.row(0).iter().zip(m.row(i)).map(|(x, y)| x * y).sum()
        };
        assert!((inner(&a) - inner(&b)).abs() < 1e-4);
    }
}

#[test]
fn new_images_are_treated_like_the_pool() {
    let values = raw(500);
    let all = RawFeatures {
        values: &values,
        dim: 10,
    };
    let one = RawFeatures {
        values: &values[4990..],
        dim: 10,
    };
    for config in configs() {
        let transform = fit_transform(&all, &config, 1).unwrap();
        let together = apply_transform(&transform, &all).unwrap();
        let alone = apply_transform(&transform, &one).unwrap();
        for (a, b) in together.row(499).iter().zip(alone.row(0)) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}

#[test]
fn refuses_what_it_cannot_use() {
    let mut values = raw(20);
    let config = TransformConfig::default();
    let fit = |values: &[f16], dim, config: &TransformConfig| {
        fit_transform(&RawFeatures { values, dim }, config, 1)
    };
    assert!(matches!(
        fit(&values, 7, &config),
        Err(HeadsError::Shape { .. })
    ));
    assert!(matches!(
        fit(&[], 10, &config),
        Err(HeadsError::Empty { .. })
    ));
    let blocks = TransformConfig {
        blocks: vec![6, 3],
        ..TransformConfig::default()
    };
    assert!(matches!(
        fit(&values, 10, &blocks),
        Err(HeadsError::Shape { .. })
    ));
    values[57] = f16::INFINITY;
    assert_eq!(
        fit(&values, 10, &config).err(),
        Some(HeadsError::NotFinite { row: 5 })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn never_gives_a_value_that_is_not_finite(values in prop::collection::vec(-60000.0f32..60000.0, 12)) {
        let values: Vec<f16> = values.iter().map(|&v| f16::from_f32(v)).collect();
        let raw = RawFeatures { values: &values, dim: 4 };
        for pca in [None, Some(PcaConfig { components: 2, whiten: true })] {
            let config = TransformConfig { pca, ..TransformConfig::default() };
            let transform = fit_transform(&raw, &config, 1).unwrap();
            let features = apply_transform(&transform, &raw).unwrap();
            prop_assert!(features.data.iter().all(|v| v.is_finite() && v.abs() <= 1.001));
        }
    }
}
