//! The threshold on pools whose truth is known.

use autolabel_quality::{
    Audit, AuditOutcome, AuditTarget, ThresholdConfig, ThresholdLimit, ValidationItem,
    attempt_alpha, audit_plan, auto_labelable, certified_threshold, choose_threshold, tighten,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Pool {
    confidences: Vec<f32>,
    correct: Vec<bool>,
}

/// Mostly sure predictions with a doubtful tail, right with probability `trust(confidence)`.
fn pool(size: usize, seed: u64, trust: impl Fn(f64) -> f64) -> Pool {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut confidences, mut correct) = (Vec::new(), Vec::new());
    for _ in 0..size {
        let doubt: f64 = rng.random::<f64>().powi(4) * 0.6;
        let confidence = 1.0 - doubt;
        confidences.push(confidence as f32);
        correct.push(rng.random_bool(trust(confidence).clamp(0.0, 1.0)));
    }
    Pool {
        confidences,
        correct,
    }
}

impl Pool {
    fn items(&self, rows: impl IntoIterator<Item = usize>) -> Vec<ValidationItem> {
        rows.into_iter()
            .map(|row| ValidationItem {
                confidence: self.confidences[row],
                correct: self.correct[row],
            })
            .collect()
    }

    fn error_from(&self, threshold: f64) -> f64 {
        let accepted: Vec<bool> = self
            .confidences
            .iter()
            .zip(&self.correct)
            .filter(|(confidence, _)| f64::from(**confidence) >= threshold)
            .map(|(_, correct)| *correct)
            .collect();
        accepted.iter().filter(|correct| !**correct).count() as f64 / accepted.len() as f64
    }
}

#[test]
fn a_calibrated_model_labels_most_and_leaves_a_margin() {
    let pool = pool(9_000, 1, |confidence| confidence);
    let config = ThresholdConfig::default();
    let choice = choose_threshold(&pool.confidences, &pool.items(0..90), &config).unwrap();
    let threshold = choice.threshold.unwrap();
    let share = choice.accepted as f64 / 9_000.0;
    assert!(share > 0.5, "{choice:?}");
    assert!(pool.error_from(threshold) <= 0.05, "{choice:?}");
    assert!(choice.expected_error < 0.045, "{choice:?}");
    assert_eq!(choice.accepted + choice.returned, 9_000);
    assert!(choice.error_bound.unwrap() > choice.expected_error);
    // Without the price of the audit more would pass.
    let all = auto_labelable(&pool.confidences, &pool.items(0..90), &config).unwrap();
    assert!(all.accepted >= choice.accepted && all.expected_error <= 0.05);
}

#[test]
fn random_labels_overrule_a_boastful_model() {
    // There are two to ten times as many errors as the model says.
    let config = ThresholdConfig::default();
    let (mut believed_errors, mut checked_errors) = (0.0, 0.0);
    for seed in 0..12 {
        let pool = pool(9_000, 200 + seed, |confidence| {
            1.0 - (1.0 - confidence).sqrt() * 0.6
        });
        let believed = choose_threshold(&pool.confidences, &[], &config).unwrap();
        let checked = choose_threshold(&pool.confidences, &pool.items(0..600), &config).unwrap();
        assert!(
            checked.accepted < believed.accepted,
            "{believed:?} {checked:?}"
        );
        let truth = |threshold: Option<f64>| threshold.map_or(0.0, |t| pool.error_from(t));
        believed_errors += truth(believed.threshold) / 12.0;
        checked_errors += truth(checked.threshold) / 12.0;
    }
    assert!(believed_errors > 0.06, "the premise: {believed_errors}");
    assert!(checked_errors < 0.05, "{checked_errors}");
}

#[test]
fn a_hopeless_model_labels_nothing() {
    let pool = pool(2_000, 3, |_| 0.6);
    let config = ThresholdConfig::default();
    let choice = choose_threshold(&pool.confidences, &pool.items(0..300), &config).unwrap();
    assert_eq!(choice.limit, ThresholdLimit::NothingKeepsTarget);
    assert_eq!((choice.threshold, choice.returned), (None, 2_000));
    let none = choose_threshold(&[], &[], &config).unwrap();
    assert_eq!((none.accepted, none.returned), (0, 0));
}

#[test]
fn an_audit_that_costs_more_than_labeling_is_said_to() {
    let sure = [0.999_f32; 40];
    let choice = choose_threshold(&sure, &[], &ThresholdConfig::default()).unwrap();
    assert_eq!((choice.accepted, choice.limit), (40, ThresholdLimit::Pool));
    let dear = ThresholdConfig {
        audit_cost: 60.0,
        ..ThresholdConfig::default()
    };
    let choice = choose_threshold(&sure, &[], &dear).unwrap();
    assert_eq!(choice.limit, ThresholdLimit::AuditNotWorthwhile);
    assert!(choice.expected_cost >= 40.0 * dear.label_cost);
    assert_eq!(choice.accepted, 40, "people may want it all the same");
}

