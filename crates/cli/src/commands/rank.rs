//! `autolabel rank FOLDER`.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{Output, columns};
use crate::project::open_for_reading;
use autolabel_workflow::view::QueueView;

/// Reader whose queue the command line shows and answers.
pub const LOCAL_READER: &str = "local";

/// Arguments of `rank`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,

    /// At most this many images; without it the rest of the batch.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
}

/// Prints the rest of the present batch in the order in which it is asked.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    let project = open_for_reading(&arguments.project).await?;
    let count = arguments.count.unwrap_or(usize::MAX);
    let queue = project.queue(LOCAL_READER, count).await?;
    output.result(&queue, text)?;
    Ok(Outcome::Done)
}

fn text(queue: &QueueView) -> String {
    if let Some(reason) = &queue.empty_because {
        return reason.clone();
    }
    let rows: Vec<Vec<String>> = queue
        .items
        .iter()
        .map(|item| {
            vec![
                item.position.to_string(),
                item.image.file.clone(),
                item.reason.strategy.clone(),
                item.reason.text.clone(),
            ]
        })
        .collect();
    columns(&rows, &[0])
}
