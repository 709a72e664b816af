//! A project of masks from the first drawing to the certificate, with the known shape as the expert.

use crate::discs;
use crate::expert::{check, say};
use crate::folder::{import, imported, options};
use autolabel_annotation::{Answer, Drawing, ImageId, ImageSize, Label, Task};
use autolabel_workflow::view::AuditVerdict;
use autolabel_workflow::{OpenOptions, Project, SettingsPatch};
use std::path::Path;

/// Drawings that the first network learns from.
const FIRST_BATCH: u64 = 4;
const IMAGES: u32 = 90;
/// Of them come after the last round.
const LATER: u32 = 6;

fn truth(image: ImageId) -> Drawing {
    discs::truth(image.0, Task::SemanticSegmentation)
}

fn options_of(folder: &Path) -> OpenOptions {
    OpenOptions {
        classes: vec!["disc".to_owned()],
        task: Task::SemanticSegmentation,
        ..options(folder)
    }
}

fn dice(a: &Drawing, b: &Drawing) -> f64 {
    let ([a], [b]) = (&a.shapes[..], &b.shapes[..]) else {
        return 0.0;
    };
    let size = ImageSize::new(discs::SIDE, discs::SIDE).unwrap();
    let (a, b) = (
        a.geometry.mask(size).unwrap(),
        b.geometry.mask(size).unwrap(),
    );
    let shared = a.intersection_area(&b).unwrap();
    2.0 * f64::from(shared) / f64::from(a.area() + b.area())
}

/// Draws what the queue asks for until so many images are drawn.
async fn label(project: &Project, until: u64) {
    while project.view().await.unwrap().counts.labeled < until {
        let queue = project.queue("local", 1).await.unwrap();
        let image = queue.items[0].image.clone();
        let kept = project
            .save_drawing(image.id, &truth(image.id))
            .await
            .unwrap();
        let answer = Answer::Drawn { drawing: kept.id };
        say(project, &image, answer).await.unwrap();
        project.idle().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn masks_are_learnt_proposed_auto_labeled_and_certified() {
    let folder = tempfile::tempdir().unwrap();
    discs::draw(folder.path(), 0..IMAGES - LATER);
    let project = imported(&options_of(folder.path())).await;
    let patch = SettingsPatch {
        target_error: Some(0.2),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    assert!(
        project.auto_label_preview().await.is_err(),
        "nothing has learnt yet"
    );
    let batch = FIRST_BATCH;
    label(&project, batch).await;
    let models = project.models().await.unwrap();
    assert_eq!(models.len(), 1, "the first batch is learnt from");
    assert_eq!(u64::from(models[0].labels), batch);

    let next = project.queue("local", 1).await.unwrap().items[0].image.id;
    let proposal = project.proposal(next).await.unwrap().unwrap();
    assert_eq!(u64::from(proposal.learnt_from), batch);
    let proposed = Drawing {
        shapes: proposal.shapes.iter().map(|s| s.shape.clone()).collect(),
        ignored: None,
    };
    let fit = dice(&truth(next), &proposed);
    assert!(fit > 0.5, "{fit}");

    // Later batches test the proposals of the networks before.
    label(&project, 4 * batch).await;
    assert_eq!(
        project.models().await.unwrap().len(),
        3,
        "batches grow with what is drawn"
    );
    project.close().await.unwrap();
    let project = Project::open(&options_of(folder.path())).await.unwrap();
    project.idle().await;
    let again = project.queue("local", 1).await.unwrap().items[0].image.id;
    assert!(
        project.proposal(again).await.unwrap().is_some(),
        "a start of the program finds the network again"
    );

    // What the network has not drawn on is left to nobody: it draws there first.
    discs::draw(folder.path(), IMAGES - LATER..IMAGES);
    import(&project).await;
    let before = project.auto_label_preview().await.unwrap();
    assert_eq!(before.unseen, u64::from(LATER), "{before:?}");
    let refused = project.auto_label().await.unwrap_err();
    assert!(refused.to_string().contains("has not drawn on 6 images"));
    let last = ImageId(IMAGES - 1);
    assert!(project.proposal(last).await.unwrap().is_none());
    project.propose_for_all().await.unwrap();
    project.idle().await;
    assert!(project.proposal(last).await.unwrap().is_some());

    let preview = project.auto_label_preview().await.unwrap();
    assert_eq!(preview.unseen, 0);
    assert!(preview.accepted > 40, "{preview:?}");
    assert!(preview.accepted + preview.returned == before.accepted + before.returned + 6);
    let applied = project.auto_label().await.unwrap();
    assert!(applied.applied);
    let counts = project.view().await.unwrap().counts;
    assert_eq!(counts.auto_labeled, applied.accepted);
    let mut fits = Vec::new();
    for row in 0..IMAGES {
        let image = project.image(ImageId(row)).await.unwrap();
        if let Some(Label::Drawn { drawing }) = image.auto_label {
            let drawing = project.drawing(drawing).await.unwrap().drawing;
            fits.push(dice(&truth(ImageId(row)), &drawing));
        }
    }
    assert_eq!(fits.len() as u64, applied.accepted);
    let mean = fits.iter().sum::<f64>() / fits.len() as f64;
    assert!(mean > 0.85, "{mean}");

    // The auditor leaves what fits and corrects the rest.
    let mut view = project.audit().await.unwrap();
    let mut corrected = 0;
    while let Some(next) = view.next.clone() {
        let Label::Drawn { drawing } = next.label else {
            panic!("shapes are audited: {next:?}");
        };
        let proposed = project.drawing(drawing).await.unwrap().drawing;
        let mut said = drawing;
        if dice(&truth(next.image.id), &proposed) < 0.85 {
            let right = truth(next.image.id);
            said = project
                .save_drawing(next.image.id, &right)
                .await
                .unwrap()
                .id;
            corrected += 1;
        }
        view = check(&project, &view, Answer::Drawn { drawing: said }).await;
    }
    assert_eq!(view.wrong, corrected);
    assert_eq!(view.verdict, AuditVerdict::Certified);
    let certificate = project.certificate().await.unwrap().unwrap();
    let statement = &certificate.certificate.statement;
    assert!(statement.contains("without an edit"), "{statement}");
    let margins = certificate.certificate.margins.as_deref().unwrap();
    assert_eq!(margins.len(), 3);
    let widths = margins.iter().map(|row| row.margin.unwrap_or(u32::MAX));
    assert!(widths.is_sorted(), "less missed takes more: {margins:?}");
    let page = project.certificate_html().await.unwrap().unwrap();
    assert!(page.contains("Missed pixels"));
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
    project.close().await.unwrap();
}
