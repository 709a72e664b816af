//! Our numbers beside those of scipy, scikit-learn, crowd-kit, cleanlab and exact fractions; the scripts that
//! made them stand beside the files in `tests/golden`.

use autolabel_annotation::ClassId;
use autolabel_quality::{
    Audit, AuditTarget, DawidSkeneConfig, KappaWeights, ReaderLabel, ValidationItem, active_lab,
    audit_plan, brier_score, class_measures, clopper_pearson, clopper_pearson_lower,
    clopper_pearson_upper, cohen_kappa, confusion_matrix, dawid_skene, expected_calibration_error,
    hypergeometric_upper, log_loss, reliability, wilson_95, wrong_bound,
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Golden {
    clopper_pearson: Vec<Bound>,
    two_sided: Vec<TwoSided>,
    hypergeometric: Vec<Hypergeometric>,
    labelings: Labelings,
    audits: Vec<AuditCase>,
    audit_orders: Vec<AuditOrder>,
}

#[derive(Deserialize)]
struct Bound {
    hits: u64,
    n: u64,
    alpha: f64,
    lower: f64,
    upper: f64,
}

#[derive(Deserialize)]
struct TwoSided {
    hits: u64,
    n: u64,
    exact: [f64; 2],
    wilson: [f64; 2],
}

#[derive(Deserialize)]
struct Hypergeometric {
    hits: u64,
    n: u64,
    population: u64,
    alpha: f64,
    upper: u64,
}

#[derive(Deserialize)]
struct Labelings {
    truth: Vec<ClassId>,
    predicted: Vec<ClassId>,
    probabilities: Vec<f32>,
    kappa: BTreeMap<String, f64>,
    confusion: Vec<u64>,
    sensitivity: Vec<f64>,
    precision: Vec<f64>,
    brier: f64,
    log_loss: f64,
    expected_calibration_error: f64,
}

#[derive(Deserialize)]
struct AuditCase {
    population: u32,
    alpha: f64,
    wrong: Vec<u8>,
    bound: u32,
}

#[derive(Deserialize)]
struct AuditOrder {
    seed: u64,
    items: Vec<u32>,
    order: Vec<u32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/golden.json")).unwrap()
}

fn near(ours: f64, theirs: f64, tolerance: f64) -> bool {
    (ours - theirs).abs() <= tolerance
}

#[test]
fn exact_bounds_equal_scipy() {
    for row in golden().clopper_pearson {
        let case = format!("{} of {} at {}", row.hits, row.n, row.alpha);
        let upper = clopper_pearson_upper(row.hits, row.n, row.alpha);
        let lower = clopper_pearson_lower(row.hits, row.n, row.alpha);
        assert!(
            near(upper, row.upper, 1e-9),
            "{case}: {upper} {}",
            row.upper
        );
        assert!(
            near(lower, row.lower, 1e-9),
            "{case}: {lower} {}",
            row.lower
        );
    }
}

#[test]
fn intervals_equal_scipy() {
    for row in golden().two_sided {
        let exact = clopper_pearson(row.hits, row.n, 0.05).unwrap();
        let wilson = wilson_95(row.hits, row.n).unwrap();
        for (ours, theirs) in [
            (exact.low, row.exact[0]),
            (exact.high, row.exact[1]),
            (wilson.low, row.wilson[0]),
            (wilson.high, row.wilson[1]),
        ] {
            assert!(
                near(ours, theirs, 1e-9),
                "{} of {}: {ours} {theirs}",
                row.hits,
                row.n
            );
        }
    }
}

#[test]
fn hypergeometric_bounds_equal_scipy() {
    for row in golden().hypergeometric {
        let ours = hypergeometric_upper(row.hits, row.n, row.population, row.alpha);
        assert_eq!(
            ours, row.upper,
            "{} of {} of {}",
            row.hits, row.n, row.population
        );
    }
}

#[test]
fn agreement_equals_scikit_learn() {
    let golden = golden().labelings;
    let matrix = confusion_matrix(&golden.truth, &golden.predicted, 4).unwrap();
    assert_eq!(matrix.counts, golden.confusion);
    for (name, weights) in [
        ("equal", KappaWeights::Equal),
        ("linear", KappaWeights::Linear),
        ("quadratic", KappaWeights::Quadratic),
    ] {
        let ours = cohen_kappa(&matrix, weights).unwrap();
        assert!(near(ours, golden.kappa[name], 1e-12), "{name}");
    }
    for (class, measures) in class_measures(&matrix).iter().enumerate() {
        let sensitivity = measures.sensitivity.unwrap().value;
        let precision = measures.precision.unwrap().value;
        assert!(near(sensitivity, golden.sensitivity[class], 1e-12));
        assert!(near(precision, golden.precision[class], 1e-12));
    }
}

#[test]
fn calibration_equals_scikit_learn() {
    let golden = golden().labelings;
    let brier = brier_score(&golden.probabilities, &golden.truth, 4)
        .unwrap()
        .unwrap();
    assert!(near(brier, golden.brier, 1e-6), "{brier}");
    let loss = log_loss(&golden.probabilities, &golden.truth, 4)
        .unwrap()
        .unwrap();
    assert!(near(loss, golden.log_loss, 1e-6), "{loss}");
    let items: Vec<ValidationItem> = golden
        .probabilities
        .chunks(4)
        .zip(golden.truth.iter().zip(&golden.predicted))
        .map(|(row, (truth, predicted))| ValidationItem {
            confidence: row[predicted.index()],
            correct: truth == predicted,
        })
        .collect();
    let error = expected_calibration_error(&reliability(&items, 15).unwrap()).unwrap();
    assert!(
        near(error, golden.expected_calibration_error, 1e-9),
        "{error}"
    );
}

#[test]
fn the_audit_bound_equals_exact_fractions() {
    for case in golden().audits {
        let target = AuditTarget {
            population: case.population,
            target_error: 0.05,
            alpha: case.alpha,
        };
        let answers = case.wrong.iter().map(|&wrong| wrong == 1);
        let audit = Audit::replay(target, answers).unwrap();
        assert_eq!(
            wrong_bound(&audit),
            case.bound,
            "population {}",
            case.population
        );
    }
}

#[test]
fn anyone_can_repeat_the_order_of_an_audit() {
    for case in golden().audit_orders {
        assert_eq!(audit_plan(&case.items, case.seed).order, case.order);
    }
}

#[derive(Deserialize)]
struct DawidSkeneCase {
    labels: Vec<(u32, u32, u16)>,
    class_count: usize,
    rounds: usize,
    classes: Vec<f64>,
    shares: Vec<f64>,
    skills: Vec<f64>,
}

#[test]
fn dawid_skene_equals_crowd_kit() {
    let case: DawidSkeneCase =
        serde_json::from_str(include_str!("../golden/dawid_skene.json")).unwrap();
    let labels: Vec<ReaderLabel> = case
        .labels
        .iter()
        .map(|&(image, reader, class)| ReaderLabel {
            image,
            reader,
            class,
        })
        .collect();
    let config = DawidSkeneConfig {
        rounds: case.rounds,
        tolerance: f64::NEG_INFINITY,
    };
    let model = dawid_skene(&labels, case.class_count, &config).unwrap();
    assert_eq!(model.rounds, case.rounds);
    for (ours, theirs) in [
        (&model.classes, &case.classes),
        (&model.shares, &case.shares),
        (&model.skills, &case.skills),
    ] {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!(near(*ours, *theirs, 1e-6), "{ours} {theirs}");
        }
    }
}

