//! Large projects. `AUTOLABEL_SCALE_IMAGES=1000000` for the full size.

use crate::project::{by_local, image, with_images};
use autolabel_annotation::{ClassId, ImageId, Label};
use autolabel_store::{Event, NewEvent, NewImage};
use std::time::Instant;

#[tokio::test]
async fn many_images_are_added_found_and_labeled() {
    let count: u32 = std::env::var("AUTOLABEL_SCALE_IMAGES").map_or(20_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 0).await;

    let start = Instant::now();
    let all: Vec<u32> = (0..count).collect();
    for chunk in all.chunks(5_000) {
        let images: Vec<NewImage> = chunk.iter().map(|n| image(*n)).collect();
        store.add_images(&images, &[]).await.unwrap();
    }
    println!("added {count} images in {:?}", start.elapsed());

    let start = Instant::now();
    let events: Vec<NewEvent> = (0..count)
        .map(|image| {
            by_local(Event::AutoLabel {
                image: ImageId(image),
                run: 1,
                label: Label::Class(ClassId(1)),
                confidence: 0.97,
            })
        })
        .collect();
    let appended = store.append(&events).await.unwrap();
    assert_eq!(appended.states.len(), count as usize);
    println!("auto-labeled them in {:?}", start.elapsed());

    let start = Instant::now();
    let index = store.image_index(ImageId(0)).await.unwrap();
    println!("loaded the columns of all in {:?}", start.elapsed());
    assert_eq!(index.len(), count as usize);
    assert!(
        index
            .labels
            .iter()
            .all(autolabel_store::LabelState::is_auto_labeled)
    );

    let start = Instant::now();
    let page: Vec<ImageId> = (count - 200..count).map(ImageId).collect();
    assert_eq!(store.images(&page).await.unwrap().len(), 200);
    println!("read the last page of 200 in {:?}", start.elapsed());

    let start = Instant::now();
    let found = store
        .images_named(&format!("{:07}.png", count - 1))
        .await
        .unwrap();
    assert_eq!(found, [ImageId(count - 1)]);
    println!("found one by name in {:?}", start.elapsed());
}
