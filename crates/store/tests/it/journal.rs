//! Events are written once, in order, and never change.

use crate::project::{answer, by_local, image, with_images};
use autolabel_annotation::{ClassId, ImageId, Label, LabelOrigin, Slice};
use autolabel_store::{
    Attributes, BatchRecord, Event, KnownFile, LabelState, PickRecord, RefusedRecord, Store,
    StoreError,
};
use sqlx::{Connection, SqliteConnection};

#[tokio::test]
async fn the_same_key_twice_is_one_event() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;

    let first = store.append(&[answer(1, 0, "a")]).await.unwrap();
    let again = store.append(&[answer(1, 0, "a")]).await.unwrap();

    assert_eq!(first.receipts[0].sequence, again.receipts[0].sequence);
    assert!(again.receipts[0].repeated);
    assert_eq!(store.events(0, 10).await.unwrap().len(), 1);
    let images = store.images(&[ImageId(0), ImageId(1)]).await.unwrap();
    assert_eq!(images[0].answered_by, None);
    assert_eq!(images[1].answered_by.as_deref(), Some("local"));
    assert_eq!(
        store.sequence_of_key("a").await.unwrap(),
        Some(first.receipts[0].sequence)
    );
    assert_eq!(store.sequence_of_key("b").await.unwrap(), None);
    let seconds = async |reader| store.seconds_of_kind("answer", reader).await.unwrap();
    assert_eq!(seconds("nobody").await, [2.0]);
    assert!(seconds("local").await.is_empty());
    let other = store.append(&[answer(2, 0, "a")]).await;
    assert!(matches!(other, Err(StoreError::KeyReused)));
}

#[tokio::test]
async fn undo_goes_back_over_items_and_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    for (image, class, key) in [(0, 0, "a"), (1, 1, "b"), (0, 1, "c")] {
        store.append(&[answer(image, class, key)]).await.unwrap();
    }
    let undo_last = async |store: &Store| {
        let last = store.last_answer("local").await.unwrap().unwrap();
        let undo = Event::Undo {
            image: last.image,
            of: last.sequence,
        };
        store.append(&[by_local(undo)]).await.unwrap().states[0]
    };

    let (first, state) = undo_last(&store).await;
    assert_eq!(
        (first, state.label()),
        (ImageId(0), Some(Label::Class(ClassId(0)))),
        "the earlier answer holds again"
    );
    store.close().await.unwrap();
    let store = Store::open(folder.path(), "").await.unwrap();
    assert_eq!(
        undo_last(&store).await,
        (ImageId(1), LabelState::default()),
        "the next undo takes the one before"
    );
    assert_eq!(undo_last(&store).await.0, ImageId(0));
    assert_eq!(store.last_answer("local").await.unwrap(), None);
    assert_eq!(store.last_answer("other").await.unwrap(), None);
}

#[tokio::test]
async fn an_undo_of_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    store.append(&[answer(0, 0, "a")]).await.unwrap();
    let undo = |image, of| {
        by_local(Event::Undo {
            image: ImageId(image),
            of,
        })
    };
    for (image, of) in [(0, 9), (1, 1)] {
        let refused = store.append(&[undo(image, of)]).await;
        assert!(matches!(refused, Err(StoreError::CannotUndo { .. })));
    }
    store.append(&[undo(0, 1)]).await.unwrap();
    let twice = store.append(&[undo(0, 1)]).await.unwrap_err();
    assert!(twice.to_string().contains("taken back before"), "{twice}");
}

#[tokio::test]
async fn an_append_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    let refused = store.append(&[answer(0, 0, "a"), answer(3, 0, "b")]).await;
    assert!(matches!(
        refused,
        Err(StoreError::UnknownImage { image: 3 })
    ));
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    assert_eq!(
        store.image_index(ImageId(0)).await.unwrap().labels,
        vec![LabelState::default(); 3]
    );
}

#[tokio::test]
async fn no_tool_can_rewrite_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    store.append(&[answer(0, 0, "a")]).await.unwrap();
    let url = format!("sqlite://{}/project.sqlite", folder.path().display());
    let mut visitor = SqliteConnection::connect(&url).await.unwrap();
    for attempt in ["UPDATE journal SET reader = 'x'", "DELETE FROM journal"] {
        let refused = sqlx::query(attempt).execute(&mut visitor).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"));
    }
}

#[tokio::test]
async fn a_cancelled_append_leaves_the_store_usable() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    let event = answer(0, 0, "a");
    let events = [event];
    let append = store.append(&events);
    // Polled once, then dropped: a client that hung up.
    tokio::select! {
        biased;
        _ = append => {}
        () = std::future::ready(()) => {}
    }
    store.append(&[answer(1, 0, "b")]).await.unwrap();
    assert!(store.state_differences().await.unwrap().is_empty());
}

