//! Import: everything that can be in a folder, again and again.

use crate::expert::label;
use crate::folder::{draw, draw_all, import, imported, options};
use autolabel_annotation::ImageId;
use autolabel_workflow::view::{Counts, ImageFilter, ImageOrder, ImageState, JobState};
use autolabel_workflow::{Project, SettingsPatch};

async fn counts(project: &Project) -> Counts {
    project.view().await.unwrap().counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_import_adds_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..12);
    let project = imported(&options(folder.path())).await;
    let no_budget = SettingsPatch {
        budget_share: Some(1.0),
        ..SettingsPatch::default()
    };
    project.settings(no_budget).await.unwrap();
    label(&project, 3).await;
    let before = project
        .images(&ImageFilter::default(), 0, 100)
        .await
        .unwrap();

    import(&project).await;
    assert_eq!(
        project
            .images(&ImageFilter::default(), 0, 100)
            .await
            .unwrap(),
        before
    );

    draw_all(folder.path(), 12..15);
    import(&project).await;
    let after = project
        .images(&ImageFilter::default(), 0, 100)
        .await
        .unwrap();
    assert_eq!(after.total, 15);
    assert_eq!(after.images[..12], before.images);
    assert_eq!(counts(&project).await.labeled, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_files_are_refused_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..10);
    let good = fs_err::read(folder.path().join(draw(folder.path(), 10))).unwrap();
    for (name, bytes) in [
        ("empty.png", &b""[..]),
        ("truncated.png", &good[..good.len() / 2]),
        ("text.png", &b"this is a letter, not an image"[..]),
    ] {
        fs_err::write(folder.path().join(name), bytes).unwrap();
    }
    let project = imported(&options(folder.path())).await;
    let counts = counts(&project).await;
    assert_eq!((counts.images, counts.refused), (11, 3));
    let refused = project.refused().await.unwrap();
    let files: Vec<&str> = refused.iter().map(|r| r.file.as_str()).collect();
    assert_eq!(files, ["empty.png", "text.png", "truncated.png"]);
    assert!(refused[0].reason.contains("empty"), "{}", refused[0].reason);

    // Mended files come in with the next import.
    fs_err::write(folder.path().join("empty.png"), &good).unwrap();
    import(&project).await;
    assert_eq!(project.refused().await.unwrap().len(), 2);
    let copy = project.image(ImageId(11)).await.unwrap();
    assert_eq!(copy.file, "empty.png");
    assert_eq!(
        copy.duplicate_of,
        Some(ImageId(10)),
        "the same bytes as another"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_and_missing_files_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..12);
    let project = imported(&options(folder.path())).await;
    label(&project, 10).await;
    project.idle().await;
    let labeled = ImageFilter {
        state: Some(ImageState::Labeled),
        ..ImageFilter::default()
    };
    let page = project.images(&labeled, 0, 2).await.unwrap();
    let (replaced, missing) = (&page.images[0], &page.images[1]);
    let other = draw(folder.path(), 500);
    fs_err::rename(
        folder.path().join(&other),
        folder.path().join(&replaced.file),
    )
    .unwrap();
    fs_err::remove_file(folder.path().join(&missing.file)).unwrap();

    let message = import(&project).await;
    assert!(message.contains("1 are gone"), "{message}");
    let now = project.image(replaced.id).await.unwrap();
    assert_eq!(
        now.state,
        ImageState::Unlabeled,
        "another picture, so nobody labeled it"
    );
    let kept = project.image(missing.id).await.unwrap();
    assert_eq!(
        kept.answer, missing.answer,
        "a missing file keeps its label"
    );
    assert_eq!(counts(&project).await.images, 12);
    assert!(project.plane(missing.id).await.is_err());
    let notices = project.view().await.unwrap().notices;
    assert!(
        notices.iter().any(|n| n.starts_with("1 image files")),
        "{notices:?}"
    );
    let problems = project.check().await.unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_and_given_labels_come_from_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "file,label,group\n".to_owned();
    for number in 0..12 {
        let name = draw(folder.path(), number);
        let class = if name.contains("normal") {
            "clear"
        } else {
            "fluid"
        };
        rows.push_str(&format!("{name},{class},patient {}\n", number / 2));
    }
    rows.push_str("lost.png,clear,patient 9\n");
    let csv = folder.path().join("labels.csv");
    fs_err::write(&csv, rows).unwrap();
    let mut options = options(folder.path());
    options.classes = Vec::new();
    let project = imported(&options).await;
    let view = project.view().await.unwrap();
    let names: Vec<&str> = view
        .settings
        .schema
        .classes
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(names, ["clear", "fluid"], "proposed from the table");
    assert_eq!(view.counts.labeled, 0, "given labels stay out of the loop");
    assert_eq!(
        view.counts.refused, 1,
        "the table names a file that is not there"
    );
    let image = project.image(ImageId(5)).await.unwrap();
    assert_eq!(image.group.as_deref(), Some("patient 2"));
    project.close().await.unwrap();

    // Unless somebody wants them.
    options.use_labels = true;
    let project = imported(&options).await;
    assert_eq!(counts(&project).await.labeled, 12);
    assert_eq!(project.view().await.unwrap().seconds_per_label, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_classes_people_are_asked_for_them() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..10);
    let mut options = options(folder.path());
    options.classes = Vec::new();
    let project = imported(&options).await;
    let queue = project.queue("local", 4).await.unwrap();
    assert!(queue.items.is_empty());
    assert!(queue.empty_because.unwrap().contains("classes"));
    let schema = autolabel_annotation::LabelSchema::classification(["a", "b"]).unwrap();
    let patch = SettingsPatch {
        schema: Some(schema),
        ..Default::default()
    };
    project.settings(patch).await.unwrap();
    assert_eq!(project.queue("local", 4).await.unwrap().items.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_import_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..80);
    let project = Project::open(&options(folder.path())).await.unwrap();
    let job = project.start_import().await.unwrap();
    // Asked to end at once: it does so after the first batch of 64.
    project.cancel(job.id).await.unwrap();
    project.idle().await;
    let ended = project.jobs().await.unwrap().pop().unwrap();
    assert_eq!(ended.state, JobState::Cancelled);
    assert!(counts(&project).await.images < 80);
    project.close().await.unwrap();

    let project = imported(&options(folder.path())).await;
    assert_eq!(counts(&project).await.images, 80);
    let page = project
        .images(&ImageFilter::default(), 0, 80)
        .await
        .unwrap();
    assert!(page.images.is_sorted_by_key(|image| image.file.clone()));
    let doubt = ImageFilter {
        order: ImageOrder::Doubt,
        text: Some("EFFUSION".into()),
        ..ImageFilter::default()
    };
    let found = project.images(&doubt, 20, 100).await.unwrap();
    assert_eq!((found.total, found.images.len()), (26, 6));
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_not_utf8_are_images_like_others() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..9);
    let name = draw(folder.path(), 9);
    let strange = std::ffi::OsStr::from_bytes(b"m\xfcller.png");
    fs_err::rename(folder.path().join(name), folder.path().join(strange)).unwrap();
    let project = imported(&options(folder.path())).await;
    assert_eq!(counts(&project).await.images, 10);
    let page = project
        .images(&ImageFilter::default(), 0, 10)
        .await
        .unwrap();
    let image = page
        .images
        .iter()
        .find(|i| i.file.contains("ller"))
        .unwrap();
    assert_eq!(project.plane(image.id).await.unwrap().width, 256);
    assert!(!project.preview(image.id, 64).await.unwrap().is_empty());
    assert_eq!(project.content_hash(image.id).await.unwrap().len(), 64);
}
