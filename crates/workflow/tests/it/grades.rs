//! A project whose classes are grades: from the first label to a certificate that says how far off labels are.

use crate::expert::{check, say};
use crate::folder::{imported, levels_of, options, save_grey};
use autolabel_annotation::{Answer, ClassId, LabelSchema, Task};
use autolabel_phantoms::{PhantomClass, chest_radiograph};
use autolabel_workflow::view::{AuditVerdict, ImageView};
use autolabel_workflow::{ExportFormat, OpenOptions, Project, SettingsPatch};
use std::fmt::Write;
use std::path::Path;

/// In rising order, which is not that of the alphabet.
const GRADES: [&str; 3] = ["none", "small", "large"];

/// Draws radiographs with a bright square that is not there, small or large; the file is named after it.
/// A table beside them tells the grades of the first `told`.
fn draw(folder: &Path, images: u64, told: u64) {
    let mut table = "file,label\n".to_owned();
    for number in 0..images {
        let grade = (number % 3) as usize;
        let phantom = chest_radiograph(number, PhantomClass::Normal);
        let (width, height) = (phantom.plane.width, phantom.plane.height);
        let mut levels = levels_of(phantom.plane.samples);
        let side = [0, width / 8, width / 3][grade];
        for y in height / 4..height / 4 + side {
            let start = (y * width + width / 4) as usize;
            levels[start..start + side as usize].fill(255);
        }
        let name = format!("{number:04}-{}.png", GRADES[grade]);
        save_grey(&folder.join(&name), (width, height), levels);
        if number < told {
            writeln!(table, "{name},{}", GRADES[grade]).unwrap();
        }
    }
    std::fs::write(folder.join("labels.csv"), table).unwrap();
}

fn truth(image: &ImageView) -> Answer {
    let grade = GRADES.iter().position(|name| image.file.contains(name));
    Answer::Class {
        class: ClassId(grade.unwrap() as u16),
    }
}

fn graded(folder: &Path) -> OpenOptions {
    OpenOptions {
        classes: GRADES.map(str::to_owned).to_vec(),
        task: Task::Grades,
        ..options(folder)
    }
}

async fn label(project: &Project, count: usize) {
    for _ in 0..count {
        let queue = project.queue("local", 1).await.unwrap();
        let image = &queue.items[0].image;
        say(project, image, truth(image)).await.unwrap();
        project.idle().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_grades_to_a_certificate_that_says_how_far_off() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 150, 0);
    let project = imported(&graded(folder.path())).await;
    let schema = project.view().await.unwrap().settings.schema;
    assert_eq!(schema, LabelSchema::new(Task::Grades, GRADES).unwrap());
    let patch = SettingsPatch {
        target_error: Some(0.3),
        budget_share: Some(1.0),
        ..SettingsPatch::default()
    };
    project.settings(patch).await.unwrap();
    label(&project, 50).await;
    project.close().await.unwrap();

    let project = Project::open(&graded(folder.path())).await.unwrap();
    let applied = project.auto_label().await.unwrap();
    assert_eq!(applied.per_class.len(), 3);
    let mut view = project.audit().await.unwrap();
    assert_eq!(view.grades, None, "nothing was checked yet");
    while let Some(next) = &view.next {
        view = check(&project, &view, truth(&next.image)).await;
        let grades = view.grades.as_ref().unwrap();
        assert!(grades.within_one + view.wrong >= view.checked);
    }
    assert_eq!(view.verdict, AuditVerdict::Certified, "{}", view.text);
    let certificate = project.certificate().await.unwrap().unwrap().certificate;
    assert!(
        certificate.statement.contains("the grade is exactly right"),
        "{}",
        certificate.statement
    );
    assert_eq!(certificate.grades, view.grades);
    let kappa = certificate.grades.unwrap().quadratic_kappa.unwrap();
    assert!(kappa.low <= kappa.value && kappa.value <= kappa.high);
    let page = project.certificate_html().await.unwrap().unwrap();
    assert!(page.contains("Quadratically weighted kappa"));

    let target = folder.path().join("out.jsonl");
    project.export(ExportFormat::Jsonl, &target).await.unwrap();
    let lines = std::fs::read_to_string(target).unwrap();
    assert!(lines.contains(r#""label":"large""#), "{lines}");
    let folders = folder.path().join("out");
    project
        .export(ExportFormat::Folders, &folders)
        .await
        .unwrap();
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
    project.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_gives_grades_in_the_order_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 15, 9);
    let told = OpenOptions {
        use_labels: true,
        ..graded(folder.path())
    };
    let project = imported(&told).await;
    for number in 0..9 {
        let image = project
            .image(autolabel_annotation::ImageId(number))
            .await
            .unwrap();
        assert_eq!(image.answer, Some(truth(&image)), "{}", image.file);
    }
    let mut schema = project.view().await.unwrap().settings.schema;
    schema.task = Task::Classification;
    let patch = SettingsPatch {
        schema: Some(schema),
        ..SettingsPatch::default()
    };
    let refused = project.settings(patch).await.unwrap_err().to_string();
    assert!(
        refused.contains("labeled with one grade an image"),
        "{refused}"
    );
    project.close().await.unwrap();
}
