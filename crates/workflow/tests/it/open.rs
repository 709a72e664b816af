//! Opening projects: twice, for reading, with other classes.

use crate::expert::label;
use crate::folder::{draw_all, imported, options};
use autolabel_workflow::{FailureKind, OpenOptions, Project};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_told_where_the_first_one_is() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..10);
    let project = imported(&options(folder.path())).await;
    project.announce("http://127.0.0.1:4000").unwrap();
    let refused = Project::open(&options(folder.path()))
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(refused.kind(), FailureKind::Conflict);
    assert!(
        refused.to_string().contains("http://127.0.0.1:4000"),
        "{refused}"
    );

    let reading = OpenOptions {
        read_only: true,
        ..OpenOptions::new(folder.path())
    };
    let reader = Project::open(&reading).await.unwrap();
    assert_eq!(reader.view().await.unwrap().counts.images, 10);
    assert_eq!(reader.queue("local", 100).await.unwrap().items.len(), 10);
    for refused in [
        reader.train_now().await.map(drop),
        reader.start_import().await.map(drop),
        reader
            .flag(autolabel_annotation::ImageId(0), true)
            .await
            .map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), FailureKind::ReadOnly);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_can_ask_for_predictions() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..30);
    let project = imported(&options(folder.path())).await;
    label(&project, 10).await;
    project.idle().await;
    let preview = project.auto_label_preview().await.unwrap();
    project.close().await.unwrap();
    let reading = OpenOptions {
        read_only: true,
        ..OpenOptions::new(folder.path())
    };
    let reader = Project::open(&reading).await.unwrap();
    assert_eq!(
        reader.auto_label_preview().await.unwrap(),
        preview,
        "the same model again"
    );
    assert_eq!(
        reader.auto_label().await.unwrap_err().kind(),
        FailureKind::ReadOnly
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classes_that_were_used_stay() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..10);
    let project = imported(&options(folder.path())).await;
    label(&project, 5).await;
    let schema = |names: &[&str]| {
        autolabel_annotation::LabelSchema::classification(names.iter().copied()).unwrap()
    };
    let patch = |names: &[&str]| autolabel_workflow::SettingsPatch {
        schema: Some(schema(names)),
        ..Default::default()
    };
    let renamed = project
        .settings(patch(&["clear", "fluid", "mass"]))
        .await
        .unwrap();
    assert_eq!(renamed.settings.schema.classes[0].name, "clear");
    let refused = project.settings(patch(&["clear"])).await.unwrap_err();
    assert!(refused.to_string().contains("'fluid'"), "{refused}");
    project.close().await.unwrap();
    let other = Project::open(&options(folder.path()))
        .await
        .map(drop)
        .unwrap_err();
    assert!(other.to_string().contains("clear, fluid, mass"), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_there_is_said_so() {
    let missing = OpenOptions::new("/nowhere/at/all");
    let error = Project::open(&missing).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("no such folder"), "{error}");
}
