//! Classifiers for grades beside each other: one head of classes, heads of "above grade k", and the ordinal
//! regression, each with the likeliest grade and the median grade.
//!
//! `cargo xtask bench grades --heads` calls it with folders of images that have a `labels.csv`, whose labels
//! in rising order are the grades. Every classifier labels by its own margin, one image in ten at random,
//! or by random order; all start from the same images of a seed, see the same features, and are
//! measured on the images without a label.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking and prints what it measured"
)]

use autolabel_annotation::ClassId;
use autolabel_heads::{
    FINDING_STATES, GpConfig, Matrix, OrdinalConfig, OrdinalLoss, PredictOptions, ScaleChoice,
    apply_temperature, fit, fit_ordinal, fit_temperature, leave_one_out, ordinal_decisions,
    predict, predict_ordinal,
};
use autolabel_models::{BackboneSource, EngineChoice, load_backbone};
use autolabel_workflow::dataset::{Dataset, load_dataset};
use autolabel_workflow::representation::{self, Representation};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::Path;

const SHARES: [f64; 5] = [0.02, 0.04, 0.06, 0.10, 0.15];
const SEEDS: u64 = 10;

/// As in a round.
const MEDIAN_TEMPERATURE: f64 = 0.6;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Head {
    Classes,
    Cumulative,
    Ordinal,
}

const HEADS: [Head; 3] = [Head::Classes, Head::Cumulative, Head::Ordinal];

fn main() {
    let folders = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"));
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 0).unwrap();
    for folder in folders {
        let folder = Path::new(&folder);
        let cache = folder.with_extension("features");
        let dataset = load_dataset(folder, None, &backbone, Some(&cache), &mut |_| {}).unwrap();
        measure(&dataset);
    }
}

