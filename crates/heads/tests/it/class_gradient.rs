//! Log-odds of raw rows: the same as prediction gives, with the gradient of finite differences.

use crate::toy::clouds;
use autolabel_annotation::ClassId;
use autolabel_heads::{
    Blocks, ClassFunction, Combination, DirichletGp, FeatureTransform, GpConfig, Kernel, Matrix,
    PcaConfig, RawFeatures, TransformConfig, apply_transform, combine, fit, fit_combination,
    fit_transform, predict_means,
};
use half::f16;

struct Fitted {
    raw: Vec<f16>,
    transform: FeatureTransform,
    combination: Combination,
    features: Matrix,
    gp: DirichletGp,
}

const DIM: usize = 12;

fn fitted(kernel: Kernel, max_exact: usize) -> Fitted {
    let (rows, classes) = clouds(90, DIM, 3, 0.4, 5);
    let raw: Vec<f16> = rows.data.iter().map(|v| f16::from_f32(*v)).collect();
    let source = RawFeatures {
        values: &raw,
        dim: DIM,
    };
    let config = TransformConfig {
        standardise: true,
        pca: Some(PcaConfig {
            components: 4,
            whiten: false,
        }),
        blocks: vec![8, 4],
    };
    let transform = fit_transform(&source, &config, 0).unwrap();
    let blocks = apply_transform(&transform, &source).unwrap();
    let layout = Blocks::views_and_outputs(2, &[4]);
    let combination = fit_combination(&blocks, &layout, &[0.7, 0.3], 6).unwrap();
    let features = combine(&combination, &blocks).unwrap();
    let labeled: Vec<u32> = (0..60).collect();
    let config = GpConfig {
        kernel,
        max_exact,
        inducing: 30,
        ..GpConfig::default()
    };
    let gp = fit(&features, &labeled, &classes[..60], 3, &config).unwrap();
    Fitted {
        raw,
        transform,
        combination,
        features,
        gp,
    }
}

impl Fitted {
    fn function(&self) -> ClassFunction<'_> {
        ClassFunction {
            transform: &self.transform,
            combination: &self.combination,
            gp: &self.gp,
        }
    }

    fn row(&self, row: usize) -> Vec<f32> {
        let values = &self.raw[row * DIM..][..DIM];
        values.iter().map(|v| f32::from(*v)).collect()
    }
}

#[test]
fn log_odds_are_those_of_the_predicted_means() {
    for (kernel, max_exact) in [
        (Kernel::Rbf, 100),
        (Kernel::RbfLinear, 100),
        (Kernel::Rbf, 20),
    ] {
        let fitted = fitted(kernel, max_exact);
        let means = predict_means(&fitted.gp, &fitted.features, &[70, 81]).unwrap();
        for (row, means) in [70, 81].into_iter().zip(means.chunks(3)) {
            for class in 0..3_u16 {
                let function = fitted.function();
                let found = function.class_gradient(&fitted.row(row), ClassId(class));
                let found = found.unwrap().log_odds;
                let others = means.iter().enumerate();
                let others: f32 = others
                    .filter(|(j, _)| *j != usize::from(class))
                    .map(|(_, m)| m.exp())
                    .sum();
                let expected = means[usize::from(class)] - others.ln();
                assert!(
                    (found - f64::from(expected)).abs() < 2e-2,
                    "{found} {expected}"
                );
            }
        }
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    for kernel in [Kernel::Rbf, Kernel::RbfLinear] {
        let fitted = fitted(kernel, 100);
        let row = fitted.row(75);
        let value = |row: &[f32]| fitted.function().class_gradient(row, ClassId(1)).unwrap();
        let gradient = value(&row).gradient;
        for (column, gradient) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut row = row.clone();
                row[column] += by;
                (f64::from(row[column]), value(&row).log_odds)
            };
            let ((x0, low), (x1, high)) = (moved(-1e-3), moved(1e-3));
            let expected = (high - low) / (x1 - x0);
            assert!((gradient - expected).abs() < 1e-3 * expected.abs().max(1.0));
        }
    }
}

#[test]
fn within_a_block_the_gradient_is_blind_to_the_distance_from_the_pool() {
    let fitted = fitted(Kernel::Rbf, 100);
    let row = fitted.row(64);
    let found = fitted.function().class_gradient(&row, ClassId(1)).unwrap();
    let means = fitted.transform.pool_means();
    for block in [0..8, 8..12] {
        let parts = block.map(|c| found.gradient[c] * f64::from(row[c] - means[c]));
        let parts: Vec<f64> = parts.collect();
        let size: f64 = parts.iter().map(|p| p.abs()).sum();
        assert!(
            parts.iter().sum::<f64>().abs() < 1e-3 * size && size > 0.01,
            "{parts:?}"
        );
    }
}

#[test]
fn refuses_what_does_not_belong_together() {
    let fitted = fitted(Kernel::Rbf, 100);
    let function = fitted.function();
    let row = fitted.row(0);
    assert!(function.class_gradient(&row[1..], ClassId(0)).is_err());
    assert!(function.class_gradient(&row, ClassId(3)).is_err());
}
