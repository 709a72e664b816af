//! Several findings at once must be what one classifier a finding is.

use crate::toy::clouds;
use autolabel_annotation::ClassId;
use autolabel_heads::{
    GpConfig, HeadsError, Kernel, KernelScale, Matrix, PredictOptions, ScaleChoice, fit,
    fit_findings, leave_one_out, leave_one_out_findings, predict, predict_findings,
};

const FINDINGS: usize = 3;

/// Findings by directions of the features; every third answer to the second is missing, and all of the
/// third.
fn answered(rows: usize) -> (Matrix, Vec<Option<bool>>) {
    let (features, _) = clouds(rows, 8, 2, 1.0, 31);
    let answers = (0..rows)
        .flat_map(|row| {
            let values = features.row(row);
            [
                Some(values[0] > values[1]),
                (row % 3 > 0).then_some(values[2] + values[3] > 0.4),
                None,
            ]
        })
        .collect();
    (features, answers)
}

fn fixed(max_exact: usize) -> GpConfig {
    GpConfig {
        kernel: Kernel::RbfLinear,
        scale: ScaleChoice::Fixed(KernelScale {
            variance: 8.0,
            lengthscale: 0.9,
            linear_variance: 3.0,
        }),
        max_exact,
        inducing: 60,
        ..GpConfig::default()
    }
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-3, "{f} against {e}");
    }
}

#[test]
fn equal_one_classifier_a_finding() {
    let (features, answers) = answered(160);
    let labels = 120;
    let rows: Vec<u32> = (0..labels as u32).rev().collect();
    let given: Vec<Option<bool>> = rows
        .iter()
        .flat_map(|&row| answers[row as usize * FINDINGS..(row as usize + 1) * FINDINGS].to_vec())
        .collect();
    let rest: Vec<u32> = (labels as u32..160).collect();
    let options = PredictOptions::default();
    // With a limit of 100 the first finding is solved by inducing points, the second exactly.
    for config in [fixed(8_000), fixed(100)] {
        let head = fit_findings(&features, &rows, &given, FINDINGS, &config).unwrap();
        let found = predict_findings(&head, &features, &rest, &options).unwrap();
        let without = leave_one_out_findings(&head).unwrap();
        for finding in 0..2 {
            let (kept, classes): (Vec<u32>, Vec<ClassId>) = rows
                .iter()
                .enumerate()
                .filter_map(|(i, &row)| {
                    Some((row, ClassId(u16::from(given[i * FINDINGS + finding]?))))
                })
                .unzip();
            let own = fit(&features, &kept, &classes, 2, &config).unwrap();
            if own.inducing_count().is_some() {
                continue;
            }
            let expected = predict(&own, &features, &rest, &options).unwrap();
            close(&found.findings[finding].mean, &expected.mean);
            close(&found.findings[finding].variance, &expected.variance);
            close(
                &found.findings[finding].probabilities,
                &expected.probabilities,
            );
            let expected = leave_one_out(&own);
            let mut answer = 0;
            for (image, row) in rows.iter().enumerate() {
                if kept.get(answer) == Some(row) {
                    close(without.findings[finding].row(image), expected.row(answer));
                    answer += 1;
                }
            }
            assert_eq!(answer, kept.len());
        }
        // Nothing is known about the third.
        assert!((found.probability(0, 2) - 0.5).abs() < 0.02);
        assert_eq!(head.answer_counts(2), [0, 0]);
        assert_eq!(found.probabilities().len(), rest.len() * FINDINGS);
        let right = (0..rest.len()).filter(|&i| {
            let truth = answers[rest[i] as usize * FINDINGS] == Some(true);
            (found.probability(i, 0) > 0.5) == truth
        });
        assert!(right.count() as f64 > 0.85 * rest.len() as f64);
    }
}

#[test]
fn one_scale_serves_all_findings() {
    let (features, answers) = answered(200);
    let rows: Vec<u32> = (0..200).collect();
    let head = fit_findings(&features, &rows, &answers, FINDINGS, &GpConfig::default()).unwrap();
    let warm = GpConfig {
        scale: ScaleChoice::WarmStart(head.scale()),
        ..GpConfig::default()
    };
    let again = fit_findings(&features, &rows, &answers, FINDINGS, &warm).unwrap();
    let ratio = again.scale().lengthscale / head.scale().lengthscale;
    assert!(ratio > 0.7 && ratio < 1.4, "{ratio}");
}

#[test]
fn refuses_answers_that_do_not_belong_to_the_rows() {
    let (features, answers) = answered(10);
    let config = GpConfig::default();
    let refused = |rows: &[u32], answers: &[Option<bool>], count| {
        fit_findings(&features, rows, answers, count, &config).unwrap_err()
    };
    assert!(matches!(
        refused(&[0], &answers[..2], 3),
        HeadsError::Shape { .. }
    ));
    assert!(matches!(refused(&[0], &[], 0), HeadsError::Empty { .. }));
    assert!(matches!(refused(&[], &[], 3), HeadsError::Empty { .. }));
    assert!(matches!(
        refused(&[10], &answers[..3], 3),
        HeadsError::RowOutOfRange { .. }
    ));
}
