//! Segmentation of real images, learnt from n labeled ones: Dice on images never seen, and what it cost.
//!
//!     cargo run --release -p autolabel-workflow --example segmentation -- FOLDER [name=value ...]
//!
//! FOLDER holds `index.csv` with the columns file, mask and split; the masks are pictures of one class
//! a pixel, or of 0 and more than 2 for two classes. Those of the split `pool` are learnt from, those
//! of `test` measured on. Values: n (0 = all), seed, side, steps, batch, views, threads, flips
//! (1 = average over four mirrored views as well), and out: a folder for what another program needs to
//! repeat it, `report.json` with the images learnt from, the seconds and Dice, `network.safetensors`, and
//! one test image as the network saw it with its answer, `picture.f32` and `logits.f32`.

#![allow(
    clippy::print_stdout,
    reason = "an example tells its findings on the terminal"
)]

mod clock;

use std::error::Error;
use std::path::{Path, PathBuf};

use autolabel_image_io::{
    AugmentRange, Augmentation, Plane, ReadLimits, Samples, augmented, augmented_labels,
    model_input_sized, read_plane,
};
use autolabel_models::{
    EngineChoice, FrozenStages, default_network, frozen_stage_maps, frozen_stage_values,
    load_frozen_stages,
};
use autolabel_training::{
    DenseConfig, DenseExample, DenseMaps, DenseState, DenseTarget, DenseTask, DenseView, Tail,
    dense_logits, train_dense,
};
use half::f16;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde_json::{Value, json};

use clock::Clock;

/// Images whose maps are computed together.
const BATCH: usize = 32;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

struct Settings {
    n: usize,
    seed: u64,
    side: usize,
    steps: usize,
    batch: usize,
    views: usize,
    threads: usize,
    flips: bool,
    out: Option<PathBuf>,
}