/// A boastful model and no random labels at all: the audits themselves find the right threshold.
#[test]
fn refuted_audits_lead_to_a_certificate() {
    let pool = pool(9_000, 5, |confidence| 1.0 - (1.0 - confidence).sqrt() * 0.6);
    let mut evidence: Vec<ValidationItem> = Vec::new();
    let mut choice = choose_threshold(&pool.confidences, &[], &ThresholdConfig::default()).unwrap();
    assert!(
        pool.error_from(choice.threshold.unwrap()) > 0.06,
        "the premise"
    );
    for attempt in 1..=5 {
        let threshold = choice.threshold.unwrap();
        let accepted: Vec<u32> = (0..9_000)
            .filter(|&row| f64::from(pool.confidences[row as usize]) >= threshold)
            .collect();
        let target = AuditTarget {
            population: accepted.len() as u32,
            target_error: 0.05,
            alpha: attempt_alpha(0.05, attempt),
        };
        let mut audit = Audit::new(target).unwrap();
        let plan = audit_plan(&accepted, u64::from(attempt));
        for &row in &plan.order {
            if audit.outcome() != AuditOutcome::Running {
                break;
            }
            audit.record(!pool.correct[row as usize]).unwrap();
        }
        if audit.outcome() == AuditOutcome::Certified {
            assert!(
                attempt > 1 && pool.error_from(threshold) <= 0.05,
                "{attempt}"
            );
            return;
        }
        let checked = plan.order.iter().take(audit.checked() as usize);
        // Checks of every audit are a fair sample above any stricter threshold.
        evidence.extend(pool.items(checked.map(|&row| row as usize)));
        let config = ThresholdConfig {
            alpha: attempt_alpha(0.05, attempt + 1),
            ..ThresholdConfig::default()
        };
        let stricter = tighten(&pool.confidences, &[], &evidence, threshold, &config).unwrap();
        assert!(stricter.threshold.unwrap() > threshold);
        assert!(stricter.accepted < choice.accepted);
        choice = stricter;
    }
    panic!("five audits were refuted");
}

#[test]
fn a_refuted_threshold_is_not_offered_again() {
    let pool = pool(9_000, 5, |confidence| confidence);
    let config = ThresholdConfig::default();
    let first = choose_threshold(&pool.confidences, &[], &config).unwrap();
    let refuted = first.threshold.unwrap();
    let clean = [ValidationItem {
        confidence: 1.0,
        correct: true,
    }];
    let second = tighten(&pool.confidences, &[], &clean, refuted, &config).unwrap();
    assert!(second.threshold.unwrap() > refuted);
}

#[test]
fn the_certified_variant_is_wrong_rarely() {
    let config = ThresholdConfig {
        alpha: 0.05,
        ..ThresholdConfig::default()
    };
    let (mut found, mut wrong) = (0, 0);
    for seed in 0..200 {
        let pool = pool(2_000, 100 + seed, |confidence| {
            1.0 - (1.0 - confidence) * 0.9
        });
        let random_part = pool.items(0..400);
        let certified = certified_threshold(&pool.confidences, &random_part, &config).unwrap();
        if let Some(threshold) = certified.threshold {
            found += 1;
            wrong += u32::from(pool.error_from(threshold) > 0.05);
            assert!(certified.error_bound.unwrap() <= 0.05);
        }
    }
    assert!(found > 120, "{found}");
    // 5 % and three standard errors.
    assert!(
        f64::from(wrong) <= 200.0 * (0.05 + 3.0 * 0.0154),
        "{wrong} of {found}"
    );
}

#[test]
fn too_few_random_labels_certify_nothing_but_say_how_many_would() {
    let pool = pool(4_000, 9, |confidence| confidence);
    let certified = certified_threshold(
        &pool.confidences,
        &pool.items(0..50),
        &ThresholdConfig::default(),
    )
    .unwrap();
    assert_eq!(certified.threshold, None);
    assert!(
        certified.random_labels_needed.unwrap() > 73,
        "{certified:?}"
    );
}

#[test]
fn a_lucky_dip_after_a_bad_stretch_does_not_count() {
    // The surest are wrong; the many less sure ones are right.
    let mut items: Vec<ValidationItem> = (0..100)
        .map(|_| ValidationItem {
            confidence: 0.99,
            correct: false,
        })
        .collect();
    items.extend((0..5_000).map(|_| ValidationItem {
        confidence: 0.97,
        correct: true,
    }));
    let confidences: Vec<f32> = (0..1_000)
        .map(|row| if row < 100 { 0.99 } else { 0.97 })
        .collect();
    let choice = choose_threshold(&confidences, &items, &ThresholdConfig::default()).unwrap();
    assert_eq!(choice.limit, ThresholdLimit::NothingKeepsTarget);
}

#[test]
fn rubbish_is_refused_in_words() {
    let config = ThresholdConfig::default();
    let message = choose_threshold(&[0.5, 1.5], &[], &config)
        .unwrap_err()
        .to_string();
    assert_eq!(message, "a probability is 1.5; it must lie between 0 and 1");
    let config = ThresholdConfig {
        target_error: f64::NAN,
        ..config
    };
    assert!(choose_threshold(&[0.5], &[], &config).is_err());
}
