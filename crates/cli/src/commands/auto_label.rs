//! `autolabel auto-label FOLDER`.

use crate::arguments::ProjectArguments;
use crate::job_progress::finish_job;
use crate::outcome::{Outcome, interruptible};
use crate::output::Output;
use crate::project::{open_for_reading, open_for_writing};
use autolabel_workflow::view::AutoLabelView;

/// Arguments of `auto-label`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,

    /// Write the labels and begin the audit; without it nothing is changed.
    #[arg(long)]
    apply: bool,
}

/// Prints what auto-labeling would do, or did.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let view = if arguments.apply {
            let project = open_for_writing(&arguments.project).await?;
            if project.auto_label_preview().await?.unseen > 0 {
                let job = project.propose_for_all().await?;
                finish_job(&project, job).await?;
            }
            let view = project.auto_label().await?;
            project.close().await?;
            view
        } else {
            let project = open_for_reading(&arguments.project).await?;
            project.auto_label_preview().await?
        };
        output.result(&view, text)?;
        Ok(Outcome::Done)
    })
    .await
}

fn text(view: &AutoLabelView) -> String {
    let hint = if view.applied {
        "Check the audit sample next: autolabel audit FOLDER"
    } else {
        "Nothing was changed; --apply writes the labels."
    };
    format!("{}\n{hint}", view.text)
}
