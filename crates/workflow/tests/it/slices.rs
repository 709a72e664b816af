//! Slices of a series: neighbours that look alike are images of their own, and what is drawn around one is
//! found.

use crate::expert::say;
use crate::folder::{imported, options, save_grey};
use autolabel_annotation::{
    Answer, BoundingBox, ClassId, Drawing, DrawnShape, Geometry, ImageId, Slice, Task,
};
use autolabel_workflow::view::ImageView;
use autolabel_workflow::{OpenOptions, Project};
use std::path::Path;

const SIDE: u32 = 96;

/// A bright disc on a gradient; its radius alone tells the slices apart.
fn slice(radius: f32) -> Vec<u8> {
    let level = |at: u32| {
        let (x, y) = ((at % SIDE) as f32, (at / SIDE) as f32);
        let disc = if (x - 40.0).hypot(y - 50.0) <= radius {
            90.0
        } else {
            0.0
        };
        (0.8 * x + 0.5 * y + disc) as u8
    };
    (0..SIDE * SIDE).map(level).collect()
}

/// Three slices, and an image of no series that looks like them.
fn write_images(folder: &Path) {
    let radii = [20.0, 20.5, 21.0, 20.2];
    for (file, radius) in ["a.png", "b.png", "c.png", "d.png"].into_iter().zip(radii) {
        save_grey(&folder.join(file), (SIDE, SIDE), slice(radius));
    }
}

/// A project of these, which a table puts in order.
fn with_table(folder: &Path) -> OpenOptions {
    let csv = folder.join("slices.csv");
    let table = "file,series,slice\na.png,t1,12\nb.png,t1,-3\nc.png,t1,4.5\n";
    std::fs::write(&csv, table).unwrap();
    OpenOptions {
        classes: vec!["lesion".to_owned()],
        task: Task::Detection,
        csv: Some(csv),
        ..options(folder)
    }
}

async fn draw(project: &Project, image: &ImageView, x: f32) -> Drawing {
    let area = BoundingBox::new(x, 4.0, 8.0, 8.0).unwrap();
    let drawing = Drawing {
        shapes: vec![DrawnShape {
            class: ClassId(0),
            geometry: Geometry::Box(area),
        }],
        ignored: None,
    };
    let kept = project.save_drawing(image.id, &drawing).await.unwrap();
    let answer = Answer::Drawn { drawing: kept.id };
    say(project, image, answer).await.unwrap();
    kept.drawing
}

async fn images(project: &Project) -> Vec<ImageView> {
    let mut images = Vec::new();
    for row in 0..4 {
        images.push(project.image(ImageId(row)).await.unwrap());
    }
    images
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_comes_later_tells_slices_from_copies() {
    let folder = tempfile::tempdir().unwrap();
    write_images(folder.path());
    let copies = |images: &[ImageView]| -> Vec<bool> {
        images.iter().map(|i| i.duplicate_of.is_some()).collect()
    };
    let project = imported(&options(folder.path())).await;
    assert_eq!(copies(&images(&project).await), [false, true, true, true]);
    assert_eq!(project.view().await.unwrap().counts.duplicates, 3);
    project.close().await.unwrap();
    let with_table = OpenOptions {
        csv: with_table(folder.path()).csv,
        ..options(folder.path())
    };
    let project = imported(&with_table).await;
    let images = images(&project).await;
    assert_eq!(copies(&images), [false, false, false, true]);
    assert_eq!(images[1].slice.as_ref().map(|s| s.position), Some(-3.0));
    assert_eq!(project.view().await.unwrap().counts.duplicates, 1);
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_drawn_around_a_slice_is_found() {
    let folder = tempfile::tempdir().unwrap();
    write_images(folder.path());
    let project = imported(&with_table(folder.path())).await;
    let images = images(&project).await;
    let [last, first, middle, alone] = images.try_into().unwrap();
    let place = Slice {
        series: "t1".to_owned(),
        position: 4.5,
    };
    assert_eq!(middle.slice, Some(place));
    assert_eq!(
        middle.group.as_deref(),
        Some("t1"),
        "slices belong together"
    );
    let alike = [&last, &first, &middle].map(|image| image.duplicate_of);
    assert_eq!(alike, [None; 3], "neighbouring slices are no copies");
    assert_eq!(alone.slice, None);
    assert!(alone.duplicate_of.is_some(), "one of no series is");

    let none = project.neighbours(middle.id).await.unwrap();
    assert_eq!((none.before, none.after), (None, None));
    let drawn = draw(&project, &first, 10.0).await;
    say(&project, &last, Answer::Unreadable).await.unwrap();
    let around = project.neighbours(middle.id).await.unwrap();
    let before = around.before.unwrap();
    assert_eq!((before.image, before.position), (first.id, -3.0));
    assert_eq!((before.file.as_str(), before.width), ("b.png", SIDE));
    assert_eq!(before.drawing, drawn);
    assert_eq!(around.after, None, "an unreadable slice has no drawing");

    draw(&project, &middle, 30.0).await;
    draw(&project, &alone, 50.0).await;
    let around = project.neighbours(last.id).await.unwrap();
    assert_eq!(around.before.unwrap().image, middle.id, "the nearest one");
    let around = project.neighbours(alone.id).await.unwrap();
    assert_eq!((around.before, around.after), (None, None));
    assert!(project.neighbours(ImageId(9)).await.is_err());
    project.close().await.unwrap();
}
