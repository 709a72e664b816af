//! Images of another kind stand first where one asks for the unusual ones.

use crate::expert::truth;
use crate::folder::{draw_all, imported, options};
use autolabel_annotation::Answer;
use autolabel_workflow::SettingsPatch;
use autolabel_workflow::view::{AnswerRequest, ImageFilter, ImageOrder, ImageState};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_of_another_kind_come_first() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..190);
    // Stripes and checkerboards: no radiographs, whatever the class in the name.
    for number in 900..920 {
        let size = 6 + 2 * (number - 900);
        let picture = image::GrayImage::from_fn(256, 256, |x, y| {
            let dark = (x / size + if number % 2 == 0 { y / size } else { 0 }) % 2 == 0;
            image::Luma([if dark { 20 } else { 235 }])
        });
        picture
            .save(folder.path().join(format!("{number}-normal.png")))
            .unwrap();
    }
    let project = imported(&options(folder.path())).await;
    let unusual = ImageFilter {
        state: Some(ImageState::Unlabeled),
        unusual: true,
        ..ImageFilter::default()
    };
    let before = project.images(&unusual, 0, 10).await.unwrap();
    assert_eq!(before.total, 0, "nothing is known before there are labels");
    let patch = SettingsPatch {
        // Drawn at random, so that some are left: `auto` asks for what it cannot place.
        strategy: Some("random".to_owned()),
        batch_size: Some(40),
        budget_share: Some(1.0),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    let odd = |file: &str| file.starts_with('9');
    for number in 0..140 {
        let queue = project.queue("local", 1).await.unwrap();
        let image = &queue.items[0].image;
        let answer = if odd(&image.file) {
            Answer::Unreadable
        } else {
            Answer::Class {
                class: truth(image),
            }
        };
        let request = AnswerRequest {
            image: image.id,
            answer,
            seconds: 3.0,
            idempotency_key: number.to_string(),
            reader: None,
        };
        project.answer(request).await.unwrap();
        project.idle().await;
    }

    let ordered = ImageFilter {
        order: ImageOrder::Unusual,
        unusual: false,
        ..unusual.clone()
    };
    let rest = project.images(&ordered, 0, 100).await.unwrap();
    let left = rest.images.iter().filter(|image| odd(&image.file)).count();
    assert!(left >= 2, "some of them were not asked for: {left}");
    let first = rest.images.iter().take(left).all(|image| odd(&image.file));
    let files: Vec<&str> = rest
        .images
        .iter()
        .map(|image| image.file.as_str())
        .collect();
    assert!(first, "{files:?}");
    let found = project.images(&unusual, 0, 100).await.unwrap();
    let said = found.images.iter().filter(|image| odd(&image.file)).count();
    assert!(said == left, "{said} of {left} are called unusual");
    let radiographs = found.total - said as u64;
    assert!(
        radiographs <= 2,
        "few radiographs are foreign: {radiographs}"
    );
    project.close().await.unwrap();
}
