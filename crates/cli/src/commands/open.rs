//! `autolabel open FOLDER`.

use crate::arguments::BackboneArguments;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::project::{backbone_source, engine_choice};
use crate::serving::{ServeArguments, serve_until_interrupted};
use autolabel_annotation::Task;
use autolabel_workflow::{Adaptation, OpenOptions, Project};
use std::path::PathBuf;

/// Arguments of `open`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder with PNG, JPEG or TIFF images, at any depth.
    folder: PathBuf,

    /// Where to keep the project; without it FOLDER/.autolabel.
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,

    /// Table with a column file and, where known, label, group and source; a label of several findings
    /// has | between them.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Class names in the order of their digit keys, for a new project.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    classes: Vec<String>,

    /// Names of findings, of which an image may show any number, in the order of their digit keys, for a
    /// new project.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        conflicts_with = "classes"
    )]
    findings: Vec<String>,

    /// Names of grades, of which an image has one, from the lowest to the highest, for a new project.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        conflicts_with_all = ["classes", "findings"]
    )]
    grades: Vec<String>,

    /// Names of what boxes are drawn around, in the order of their digit keys, for a new project.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        conflicts_with_all = ["classes", "findings", "grades"]
    )]
    boxes: Vec<String>,

    /// Names of what is painted, where a pixel has one class or none, in the order of their digit keys,
    /// for a new project.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        conflicts_with_all = ["classes", "findings", "grades", "boxes"]
    )]
    masks: Vec<String>,

    /// Names of what is outlined one by one, such as nuclei, in the order of their digit keys, for a new
    /// project.
    #[arg(
        long,
        value_name = "A,B,C",
        value_delimiter = ',',
        conflicts_with_all = ["classes", "findings", "grades", "boxes", "masks"]
    )]
    instances: Vec<String>,

    /// Take the labels of the table, or of the class folders, as answers of experts.
    #[arg(long)]
    use_labels: bool,

    /// Do not adapt the network to the images; without this, 500 or more are looked at in the background
    /// after the import, labels not needed, and the adapted network takes over when it is ready.
    #[arg(long)]
    no_adapt: bool,

    #[command(flatten)]
    serve: ServeArguments,

    #[command(flatten)]
    backbone: BackboneArguments,
}

/// Opens the project, imports what is new in the background, and serves at once.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    let named = [
        (arguments.classes, Task::Classification),
        (arguments.findings, Task::Findings),
        (arguments.grades, Task::Grades),
        (arguments.boxes, Task::Detection),
        (arguments.masks, Task::SemanticSegmentation),
        (arguments.instances, Task::InstanceSegmentation),
    ];
    let (classes, task) = named
        .into_iter()
        .find(|(names, _)| !names.is_empty())
        .unwrap_or((Vec::new(), Task::Classification));
    let options = OpenOptions {
        project: arguments.project,
        csv: arguments.csv,
        classes,
        task,
        backbone: backbone_source(&arguments.backbone),
        engine: engine_choice(&arguments.backbone),
        use_labels: arguments.use_labels,
        adapt: (!arguments.no_adapt).then(Adaptation::default),
        ..OpenOptions::new(arguments.folder)
    };
    let project = Project::open(&options).await?;
    project.start_import().await?;
    serve_until_interrupted(project, &arguments.serve, output).await
}
