//! The whole loop: import, label, train, auto-label, audit, certificate, export, over restarts.

use crate::expert::{check, label_calmly, truth};
use crate::folder::{draw_all, imported, options};
use autolabel_annotation::{Answer, LabelOrigin};
use autolabel_workflow::view::{AuditVerdict, AuditView, ImageFilter, ImageState, Stage};
use autolabel_workflow::{
    ExportFormat, Project, SettingsPatch, certificate_json, verify_certificate,
};
use std::path::Path;

const IMAGES: u64 = 150;

/// What a person would notice.
async fn seen(project: &Project) -> String {
    let view = project.view().await.unwrap();
    let curve = project.curve().await.unwrap();
    let queue = project.queue("local", 500).await.unwrap();
    let models = project.models().await.unwrap();
    format!("{view:#?}\n{curve:#?}\n{queue:#?}\n{models:#?}")
}

async fn reopened(project: Project, folder: &Path) -> Project {
    project.idle().await;
    let before = seen(&project).await;
    project.close().await.unwrap();
    let project = Project::open(&options(folder)).await.unwrap();
    assert_eq!(seen(&project).await, before);
    project
}

async fn audit_to_the_end(project: &Project) -> AuditView {
    let mut view = project.audit().await.unwrap();
    while let Some(next) = &view.next {
        let class = truth(&next.image);
        view = check(project, &view, Answer::Class { class }).await;
    }
    view
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_folder_to_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..IMAGES);
    let project = imported(&options(folder.path())).await;
    let patch = SettingsPatch {
        target_error: Some(0.3),
        budget_share: Some(1.0),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    assert_eq!(project.view().await.unwrap().stage, Stage::Labeling);
    assert_eq!(project.view().await.unwrap().batch_size, 10);

    // Three batches, with a restart in the middle of the second.
    label_calmly(&project, 14).await;
    let project = reopened(project, folder.path()).await;
    label_calmly(&project, 26).await;
    let curve = project.curve().await.unwrap();
    let labels: Vec<u32> = curve.points.iter().map(|point| point.labels).collect();
    assert_eq!(labels, [10, 20, 30, 40]);
    assert!(curve.advice.is_some());
    let view = project.view().await.unwrap();
    assert_eq!(view.counts.labeled, 40);
    assert_eq!(view.seconds_per_label, Some(3.0));
    let model = project.models().await.unwrap().pop().unwrap();
    let random: u64 = model.classes.iter().map(|row| row.random_labels).sum();
    assert_eq!(u64::from(model.point.random_labels), random);

    // Auto-labels: what the preview says is what happens.
    let preview = project.auto_label_preview().await.unwrap();
    let applied = project.auto_label().await.unwrap();
    assert_eq!(applied.accepted, preview.accepted);
    let view = project.view().await.unwrap();
    assert_eq!(view.counts.auto_labeled, preview.accepted);
    assert_eq!(view.counts.returned, preview.returned);
    assert_eq!(view.stage, Stage::Auditing);
    let queue = project.queue("local", 500).await.unwrap();
    assert!(
        queue
            .items
            .iter()
            .all(|i| i.reason.origin == LabelOrigin::Returned
                && i.image.state == ImageState::Returned)
    );
    assert_eq!(project.certificate().await.unwrap(), None);

    // The audit goes on after a restart where it was.
    let first = project.audit().await.unwrap();
    let project = reopened(project, folder.path()).await;
    assert_eq!(project.audit().await.unwrap(), first);
    let end = audit_to_the_end(&project).await;
    assert_eq!(end.verdict, AuditVerdict::Certified, "{}", end.text);
    assert!(end.accuracy_lower_bound >= 0.7);

    check_certificate(&project).await;
    check_exports(&project, folder.path()).await;
    let project = reopened(project, folder.path()).await;
    assert_eq!(project.view().await.unwrap().stage, Stage::Certified);
    check_certificate(&project).await;
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
}

async fn check_certificate(project: &Project) {
    let signed = project.certificate().await.unwrap().unwrap();
    let verified = verify_certificate(&certificate_json(&signed).unwrap(), None).unwrap();
    let (counts, view) = (verified.certificate.counts, project.view().await.unwrap());
    assert_eq!(counts.images, view.counts.images);
    assert_eq!(counts.expert_labels, view.counts.labeled);
    assert_eq!(counts.auto_labels, view.counts.auto_labeled);
    let model = project.models().await.unwrap().pop().unwrap();
    assert_eq!(verified.certificate.model_hash, model.hash);
    let page = project.certificate_html().await.unwrap().unwrap();
    assert!(page.contains(&verified.certificate.auto_label_hash));
}

async fn check_exports(project: &Project, folder: &Path) {
    let counts = project.view().await.unwrap().counts;
    for (format, name) in [
        (ExportFormat::Csv, "out.csv"),
        (ExportFormat::Jsonl, "out.jsonl"),
        (ExportFormat::Coco, "out.json"),
        (ExportFormat::Folders, "out"),
    ] {
        let target = folder.join("exports").join(name);
        let summary = project.export(format, &target).await.unwrap();
        assert_eq!(summary.labels, counts.labeled + counts.auto_labeled);
        assert!(target.exists());
        assert!(
            project.export(format, &target).await.is_err(),
            "nothing is overwritten"
        );
    }
    let audited = ImageFilter {
        state: Some(ImageState::Labeled),
        ..ImageFilter::default()
    };
    let page = project.images(&audited, 0, 10).await.unwrap();
    assert_eq!(page.total, counts.labeled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_label_of_the_budget_brings_the_advice_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..60);
    let project = imported(&options(folder.path())).await;
    let patch = SettingsPatch {
        budget_share: Some(0.25),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    // Fifteen labels are a batch and a half.
    label_calmly(&project, 14).await;
    assert_eq!(project.view().await.unwrap().stage, Stage::Labeling);
    label_calmly(&project, 1).await;
    assert_eq!(project.view().await.unwrap().stage, Stage::StopAdvised);
    let curve = project.curve().await.unwrap();
    assert_eq!(curve.points.last().map(|point| point.labels), Some(15));
    project.close().await.unwrap();
}
