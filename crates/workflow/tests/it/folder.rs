//! Folders of pictures to work on.

use autolabel_image_io::Samples;
use autolabel_phantoms::{PhantomClass, chest_radiograph};
use autolabel_workflow::{OpenOptions, Project};
use std::path::Path;

/// Class names of the pictures.
pub const CLASSES: [&str; 2] = ["normal", "effusion"];

/// Draws a chest radiograph; its class is in its name, for the expert of the tests.
pub fn draw(folder: &Path, number: u64) -> String {
    let class = class_of(number);
    let phantom = chest_radiograph(number, class);
    let size = (phantom.plane.width, phantom.plane.height);
    let name = format!("{number:04}-{}.png", class.name());
    save_grey(&folder.join(&name), size, levels_of(phantom.plane.samples));
    name
}

/// The grey levels of a drawn picture.
pub fn levels_of(samples: Samples) -> Vec<u8> {
    let Samples::U8(levels) = samples else {
        unreachable!("phantoms have 8 bits");
    };
    levels
}

/// Writes a grey picture.
pub fn save_grey(path: &Path, (width, height): (u32, u32), levels: Vec<u8>) {
    let picture = image::GrayImage::from_raw(width, height, levels).unwrap();
    picture.save(path).unwrap();
}

/// Draws several.
pub fn draw_all(folder: &Path, numbers: std::ops::Range<u64>) {
    for number in numbers {
        draw(folder, number);
    }
}

fn class_of(number: u64) -> PhantomClass {
    if number % 3 == 2 {
        PhantomClass::Effusion
    } else {
        PhantomClass::Normal
    }
}

/// The usual options: known seed and classes.
pub fn options(folder: &Path) -> OpenOptions {
    OpenOptions {
        classes: CLASSES.map(str::to_owned).to_vec(),
        seed: Some(7),
        ..OpenOptions::new(folder)
    }
}

/// Opens a project and imports what is in the folder.
pub async fn imported(options: &OpenOptions) -> Project {
    let project = Project::open(options).await.unwrap();
    import(&project).await;
    project
}

/// Imports to the end and waits for what follows.
pub async fn import(project: &Project) -> String {
    let started = project.start_import().await.unwrap();
    project.idle().await;
    let jobs = project.jobs().await.unwrap();
    let job = jobs.into_iter().find(|job| job.id == started.id).unwrap();
    assert_eq!(
        job.state,
        autolabel_workflow::view::JobState::Done,
        "{}",
        job.message
    );
    job.message
}