struct LabeledImage {
    file: String,
    plane: Plane,
    labels: Vec<u8>,
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder of the images")?;
    let mut settings = Settings {
        n: 0,
        seed: 0,
        side: 256,
        steps: 600,
        batch: 8,
        views: 4,
        threads: 2,
        flips: false,
        out: None,
    };
    for argument in arguments {
        let (name, value) = argument.split_once('=').ok_or("write name=value")?;
        if name == "out" {
            settings.out = Some(PathBuf::from(value));
            continue;
        }
        let value: usize = value.parse()?;
        match name {
            "n" => settings.n = value,
            "seed" => settings.seed = value as u64,
            "side" => settings.side = value,
            "steps" => settings.steps = value,
            "batch" => settings.batch = value,
            "views" => settings.views = value,
            "threads" => settings.threads = value,
            "flips" => settings.flips = value > 0,
            _ => return Err(format!("there is no setting {name}").into()),
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads);
    pool.build()?.install(|| run(Path::new(&folder), &settings))
}

fn run(folder: &Path, settings: &Settings) -> Outcome<()> {
    let (mut learnt, test) = read(folder)?;
    let highest = learnt.iter().flat_map(|image| &image.labels).max();
    let classes = usize::from(highest.copied().unwrap_or(1)) + 1;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    learnt.shuffle(&mut rng);
    if settings.n > 0 {
        learnt.truncate(settings.n);
    }
    let stages = load_frozen_stages(EngineChoice::Auto, settings.threads)?;
    let tail = Tail::read(default_network())?;
    let mut clock = Clock::start();
    let (maps, targets) = views(&stages, &learnt, classes, settings, &mut rng)?;
    let size = frozen_stage_values(settings.side, settings.side);
    let mut all = Vec::with_capacity(targets.len());
    for (maps, target) in maps.chunks_exact(size).zip(targets) {
        let maps = DenseMaps::new(settings.side, settings.side, maps)?;
        all.push(DenseView { maps, target });
    }
    let examples: Vec<DenseExample<'_>> = all
        .chunks(settings.views)
        .map(|views| DenseExample {
            views: views.to_vec(),
        })
        .collect();
    let maps_secs = clock.lap("maps of the frozen stages");
    let config = DenseConfig {
        steps: settings.steps,
        batch: settings.batch,
        seed: settings.seed,
        ..DenseConfig::default()
    };
    let start = DenseState::start(&tail, DenseTask::Classes { classes }, settings.seed);
    let mut losses = Vec::new();
    let state = train_dense(&examples, &config, start, &mut |_, loss| {
        losses.push(loss);
        true
    })?;
    let steps_secs = clock.lap("training");
    let dice = evaluate(&stages, &state, &test, classes, settings)?;
    let answers_secs = clock.lap("answers for the test images");
    if let (Some(folder), Some(image)) = (&settings.out, test.first()) {
        let files: Vec<&str> = learnt.iter().map(|image| image.file.as_str()).collect();
        let report = json!({
            "files": files,
            "maps_secs": maps_secs,
            "steps_secs": steps_secs,
            "answers_secs": answers_secs,
            "dice": dice.iter().sum::<f64>() / dice.len() as f64,
            "engine": stages.engine().name,
        });
        let picture = model_input_sized(&image.plane, settings.side as u32, settings.side as u32);
        let pictures = [picture];
        let answer = logits(&stages, &state, &pictures, settings.side)?;
        write_findings(folder, &report, &state, &pictures[0], &answer[0].values)?;
    }
    let last = &losses[losses.len().saturating_sub(20)..];
    let per_class: Vec<String> = dice.iter().map(|dice| format!("{dice:.4}")).collect();
    println!(
        "engine {} {}, {} images learnt from, {} tested on, {} threads, seed {}",
        stages.engine().name,
        stages.engine().version,
        learnt.len(),
        test.len(),
        settings.threads,
        settings.seed
    );
    println!(
        "loss at the end {:.4}",
        last.iter().sum::<f32>() / last.len().max(1) as f32
    );
    println!(
        "Dice {:.4} ({})",
        dice.iter().sum::<f64>() / dice.len() as f64,
        per_class.join(", ")
    );
    Ok(())
}

/// Images to learn from, and to test on.
fn read(folder: &Path) -> Outcome<(Vec<LabeledImage>, Vec<LabeledImage>)> {
    let index = std::fs::read_to_string(folder.join("index.csv"))?;
    let mut lines = index
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.ok_or(format!("index.csv has no column {name}"))
    };
    let (file, mask, split) = (column("file")?, column("mask")?, column("split")?);
    let (mut learnt, mut test) = (Vec::new(), Vec::new());
    for line in lines {
        let plane = read_plane(&folder.join(line[file]), &ReadLimits::default())?;
        let mask = read_plane(&folder.join(line[mask]), &ReadLimits::default())?;
        let Samples::U8(mut labels) = mask.samples else {
            return Err("a mask has more than 8 bits".into());
        };
        if labels.iter().any(|label| *label > 2) {
            labels
                .iter_mut()
                .for_each(|label| *label = u8::from(*label > 127));
        }
        let image = LabeledImage {
            file: line[file].to_owned(),
            plane,
            labels,
        };
        match line[split] {
            "test" => test.push(image),
            _ => learnt.push(image),
        }
    }
    Ok((learnt, test))
}

/// Maps and targets of the augmented views, image after image.
fn views(
    stages: &FrozenStages,
    images: &[LabeledImage],
    classes: usize,
    settings: &Settings,
    rng: &mut ChaCha8Rng,
) -> Outcome<(Vec<f16>, Vec<DenseTarget>)> {
    let side = settings.side;
    let jobs: Vec<(&LabeledImage, u64)> = images
        .iter()
        .flat_map(|image| (0..settings.views).map(move |_| image))
        .map(|image| (image, rng.random()))
        .collect();
    let (mut maps, mut targets) = (Vec::new(), Vec::new());
    for jobs in jobs.chunks(BATCH) {
        let drawn: Vec<(Vec<f32>, Vec<u8>)> = jobs
            .par_iter()
            .map(|(LabeledImage { plane, labels, .. }, seed)| {
                let (rows, columns) = (plane.height as usize, plane.width as usize);
                let mut rng = ChaCha8Rng::seed_from_u64(*seed);
                let range = AugmentRange::default();
                let view = Augmentation::draw(&mut rng, (rows, columns), side, side, &range);
                let labels = augmented_labels(labels, rows, columns, &view);
                (augmented(plane, &view), labels)
            })
            .collect();
        let pictures: Vec<&[f32]> = drawn.iter().map(|(picture, _)| &picture[..]).collect();
        maps.extend(frozen_stage_maps(stages, side, side, &pictures)?);
        for (_, labels) in &drawn {
            targets.push(DenseTarget::of_classes(side, side, classes, labels)?);
        }
    }
    Ok((maps, targets))
}