#[tokio::test]
async fn images_and_their_attributes_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    let mut copy = image(3);
    copy.duplicate_of = Some(ImageId(1));
    copy.raw_path = Some(vec![b'x', 0xff]);
    let refused = RefusedRecord {
        file: "bad.png".into(),
        reason: "is empty".into(),
    };
    let first = store
        .add_images(&[copy], std::slice::from_ref(&refused))
        .await
        .unwrap();
    assert_eq!(first, ImageId(3));

    let found = store.images(&[ImageId(3), ImageId(0)]).await.unwrap();
    assert_eq!(found[0].duplicate_of, Some(ImageId(1)));
    assert_eq!(found[0].raw_path, Some(vec![b'x', 0xff]));
    assert_eq!(found[1].attributes.group.as_deref(), Some("patient 0"));
    let index = store.image_index(ImageId(0)).await.unwrap();
    assert_eq!(index.duplicate_of, vec![None, None, None, Some(1)]);
    assert_eq!(index.group[0], index.group[2]);
    assert_ne!(index.group[0], index.group[3]);
    assert_eq!(
        store.images_named("IMAGE-0000002").await.unwrap(),
        vec![ImageId(2)]
    );
    let names = store.file_names().await.unwrap();
    assert_eq!(names[3], found[0].file);
    assert_eq!(names.len(), 4);
    assert_eq!(store.refused().await.unwrap(), vec![refused]);
    assert_eq!(store.fingerprints().await.unwrap()[3], image(3).fingerprint);
    assert!(store.add_images(&[image(3)], &[]).await.is_err());
    assert_eq!(store.image_count().await.unwrap(), 4);

    let given = Attributes {
        group: Some("patient 0".into()),
        given_label: Some("normal".into()),
        source: Some("nih".into()),
        split: Some("pool".into()),
        slice: Some(Slice {
            series: "t1".into(),
            position: 2.5,
        }),
    };
    let first = Attributes {
        slice: Some(Slice {
            series: "t1".into(),
            position: -7.0,
        }),
        ..Attributes::default()
    };
    store
        .set_attributes(&[(ImageId(1), given.clone()), (ImageId(3), first)])
        .await
        .unwrap();
    assert_eq!(
        store.images(&[ImageId(1)]).await.unwrap()[0].attributes,
        given
    );
    let slices = store.slices("t1").await.unwrap();
    assert_eq!(slices, [(ImageId(3), -7.0), (ImageId(1), 2.5)]);
    assert!(store.slices("t2").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_changed_and_a_missing_file_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 2).await;
    store
        .replace_image(
            ImageId(1),
            &autolabel_store::NewImage {
                file: image(1).file,
                ..image(9)
            },
        )
        .await
        .unwrap();
    let known = store.known_files().await.unwrap();
    assert_eq!(known[1].bytes, 1009);
    let gone = KnownFile {
        missing: true,
        ..known[0].clone()
    };
    store
        .note_presence(std::slice::from_ref(&gone))
        .await
        .unwrap();
    assert_eq!(store.known_files().await.unwrap()[0], gone);
    assert_eq!(store.fingerprints().await.unwrap()[1], image(9).fingerprint);
}

#[tokio::test]
async fn batches_models_and_facts_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 3).await;
    assert_eq!(store.current_batch().await.unwrap(), None);
    let pick = |image, origin| PickRecord {
        image: ImageId(image),
        origin,
        strategy: "margin".into(),
        score: Some(0.5),
        text: "why".into(),
    };
    let first = BatchRecord {
        number: 1,
        round: 0,
        picks: vec![
            pick(2, LabelOrigin::ColdStart),
            pick(0, LabelOrigin::Random),
        ],
    };
    let second = BatchRecord {
        number: 2,
        round: 1,
        picks: vec![pick(1, LabelOrigin::Chosen)],
    };
    let no_model = None::<(u32, &String)>;
    store.put_round(no_model, Some(&first)).await.unwrap();
    let model = "a model".to_owned();
    store
        .put_round(Some((1, &model)), Some(&second))
        .await
        .unwrap();
    // A number that is taken: neither the model nor the batch is written.
    assert!(
        store
            .put_round(Some((2, &model)), Some(&second))
            .await
            .is_err()
    );
    assert_eq!(store.current_batch().await.unwrap(), Some(second));
    assert_eq!(
        store.last_pick(ImageId(0)).await.unwrap(),
        Some(pick(0, LabelOrigin::Random))
    );
    assert_eq!(store.models::<String>().await.unwrap(), ["a model"]);
    store.put_meta("images", &7).await.unwrap();
    store.put_meta("images", &8).await.unwrap();
    assert_eq!(store.meta::<u8>("images").await.unwrap(), Some(8));
    store.put_job(1, &"running").await.unwrap();
    store.put_job(1, &"done").await.unwrap();
    assert_eq!(store.jobs::<String>(5).await.unwrap(), ["done"]);
}
