//! A small project of drawn stripes: even numbers upright, odd ones level.

use autolabel_workflow::{EngineChoice, OpenOptions, Project};
use std::path::Path;
use tempfile::TempDir;

/// Draws the pictures `0000.png`, `0001.png` … into a folder.
pub fn draw(folder: &Path, numbers: std::ops::Range<u32>) {
    std::fs::create_dir_all(folder).unwrap();
    for number in numbers {
        let width = 6 + number % 5;
        let phase = number / 2 * 3;
        let picture = image::GrayImage::from_fn(48, 40, |x, y| {
            let along = if number.is_multiple_of(2) { x } else { y };
            let noise = (x * 31 + y * 17 + number * 7) % 23;
            let bright = ((along + phase) / width).is_multiple_of(2);
            image::Luma([if bright { 180 } else { 40 } + u8::try_from(noise).unwrap()])
        });
        picture
            .save(folder.join(format!("{number:04}.png")))
            .unwrap();
    }
}

/// The class of a picture by its name.
pub fn class_of(file: &str) -> &'static str {
    let number: u32 = file.trim_end_matches(".png").parse().unwrap();
    if number.is_multiple_of(2) {
        "upright"
    } else {
        "level"
    }
}

/// A project of so many pictures, imported and closed again.
pub fn project_of(count: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 0..count);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let project = Project::open(&OpenOptions {
            classes: vec!["upright".to_owned(), "level".to_owned()],
            engine: EngineChoice::Rten,
            seed: Some(1),
            ..OpenOptions::new(folder.path())
        })
        .await
        .unwrap();
        project.start_import().await.unwrap();
        project.idle().await;
        project.close().await.unwrap();
    });
    folder
}
