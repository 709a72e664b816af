//! Drawings are kept once, for good, and answers name them.

use crate::project::{by_local, with_images};
use autolabel_annotation::{
    Answer, BoundingBox, ClassId, Drawing, DrawingId, DrawnShape, Geometry, ImageId, ImageSize,
    Label, LabelOrigin, Mask,
};
use autolabel_store::{Event, Store};
use sqlx::{Connection, SqliteConnection};

fn drawing(x: f32) -> Drawing {
    let area = BoundingBox::new(x, 1.0, 3.0, 4.0).unwrap();
    let mask = Mask::of_box(ImageSize::new(64, 32).unwrap(), &area);
    Drawing {
        shapes: vec![
            DrawnShape {
                class: ClassId(1),
                geometry: Geometry::Box(area),
            },
            DrawnShape {
                class: ClassId(0),
                geometry: Geometry::Mask(mask.clone()),
            },
        ],
        ignored: Some(mask),
    }
}

#[tokio::test]
async fn equal_drawings_have_one_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 1).await;
    let ids = store
        .save_drawings(&[drawing(1.0), drawing(2.0), drawing(1.0)])
        .await
        .unwrap();
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
    store.close().await.unwrap();

    let store = Store::open(folder.path(), "").await.unwrap();
    assert_eq!(
        store.save_drawings(&[drawing(2.0)]).await.unwrap(),
        [ids[1]]
    );
    let found = store
        .drawings(&[ids[1], ids[0], DrawingId(999)])
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[&ids[0]], drawing(1.0), "shape for shape");
    assert_eq!(found[&ids[1]], drawing(2.0));
}

#[tokio::test]
async fn an_answer_names_its_drawing() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 2).await;
    let id = store.save_drawings(&[drawing(5.0)]).await.unwrap()[0];
    let answer = Event::Answer {
        image: ImageId(1),
        answer: Answer::Drawn { drawing: id },
        origin: LabelOrigin::Chosen,
        seconds: 40.0,
    };
    let appended = store.append(&[by_local(answer.clone())]).await.unwrap();
    assert_eq!(
        appended.states[0].1.label(),
        Some(Label::Drawn { drawing: id })
    );
    store.close().await.unwrap();
    let store = Store::open(folder.path(), "").await.unwrap();
    assert_eq!(store.events(0, 10).await.unwrap()[0].event, answer);
}

#[tokio::test]
async fn a_drawing_cannot_be_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 1).await;
    store.save_drawings(&[drawing(1.0)]).await.unwrap();
    let database = folder.path().join("project.sqlite");
    let mut other = SqliteConnection::connect(&format!("sqlite://{}", database.display()))
        .await
        .unwrap();
    for statement in ["UPDATE drawing SET content = '{}'", "DELETE FROM drawing"] {
        let refused = sqlx::query(statement)
            .execute(&mut other)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("a drawing is only ever added"));
    }
}
