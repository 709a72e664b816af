//! The same numbers, bit by bit, for any number of threads.

use crate::toy::clouds;
use autolabel_heads::{GpConfig, PredictOptions, ScaleChoice, fit, leave_one_out, predict};

#[test]
fn fit_and_predict_do_not_depend_on_threads() {
    let (features, classes) = clouds(1_500, 40, 4, 0.8, 5);
    let labeled: Vec<u32> = (0..700).collect();
    let rest: Vec<u32> = (700..1_500).collect();
    let run = |threads: usize, max_exact: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let config = GpConfig {
                search_rows: 150,
                max_exact,
                inducing: 90,
                ..GpConfig::default()
            };
            let gp = fit(&features, &labeled, &classes[..700], 4, &config).unwrap();
            let rest = predict(&gp, &features, &rest, &PredictOptions::default()).unwrap();
            (gp.scale(), rest, leave_one_out(&gp))
        })
    };
    assert_eq!(run(1, 8_000), run(3, 8_000));
    assert_eq!(run(1, 100), run(3, 100));
}

#[test]
fn a_warm_start_reaches_an_evidence_as_good() {
    let (features, classes) = clouds(400, 24, 3, 0.7, 6);
    let rows: Vec<u32> = (0..400).collect();
    let fitted = |scale, count: usize| {
        let config = GpConfig {
            scale,
            ..GpConfig::default()
        };
        fit(&features, &rows[..count], &classes[..count], 3, &config).unwrap()
    };
    let last_round = fitted(ScaleChoice::Search, 350);
    let cold = fitted(ScaleChoice::Search, 400);
    let warm = fitted(ScaleChoice::WarmStart(last_round.scale()), 400);
    assert!(warm.log_evidence() > cold.log_evidence() - 0.5);
}

#[test]
fn searching_the_scale_beats_bad_scales() {
    let (features, classes) = clouds(300, 24, 3, 0.7, 7);
    let rows: Vec<u32> = (0..300).collect();
    let evidence = |scale| {
        let config = GpConfig {
            scale,
            ..GpConfig::default()
        };
        let gp = fit(&features, &rows, &classes, 3, &config).unwrap();
        (gp.log_evidence(), gp.scale())
    };
    let (best, scale) = evidence(ScaleChoice::Search);
    for factor in [0.25, 4.0] {
        for axis in 0..2 {
            let mut other = scale;
            if axis == 0 {
                other.variance *= factor;
            } else {
                other.lengthscale *= factor;
            }
            assert!(evidence(ScaleChoice::Fixed(other)).0 < best);
        }
    }
}
