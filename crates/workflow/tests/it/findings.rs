//! A project whose images show any number of findings: from a table of labels to a certificate.

use crate::expert::{check, say};
use crate::folder::{imported, levels_of, options, save_grey};
use autolabel_annotation::{Answer, ClassId, FindingSet, Label, Task};
use autolabel_phantoms::{PhantomClass, chest_radiograph};
use autolabel_workflow::view::{AuditVerdict, ImageFilter, ImageState, ImageView};
use autolabel_workflow::{ExportFormat, OpenOptions, Project, SettingsPatch};
use std::fmt::Write;
use std::path::Path;

const FINDINGS: [&str; 2] = ["clip", "effusion"];

/// Draws radiographs: every third one with an effusion, every fifth one with a bright clip; the file is
/// named after what it shows. A table beside them tells the labels of the first `told`.
fn draw(folder: &Path, images: u64, told: u64) {
    let mut table = "file,label\n".to_owned();
    for number in 0..images {
        let (effusion, clip) = (number % 3 == 2, number % 5 < 2);
        let class = if effusion {
            PhantomClass::Effusion
        } else {
            PhantomClass::Normal
        };
        let phantom = chest_radiograph(number, class);
        let (width, height) = (phantom.plane.width, phantom.plane.height);
        let mut levels = levels_of(phantom.plane.samples);
        if clip {
            let (left, top) = (width / 2, height / 3);
            for y in top..top + height / 6 {
                let start = (y * width + left) as usize;
                levels[start..start + (width / 6) as usize].fill(255);
            }
        }
        let shown = [(clip, FINDINGS[0]), (effusion, FINDINGS[1])];
        let shown: Vec<&str> = shown.iter().filter(|s| s.0).map(|s| s.1).collect();
        let name = format!("{number:04}-{}.png", shown.join("-"));
        save_grey(&folder.join(&name), (width, height), levels);
        if number < told {
            let label = if shown.is_empty() {
                "No Finding".to_owned()
            } else {
                shown.join("|")
            };
            writeln!(table, "{name},{label}").unwrap();
        }
    }
    std::fs::write(folder.join("labels.csv"), table).unwrap();
}

fn truth(image: &ImageView) -> Label {
    let shown = (0_u16..).zip(FINDINGS);
    let shown = shown.filter(|(_, name)| image.file.contains(name));
    Label::Findings(FindingSet::of(shown.map(|(number, _)| ClassId(number))).unwrap())
}

fn without_classes(folder: &Path) -> OpenOptions {
    OpenOptions {
        classes: Vec::new(),
        ..options(folder)
    }
}

