//! Boxes or instances on real images, learnt from all labeled ones: average precision on images never
//! seen, and what it cost.
//!
//!     cargo run --release -p autolabel-workflow --example shapes -- FOLDER [name=value ...]
//!
//! FOLDER holds `coco.json`, whose images have the fields `split` and `group`; those of the split `pool`
//! are learnt from, those of `test` measured on. Values:
//!
//! - `task`: `boxes` or `instances`;
//! - `seed`, `steps`, `batch`, `views` (augmented views of an image), `threads`;
//! - `side`: pixels of a view to learn from; boxes are found at this long side as well;
//! - `magnified`: pixels of a view to learn instances from for one of the image, `looked`: the same for
//!   images to find them on;
//! - `stretched=1`: the darkest and brightest hundredth of an image become black and white;
//! - `held=K`: leave the split `test` alone and measure on the fifth K (0 to 4) of the groups of the pool,
//!   to choose settings by.

#![allow(
    clippy::print_stdout,
    reason = "an example tells its findings on the terminal"
)]

#[path = "../clock/mod.rs"]
mod clock;
mod collection;
mod measures;

use std::error::Error;
use std::path::Path;

use autolabel_annotation::ImageSize;
use autolabel_image_io::{AugmentRange, Augmentation, augmented};
use autolabel_models::{
    EngineChoice, FrozenStages, default_network, frozen_stage_maps, frozen_stage_values,
    load_frozen_stages,
};
use autolabel_training::{
    DenseConfig, DenseExample, DenseMaps, DenseState, DenseTarget, DenseTask, DenseView,
    FoundShape, Tail, dense_logits, train_dense,
};
use half::f16;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::clock::Clock;
use crate::collection::{Collection, DrawnImage};

/// Images whose maps are computed together.
const BATCH: usize = 16;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

struct Settings {
    is_boxes: bool,
    seed: u64,
    steps: usize,
    batch: usize,
    views: usize,
    threads: usize,
    side: usize,
    magnified: f64,
    looked: f64,
    is_stretched: bool,
    held: Option<usize>,
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder of the images")?;
    let settings = settings(arguments)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads);
    pool.build()?.install(|| run(Path::new(&folder), &settings))
}

fn settings(arguments: impl Iterator<Item = String>) -> Outcome<Settings> {
    let arguments: Vec<String> = arguments.collect();
    let is_boxes = !arguments
        .iter()
        .any(|argument| argument == "task=instances");
    let mut settings = Settings {
        is_boxes,
        seed: 0,
        steps: if is_boxes { 500 } else { 600 },
        batch: 8,
        views: if is_boxes { 3 } else { 6 },
        threads: 2,
        side: if is_boxes { 320 } else { 256 },
        magnified: 1.5,
        looked: 2.0,
        is_stretched: false,
        held: None,
    };
    for argument in &arguments {
        let (name, value) = argument.split_once('=').ok_or("write name=value")?;
        match name {
            "task" if value == "boxes" || value == "instances" => {}
            "seed" => settings.seed = value.parse()?,
            "steps" => settings.steps = value.parse()?,
            "batch" => settings.batch = value.parse()?,
            "views" => settings.views = value.parse()?,
            "threads" => settings.threads = value.parse()?,
            "side" => settings.side = value.parse()?,
            "magnified" => settings.magnified = value.parse()?,
            "looked" => settings.looked = value.parse()?,
            "stretched" => settings.is_stretched = value == "1",
            "held" => settings.held = Some(value.parse()?),
            _ => return Err(format!("there is no setting {argument}").into()),
        }
    }
    Ok(settings)
}

fn run(folder: &Path, settings: &Settings) -> Outcome<()> {
    let collection = Collection::read(folder, settings)?;
    let classes = collection.classes.len();
    let task = match settings.is_boxes {
        true => DenseTask::Boxes { classes },
        false => DenseTask::Instances { classes },
    };
    let stages = load_frozen_stages(EngineChoice::Auto, settings.threads)?;
    println!(
        "engine {} {}, {} images learnt from, {} measured on, {} threads, seed {}",
        stages.engine().name,
        stages.engine().version,
        collection.learnt.len(),
        collection.measured.len(),
        settings.threads,
        settings.seed
    );
    let mut clock = Clock::start();
    let (maps, targets) = views(&stages, &collection.learnt, task, settings)?;
    clock.lap("maps of the frozen stages");
    let state = trained(&maps, targets, task, settings)?;
    clock.lap("training");
    let found = shapes(&stages, &state, &collection.measured, settings)?;
    clock.lap("answers for the images measured on");
    measures::report(&collection, &found, task)
}

/// Maps and targets of the augmented views, image after image.
fn views(
    stages: &FrozenStages,
    images: &[DrawnImage],
    task: DenseTask,
    settings: &Settings,
) -> Outcome<(Vec<f16>, Vec<DenseTarget>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let jobs: Vec<(&DrawnImage, u64)> = images
        .iter()
        .flat_map(|image| (0..settings.views).map(move |_| image))
        .map(|image| (image, rng.random()))
        .collect();
    let side = settings.side;
    let mut maps = Vec::with_capacity(jobs.len() * frozen_stage_values(side, side));
    let mut targets = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(BATCH) {
        let drawn: Result<Vec<_>, _> = jobs
            .par_iter()
            .map(|(image, seed)| {
                let view = drawn_view(image, *seed, settings);
                let target = task.target(&image.drawing, image.size, &view)?;
                Ok::<_, autolabel_training::TrainingError>((augmented(&image.plane, &view), target))
            })
            .collect();
        let (pictures, of_views): (Vec<Vec<f32>>, Vec<DenseTarget>) = drawn?.into_iter().unzip();
        let pictures: Vec<&[f32]> = pictures.iter().map(Vec::as_slice).collect();
        maps.extend(frozen_stage_maps(stages, side, side, &pictures)?);
        targets.extend(of_views);
    }
    Ok((maps, targets))
}