fn measure(dataset: &Dataset) {
    println!(
        "\n## {}: {} images, {} grades, {SEEDS} seeds\n",
        dataset.name,
        dataset.files.len(),
        dataset.class_names.len()
    );
    println!(
        "| order | labels | classifier | grade | exact | mean absolute error | quadratic kappa | log-loss | ranked probability score |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for by_margin in [false, true] {
        let jobs: Vec<(Head, u64)> = HEADS
            .iter()
            .flat_map(|head| (0..SEEDS).map(|seed| (*head, seed)))
            .collect();
        let runs: Vec<Vec<[Score; 2]>> = jobs
            .par_iter()
            .map(|(head, seed)| replay(dataset, *head, by_margin, *seed))
            .collect();
        for (at, share) in SHARES.iter().enumerate() {
            for (number, head) in HEADS.iter().enumerate() {
                let own = &runs[number * SEEDS as usize..][..SEEDS as usize];
                for (decision, name) in ["likeliest", "median"].iter().enumerate() {
                    let scores: Vec<Score> = own.iter().map(|run| run[at][decision]).collect();
                    let order = if by_margin { "margin" } else { "random" };
                    print!("| {order} | {:.0} % | {head:?} | {name} ", 100.0 * share);
                    for of in [
                        |s: &Score| s.exact,
                        |s: &Score| s.error,
                        |s: &Score| s.kappa,
                        |s: &Score| s.log_loss,
                        |s: &Score| s.ranked,
                    ] {
                        let values: Vec<f64> = scores.iter().map(of).collect();
                        let (mean, half) = mean_and_half(&values);
                        print!("| {mean:.3} ± {half:.3} ");
                    }
                    println!("|");
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Score {
    exact: f64,
    error: f64,
    kappa: f64,
    log_loss: f64,
    ranked: f64,
}

/// Scores at each share, of the likeliest and of the median grade.
fn replay(dataset: &Dataset, head: Head, by_margin: bool, seed: u64) -> Vec<[Score; 2]> {
    let truth: Vec<ClassId> = dataset.truth.iter().map(|t| t.class().unwrap()).collect();
    let pool = truth.len();
    let count = dataset.class_names.len();
    let source = dataset.source().unwrap();
    let gp = GpConfig::default();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<u32> = (0..pool as u32).collect();
    order.shuffle(&mut rng);
    let batch = (pool / 50).max(5);
    let first = (SHARES[0] * pool as f64).round() as usize;
    let mut labeled: Vec<u32> = order[..first].to_vec();
    let mut features = dataset.features.clone();
    let mut chosen: Option<Representation> = None;
    let mut scores = Vec::new();
    loop {
        if representation::is_due(labeled.len(), chosen.as_ref()) {
            let known: Vec<_> = labeled.iter().map(|r| dataset.truth[*r as usize]).collect();
            let found = representation::choose(&source, &labeled, &known, count, &gp).unwrap();
            features = source.features(Some(&found.weights)).unwrap();
            chosen = Some(found);
        }
        let known: Vec<ClassId> = labeled.iter().map(|row| truth[*row as usize]).collect();
        let rest: Vec<u32> = order
            .iter()
            .copied()
            .filter(|r| !labeled.contains(r))
            .collect();
        let said = probabilities(head, &features, (&labeled, &known), &rest, count);
        let target = (SHARES[scores.len()] * pool as f64).round() as usize;
        if labeled.len() >= target {
            let of: Vec<ClassId> = rest.iter().map(|row| truth[*row as usize]).collect();
            let median = ordinal_decisions(&said, count, OrdinalLoss::Absolute).unwrap();
            let likeliest: Vec<ClassId> = said.chunks(count).map(first_class).collect();
            scores.push([likeliest, median].map(|decided| score(&said, &decided, &of, count)));
            if scores.len() == SHARES.len() {
                return scores;
            }
        }
        let target = (SHARES[scores.len()] * pool as f64).round() as usize;
        let wanted = batch.min(target - labeled.len());
        let mut leads: Vec<(f32, u32)> = said
            .chunks(count)
            .zip(&rest)
            .map(|(p, row)| (autolabel_selection::lead(p), *row))
            .collect();
        if !by_margin {
            leads.shuffle(&mut rng);
        } else {
            leads.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        for _ in 0..wanted {
            let place = if by_margin && rng.random_bool(0.1) {
                rng.random_range(0..leads.len())
            } else {
                0
            };
            labeled.push(leads.remove(place).1);
        }
    }
}

/// Calibrated class probabilities of `rest`.
fn probabilities(
    head: Head,
    features: &Matrix,
    (rows, known): (&[u32], &[ClassId]),
    rest: &[u32],
    count: usize,
) -> Vec<f32> {
    let options = PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    };
    let calibrated = |left_out: &[f32], mut said: Vec<f32>| {
        let weights = vec![1.0; rows.len()];
        let t = fit_temperature(left_out, count, known, &weights, MEDIAN_TEMPERATURE).unwrap();
        apply_temperature(&mut said, count, t);
        said
    };
    match head {
        Head::Classes => {
            let model = fit(features, rows, known, count, &GpConfig::default()).unwrap();
            let said = predict(&model, features, rest, &options).unwrap();
            calibrated(&leave_one_out(&model).probabilities, said.probabilities)
        }
        Head::Cumulative => {
            let above = |k: usize| -> Vec<ClassId> {
                known
                    .iter()
                    .map(|c| ClassId(u16::from(c.index() > k)))
                    .collect()
            };
            // The scale that the cut in the middle prefers serves all: they share the kernel.
            let sets: Vec<_> = known
                .iter()
                .map(|c| autolabel_annotation::FindingSet::of((0..c.0).map(ClassId)).unwrap())
                .collect();
            let heads = autolabel_heads::fit_findings(
                features,
                rows,
                &sets,
                count - 1,
                &GpConfig::default(),
            )
            .unwrap();
            assert_eq!(above(0).len(), rows.len());
            let said: Vec<Vec<f32>> = heads
                .iter()
                .map(|h| predict(h, features, rest, &options).unwrap().probabilities)
                .collect();
            let left: Vec<Vec<f32>> = heads
                .iter()
                .map(|h| leave_one_out(h).probabilities)
                .collect();
            calibrated(&differenced(&left), differenced(&said))
        }
        Head::Ordinal => {
            let config = OrdinalConfig::default();
            let model = fit_ordinal(features, rows, known, count, &config).unwrap();
            predict_ordinal(&model, features, rest)
                .unwrap()
                .probabilities
        }
    }
}

/// Class probabilities of heads of two classes, "above grade k".
fn differenced(heads: &[Vec<f32>]) -> Vec<f32> {
    let rows = heads[0].len() / FINDING_STATES;
    let mut out = Vec::with_capacity(rows * (heads.len() + 1));
    for row in 0..rows {
        let mut above: Vec<f32> = heads.iter().map(|p| p[row * FINDING_STATES + 1]).collect();
        falling(&mut above);
        let mut before = 1.0;
        for p in above {
            out.push(before - p);
            before = p;
        }
        out.push(before);
    }
    out
}

/// The nearest falling row, by pooling adjacent violators.
fn falling(row: &mut [f32]) {
    let mut blocks: Vec<(f32, usize)> = Vec::new();
    for &value in row.iter() {
        blocks.push((value, 1));
        while let [.., (a, n), (b, m)] = blocks[..] {
            if b <= a {
                break;
            }
            blocks.pop();
            blocks.pop();
            let mean = (a * n as f32 + b * m as f32) / (n + m) as f32;
            blocks.push((mean, n + m));
        }
    }
    let levels = blocks
        .into_iter()
        .flat_map(|(v, n)| std::iter::repeat_n(v, n));
    for (slot, value) in row.iter_mut().zip(levels) {
        *slot = value;
    }
}

fn first_class(row: &[f32]) -> ClassId {
    let best = (0..row.len()).reduce(|a, b| if row[b] > row[a] { b } else { a });
    ClassId(best.unwrap() as u16)
}

fn score(said: &[f32], decided: &[ClassId], truth: &[ClassId], count: usize) -> Score {
    let n = truth.len() as f64;
    let pairs = decided.iter().zip(truth);
    let exact = pairs.clone().filter(|(d, t)| d == t).count() as f64 / n;
    let error = pairs
        .map(|(d, t)| d.index().abs_diff(t.index()) as f64)
        .sum::<f64>()
        / n;
    let matrix = autolabel_quality::confusion_matrix(truth, decided, count).unwrap();
    let kappa = autolabel_quality::cohen_kappa(&matrix, autolabel_quality::KappaWeights::Quadratic);
    let rows = said.chunks(count).zip(truth);
    let log_loss = rows
        .clone()
        .map(|(p, t)| -f64::from(p[t.index()].max(1e-6)).ln())
        .sum::<f64>();
    let ranked: f64 = rows
        .map(|(p, t)| {
            let mut sum = 0.0;
            (0..count - 1)
                .map(|k| {
                    sum += f64::from(p[k]);
                    (sum - f64::from(u8::from(t.index() <= k))).powi(2)
                })
                .sum::<f64>()
        })
        .sum();
    Score {
        exact,
        error,
        kappa: kappa.unwrap_or(0.0),
        log_loss: log_loss / n,
        ranked: ranked / n,
    }
}

/// Mean and half of its 95 % interval (Student's t with 9 degrees of freedom).
fn mean_and_half(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, 2.262 * (variance / n).sqrt())
}
