//! Time and memory of a round and of a cold start at 10,000, 100,000 and 1,000,000 images of 512 columns.
//!
//! Features are synthetic (clusters of unequal size with decaying spectrum, seeds fixed), in half
//! precision, in a memory-mapped file. A round is everything that follows an answered batch of 100: add
//! it to the model of 900 labels, calibrate, look at the pool, judge, look ahead from the history of the
//! rounds before, choose 100. A round that cannot go on from the model before, because an answer was
//! corrected or the scale is due, is measured beside it: it fits 1,000 labels from the last scale. Each
//! size prints
//! the processor time of a round and of its parts, and the peak of the resident memory so far, mapped
//! file included.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking and prints what it measured"
)]

use autolabel_annotation::{Answer, ClassId, ImageTask, LabelOrigin};
use autolabel_heads::{
    FeatureRows, GpConfig, HalfMatrix, PredictOptions, ScaleChoice, fit, fit_after, fit_student,
    leave_one_out, predict,
};
use autolabel_quality::ThresholdConfig;
use autolabel_selection::{BatchConfig, HeadView, PoolView, RoundRecord, StopConfig, rank};
use autolabel_store::{EmbeddingsReader, EmbeddingsWriter};
use autolabel_workflow::round::{Labeled, RoundConfig, RoundInput, RoundModel, run};
use criterion::{Criterion, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

const COLS: usize = 512;
const CLUSTERS: usize = 200;
const CLASSES: u16 = 5;
const LABELS: usize = 1_000;
/// Labels of the model before.
const LABELS_BEFORE: usize = 900;
const BATCH: usize = 100;
const SPREAD: f32 = 0.9;
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// Cluster of an image: the first ones are the largest.
fn cluster(rng: &mut ChaCha8Rng) -> usize {
    let uniform: f32 = rng.random();
    ((uniform * uniform) * CLUSTERS as f32) as usize
}

/// Class of an image. Each seventh cluster is of two kinds.
fn class(row: usize) -> ClassId {
    let mut rng = ChaCha8Rng::seed_from_u64(row as u64);
    let cluster = cluster(&mut rng);
    let other = cluster.is_multiple_of(7) && rng.random::<f32>() < 0.4;
    ClassId(((cluster + usize::from(other)) * 31 % usize::from(CLASSES)) as u16)
}

/// Writes rows of length 1.
fn write_features(path: &Path, rows: usize) {
    let scale: Vec<f32> = (0..COLS)
        .map(|column| 1.0 / (1.0 + column as f32 / 16.0).sqrt())
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let centres: Vec<f32> = (0..CLUSTERS * COLS)
        .map(|i| rng.random_range(-1.0f32..1.0) * scale[i % COLS])
        .collect();
    let mut writer = EmbeddingsWriter::open(path, "bench", COLS).unwrap();
    let numbers: Vec<usize> = (0..rows).collect();
    for part in numbers.chunks(10_000) {
        let mut values = vec![0.0f32; part.len() * COLS];
        values
            .par_chunks_mut(COLS)
            .zip(part)
            .for_each(|(values, &row)| {
                let mut rng = ChaCha8Rng::seed_from_u64(row as u64);
                let centre = &centres[cluster(&mut rng) * COLS..][..COLS];
                for ((value, centre), scale) in values.iter_mut().zip(centre).zip(&scale) {
                    *value = centre + rng.random_range(-SPREAD..SPREAD) * scale;
                }
                let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
                values.iter_mut().for_each(|value| *value /= length);
            });
        writer.append(&values).unwrap();
    }
    writer.sync().unwrap();
}

/// What a round needs beside features and labels.
struct Project {
    excluded: Vec<bool>,
    class_names: Vec<String>,
    history: Vec<RoundRecord>,
    config: RoundConfig,
}

impl Project {
    fn of(rows: usize) -> Self {
        let batch = BatchConfig {
            size: BATCH,
            ..BatchConfig::default()
        };
        Self {
            excluded: vec![false; rows],
            class_names: (0..CLASSES).map(|class| format!("class {class}")).collect(),
            history: history(rows),
            config: RoundConfig {
                batch,
                stop: StopConfig::default(),
                threshold: ThresholdConfig::default(),
                gp: GpConfig::default(),
            },
        }
    }

    fn input<'a>(
        &'a self,
        features: FeatureRows<'a>,
        labels: &'a [Option<Labeled>],
        previous: Option<&'a RoundModel>,
    ) -> RoundInput<'a> {
        RoundInput {
            features,
            representation: None,
            labels,
            excluded: &self.excluded,
            groups: None,
            duplicate_of: None,
            task: ImageTask::Classification,
            class_names: &self.class_names,
            history: &self.history,
            previous,
            config: &self.config,
            seed: 7,
            round: 10,
        }
    }
}

/// A learning curve up to the round before: doubt falls with the root of the labels.
fn history(rows: usize) -> Vec<RoundRecord> {
    (1..=LABELS_BEFORE / BATCH)
        .map(|round| RoundRecord {
            labels: round * BATCH,
            rest: rows - round * BATCH,
            spared: 0,
            doubt: Some(3.0 / ((round * BATCH) as f64).sqrt()),
            next_gain: None,
            kappa: None,
        })
        .collect()
}

