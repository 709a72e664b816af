//! Prints how long audits take and how often they are wrong, in 10,000 simulated audits a line.
//!
//! `cargo run --release -p autolabel-quality --example audit_simulation`

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for the terminal whose inputs are constants"
)]

use autolabel_quality::{AuditTarget, attempt_alpha, expected_checks, simulate_audits};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Chance of a false certificate that is permitted.
const ALPHA: f64 = 0.05;

const RUNS: u32 = 10_000;
const SEED: u64 = 20_260_101;

fn main() {
    println!("{RUNS} audits a line, seed {SEED}");
    println!(
        "level  target  labels  true error  median     p90    mean  expected  certified  refuted"
    );
    for (population, target_error) in [
        (14_339, 0.05),
        (5_500, 0.05),
        (14_339, 0.10),
        (14_339, 0.02),
    ] {
        let allowed = (f64::from(population) * target_error).floor() as u32;
        for share in [0.0, 0.2, 0.4, 0.6] {
            let wrong = (f64::from(population) * target_error * share).round() as u32;
            line(population, target_error, wrong, ALPHA);
        }
        line(population, target_error, allowed + 1, ALPHA);
        line(population, target_error, allowed * 3 / 2, ALPHA);
        line(population, target_error, allowed * 2, ALPHA);
    }
    // The first audit of a project leaves a part of the permitted error to later ones.
    for share_of_target in [0.0_f64, 0.2, 0.4, 0.6] {
        let wrong = (14_339.0 * 0.05 * share_of_target).round() as u32;
        line(14_339, 0.05, wrong, attempt_alpha(ALPHA, 1));
    }
}

fn line(population: u32, target_error: f64, wrong: u32, alpha: f64) {
    let target = AuditTarget {
        population,
        target_error,
        alpha,
    };
    let true_error = f64::from(wrong) / f64::from(population);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let audits = simulate_audits(target, wrong, RUNS, &mut rng).expect("a valid target");
    let runs = f64::from(RUNS);
    // Above the target there is no certificate to wait for.
    let expected = if true_error < target_error {
        let checks = expected_checks(target_error, true_error, target.alpha, population);
        format!("{checks:.0}")
    } else {
        "-".to_owned()
    };
    println!(
        "{alpha:5.3}  {:4.1} %  {population:6}  {:8.3} %  {:6}  {:6}  {:6.0}  {expected:>8}  {:7.2} %  {:5.2} %",
        target_error * 100.0,
        true_error * 100.0,
        audits.quantile(0.5),
        audits.quantile(0.9),
        audits.mean(),
        f64::from(audits.certified) / runs * 100.0,
        f64::from(audits.refuted) / runs * 100.0,
    );
}
