//! Labels that are added one batch after the other must give what a fit of all of them gives.

use crate::toy::clouds;
use autolabel_annotation::ClassId;
use autolabel_heads::{
    DirichletGp, GpConfig, HeadsError, Kernel, KernelScale, Matrix, PredictOptions, ScaleChoice,
    extend, fit, leave_one_out, predict,
};
use proptest::prelude::*;

fn fixed(variance: f64, lengthscale: f64, kernel: Kernel) -> GpConfig {
    GpConfig {
        kernel,
        scale: ScaleChoice::Fixed(KernelScale {
            variance,
            lengthscale,
            linear_variance: 2.0,
        }),
        ..GpConfig::default()
    }
}

/// Largest difference of two classifiers over means, variances and probabilities of all images, and
/// over the leave-one-out means of the labels.
fn difference(a: &DirichletGp, b: &DirichletGp, features: &Matrix) -> f32 {
    let rows: Vec<u32> = (0..features.rows as u32).collect();
    let options = PredictOptions::default();
    let [a, b] = [a, b].map(|gp| {
        (
            predict(gp, features, &rows, &options).unwrap(),
            leave_one_out(gp),
        )
    });
    [
        (&a.0.mean, &b.0.mean),
        (&a.0.variance, &b.0.variance),
        (&a.0.probabilities, &b.0.probabilities),
        (&a.1.mean, &b.1.mean),
    ]
    .iter()
    .flat_map(|(a, b)| a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs()))
    .fold(0.0, f32::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Single precision keeps means and variances to 2e-3 in log-odds units where the variance is 20.
    #[test]
    fn batches_equal_one_fit(
        labels in prop::collection::vec(0u16..4, 12..90),
        cuts in prop::collection::vec(0.0f64..1.0, 1..4),
        lengthscale in 0.3f64..2.0,
        is_linear in prop::bool::ANY,
    ) {
        let kernel = if is_linear { Kernel::RbfLinear } else { Kernel::Rbf };
        let config = fixed(20.0, lengthscale, kernel);
        let (features, _) = clouds(110, 6, 3, 0.8, 3);
        let classes: Vec<ClassId> = labels.iter().map(|&class| ClassId(class)).collect();
        let rows: Vec<u32> = (0..classes.len() as u32).map(|row| (row * 37) % 110).collect();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| 1 + (cut * (rows.len() - 1) as f64) as usize).collect();
        ends.push(rows.len());
        ends.sort_unstable();
        ends.dedup();
        let mut gp = fit(&features, &rows[..ends[0]], &classes[..ends[0]], 5, &config).unwrap();
        for pair in ends.windows(2) {
            let batch = pair[0]..pair[1];
            gp = extend(&gp, &features, &rows[batch.clone()], &classes[batch], &config).unwrap().gp;
        }
        let whole = fit(&features, &rows, &classes, 5, &config).unwrap();
        prop_assert!(difference(&gp, &whole, &features) < 2e-3);
        prop_assert!((gp.log_evidence() - whole.log_evidence()).abs() < 1e-3 * whole.log_evidence().abs());
    }
}

#[test]
fn many_small_batches_do_not_drift() {
    let config = fixed(100.0, 1.5, Kernel::Rbf);
    let (features, classes) = clouds(460, 12, 3, 0.8, 4);
    let rows: Vec<u32> = (0..400).collect();
    let mut gp = fit(&features, &rows[..40], &classes[..40], 3, &config).unwrap();
    for start in (40..400).step_by(6) {
        let batch = start..(start + 6).min(400);
        gp = extend(
            &gp,
            &features,
            &rows[batch.clone()],
            &classes[batch],
            &config,
        )
        .unwrap()
        .gp;
    }
    let whole = fit(&features, &rows, &classes[..400], 3, &config).unwrap();
    let difference = difference(&gp, &whole, &features);
    assert!(difference < 5e-3, "{difference}");
}

#[test]
fn beyond_the_exact_limit_it_is_a_fit() {
    let (features, classes) = clouds(300, 8, 2, 0.7, 5);
    let rows: Vec<u32> = (0..260).collect();
    let config = GpConfig {
        max_exact: 200,
        inducing: 50,
        ..fixed(10.0, 1.0, Kernel::Rbf)
    };
    let gp = fit(&features, &rows[..180], &classes[..180], 2, &config).unwrap();
    let grown = extend(&gp, &features, &rows[180..], &classes[180..260], &config).unwrap();
    assert!(grown.gp.inducing_count().is_some());
    // The internal order differs, so inducing points may: classes stay the same.
    let whole = fit(&features, &rows, &classes[..260], 2, &config).unwrap();
    assert!(difference(&grown.gp, &whole, &features) < 1e-3);
}

#[test]
fn advises_a_search_when_labels_surprise_or_have_grown() {
    let (features, classes) = clouds(300, 8, 3, 0.4, 6);
    let rows: Vec<u32> = (0..300).collect();
    let config = GpConfig::default();
    let gp = fit(&features, &rows[..200], &classes[..200], 3, &config).unwrap();
    let advised = |classes: &[ClassId]| {
        let rows = &rows[200..200 + classes.len()];
        extend(&gp, &features, rows, classes, &config)
            .unwrap()
            .search_advised
    };
    assert!(!advised(&classes[200..230]));
    // Every second answer contradicts what was learned.
    let mut wrong = classes[200..230].to_vec();
    for class in wrong.iter_mut().step_by(2) {
        class.0 = (class.0 + 1) % 3;
    }
    assert!(advised(&wrong));
    assert!(advised(&classes[200..300]));
}

#[test]
fn refuses_what_does_not_belong_together() {
    let (features, classes) = clouds(20, 8, 2, 0.4, 7);
    let rows: Vec<u32> = (0..20).collect();
    let config = GpConfig::default();
    let gp = fit(&features, &rows[..10], &classes[..10], 2, &config).unwrap();
    let (other, _) = clouds(20, 9, 2, 0.4, 7);
    let refused = |result: Result<autolabel_heads::Extension, HeadsError>| result.unwrap_err();
    assert!(matches!(
        refused(extend(&gp, &other, &[1], &classes[..1], &config)),
        HeadsError::Shape { .. }
    ));
    assert!(matches!(
        refused(extend(&gp, &features, &[], &[], &config)),
        HeadsError::Empty { .. }
    ));
    assert!(matches!(
        refused(extend(&gp, &features, &[0], &[ClassId(2)], &config)),
        HeadsError::ClassOutOfRange { .. }
    ));
    let mut broken = features.clone();
    broken.data[8] = f32::NAN;
    assert!(matches!(
        refused(extend(&gp, &broken, &[1], &classes[..1], &config)),
        HeadsError::NotFinite { row: 1 }
    ));
}
