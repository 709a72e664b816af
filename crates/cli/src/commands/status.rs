//! `autolabel status FOLDER`.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{Output, columns, percent};
use crate::project::open_for_reading;
use autolabel_workflow::view::{CurveView, Effort, ProjectView, RefusedFile, Stage};
use serde::Serialize;

/// Refused files that the text names; `--json` has all.
const REFUSED_SHOWN: usize = 20;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Status {
    project: ProjectView,
    curve: CurveView,
    refused: Vec<RefusedFile>,
}

/// Prints where the project stands.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    let project = open_for_reading(&arguments.project).await?;
    let status = Status {
        project: project.view().await?,
        curve: project.curve().await?,
        refused: project.refused().await?,
    };
    output.result(&status, text)?;
    Ok(Outcome::Done)
}

fn text(status: &Status) -> String {
    let project = &status.project;
    let counts = project.counts;
    let currency = &project.settings.currency;
    let mut rows = vec![
        ["Stage".to_owned(), stage(project.stage).to_owned()],
        ["Images".to_owned(), counts.images.to_string()],
        [
            "Labeled by experts".to_owned(),
            share(counts.labeled, counts.images),
        ],
        [
            "Labeled by the program".to_owned(),
            share(counts.auto_labeled, counts.images),
        ],
        [
            "Not labeled".to_owned(),
            share(counts.unlabeled, counts.images),
        ],
        ["Unreadable".to_owned(), counts.unreadable.to_string()],
        ["Flagged".to_owned(), counts.flagged.to_string()],
        [
            "Copies of earlier images".to_owned(),
            counts.duplicates.to_string(),
        ],
        ["Refused files".to_owned(), counts.refused.to_string()],
        [
            "Batch".to_owned(),
            format!("{} of {}", project.batch_done, project.batch_size),
        ],
        ["Training rounds".to_owned(), project.round.to_string()],
    ];
    if let Some(point) = status.curve.points.last() {
        rows.push(["Accuracy of the rest".to_owned(), accuracy(point)]);
        rows.push(["Can be auto-labeled".to_owned(), percent(point.auto_share)]);
    }
    rows.push(["Spent".to_owned(), effort(project.spent, currency)]);
    rows.push([
        "By hand it would be".to_owned(),
        effort(project.by_hand, currency),
    ]);
    rows.push(["Backbone".to_owned(), project.backbone.clone()]);
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    let mut text = format!("{}\n{}", project.settings.name, columns(&rows, &[]));
    if let Some(advice) = &status.curve.advice {
        text.push_str(&format!("{}\n", advice.headline));
    }
    for refused in status.refused.iter().take(REFUSED_SHOWN) {
        text.push_str(&format!("refused: {}: {}\n", refused.file, refused.reason));
    }
    if status.refused.len() > REFUSED_SHOWN {
        let more = status.refused.len() - REFUSED_SHOWN;
        text.push_str(&format!(
            "and {more} more refused files (--json lists all)\n"
        ));
    }
    for notice in &project.notices {
        text.push_str(&format!("note: {notice}\n"));
    }
    text
}

fn accuracy(point: &autolabel_workflow::view::CurvePoint) -> String {
    match (point.accuracy, point.low, point.high) {
        (Some(value), Some(low), Some(high)) => format!(
            "{} (95 % interval {} to {}, from {} random labels)",
            percent(value),
            percent(low),
            percent(high),
            point.random_labels
        ),
        _ => "not known yet, no random labels".to_owned(),
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Importing => "importing",
        Stage::Labeling => "labeling",
        Stage::StopAdvised => "stop advised: auto-label the rest now",
        Stage::Auditing => "auditing",
        Stage::Certified => "certified",
        Stage::Refuted => "refuted: label the images that came back",
    }
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return part.to_string();
    }
    format!("{part} ({})", percent(part as f64 / whole as f64))
}

fn effort(effort: Effort, currency: &str) -> String {
    format!("{:.1} h, {:.0} {currency}", effort.hours, effort.money)
}