/// A random view of an image to learn from. Of images larger than the view it is a crop, drawn again
/// until at least half of it shows the image.
fn drawn_view(image: &DrawnImage, seed: u64, settings: &Settings) -> Augmentation {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let source = image.sides();
    let side = settings.side;
    let mut range = AugmentRange::default();
    if !settings.is_boxes {
        // The range counts from the size at which the image just fits.
        let longest = source.0.max(source.1) as f64;
        let enlarged = settings.magnified * longest / side as f64;
        range.scale = (range.scale.0 * enlarged, range.scale.1 * enlarged);
        range.shift += 0.5 * (enlarged - 1.0).max(0.0);
    }
    loop {
        let view = Augmentation::draw(&mut rng, source, side, side, &range);
        if settings.is_boxes || shown(&view, source) >= 0.5 {
            return view;
        }
    }
}

/// The share of a view that shows its image, by 16 x 16 places.
fn shown(view: &Augmentation, (rows, columns): (usize, usize)) -> f64 {
    let places = (0..256).filter(|place| {
        let at = |step: usize, side: usize| (step as f64 + 0.5) * side as f64 / 16.0;
        let (x, y) = (at(place % 16, view.width), at(place / 16, view.height));
        let [x, y] = view.source_from_view.map(|[a, b, c]| a * x + b * y + c);
        x >= 0.0 && y >= 0.0 && x < columns as f64 && y < rows as f64
    });
    places.count() as f64 / 256.0
}

fn trained(
    maps: &[f16],
    targets: Vec<DenseTarget>,
    task: DenseTask,
    settings: &Settings,
) -> Outcome<DenseState> {
    let side = settings.side;
    let mut examples: Vec<DenseExample<'_>> = Vec::new();
    let values = maps.chunks_exact(frozen_stage_values(side, side));
    for (index, (maps, target)) in values.zip(targets).enumerate() {
        let maps = DenseMaps::new(side, side, maps)?;
        if index % settings.views == 0 {
            examples.push(DenseExample { views: Vec::new() });
        }
        if let Some(example) = examples.last_mut() {
            example.views.push(DenseView { maps, target });
        }
    }
    let config = DenseConfig {
        steps: settings.steps,
        batch: settings.batch,
        seed: settings.seed,
        ..DenseConfig::default()
    };
    let tail = Tail::read(default_network())?;
    let start = DenseState::start(&tail, task, settings.seed);
    let mut losses = Vec::new();
    let state = train_dense(&examples, &config, start, &mut |state, loss| {
        losses.push(loss);
        if state.step.is_multiple_of(50) {
            let mean = losses.iter().sum::<f32>() / losses.len() as f32;
            println!("step {}: loss {mean:.4}", state.step);
            losses.clear();
        }
        true
    })?;
    Ok(state)
}

/// The shapes that are found on each image, in the order of the images.
fn shapes(
    stages: &FrozenStages,
    state: &DenseState,
    images: &[DrawnImage],
    settings: &Settings,
) -> Outcome<Vec<Vec<FoundShape>>> {
    let views: Vec<Augmentation> = images
        .iter()
        .map(|image| whole_view(image.size, settings))
        .collect();
    let sides = |index: &usize| (views[*index].height, views[*index].width);
    let mut order: Vec<usize> = (0..images.len()).collect();
    order.sort_by_key(sides);
    let mut found = vec![Vec::new(); images.len()];
    for alike in order.chunk_by(|first, second| sides(first) == sides(second)) {
        let (height, width) = sides(&alike[0]);
        for part in alike.chunks(BATCH) {
            let pictures: Vec<Vec<f32>> = part
                .par_iter()
                .map(|index| augmented(&images[*index].plane, &views[*index]))
                .collect();
            let pictures: Vec<&[f32]> = pictures.iter().map(Vec::as_slice).collect();
            let values = frozen_stage_maps(stages, height, width, &pictures)?;
            let maps = values.chunks_exact(frozen_stage_values(height, width));
            let maps: Result<Vec<_>, _> = maps.map(|m| DenseMaps::new(height, width, m)).collect();
            let grids = dense_logits(state, &maps?);
            let shapes: Result<Vec<_>, _> = part
                .par_iter()
                .zip(&grids)
                .map(|(index, grid)| {
                    state
                        .task()
                        .shapes(grid, images[*index].size, &views[*index])
                })
                .collect();
            for (index, shapes) in part.iter().zip(shapes?) {
                found[*index] = shapes;
            }
        }
    }
    Ok(found)
}

/// The whole image: boxes at the side of the views that were learnt from, instances enlarged.
fn whole_view(size: ImageSize, settings: &Settings) -> Augmentation {
    let source = (size.height() as usize, size.width() as usize);
    let scale = match settings.is_boxes {
        true => settings.side as f64 / source.0.max(source.1) as f64,
        false => settings.looked,
    };
    let fitted = |side: usize| ((side as f64 * scale).round() as usize).next_multiple_of(32);
    Augmentation::plain(source, fitted(source.0), fitted(source.1))
}
