//! The queue: never dry, never twice, back over items, and as it was after a restart.

use crate::expert::{answer, label, truth};
use crate::folder::{draw_all, imported, options};
use autolabel_annotation::{Answer, ClassId, ImageId, LabelOrigin};
use autolabel_workflow::view::{AnswerRequest, QueueView};
use autolabel_workflow::{FailureKind, Project};

async fn queue(project: &Project) -> QueueView {
    project.queue("local", 500).await.unwrap()
}

fn request(image: ImageId, class: u16, key: &str) -> AnswerRequest {
    AnswerRequest {
        image,
        answer: Answer::Class {
            class: ClassId(class),
        },
        seconds: 1.0,
        idempotency_key: key.to_owned(),
        reader: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undo_goes_back_over_items_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..30);
    let project = imported(&options(folder.path())).await;
    let before = queue(&project).await;
    assert_eq!((before.items.len(), before.batch_done), (10, 0));
    for (number, item) in before.items[..3].iter().enumerate() {
        let receipt = answer(&project, item, &format!("{number}")).await;
        assert_eq!(receipt.queue.batch_done as usize, number + 1);
        assert_eq!(receipt.queue.items[0], before.items[number + 1]);
    }

    let back = project.undo("local").await.unwrap();
    assert_eq!(back.items[0].image, before.items[2].image);
    assert_eq!(back.items[0].reason, before.items[2].reason);
    let back = project.undo("local").await.unwrap();
    assert_eq!(back.items[0].image, before.items[1].image);

    // A restart, then the same two images come first.
    project.close().await.unwrap();
    let project = Project::open(&options(folder.path())).await.unwrap();
    let again = queue(&project).await;
    let ids = |view: &QueueView| view.items.iter().map(|i| i.image.id).collect::<Vec<_>>();
    assert_eq!(
        ids(&again)[..2],
        [before.items[1].image.id, before.items[2].image.id]
    );
    assert_eq!(again.items.len(), 9);

    let third = project.undo("local").await.unwrap();
    assert_eq!(third.items[0].image, before.items[0].image);
    let nothing_left = project.undo("local").await.unwrap();
    assert_eq!(ids(&nothing_left), ids(&third));
    assert_eq!(project.view().await.unwrap().counts.labeled, 0);

    // The origin survives being taken back.
    let receipt = answer(&project, &third.items[0], "anew").await;
    let image = project.image(receipt.image).await.unwrap();
    assert_eq!(image.origin, Some(before.items[0].reason.origin));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_never_runs_dry_before_the_pool_does() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..45);
    let project = imported(&options(folder.path())).await;
    // No waiting for training in between.
    assert_eq!(label(&project, 45).await, 45);
    project.idle().await;
    let view = project.view().await.unwrap();
    assert_eq!(view.counts.labeled, 45);
    let empty = queue(&project).await;
    assert_eq!(
        empty.empty_because.as_deref(),
        Some("Every image is labeled.")
    );
    let advice = project.curve().await.unwrap().advice.unwrap();
    assert!(advice.stop, "{}", advice.headline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_taken_once_and_bad_ones_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..12);
    let project = imported(&options(folder.path())).await;
    let item = queue(&project).await.items.remove(0);
    let first = answer(&project, &item, "key").await;
    let again = answer(&project, &item, "key").await;
    assert_eq!(first.sequence, again.sequence);
    assert_eq!(project.view().await.unwrap().counts.labeled, 1);

    let other = queue(&project).await.items[0].image.id;
    for (wrong, kind) in [
        (request(other, 0, "key"), FailureKind::Conflict),
        (request(other, 9, "new"), FailureKind::Unacceptable),
        (request(ImageId(99), 0, "new"), FailureKind::NotFound),
    ] {
        let error = project.answer(wrong).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(project.view().await.unwrap().counts.labeled, 1);

    let correction = request(item.image.id, 1 - truth(&item.image).0, "correction");
    project.answer(correction).await.unwrap();
    let image = project.image(item.image.id).await.unwrap();
    assert_eq!(
        image.origin,
        Some(item.reason.origin),
        "a correction keeps the origin"
    );
    let asked: Vec<ImageId> = queue(&project)
        .await
        .items
        .iter()
        .map(|i| i.image.id)
        .collect();
    let unasked = (0..12)
        .map(ImageId)
        .find(|id| !asked.contains(id) && *id != item.image.id);
    let unasked = unasked.unwrap();
    project.answer(request(unasked, 0, "grid")).await.unwrap();
    let image = project.image(unasked).await.unwrap();
    assert_eq!(
        image.origin,
        Some(LabelOrigin::Given),
        "chosen by the person"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_readers_get_different_images() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..12);
    let project = imported(&options(folder.path())).await;
    let one = project.queue("one", 1).await.unwrap().items[0].image.id;
    let two = project.queue("two", 1).await.unwrap().items[0].image.id;
    assert_ne!(one, two);
    assert_eq!(
        project.queue("one", 1).await.unwrap().items[0].image.id,
        one
    );
    let mut answered = request(two, 0, "two");
    answered.reader = Some("two".into());
    project.answer(answered).await.unwrap();
    let back = project.undo("one").await.unwrap();
    assert_eq!(
        back.items[0].image.id, one,
        "nothing of one's own to take back"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_image_on_screen_stays_when_the_queue_is_ranked_anew() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..80);
    let project = imported(&options(folder.path())).await;
    label(&project, 10).await;
    let on_screen = queue(&project).await.items[0].image.id;
    project.idle().await;
    let ranked = queue(&project).await;
    assert_eq!(ranked.items[0].image.id, on_screen);
    assert!(project.models().await.unwrap().len() == 1);
    project.flag(on_screen, true).await.unwrap();
    assert!(project.image(on_screen).await.unwrap().flagged);
    assert_eq!(
        project.image(on_screen).await.unwrap().prediction,
        None,
        "asked blindly"
    );
}