/// Dice of each class but the first, averaged over the images that have it or claim it.
fn evaluate(
    stages: &FrozenStages,
    state: &DenseState,
    images: &[LabeledImage],
    classes: usize,
    settings: &Settings,
) -> Outcome<Vec<f64>> {
    let side = settings.side;
    let mut sums = vec![[0.0; 2]; classes];
    for images in images.chunks(BATCH) {
        let pictures: Vec<Vec<f32>> = images
            .par_iter()
            .map(|image| model_input_sized(&image.plane, side as u32, side as u32))
            .collect();
        let mut grids = logits(stages, state, &pictures, side)?;
        if settings.flips {
            for flip in 1..4 {
                let flipped: Vec<Vec<f32>> = pictures
                    .iter()
                    .map(|p| mirrored(p, side, 1, flip))
                    .collect();
                let found = logits(stages, state, &flipped, side)?;
                for (grid, found) in grids.iter_mut().zip(found) {
                    let back = mirrored(&found.values, found.columns, found.channels, flip);
                    grid.values
                        .iter_mut()
                        .zip(back)
                        .for_each(|(sum, v)| *sum += v);
                }
            }
        }
        let found: Vec<Vec<Option<f64>>> = grids
            .par_iter()
            .zip(images)
            .map(|(grid, image)| {
                let (rows, columns) = (image.plane.height as usize, image.plane.width as usize);
                let claimed = grid.likeliest(rows, columns);
                (0..classes)
                    .map(|class| dice(&claimed, &image.labels, class as u8))
                    .collect()
            })
            .collect();
        for found in found {
            for ([sum, count], dice) in sums.iter_mut().zip(found) {
                *sum += dice.unwrap_or(0.0);
                *count += f64::from(u8::from(dice.is_some()));
            }
        }
    }
    let means = sums.into_iter().skip(1).map(|[sum, count]| sum / count);
    Ok(means.collect())
}

fn logits(
    stages: &FrozenStages,
    state: &DenseState,
    pictures: &[Vec<f32>],
    side: usize,
) -> Outcome<Vec<autolabel_training::DenseGrid>> {
    let pictures: Vec<&[f32]> = pictures.iter().map(Vec::as_slice).collect();
    let values = frozen_stage_maps(stages, side, side, &pictures)?;
    let maps: Result<Vec<DenseMaps<'_>>, _> = values
        .chunks_exact(frozen_stage_values(side, side))
        .map(|values| DenseMaps::new(side, side, values))
        .collect();
    Ok(dense_logits(state, &maps?))
}

fn write_findings(
    folder: &Path,
    report: &Value,
    state: &DenseState,
    picture: &[f32],
    logits: &[f32],
) -> Outcome<()> {
    let bytes =
        |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("report.json"), report.to_string())?;
    std::fs::write(folder.join("network.safetensors"), state.to_bytes(false))?;
    std::fs::write(folder.join("picture.f32"), bytes(picture))?;
    std::fs::write(folder.join("logits.f32"), bytes(logits))?;
    Ok(())
}

/// Square maps, `[.., side, side, channels]`, mirrored left to right for an odd `flip`, upside down
/// from 2 on.
fn mirrored(values: &[f32], side: usize, channels: usize, flip: usize) -> Vec<f32> {
    let mut found = Vec::with_capacity(values.len());
    for map in values.chunks_exact(side * side * channels) {
        for row in 0..side {
            let row = if flip >= 2 { side - 1 - row } else { row };
            for column in 0..side {
                let column = if flip % 2 == 1 {
                    side - 1 - column
                } else {
                    column
                };
                found.extend(&map[(row * side + column) * channels..][..channels]);
            }
        }
    }
    found
}

/// Twice the shared pixels over those of both; `None` where neither has any.
fn dice(claimed: &[u8], labels: &[u8], class: u8) -> Option<f64> {
    let count = |of: &[u8]| of.iter().filter(|label| **label == class).count();
    let pairs = claimed.iter().zip(labels);
    let both = pairs.filter(|(c, l)| **c == class && **l == class).count();
    let total = count(claimed) + count(labels);
    (total > 0).then(|| 2.0 * both as f64 / total as f64)
}
