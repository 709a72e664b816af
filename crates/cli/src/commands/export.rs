//! `autolabel export FOLDER --format FORMAT --out PATH`.

use crate::arguments::ProjectArguments;
use crate::outcome::{Outcome, interruptible};
use crate::output::Output;
use crate::project::open_for_reading;
use autolabel_workflow::ExportFormat;
use clap::ValueEnum;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,

    /// What to write.
    #[arg(long, value_enum)]
    format: FormatArgument,

    /// File to write; for folders, the folder to make.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

/// Formats by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArgument {
    /// One line an image, comma-separated.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON file in the style of COCO.
    Coco,
    /// A folder for each class with its images.
    Folders,
}

/// Writes the labels and prints what was written.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let project = open_for_reading(&arguments.project).await?;
        let format = match arguments.format {
            FormatArgument::Csv => ExportFormat::Csv,
            FormatArgument::Jsonl => ExportFormat::Jsonl,
            FormatArgument::Coco => ExportFormat::Coco,
            FormatArgument::Folders => ExportFormat::Folders,
        };
        let summary = project.export(format, &arguments.out).await?;
        output.result(&summary, |s| {
            format!("{} labels written: {}", s.labels, arguments.out.display())
        })?;
        Ok(Outcome::Done)
    })
    .await
}
