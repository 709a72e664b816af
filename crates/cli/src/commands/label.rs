//! `autolabel label FOLDER [IMAGE CLASS]`.

use crate::arguments::ProjectArguments;
use crate::images::{ImageNames, answer_named, new_key};
use crate::outcome::{Outcome, interruptible};
use crate::output::{Output, say};
use crate::project::open_for_writing;
use anyhow::{Context, bail};
use autolabel_annotation::ImageId;
use autolabel_workflow::Project;
use autolabel_workflow::view::{AnswerRequest, Settings};
use serde::Serialize;
use std::io::BufRead;
use tokio::sync::mpsc;

/// Lines read ahead of the disk.
const LINES_AHEAD: usize = 64;

/// Arguments of `label`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectArguments,

    /// The image: its path below the image folder, or # and its number. Without it, lines of
    /// `file,class` or `file,class,seconds` are read from standard input.
    #[arg(requires = "class")]
    image: Option<String>,

    /// The class; or the findings with | between them, or `no finding`; or `unreadable`.
    class: Option<String>,

    /// Seconds an answer took; without it the project's assumption.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

/// One acknowledged answer.
#[derive(Serialize)]
struct Acknowledged {
    sequence: u64,
    image: ImageId,
    file: String,
    class: String,
}

/// One answer as it was typed.
#[derive(Debug, PartialEq)]
struct Line {
    file: String,
    class: String,
    seconds: Option<f64>,
}

/// What stays the same over all answers of one call.
struct Session {
    project: Project,
    names: ImageNames,
    settings: Settings,
    seconds: Option<f64>,
    output: Output,
}

/// Records answers; each is printed after it is on disk.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let project = open_for_writing(&arguments.project).await?;
        let session = Session {
            names: ImageNames::of(&project).await?,
            settings: project.view().await?.settings,
            seconds: arguments.seconds,
            project,
            output,
        };
        match (arguments.image, arguments.class) {
            (Some(file), Some(class)) => {
                let line = Line {
                    file,
                    class,
                    seconds: None,
                };
                record(&session, line).await?;
            }
            _ => record_lines(&session).await?,
        }
        // The last answer of a batch begins a training round; the next batch is better after it.
        session.project.idle().await;
        session.project.close().await?;
        Ok(Outcome::Done)
    })
    .await
}

/// Records every line it can and says which it cannot.
async fn record_lines(session: &Session) -> anyhow::Result<()> {
    let (sender, mut lines) = mpsc::channel(LINES_AHEAD);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let (mut number, mut refused) = (0_u64, 0_u64);
    while let Some(text) = lines.recv().await {
        number += 1;
        let text = text.context("standard input cannot be read")?;
        let result = match parse_line(&text, number == 1) {
            Ok(Some(line)) => record(session, line).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            if error.downcast_ref::<std::io::Error>().is_some() {
                return Err(error);
            }
            refused += 1;
            say(&format!("error: line {number}: {error:#}"));
        }
    }
    if refused > 0 {
        bail!("{refused} of {number} lines were not recorded; correct them and send them again");
    }
    Ok(())
}

async fn record(session: &Session, line: Line) -> anyhow::Result<()> {
    let image = session.names.find(&line.file)?;
    let assumed = session.settings.cost.seconds_per_label;
    let request = AnswerRequest {
        image,
        answer: answer_named(&session.settings.schema, &line.class)?,
        seconds: line.seconds.or(session.seconds).unwrap_or(assumed),
        idempotency_key: new_key(),
        reader: None,
    };
    let receipt = session.project.answer(request).await?;
    let acknowledged = Acknowledged {
        sequence: receipt.sequence,
        image,
        file: line.file,
        class: line.class,
    };
    session.output.record(&acknowledged, |a| {
        format!("{},{},{}", a.sequence, a.file, a.class)
    })
}

/// A line of standard input; `None` for an empty line and for a header in the first line.
fn parse_line(text: &str, first: bool) -> anyhow::Result<Option<Line>> {
    let text = text.trim_start_matches('\u{feff}').trim_end();
    if text.is_empty()
        || (first && (text.starts_with("file,class") || text.starts_with("file,label")))
    {
        return Ok(None);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let record = reader.records().next().context("the line is empty")??;
    let fields: Vec<&str> = record.iter().collect();
    let (file, class, seconds) = match fields[..] {
        [file, class] => (file, class, None),
        [file, class, seconds] => {
            let seconds = seconds
                .parse()
                .with_context(|| format!("'{seconds}' is not a number of seconds"))?;
            (file, class, Some(seconds))
        }
        _ => bail!("a line is file,class or file,class,seconds"),
    };
    Ok(Some(Line {
        file: file.to_owned(),
        class: class.to_owned(),
        seconds,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Line> {
        parse_line(text, false).unwrap()
    }

    #[test]
    fn lines_are_file_class_and_maybe_seconds() {
        let line = |file: &str, class: &str, seconds| Line {
            file: file.to_owned(),
            class: class.to_owned(),
            seconds,
        };
        assert_eq!(parsed("a.png,normal"), Some(line("a.png", "normal", None)));
        assert_eq!(
            parsed("\"a,b.png\", normal ,2.5\r"),
            Some(line("a,b.png", "normal", Some(2.5)))
        );
        assert_eq!(parsed(""), None);
        assert!(parse_line("a.png", false).is_err());
        assert!(parse_line("a.png,normal,soon", false).is_err());
    }

    #[test]
    fn a_header_is_skipped_in_the_first_line_only() {
        assert_eq!(parse_line("file,label", true).unwrap(), None);
        assert!(parsed("file,label").is_some());
    }
}
