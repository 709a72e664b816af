//! A refuted audit: the threshold is tightened, images go back, and the next audit has less to spend.

use crate::expert::{label, label_calmly, truth};
use crate::folder::{draw_all, imported, options};
use autolabel_annotation::{Answer, ClassId};
use autolabel_workflow::view::{AuditAnswerRequest, AuditVerdict, AuditView, Stage};
use autolabel_workflow::{FailureKind, Project, SettingsPatch};

/// Checks the next label; a strict auditor finds everything wrong.
async fn check(project: &Project, view: &AuditView, strict: bool) -> AuditView {
    let next = view.next.as_ref().unwrap();
    let class = if strict {
        ClassId(1 - next.label.class().unwrap().0)
    } else {
        truth(&next.image)
    };
    let request = AuditAnswerRequest {
        image: next.image.id,
        answer: Answer::Class { class },
        seconds: 2.0,
        idempotency_key: format!("{} {:?}", view.attempt, next.image.id),
        reader: Some("auditor".into()),
    };
    // The same request twice changes nothing.
    let after = project.audit_answer(request.clone()).await.unwrap();
    assert_eq!(project.audit_answer(request).await.unwrap(), after);
    after
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refuted_audit_gives_images_back_to_people() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..150);
    let project = imported(&options(folder.path())).await;
    let patch = SettingsPatch {
        target_error: Some(0.2),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    assert_eq!(
        project.audit().await.unwrap_err().kind(),
        FailureKind::Conflict
    );
    assert_eq!(
        project.auto_label().await.unwrap_err().kind(),
        FailureKind::Conflict
    );
    label_calmly(&project, 40).await;
    let applied = project.auto_label().await.unwrap();
    assert!(applied.accepted > 10, "{}", applied.text);

    let mut view = project.audit().await.unwrap();
    let mut accepted = applied.accepted;
    while view.attempt == 1 && view.verdict == AuditVerdict::Running {
        view = check(&project, &view, true).await;
        if view.attempt == 1 && view.verdict == AuditVerdict::Running {
            let refused = project.auto_label().await.unwrap_err();
            assert!(refused.to_string().contains("under way"), "{refused}");
        }
    }
    let now = project.view().await.unwrap();
    assert_eq!(now.stage, Stage::Refuted);
    assert!(now.counts.auto_labeled < accepted);
    accepted = now.counts.auto_labeled;
    if view.verdict == AuditVerdict::Running {
        assert_eq!((view.attempt, view.population), (2, accepted));
        assert!(view.text.contains("tightened"), "{}", view.text);
    } else {
        assert_eq!((view.verdict, accepted), (AuditVerdict::Refuted, 0));
    }
    assert_eq!(project.certificate().await.unwrap(), None);

    // As it was after a restart, and people go on.
    project.close().await.unwrap();
    let project = Project::open(&options(folder.path())).await.unwrap();
    assert_eq!(project.audit().await.unwrap(), view);
    assert_eq!(project.view().await.unwrap(), now);
    let returned = now.counts.unlabeled.min(5) as usize;
    assert!(returned > 0);
    assert_eq!(label(&project, 5).await, returned);
}
