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

/// Three slices, out of order, and an image of no series that looks like them.
fn write(folder: &Path) -> OpenOptions {
    let radii = [("a.png", 20.0), ("b.png", 20.5), ("c.png", 21.0)];
    for (file, radius) in radii {
        save_grey(&folder.join(file), (SIDE, SIDE), slice(radius));
    }
    save_grey(&folder.join("d.png"), (SIDE, SIDE), slice(20.2));
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_drawn_around_a_slice_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let project = imported(&write(folder.path())).await;
    let mut images = Vec::new();
    for row in 0..4 {
        images.push(project.image(ImageId(row)).await.unwrap());
    }
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
