//! `autolabel simulate` on a data set of shapes.

use crate::arguments::BackboneArguments;
use crate::progress::Progress;
use crate::project::{backbone_source, engine_choice};
use anyhow::bail;
use autolabel_annotation::Task;
use autolabel_workflow::load_backbone;
use autolabel_workflow::simulate_shapes::{
    ShapeConfig, ShapeReport, ShapeSource, load_shape_dataset, shape_source, simulate_shapes,
};
use clap::ValueEnum;
use std::path::Path;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShapeTask {
    /// Boxes around objects.
    Boxes,
    /// One mask a class.
    Masks,
    /// One mask an object.
    Instances,
}

impl From<ShapeTask> for Task {
    fn from(task: ShapeTask) -> Self {
        match task {
            ShapeTask::Boxes => Self::Detection,
            ShapeTask::Masks => Self::SemanticSegmentation,
            ShapeTask::Instances => Self::InstanceSegmentation,
        }
    }
}

/// Arguments that only shapes have.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Shapes")]
pub struct ShapeArguments {
    /// Simulate drawing: masks or instances by a table index.csv with that column (mask, instances), or any
    /// of the three by a coco.json. Without it shapes are simulated where the folder has such a file and
    /// no labels.csv.
    #[arg(long, value_enum)]
    task: Option<ShapeTask>,

    /// How well a proposal must fit to need no edit, 0 to 1: Dice of masks (0.85 without this), mean IoU of
    /// boxes and instances with their partners (0.7).
    #[arg(long, value_name = "FIT")]
    least_fit: Option<f64>,
}

/// The task and where its shapes are; `None` where classes are simulated.
pub fn chosen(
    arguments: &ShapeArguments,
    dataset: &Path,
    csv: Option<&Path>,
) -> anyhow::Result<Option<(Task, ShapeSource)>> {
    let task = arguments.task.map(Task::from);
    if task.is_none() && csv.is_none() && dataset.join("labels.csv").is_file() {
        return Ok(None);
    }
    let source = shape_source(dataset, csv, task)?;
    if source.is_none() && arguments.least_fit.is_some() {
        bail!("--least-fit is about shapes, and this data set has classes; leave it out");
    }
    Ok(source)
}

/// Reads the data set and replays the loop.
pub fn replay(
    source: &(Task, ShapeSource),
    (arguments, backbone): (&ShapeArguments, &BackboneArguments),
    (dataset, cache, threads): (&Path, Option<&Path>, usize),
    config: ShapeConfig,
) -> anyhow::Result<ShapeReport> {
    let config = ShapeConfig {
        least_fit: arguments.least_fit,
        ..config
    };
    config.check()?;
    let engine = engine_choice(backbone);
    let network = load_backbone(&backbone_source(backbone), engine, threads)?;
    let mut progress = Progress::new("Reading images");
    let dataset = load_shape_dataset(dataset, source, &network, cache, &mut |p| {
        progress.show(p.done as u64, p.total as u64, "");
    })?;
    let mut progress = Progress::new("Simulating");
    Ok(simulate_shapes(&dataset, &config, engine, &mut |p| {
        let message = format!("{}, seed {}", p.strategy, p.seed);
        progress.show(p.done as u64, p.total as u64, &message);
    })?)
}
