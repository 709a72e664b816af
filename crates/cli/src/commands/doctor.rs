//! `autolabel doctor [FOLDER]`.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::project::{open_for_reading, open_for_writing};
use autolabel_workflow::{BackboneSource, EngineChoice, load_backbone};
use serde::Serialize;
use std::path::PathBuf;

/// Memory below which large projects get slow, bytes.
const LITTLE_MEMORY: u64 = 2 << 30;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Also check the project of this folder.
    folder: Option<PathBuf>,

    /// Project folder, where it is not FOLDER/.autolabel.
    #[arg(long, value_name = "DIR", requires = "folder")]
    project: Option<PathBuf>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// As it should be.
    Good,
    /// Works, but could be better.
    Note,
    /// Something to put right.
    Problem,
}

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    text: String,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Diagnosis {
    version: &'static str,
    checks: Vec<Check>,
}

/// Runs every check; exit code 1 if one found a problem.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    let mut checks = vec![cores(), memory()];
    checks.push(tokio::task::spawn_blocking(engine).await?);
    if let Some(folder) = arguments.folder {
        let located = ProjectArguments {
            folder,
            project: arguments.project,
        };
        checks.extend(project(&located).await);
    }
    let healthy = checks.iter().all(|c| c.verdict != Verdict::Problem);
    let diagnosis = Diagnosis {
        version: env!("CARGO_PKG_VERSION"),
        checks,
    };
    output.result(&diagnosis, text)?;
    Ok(Outcome::from_answer(healthy))
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut text = format!("autolabel {}\n", diagnosis.version);
    for check in &diagnosis.checks {
        let word = match check.verdict {
            Verdict::Good => "good",
            Verdict::Note => "note",
            Verdict::Problem => "PROBLEM",
        };
        text.push_str(&format!("{word:<7}  {:<8}  {}\n", check.name, check.text));
    }
    text
}

fn cores() -> Check {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Check {
        name: "cores",
        verdict: Verdict::Good,
        text: format!("{count} processor cores can be used"),
    }
}

fn memory() -> Check {
    let (verdict, text) = match available_memory() {
        None => (
            Verdict::Note,
            "how much memory is free cannot be read on this system".to_owned(),
        ),
        Some(bytes) => {
            let gigabytes = bytes as f64 / 1e9;
            if bytes < LITTLE_MEMORY {
                (
                    Verdict::Note,
                    format!(
                        "{gigabytes:.1} GB of memory are free; large projects will be slow, close other programs"
                    ),
                )
            } else {
                (
                    Verdict::Good,
                    format!("{gigabytes:.1} GB of memory are free"),
                )
            }
        }
    };
    Check {
        name: "memory",
        verdict,
        text,
    }
}

/// Bytes of memory that programs can still take, where the system says so (Linux, proc(5)).
fn available_memory() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn engine() -> Check {
    let (verdict, text) = match load_backbone(&BackboneSource::Default, EngineChoice::Auto, 0) {
        Err(error) => (Verdict::Problem, error.to_string()),
        Ok(backbone) => {
            let engine = backbone.engine();
            let library = engine
                .library
                .as_ref()
                .map_or_else(String::new, |l| format!(" from {}", l.display()));
            match &engine.note {
                Some(note) => (Verdict::Note, note.clone()),
                None => (
                    Verdict::Good,
                    format!("{} {}{library}", engine.name, engine.version),
                ),
            }
        }
    };
    Check {
        name: "engine",
        verdict,
        text,
    }
}

async fn project(located: &ProjectArguments) -> Vec<Check> {
    let check = |verdict, text| Check {
        name: "project",
        verdict,
        text,
    };
    // What can be repaired is, unless another process has the project.
    let opened = match open_for_writing(located).await {
        Ok(project) => Ok(project),
        Err(_) => open_for_reading(located).await,
    };
    let project = match opened {
        Ok(project) => project,
        Err(error) => return vec![check(Verdict::Problem, format!("{error:#}"))],
    };
    let found = project.check().await;
    if let Err(error) = project.close().await {
        return vec![check(Verdict::Problem, error.to_string())];
    }
    match found {
        Err(error) => vec![check(Verdict::Problem, error.to_string())],
        Ok(problems) if problems.is_empty() => vec![check(
            Verdict::Good,
            "the journal, the state and the embeddings agree".to_owned(),
        )],
        Ok(problems) => problems
            .into_iter()
            .map(|problem| check(Verdict::Problem, problem))
            .collect(),
    }
}