async fn label(project: &Project, count: usize) {
    for _ in 0..count {
        let queue = project.queue("local", 1).await.unwrap();
        let image = &queue.items[0].image;
        assert_eq!(image.prediction, None, "experts are asked blindly");
        say(project, image, truth(image).into()).await.unwrap();
        project.idle().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_table_to_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 150, 20);
    let project = imported(&without_classes(folder.path())).await;
    let schema = project.view().await.unwrap().settings.schema;
    assert_eq!(
        schema.task,
        Task::Findings,
        "the table has a | between names"
    );
    let names: Vec<&str> = schema.classes.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, FINDINGS);
    let patch = SettingsPatch {
        target_error: Some(0.3),
        budget_share: Some(1.0),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    label(&project, 50).await;

    let model = project.models().await.unwrap().pop().unwrap();
    assert!(
        model.head.contains("for each of 2 findings"),
        "{}",
        model.head
    );
    let clip = model.classes[0].sensitivity.unwrap();
    assert!(clip.high > 0.7, "{clip:?}");
    let of_clip = ImageFilter {
        class: Some(ClassId(0)),
        state: Some(ImageState::Labeled),
        ..ImageFilter::default()
    };
    let page = project.images(&of_clip, 0, 100).await.unwrap();
    assert_eq!(page.total, model.classes[0].labels);
    assert!(page.images.iter().all(|image| image.file.contains("clip")));
    let seen = page.images[0].prediction.as_ref().unwrap();
    assert_eq!(seen.probabilities.len(), 2);
    let heat = project
        .localization(page.images[0].id, Some(ClassId(0)))
        .await
        .unwrap();
    assert!(heat.text.contains("clip"), "{}", heat.text);

    // The same model after a restart.
    project.close().await.unwrap();
    let project = Project::open(&without_classes(folder.path()))
        .await
        .unwrap();
    // The model is fitted again when it is first needed.
    project.auto_label_preview().await.unwrap();
    let again = project.image(page.images[0].id).await.unwrap();
    for (now, before) in again
        .prediction
        .unwrap()
        .probabilities
        .iter()
        .zip(&seen.probabilities)
    {
        assert!((now - before).abs() < 1e-4);
    }

    let applied = project.auto_label().await.unwrap();
    let of_program = ImageFilter {
        state: Some(ImageState::AutoLabeled),
        ..ImageFilter::default()
    };
    let page = project.images(&of_program, 0, 200).await.unwrap();
    assert_eq!(page.total, applied.accepted);
    let with_clip = |image: &&ImageView| image.auto_label.unwrap().names(ClassId(0));
    let clips = page.images.iter().filter(with_clip).count();
    assert_eq!(clips as u64, applied.per_class[0]);
    let mut view = project.audit().await.unwrap();
    while let Some(next) = &view.next {
        view = check(&project, &view, truth(&next.image).into()).await;
    }
    assert_eq!(view.verdict, AuditVerdict::Certified, "{}", view.text);
    let certificate = project.certificate().await.unwrap().unwrap().certificate;
    assert!(certificate.statement.contains("every finding"));
    assert_eq!(certificate.per_class[0].auto_labels, applied.per_class[0]);

    let target = folder.path().join("out.csv");
    project.export(ExportFormat::Csv, &target).await.unwrap();
    let table = std::fs::read_to_string(target).unwrap();
    assert!(table.contains("clip|effusion") && table.contains("no finding"));
    let folders = project
        .export(ExportFormat::Folders, &folder.path().join("out"))
        .await;
    assert!(
        folders
            .unwrap_err()
            .to_string()
            .contains("one class an image")
    );
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_of_the_table_are_answers_where_wanted() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 30, 12);
    let told = OpenOptions {
        use_labels: true,
        ..without_classes(folder.path())
    };
    let project = imported(&told).await;
    let page = project
        .images(&ImageFilter::default(), 0, 30)
        .await
        .unwrap();
    for (number, image) in page.images.iter().enumerate() {
        let expected = (number < 12).then(|| Answer::from(truth(image)));
        assert_eq!(image.answer, expected, "{}", image.file);
    }
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_task_is_refused_and_the_task_stays() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 12, 6);
    let project = imported(&without_classes(folder.path())).await;
    let queue = project.queue("local", 1).await.unwrap();
    let image = &queue.items[0].image;
    let class = Answer::Class { class: ClassId(0) };
    let refused = say(&project, image, class).await.unwrap_err().to_string();
    assert!(refused.contains("any number of findings"), "{refused}");
    let unknown = Answer::Findings {
        present: FindingSet::of([ClassId(5)]).unwrap(),
    };
    assert!(say(&project, image, unknown).await.is_err());

    let mut schema = project.view().await.unwrap().settings.schema;
    schema.task = Task::Classification;
    let patch = SettingsPatch {
        schema: Some(schema),
        ..SettingsPatch::default()
    };
    project
        .settings(patch.clone())
        .await
        .expect("nothing is labeled yet");
    let back = SettingsPatch {
        schema: patch.schema.clone().map(|mut schema| {
            schema.task = Task::Findings;
            schema
        }),
        ..SettingsPatch::default()
    };
    project.settings(back).await.unwrap();
    say(&project, image, truth(image).into()).await.unwrap();
    let refused = project.settings(patch).await.unwrap_err().to_string();
    assert!(refused.contains("start a new project"), "{refused}");
    project.close().await.unwrap();
}