/// 1,000 answers spread over the pool, one in ten of them random.
fn answers(rows: usize) -> Vec<Option<Labeled>> {
    let mut labels = vec![None; rows];
    for label in 0..LABELS {
        let row = label * (rows / LABELS);
        let origin = if label % 10 == 0 {
            LabelOrigin::Random
        } else {
            LabelOrigin::Chosen
        };
        labels[row] = Some(Labeled {
            answer: Answer::Class { class: class(row) },
            origin,
        });
    }
    labels
}

/// These answers without the batch that came last: one in ten of each kind.
fn without_last_batch(labels: &[Option<Labeled>]) -> Vec<Option<Labeled>> {
    let mut earlier = labels.to_vec();
    let answered: Vec<usize> = (0..labels.len())
        .filter(|&row| labels[row].is_some())
        .collect();
    for (number, row) in answered.into_iter().enumerate() {
        if number / 10 % 10 == 9 {
            earlier[row] = None;
        }
    }
    earlier
}

/// Processor time of this process so far, in seconds; 0 where the system does not say. On a shared
/// machine it says more than the clock.
fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SECOND
}

/// Prints clock and processor time of the parts of a round, the least of five.
fn print_parts(features: FeatureRows<'_>, before: &RoundModel, model: &RoundModel) {
    let least = |name: &str, part: &mut dyn FnMut()| {
        let mut best = (f64::MAX, f64::MAX);
        for _ in 0..5 {
            let (clock, processor) = (Instant::now(), processor_seconds());
            part();
            best.0 = best.0.min(clock.elapsed().as_secs_f64());
            best.1 = best.1.min(processor_seconds() - processor);
        }
        println!("  {name}: {:.3} s, {:.2} processor seconds", best.0, best.1);
    };
    let width = usize::from(CLASSES);
    let labeled = features.select(&model.learnt);
    let rows: Vec<u32> = (0..LABELS as u32).collect();
    let classes: Vec<ClassId> = model
        .learnt
        .iter()
        .map(|&row| class(row as usize))
        .collect();
    let config = GpConfig {
        scale: ScaleChoice::WarmStart(before.classifier.scale()),
        ..GpConfig::default()
    };
    least("fit at 1,000 labels", &mut || {
        black_box(fit(&labeled, &rows, &classes, width, &config).unwrap());
    });
    least("add 100 labels to 900", &mut || {
        black_box(
            fit_after(
                before.classifier.first(),
                &labeled,
                &classes,
                width,
                &config,
            )
            .unwrap(),
        );
    });
    least("leave one out", &mut || {
        black_box(leave_one_out(model.classifier.first()));
    });
    let options = PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    };
    let some: Vec<u32> = (0..5_000).collect();
    let sample = features.select(&some);
    let exact = predict(model.classifier.first(), &sample, &some, &options).unwrap();
    least("predict 5,000 exactly", &mut || {
        black_box(predict(model.classifier.first(), &sample, &some, &options).unwrap());
    });
    let teach =
        || fit_student(model.classifier.first(), 512, &sample, &exact.probabilities).unwrap();
    least("teach the student", &mut || {
        black_box(teach());
    });
    let student = teach();
    least("student scores all", &mut || {
        black_box(student.probabilities(features).unwrap());
    });
    let pool = PoolView {
        labeled: &rows,
        heads: &[HeadView {
            predictions: &exact,
            model: Some(model.classifier.first()),
        }],
        ..PoolView::cold(&sample, &some)
    };
    let batch = BatchConfig {
        size: BATCH,
        ..BatchConfig::default()
    };
    least("choose 100 of 5,000", &mut || {
        black_box(rank(&pool, &batch, &mut ChaCha8Rng::seed_from_u64(1)).unwrap());
    });
}

/// Largest resident memory of this process so far, in MiB; 0 where the system does not say.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1_024
}

fn round_scale(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("round_scale");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for rows in SIZES {
        let path = folder.path().join(format!("{rows}.f16"));
        write_features(&path, rows);
        let reader = EmbeddingsReader::open(&path, "bench", COLS).unwrap();
        let features = HalfMatrix::new(rows, COLS, reader.rows()).unwrap();
        let features = FeatureRows::from(&features);
        let project = Project::of(rows);
        let labels = answers(rows);
        let earlier = without_last_batch(&labels);
        let before = run(&project.input(features, &earlier, None)).unwrap();
        let before = before.model.unwrap();
        let mut foreign = before.clone();
        foreign.learnt.clear();
        let outcome = run(&project.input(features, &labels, Some(&before))).unwrap();
        let share = outcome.auto_share.unwrap().share;
        for (name, previous) in [("round", &before), ("round with a new fit", &foreign)] {
            group.bench_function(format!("{name} of {rows}"), |b| {
                b.iter(|| {
                    black_box(run(&project.input(features, &labels, Some(previous))).unwrap())
                });
            });
            let start = processor_seconds();
            for _ in 0..3 {
                black_box(run(&project.input(features, &labels, Some(previous))).unwrap());
            }
            let processor = (processor_seconds() - start) / 3.0;
            println!("{name} of {rows}: {processor:.2} processor seconds");
        }
        println!("parts of a round of {rows}:");
        print_parts(features, &before, &outcome.model.unwrap());
        let nothing = vec![None; rows];
        group.bench_function(format!("cold start of {rows}"), |b| {
            b.iter(|| black_box(run(&project.input(features, &nothing, None)).unwrap()));
        });
        println!(
            "{rows} images: peak resident memory {} MiB, auto-labelable {share:.3}, standard error {:?}",
            peak_mebibytes(),
            outcome.auto_share_error
        );
    }
    group.finish();
}

criterion_group!(benches, round_scale);
criterion_main!(benches);
