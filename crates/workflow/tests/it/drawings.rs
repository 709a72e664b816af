//! A project whose labels are drawn: the queue covers the images, drawings survive, exports are COCO.

use crate::expert::say;
use crate::folder::{draw_all, imported, options};
use autolabel_annotation::{
    Answer, BoundingBox, ClassId, Drawing, DrawingId, DrawnShape, Geometry, ImageSize, Mask, Task,
};
use autolabel_workflow::view::ImageView;
use autolabel_workflow::{ExportFormat, OpenOptions, Project, WorkflowError};
use std::collections::BTreeSet;
use std::path::Path;

fn drawn(folder: &Path, task: Task) -> OpenOptions {
    OpenOptions {
        classes: ["lung", "heart"].map(str::to_owned).to_vec(),
        task,
        ..options(folder)
    }
}

fn area(image: &ImageView, left: f32) -> BoundingBox {
    let (width, height) = (image.width as f32, image.height as f32);
    BoundingBox::new(left * width, 0.2 * height, 0.4 * width, 0.5 * height).unwrap()
}

fn drawing(shapes: impl IntoIterator<Item = (u16, Geometry)>) -> Drawing {
    let shapes = shapes.into_iter().map(|(class, geometry)| DrawnShape {
        class: ClassId(class),
        geometry,
    });
    Drawing {
        shapes: shapes.collect(),
        ignored: None,
    }
}

async fn label(project: &Project, count: usize) -> Vec<ImageView> {
    let mut labeled = Vec::new();
    for _ in 0..count {
        let queue = project.queue("local", 1).await.unwrap();
        let image = queue.items[0].image.clone();
        let shapes = [(0, area(&image, 0.05)), (1, area(&image, 0.5))];
        let shapes = shapes.map(|(class, area)| (class, Geometry::Box(area)));
        let kept = project
            .save_drawing(image.id, &drawing(shapes))
            .await
            .unwrap();
        let answer = Answer::Drawn { drawing: kept.id };
        say(project, &image, answer).await.unwrap();
        project.idle().await;
        labeled.push(image);
    }
    labeled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drawings_survive_and_are_exported_as_they_were_drawn() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..30);
    let project = imported(&drawn(folder.path(), Task::InstanceSegmentation)).await;
    // The first network comes after the first batch, of four.
    let images = label(&project, 3).await;
    let different: BTreeSet<_> = images.iter().map(|image| image.id).collect();
    assert_eq!(different.len(), 3, "no image is asked for twice");
    assert!(
        project.auto_label().await.is_err(),
        "nothing has learnt from shapes"
    );
    project.close().await.unwrap();

    let project = Project::open(&drawn(folder.path(), Task::InstanceSegmentation))
        .await
        .unwrap();
    let counts = project.view().await.unwrap().counts;
    assert_eq!((counts.labeled, counts.unlabeled), (3, 27));
    let first = project.image(images[0].id).await.unwrap();
    let Some(Answer::Drawn { drawing: id }) = first.answer else {
        panic!("{first:?}");
    };
    let kept = project.drawing(id).await.unwrap().drawing;
    let size = ImageSize::new(first.width, first.height).unwrap();
    let masks = [0.05, 0.5].map(|left| Mask::of_box(size, &area(&first, left)));
    assert_eq!(
        kept,
        drawing((0_u16..).zip(masks.clone().map(Geometry::Mask)))
    );

    let target = folder.path().join("out.json");
    project.export(ExportFormat::Coco, &target).await.unwrap();
    let coco: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&target).unwrap()).unwrap();
    let annotations = coco["annotations"].as_array().unwrap();
    assert_eq!(annotations.len(), 6);
    let of_first: Vec<_> = annotations
        .iter()
        .filter(|a| a["image_id"] == first.id.0)
        .collect();
    for (annotation, (category, mask)) in of_first.iter().zip((1..).zip(&masks)) {
        assert_eq!(annotation["category_id"], category);
        assert_eq!(annotation["area"], mask.area());
        let read: Mask = serde_json::from_value(annotation["segmentation"].clone()).unwrap();
        assert_eq!(&read, mask, "pixel for pixel");
    }
    let lines = folder.path().join("out.jsonl");
    project.export(ExportFormat::Jsonl, &lines).await.unwrap();
    let lines = std::fs::read_to_string(lines).unwrap();
    let line = lines.lines().nth(first.id.row()).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let shapes: Vec<DrawnShape> = serde_json::from_value(line["shapes"].clone()).unwrap();
    assert_eq!(shapes, kept.shapes);
    let folders = folder.path().join("out");
    let refused = project.export(ExportFormat::Folders, &folders).await;
    assert!(
        refused.is_err(),
        "an image with shapes is in no class folder"
    );
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_belong_is_refused_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..6);
    let project = imported(&drawn(folder.path(), Task::Detection)).await;
    let image = project.queue("local", 1).await.unwrap().items[0]
        .image
        .clone();
    let sentence =
        |refused: Result<_, WorkflowError>| refused.map(|_: ()| ()).unwrap_err().to_string();

    let size = ImageSize::new(image.width, image.height).unwrap();
    let mask = drawing([(0, Geometry::Mask(Mask::full(size)))]);
    let refused = project.save_drawing(image.id, &mask).await.map(drop);
    assert_eq!(
        sentence(refused),
        "shape 1 is no box, and this project asks for boxes; draw a box around it"
    );
    let unknown = Answer::Drawn {
        drawing: DrawingId(77),
    };
    let refused = say(&project, &image, unknown).await.map(drop);
    assert!(
        sentence(refused).contains("drawing"),
        "a number that is not there"
    );
    let class = Answer::Class { class: ClassId(0) };
    let refused = say(&project, &image, class).await.map(drop);
    assert!(sentence(refused).contains("the project takes boxes"));

    // Nothing on it is an answer, too.
    let empty = project
        .save_drawing(image.id, &Drawing::default())
        .await
        .unwrap();
    let answer = Answer::Drawn { drawing: empty.id };
    say(&project, &image, answer).await.unwrap();
    assert_eq!(project.image(image.id).await.unwrap().answer, Some(answer));
    project.undo("local").await.unwrap();
    assert_eq!(project.image(image.id).await.unwrap().answer, None);
    let again = project
        .save_drawing(image.id, &Drawing::default())
        .await
        .unwrap();
    assert_eq!(again.id, empty.id);
    project.close().await.unwrap();
}
