//! Simulations on shapes: data sets are recognised, and the report adds up.

use crate::discs;
use autolabel_annotation::Task;
use autolabel_workflow::simulate_shapes::{
    Recipe, ShapeConfig, ShapeDataset, ShapeReport, ShapeSource, load_shape_dataset, shape_source,
    simulate_shapes,
};
use autolabel_workflow::{BackboneSource, EngineChoice, load_backbone};
use std::fmt::Write as _;
use std::path::Path;

const IMAGES: u32 = 40;

/// Discs with label images, every fifth of them for tests.
fn data_set(folder: &Path) {
    discs::draw(folder, 0..IMAGES);
    std::fs::create_dir(folder.join("masks")).unwrap();
    let mut table = "file,mask,split\n".to_owned();
    for number in 0..IMAGES {
        let file = discs::file(number);
        let mask = folder.join("masks").join(&file);
        discs::label_image(number).save(mask).unwrap();
        let split = if number % 5 == 0 { "test" } else { "pool" };
        writeln!(table, "{file},masks/{file},{split}").unwrap();
    }
    std::fs::write(folder.join("index.csv"), table).unwrap();
}

fn loaded(folder: &Path) -> ShapeDataset {
    let source = shape_source(folder, None, None).unwrap().unwrap();
    let table = folder.join("index.csv");
    assert_eq!(
        source,
        (Task::SemanticSegmentation, ShapeSource::Masks(table))
    );
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 2).unwrap();
    load_shape_dataset(folder, &source, &backbone, None, &mut |_| {}).unwrap()
}

#[test]
fn masks_are_simulated() {
    let folder = tempfile::tempdir().unwrap();
    data_set(folder.path());
    let dataset = loaded(folder.path());
    assert_eq!(dataset.files.len(), IMAGES as usize);
    assert_eq!(
        dataset.truth[7],
        discs::truth(7, Task::SemanticSegmentation)
    );
    let recipe = Recipe {
        first_steps: 60,
        round_steps: 30,
        views: 2,
        ..Recipe::of(dataset.task, &dataset.sizes)
    };
    let config = ShapeConfig {
        compare: vec!["foreground_random".to_owned()],
        budget_share: 0.5,
        batch_size: Some(8),
        seeds: 1,
        recipe: Some(recipe),
        ..ShapeConfig::default()
    };
    let report = simulate_shapes(&dataset, &config, EngineChoice::Auto, &mut |_| {}).unwrap();
    assert_eq!((report.pool, report.test), (32, 8));
    assert_eq!(report.arms.len(), 2);
    let main = &report.arms[0];
    let labels: Vec<usize> = main.curve.iter().map(|point| point.labels).collect();
    assert_eq!(labels, [4, 8, 16], "batches grow with what is drawn");
    let last = main.curve[2].test.as_ref().unwrap().mean;
    assert!(last > 0.5, "{last}");
    // Drawing from nothing: 10 s, a pick, and the outline; a proposal only ever makes it faster.
    let seconds = main.curve[0].expert_seconds.mean;
    assert!((4.0 * 30.0..4.0 * 150.0).contains(&seconds), "{seconds}");
    assert!(main.curve[2].expert_seconds.mean < 4.2 * seconds);
    let finished = &report.runs[0];
    assert!(finished.expert_hours < finished.by_hand_hours);
    assert!(!finished.false_certificate);
    goes_on_after_an_interruption(&dataset, &config, folder.path(), &report);
}

/// What lies on disk after the first round is what an interrupted program leaves behind.
fn goes_on_after_an_interruption(
    dataset: &ShapeDataset,
    config: &ShapeConfig,
    folder: &Path,
    whole: &ShapeReport,
) {
    let cached = |name: &str| ShapeConfig {
        compare: Vec::new(),
        budget_share: 0.25,
        cache: Some(folder.join(name)),
        ..config.clone()
    };
    let left = folder.join("interrupted/replays");
    let first = simulate_shapes(
        dataset,
        &cached("whole"),
        EngineChoice::Auto,
        &mut |progress| {
            if progress.done == 1 {
                copy(&folder.join("whole/replays"), &left);
            }
        },
    )
    .unwrap();
    assert!(left.is_dir(), "a round is kept");
    let second = simulate_shapes(
        dataset,
        &cached("interrupted"),
        EngineChoice::Auto,
        &mut |_| {},
    )
    .unwrap();
    let seconds = |report: &ShapeReport, round: usize| report.arms[0].curve[round].round_seconds;
    let taken = |round| (seconds(&first, round), seconds(&second, round));
    let (before, after) = taken(0);
    assert!(
        (before - after).abs() < 1e-9,
        "the first round is not repeated"
    );
    let (before, after) = taken(1);
    assert!((before - after).abs() > 1e-9, "the last one is");
    // The same seed gives the same curve, whatever other arms there are.
    for (point, other) in whole.arms[0].curve.iter().zip(&second.arms[0].curve) {
        let (a, b) = (point.test.as_ref().unwrap(), other.test.as_ref().unwrap());
        assert!((a.mean - b.mean).abs() < 1e-9, "{a:?} {b:?}");
    }
    // Once it is done it is not done again.
    let third = simulate_shapes(
        dataset,
        &cached("interrupted"),
        EngineChoice::Auto,
        &mut |_| {},
    )
    .unwrap();
    assert!((seconds(&second, 1) - seconds(&third, 1)).abs() < 1e-9);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_simulated_is_said() {
    let folder = tempfile::tempdir().unwrap();
    data_set(folder.path());
    assert_eq!(
        shape_source(folder.path(), None, Some(Task::SemanticSegmentation))
            .unwrap()
            .map(|(task, _)| task),
        Some(Task::SemanticSegmentation)
    );
    let refused = shape_source(folder.path(), None, Some(Task::Detection)).unwrap_err();
    assert!(refused.to_string().contains("coco.json"), "{refused}");
    std::fs::remove_file(folder.path().join("index.csv")).unwrap();
    assert_eq!(shape_source(folder.path(), None, None).unwrap(), None);
    let config = ShapeConfig {
        strategy: "guess".to_owned(),
        ..ShapeConfig::default()
    };
    let refused = config.check().unwrap_err().to_string();
    assert!(refused.contains("foreground_random"), "{refused}");
}
