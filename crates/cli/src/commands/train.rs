//! `autolabel train FOLDER`.

use crate::arguments::ProjectArguments;
use crate::job_progress::finish_job;
use crate::outcome::{Outcome, interruptible};
use crate::output::{Output, percent};
use crate::project::open_for_writing;
use anyhow::Context;
use autolabel_workflow::view::ModelView;

/// Arguments of `train`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,
}

/// Trains, chooses the next batch, and prints the new model.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let project = open_for_writing(&arguments.project).await?;
        let job = project.train_now().await?;
        finish_job(&project, job).await?;
        let models = project.models().await?;
        let newest = models.last().context("training left no model")?;
        output.result(newest, text)?;
        project.close().await?;
        Ok(Outcome::Done)
    })
    .await
}

fn text(model: &ModelView) -> String {
    let point = model.point;
    let accuracy = point
        .accuracy
        .map_or_else(|| "not known yet".to_owned(), percent);
    format!(
        "Model {} from {} labels: accuracy of the rest {accuracy}, {} can be auto-labeled",
        model.version,
        model.labels,
        percent(point.auto_share)
    )
}
