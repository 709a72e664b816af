//! Agreement of grades beside scikit-learn and numpy (`tests/golden/make_grades.py`).

use autolabel_annotation::ClassId;
use autolabel_quality::grade_agreement;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    grades: usize,
    said: Vec<ClassId>,
    label: Vec<ClassId>,
    quadratic_kappa: f64,
    kappa_low: f64,
    kappa_high: f64,
    mean_absolute_error: f64,
    within_one: u64,
    within_one_low: f64,
    within_one_high: f64,
}

#[test]
fn agreement_of_grades_equals_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/grades.json")).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let said = case.said.iter().copied().map(Some);
        let checks: Vec<_> = case.label.iter().copied().zip(said).collect();
        let found = grade_agreement(&checks, case.grades).unwrap().unwrap();
        let kappa = found.quadratic_kappa.unwrap();
        assert_eq!(found.within_one, case.within_one);
        for (ours, theirs, tolerance) in [
            (kappa.value, case.quadratic_kappa, 1e-12),
            (
                found.mean_absolute_error.unwrap(),
                case.mean_absolute_error,
                1e-12,
            ),
            (found.within_one_share.low, case.within_one_low, 1e-9),
            (found.within_one_share.high, case.within_one_high, 1e-9),
            // Their slopes are differences of two kappas.
            (kappa.low, case.kappa_low, 1e-6),
            (kappa.high, case.kappa_high, 1e-6),
        ] {
            assert!(
                (ours - theirs).abs() < tolerance,
                "{number}: {ours} {theirs}"
            );
        }
    }
}
