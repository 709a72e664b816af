//! Beyond `max_exact` labels inducing points must stay close to the exact solution.

use crate::toy::{accuracy, clouds};
use autolabel_heads::{
    GpConfig, KernelScale, PredictOptions, ScaleChoice, fit, leave_one_out, predict,
};

#[test]
fn few_inducing_points_keep_the_accuracy() {
    let (features, classes) = clouds(900, 32, 3, 0.9, 3);
    let labeled: Vec<u32> = (0..600).collect();
    let rest: Vec<u32> = (600..900).collect();
    let exact = GpConfig::default();
    let sparse = GpConfig {
        max_exact: 100,
        inducing: 120,
        ..GpConfig::default()
    };
    let found: Vec<_> = [exact, sparse]
        .iter()
        .map(|config| {
            let gp = fit(&features, &labeled, &classes[..600], 3, config).unwrap();
            let rest = predict(&gp, &features, &rest, &PredictOptions::default()).unwrap();
            (
                gp.inducing_count(),
                accuracy(&rest, &classes[600..]),
                accuracy(&leave_one_out(&gp), &classes[..600]),
                rest,
            )
        })
        .collect();
    assert_eq!(found[0].0, None);
    assert!(found[1].0.is_some_and(|count| count <= 120 && count > 100));
    assert!(
        found[0].1 > 0.7,
        "the data must be learnable: {}",
        found[0].1
    );
    assert!(
        (found[0].1 - found[1].1).abs() < 0.04,
        "{} {}",
        found[0].1,
        found[1].1
    );
    assert!(
        (found[0].2 - found[1].2).abs() < 0.04,
        "{} {}",
        found[0].2,
        found[1].2
    );
    let difference: f32 = found[0]
        .3
        .probabilities
        .iter()
        .zip(&found[1].3.probabilities)
        .map(|(a, b)| (a - b).abs())
        .sum::<f32>()
        / found[0].3.probabilities.len() as f32;
    assert!(
        difference < 0.03,
        "mean difference of probabilities {difference}"
    );
}

#[test]
fn uncertainty_returns_far_from_every_inducing_point() {
    let (features, classes) = clouds(200, 8, 2, 0.1, 4);
    let mut data = features.data.clone();
    // The opposite direction of every label.
    data.extend(features.row(0).iter().map(|value| -value));
    let features = autolabel_heads::Matrix::new(201, 8, data).unwrap();
    let labeled: Vec<u32> = (0..200).collect();
    let config = GpConfig {
        max_exact: 50,
        inducing: 20,
        scale: ScaleChoice::Fixed(KernelScale {
            variance: 10.0,
            lengthscale: 0.5,
            linear_variance: 0.0,
        }),
        ..GpConfig::default()
    };
    let gp = fit(&features, &labeled, &classes, 2, &config).unwrap();
    let found = predict(&gp, &features, &[0, 200], &PredictOptions::default()).unwrap();
    assert!(found.variance[2] > 5.0 * found.variance[0]);
    assert!((found.variance[2] / 10.0 - 1.0).abs() < 0.05);
}
