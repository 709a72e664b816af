//! What the tests need: a project with some images, and events for them.

use autolabel_annotation::{Answer, ClassId, ImageId, LabelOrigin};
use autolabel_store::{Attributes, Event, NewEvent, NewImage, Store, StoredFingerprint};
use std::path::Path;

/// A project with this many images.
pub async fn with_images(folder: &Path, count: u32) -> Store {
    let store = Store::open(folder, "").await.unwrap();
    let images: Vec<NewImage> = (0..count).map(image).collect();
    store.add_images(&images, &[]).await.unwrap();
    store
}

/// The image of a number, in groups of three.
pub fn image(number: u32) -> NewImage {
    let mut content = [0; 32];
    content[..4].copy_from_slice(&number.to_le_bytes());
    NewImage {
        file: format!("ward {}/image-{number:07}.png", number % 7),
        raw_path: None,
        width: 320,
        height: 240,
        bytes: 1000 + u64::from(number),
        modified_ms: 5,
        fingerprint: StoredFingerprint {
            content,
            perceptual: u64::MAX - u64::from(number),
            thumbnail: vec![1; 256],
        },
        duplicate_of: None,
        attributes: Attributes {
            group: Some(format!("patient {}", number / 3)),
            ..Attributes::default()
        },
    }
}

/// An event by the reader `local`.
pub fn by_local(event: Event) -> NewEvent {
    NewEvent {
        at_ms: 1,
        reader: "local".into(),
        event,
        idempotency_key: None,
    }
}

/// An answer with a key.
pub fn answer(image: u32, class: u16, key: &str) -> NewEvent {
    NewEvent {
        idempotency_key: Some(key.to_owned()),
        ..by_local(Event::Answer {
            image: ImageId(image),
            answer: Answer::Class {
                class: ClassId(class),
            },
            origin: LabelOrigin::Random,
            seconds: 2.0,
        })
    }
}
