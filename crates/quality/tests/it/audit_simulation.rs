//! The audit keeps its promise, and takes as long as it is said to.

use autolabel_quality::{
    Audit, AuditTarget, SimulatedAudits, accuracy_lower_bound, expected_checks, simulate_audits,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn simulate(population: u32, target_error: f64, wrong: u32, runs: u32) -> SimulatedAudits {
    let target = AuditTarget {
        population,
        target_error,
        alpha: 0.05,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    simulate_audits(target, wrong, runs, &mut rng).unwrap()
}

/// The largest share of 2,000 audits that may go wrong at a level of 5 %: three standard errors more.
const RUNS: u32 = 2_000;
const WORST: f64 = 0.05 + 3.0 * 0.004_873;

#[test]
fn one_wrong_label_too_many_is_rarely_certified() {
    for (population, target_error) in [(4_000, 0.05), (300, 0.05), (3_000, 0.02)] {
        let wrong = (f64::from(population) * target_error).floor() as u32 + 1;
        let audits = simulate(population, target_error, wrong, RUNS);
        let share = f64::from(audits.certified) / f64::from(RUNS);
        assert!(share <= WORST, "{population} at {target_error}: {share}");
        // A level that is never used would make every audit too long.
        assert!(population < 1_000 || share > 0.02, "{population}: {share}");
    }
}

#[test]
fn a_target_that_is_just_met_is_rarely_refuted() {
    for (population, target_error) in [(2_000, 0.05), (500, 0.1)] {
        let wrong = (f64::from(population) * target_error).floor() as u32;
        let audits = simulate(population, target_error, wrong, RUNS);
        let share = f64::from(audits.refuted) / f64::from(RUNS);
        assert!(share <= WORST, "{population} at {target_error}: {share}");
        assert_eq!(audits.certified + audits.refuted, RUNS);
    }
}

#[test]
fn audits_are_as_short_as_published() {
    // Target 5 % of 14,339 labels: medians 85, 134, 243 at 0, 1, 2 % true error.
    for (wrong, low, high) in [(0, 85, 85), (143, 110, 150), (287, 205, 260)] {
        let median = simulate(14_339, 0.05, wrong, 1_000).quantile(0.5);
        assert!((low..=high).contains(&median), "{wrong}: {median}");
    }
}

#[test]
fn expected_lengths_are_those_of_simulated_audits() {
    for (population, target_error) in [
        (14_339, 0.05),
        (5_500, 0.1),
        (14_339, 0.02),
        (1_000, 0.05),
        (300, 0.05),
    ] {
        for share in [0.0, 0.2, 0.4, 0.6, 0.8, 0.9] {
            let wrong = (f64::from(population) * target_error * share).round() as u32;
            let mean = simulate(population, target_error, wrong, 600).mean();
            let true_error = f64::from(wrong) / f64::from(population);
            let expected = expected_checks(target_error, true_error, 0.05, population);
            let ratio = expected / mean;
            assert!(
                (0.85..=1.15).contains(&ratio),
                "{population} at {target_error}, {share}: {expected} {mean} {ratio}"
            );
        }
    }
}

/// Whenever one looks, and also if one stops at the boldest moment, the bound holds.
#[test]
fn the_bound_holds_at_every_moment_at_once() {
    const AUDITS: u32 = 600;
    for wrong in [3_u32, 30, 120] {
        let population = 1_000;
        let truth = 1.0 - f64::from(wrong) / f64::from(population);
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(wrong));
        let mut broken = 0;
        for _ in 0..AUDITS {
            let target = AuditTarget {
                population,
                target_error: 0.05,
                alpha: 0.05,
            };
            let mut audit = Audit::new(target).unwrap();
            for _ in 0..400 {
                let left = population - audit.checked();
                audit
                    .record(rng.random_range(0..left) < wrong - audit.wrong())
                    .unwrap();
            }
            // The bound keeps its boldest moment, so the last look sees whether any was too bold.
            broken += u32::from(accuracy_lower_bound(&audit) > truth + 1e-12);
        }
        let share = f64::from(broken) / f64::from(AUDITS);
        assert!(share <= 0.05 + 3.0 * 0.0089, "{wrong}: {share}");
    }
}
