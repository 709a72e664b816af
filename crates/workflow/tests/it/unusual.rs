//! Images of another kind stand first where one asks for the unusual ones, and are not asked for again
//! and again.

use crate::expert::{say, truth};
use crate::folder::{draw_all, imported, options};
use autolabel_annotation::{Answer, LabelOrigin};
use autolabel_workflow::view::{ImageFilter, ImageOrder, ImageState};
use autolabel_workflow::{Project, SettingsPatch};
use std::path::Path;

/// Draws stripes and checkerboards: no radiographs, whatever the class in the name.
fn draw_odd(folder: &Path, count: u32) {
    for number in 0..count {
        let size = 6 + 2 * number;
        let picture = image::GrayImage::from_fn(256, 256, |x, y| {
            let dark = (x / size + if number % 2 == 0 { y / size } else { 0 }) % 2 == 0;
            image::Luma([if dark { 20 } else { 235 }])
        });
        let name = format!("9{number:02}-normal.png");
        picture.save(folder.join(name)).unwrap();
    }
}

fn odd(file: &str) -> bool {
    file.starts_with('9')
}

/// Answers so many images, the odd ones as unreadable, and counts the odd ones that were chosen.
async fn answer(project: &Project, count: usize) -> usize {
    let mut chosen = 0;
    for _ in 0..count {
        let queue = project.queue("local", 1).await.unwrap();
        let item = &queue.items[0];
        let answer = if odd(&item.image.file) {
            chosen += usize::from(item.reason.origin != LabelOrigin::Random);
            Answer::Unreadable
        } else {
            let class = truth(&item.image);
            Answer::Class { class }
        };
        say(project, &item.image, answer).await.unwrap();
        project.idle().await;
    }
    chosen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_cannot_read_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..120);
    draw_odd(folder.path(), 30);
    let project = imported(&options(folder.path())).await;
    let patch = SettingsPatch {
        budget_share: Some(1.0),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    let early = answer(&project, 20).await;
    assert!(early >= 2, "the first batches meet the other kind: {early}");
    let late = answer(&project, 40).await;
    assert!(late <= 2, "and then leave it alone: {late}");
    let applied = project.auto_label().await.unwrap();
    assert!(applied.accepted > 0, "{}", applied.text);
    let of_program = ImageFilter {
        state: Some(ImageState::AutoLabeled),
        ..ImageFilter::default()
    };
    let page = project.images(&of_program, 0, 200).await.unwrap();
    assert!(page.images.iter().all(|image| !odd(&image.file)));
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_of_another_kind_come_first() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..190);
    draw_odd(folder.path(), 20);
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
    answer(&project, 140).await;

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
