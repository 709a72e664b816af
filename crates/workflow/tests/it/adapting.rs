//! An adapted network takes over while the project is open.

use crate::expert::{label, label_calmly};
use crate::folder::{draw_all, import, imported, levels_of, options, save_grey};
use autolabel_annotation::ImageId;
use autolabel_image_io::ReadLimits;
use autolabel_workflow::view::{JobState, JobView};
use autolabel_workflow::{AdaptConfig, Adaptation, OpenOptions, Project, ProjectEvent};
use std::path::{Path, PathBuf};

fn adapting(folder: &Path, steps: usize) -> OpenOptions {
    OpenOptions {
        adapt: Some(Adaptation {
            fewest: 20,
            training: AdaptConfig {
                steps,
                pairs: 4,
                ..AdaptConfig::default()
            },
        }),
        ..options(folder)
    }
}

async fn adaptation_of(project: &Project) -> Option<JobView> {
    let jobs = project.jobs().await.unwrap();
    jobs.into_iter().find(|job| job.kind == "adapt")
}

fn features(folder: &Path) -> Vec<PathBuf> {
    let files = fs_err::read_dir(folder.join(".autolabel")).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "f16"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapted_network_takes_over_and_the_loop_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..24);
    let project = imported(&options(folder.path())).await;
    label_calmly(&project, 10).await;
    let models = project.models().await.unwrap();
    let frozen = models.last().unwrap().clone();
    assert_eq!(adaptation_of(&project).await, None, "nobody asked for it");
    let before = features(folder.path());
    project.close().await.unwrap();

    let project = imported(&adapting(folder.path(), 2)).await;
    let job = adaptation_of(&project).await.unwrap();
    assert_eq!(job.state, JobState::Done, "{}", job.message);
    assert!(job.message.contains("from now on"), "{}", job.message);
    let adapted = project.models().await.unwrap().last().unwrap().clone();
    assert_eq!(
        (adapted.version, adapted.labels),
        (frozen.version + 1, 10),
        "what is labeled was learnt by the new features"
    );
    let after = features(folder.path());
    assert_eq!(after.len(), 1, "the features before are gone: {after:?}");
    assert_ne!(after, before);
    label_calmly(&project, 4).await;
    project.train_now().await.unwrap();
    project.idle().await;
    let labels = project.models().await.unwrap().last().unwrap().labels;
    assert_eq!(labels, 14);
    project.close().await.unwrap();

    // The next opening finds everything in place, whether it may adapt or not.
    let project = imported(&options(folder.path())).await;
    assert_eq!(features(folder.path()), after);
    let answered = project.view().await.unwrap().counts.labeled;
    assert_eq!(answered, 14);
    let heat = project.localization(first_answered(&project).await, None);
    assert_eq!(
        heat.await.unwrap().model,
        project.models().await.unwrap().last().unwrap().version
    );
    project.close().await.unwrap();
}

async fn first_answered(project: &Project) -> ImageId {
    let mut id = ImageId(0);
    loop {
        let image = project.image(id).await.unwrap();
        if image.state == autolabel_workflow::view::ImageState::Labeled {
            return id;
        }
        id = ImageId(id.0 + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_adaptation_leaves_the_network_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..24);
    let project = Project::open(&adapting(folder.path(), 100_000))
        .await
        .unwrap();
    let mut events = project.subscribe();
    project.start_import().await.unwrap();
    let mut adapting = None;
    let mut has_queue = false;
    while adapting.is_none() || !has_queue {
        match events.recv().await.unwrap() {
            ProjectEvent::Job { job } if job.kind == "adapt" => adapting = Some(job),
            _ => has_queue = !project.queue("local", 1).await.unwrap().items.is_empty(),
        }
    }
    let job = adapting.unwrap();
    let before = features(folder.path());
    // People label meanwhile.
    assert_eq!(label(&project, 3).await, 3);
    project.cancel(job.id).await.unwrap();
    project.idle().await;
    let job = adaptation_of(&project).await.unwrap();
    assert_eq!(job.state, JobState::Cancelled);
    assert_eq!(features(folder.path()), before);
    label_calmly(&project, 3).await;
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_images_are_not_adapted_to() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..19);
    let project = imported(&adapting(folder.path(), 2)).await;
    assert_eq!(adaptation_of(&project).await, None);
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_image_makes_features_by_other_networks_void() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..4);
    let project = imported(&options(folder.path())).await;
    let other = folder.path().join(".autolabel/embeddings-other.f16");
    fs_err::write(&other, "rows").unwrap();
    import(&project).await;
    assert!(other.exists(), "nothing was replaced");
    let image = project.image(ImageId(0)).await.unwrap();
    let path = folder.path().join(&image.file);
    let plane = autolabel_image_io::read_plane(&path, &ReadLimits::default()).unwrap();
    let mut levels = levels_of(plane.samples);
    levels.truncate(64 * 64);
    save_grey(&path, (64, 64), levels);
    import(&project).await;
    assert!(!other.exists());
    project.close().await.unwrap();
}
