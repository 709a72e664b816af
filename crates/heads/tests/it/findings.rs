//! Several findings at once must be what one classifier a finding is.

use crate::toy::clouds;
use autolabel_annotation::{ClassId, FindingSet};
use autolabel_heads::{
    GpConfig, HeadsError, Kernel, KernelScale, Matrix, PredictOptions, ScaleChoice, fit,
    fit_findings, predict,
};

const FINDINGS: usize = 3;

/// Findings by directions of the features; the third is never there.
fn labeled(rows: usize) -> (Matrix, Vec<FindingSet>) {
    let (features, _) = clouds(rows, 8, 2, 1.0, 31);
    let present = (0..rows)
        .map(|row| {
            let values = features.row(row);
            let first = (values[0] > values[1]).then_some(ClassId(0));
            let second = (values[2] + values[3] > 0.4).then_some(ClassId(1));
            FindingSet::of(first.into_iter().chain(second)).unwrap()
        })
        .collect();
    (features, present)
}

#[test]
fn equal_one_classifier_a_finding() {
    let (features, present) = labeled(160);
    let rows: Vec<u32> = (0..120).rev().collect();
    let given: Vec<FindingSet> = rows.iter().map(|&row| present[row as usize]).collect();
    let rest: Vec<u32> = (120..160).collect();
    let options = PredictOptions::default();
    let config = GpConfig {
        kernel: Kernel::RbfLinear,
        scale: ScaleChoice::Fixed(KernelScale {
            variance: 8.0,
            lengthscale: 0.9,
            linear_variance: 3.0,
        }),
        ..GpConfig::default()
    };
    let heads = fit_findings(&features, &rows, &given, FINDINGS, &config).unwrap();
    assert_eq!(heads.len(), FINDINGS);
    for (finding, head) in heads.iter().enumerate() {
        let number = ClassId(finding as u16);
        let state = |set: &FindingSet| ClassId(u16::from(set.contains(number)));
        let classes: Vec<ClassId> = given.iter().map(state).collect();
        let own = fit(&features, &rows, &classes, 2, &config).unwrap();
        let expected = predict(&own, &features, &rest, &options).unwrap();
        let found = predict(head, &features, &rest, &options).unwrap();
        assert_eq!(found, expected);
        let right = rest.iter().enumerate().filter(|(i, row)| {
            (found.row(*i)[1] > 0.5) == present[**row as usize].contains(number)
        });
        assert!(right.count() as f64 > 0.8 * rest.len() as f64, "{finding}");
    }
}

#[test]
fn one_scale_serves_all_findings() {
    let (features, present) = labeled(200);
    let rows: Vec<u32> = (0..200).collect();
    let heads = fit_findings(&features, &rows, &present, FINDINGS, &GpConfig::default()).unwrap();
    assert!(heads.iter().all(|head| head.scale() == heads[0].scale()));
    let warm = GpConfig {
        scale: ScaleChoice::WarmStart(heads[0].scale()),
        ..GpConfig::default()
    };
    let again = fit_findings(&features, &rows, &present, FINDINGS, &warm).unwrap();
    let ratio = again[0].scale().lengthscale / heads[0].scale().lengthscale;
    assert!(ratio > 0.7 && ratio < 1.4, "{ratio}");
}

#[test]
fn refuses_labels_that_do_not_belong_to_the_rows() {
    let (features, present) = labeled(10);
    let config = GpConfig::default();
    let refused = |rows: &[u32], present: &[FindingSet], count| {
        fit_findings(&features, rows, present, count, &config).unwrap_err()
    };
    assert!(matches!(
        refused(&[0], &present[..2], 3),
        HeadsError::Shape { .. }
    ));
    assert!(matches!(refused(&[0], &[], 0), HeadsError::Empty { .. }));
    assert!(matches!(refused(&[], &[], 3), HeadsError::Empty { .. }));
    assert!(matches!(
        refused(&[10], &present[..1], 3),
        HeadsError::RowOutOfRange { .. }
    ));
}
