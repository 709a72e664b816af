//! The same numbers, bit by bit, for any number of threads.

use crate::toy::clouds;
use autolabel_annotation::FindingSet;
use autolabel_heads::{
    Familiar, GpConfig, OrdinalConfig, PredictOptions, ScaleChoice, extend, fit, fit_findings,
    fit_ordinal, joint_samples, leave_one_out, predict, predict_means, predict_ordinal,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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
            let options = PredictOptions {
                spread: true,
                ..PredictOptions::default()
            };
            let all = predict(&gp, &features, &rest, &options).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(2);
            let joint = joint_samples(&gp, &features, &rest[..400], 20, &mut rng).unwrap();
            let means = predict_means(&gp, &features, &rest).unwrap();
            (gp.scale(), all, joint, means, leave_one_out(&gp))
        })
    };
    assert_eq!(run(1, 8_000), run(3, 8_000));
    assert_eq!(run(1, 100), run(3, 100));
}

#[test]
fn extending_and_the_other_heads_do_not_depend_on_threads() {
    let (features, classes) = clouds(1_300, 40, 4, 0.8, 5);
    let rows: Vec<u32> = (0..1_300).collect();
    let present: Vec<FindingSet> = (0..1_000)
        .map(|i| FindingSet::from_bits(u64::from(i % 7 < i % 5) + 2 * (i % 2)).unwrap())
        .collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let config = GpConfig {
                search_rows: 150,
                ..GpConfig::default()
            };
            let options = PredictOptions::default();
            let gp = fit(&features, &rows[..900], &classes[..900], 4, &config).unwrap();
            let more = (&rows[900..1_000], &classes[900..1_000]);
            let gp = extend(&gp, &features, more.0, more.1, &config).unwrap().gp;
            let said = predict(&gp, &features, &rows, &options).unwrap();
            let familiar = Familiar::new(features.select(&rows[..1_000])).unwrap();
            let new = familiar.novelty(&features).unwrap();
            let found = fit_findings(&features, &rows[..1_000], &present, 2, &config).unwrap();
            let found = found
                .iter()
                .map(|head| predict(head, &features, &rows, &options).unwrap())
                .collect::<Vec<_>>();
            let config = OrdinalConfig {
                search_rows: 150,
                ..OrdinalConfig::default()
            };
            let graded = fit_ordinal(&features, &rows[..1_000], &classes[..1_000], 4, &config);
            let graded = predict_ordinal(&graded.unwrap(), &features, &rows).unwrap();
            (said, new, found, graded)
        })
    };
    assert_eq!(run(1), run(3));
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