#[derive(Deserialize)]
struct ActiveLabCase {
    labels: Vec<(u32, u32, u16)>,
    class_count: usize,
    probabilities: Vec<f32>,
    scores: Vec<f64>,
    consensus: Vec<Option<u16>>,
    consensus_quality: Vec<f64>,
    reader_weights: Vec<f64>,
    model_weight: f64,
}

#[test]
fn active_lab_equals_cleanlab() {
    let cases: Vec<ActiveLabCase> =
        serde_json::from_str(include_str!("../golden/active_lab.json")).unwrap();
    for case in cases {
        let labels: Vec<ReaderLabel> = case
            .labels
            .iter()
            .map(|&(image, reader, class)| ReaderLabel {
                image,
                reader,
                class,
            })
            .collect();
        let found = active_lab(&labels, &case.probabilities, case.class_count).unwrap();
        assert_eq!(found.consensus, case.consensus);
        assert!(near(found.model_weight, case.model_weight, 1e-6));
        for (ours, theirs) in [
            (&found.scores, &case.scores),
            (&found.consensus_quality, &case.consensus_quality),
            (&found.reader_weights, &case.reader_weights),
        ] {
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(theirs) {
                assert!(near(*ours, *theirs, 1e-6), "{ours} {theirs}");
            }
        }
    }
}
