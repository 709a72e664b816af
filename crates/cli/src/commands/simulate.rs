//! `autolabel simulate DATASET`.

use crate::arguments::BackboneArguments;
use crate::outcome::{Outcome, interruptible};
use crate::output::Output;
use crate::progress::Progress;
use crate::shape_simulation::{self, ShapeArguments};
use crate::shape_simulation_text;
use crate::simulation_network::{NetworkChoice, network};
use crate::simulation_people::PeopleArguments;
use crate::simulation_text::report_text;
use anyhow::ensure;
use autolabel_annotation::Task;
use autolabel_workflow::dataset::{
    Dataset, load_dataset, load_dataset_with_features, save_features,
};
use autolabel_workflow::simulate::{SimulateConfig, SimulationReport, simulate};
use autolabel_workflow::simulate_shapes::{ShapeConfig, ShapeReport, ShapeSource};
use autolabel_workflow::simulation_page;
use std::path::{Path, PathBuf};

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder with a folder of images for each class, or with images and a table of their labels.
    dataset: PathBuf,

    /// Table with the columns file and label, and where known group, split, source and population;
    /// without it DATASET/labels.csv, if there is one.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Take the labels as grades, which are named here from the lowest to the highest; also reports how
    /// far off labels are.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    grades: Vec<String>,

    /// How images are chosen.
    #[arg(long, default_value = "auto")]
    strategy: String,

    /// Another strategy to compare with, or none; may be given several times.
    #[arg(long, value_name = "STRATEGY", value_delimiter = ',', default_values_t = ["random".to_owned()])]
    compare: Vec<String>,

    /// Share of the images to label at most.
    #[arg(long, value_name = "SHARE", default_value_t = 0.15)]
    budget: f64,

    /// Images a batch; without it one in 150, at least 10 and at most 50, of drawn tasks one in 40, at least 4
    /// and at most 50, with fewer in the first batches.
    #[arg(long, value_name = "N")]
    batch: Option<usize>,

    /// How many times to repeat everything with another seed.
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: usize,

    /// The first of these seeds, to spread them over several runs.
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_seed: u64,

    /// Largest acceptable share of wrong auto-labels.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    target_error: f64,

    /// Also measure what all labels would reach with the same features (minutes on large sets).
    #[arg(long)]
    full_label: bool,

    /// Folder that keeps the adapted network and the features for the next simulation of the same images;
    /// of drawn tasks also each round, so that an interrupted simulation goes on at its last one.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,

    /// Features from elsewhere instead of images: a NumPy array with one row for each row of the table
    /// of labels. Rows of length 1 are taken as they are, others are standardised and reduced.
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["cache", "backbone"])]
    features: Option<PathBuf>,

    /// Take the network as it is; without this it is first adapted to the images of the pool, where
    /// there are 500 or more, as in a project: without labels, some minutes on one core.
    #[arg(long)]
    no_adapt: bool,

    /// Also write the features that the first rounds use, in the order of the table of labels.
    #[arg(long, value_name = "FILE.npy")]
    save_features: Option<PathBuf>,

    /// Threads to use; without it one for each core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Replays side by side; without it one for each thread. With 1 each round has all threads, as in
    /// a live project, so that the seconds a round can be compared.
    #[arg(long, value_name = "N")]
    runs_at_once: Option<usize>,

    /// Also write the report as a page to read, print and hand on.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    #[command(flatten)]
    backbone: BackboneArguments,

    #[command(flatten)]
    people: PeopleArguments,

    #[command(flatten)]
    shapes: ShapeArguments,
}

/// What a simulation says, by what is labeled.
enum Report {
    Classes(Box<SimulationReport>),
    Shapes(Box<ShapeReport>),
}

/// Replays the loop and prints the report.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let page = arguments.report.clone();
        for (what, file) in [("report", &page), ("features", &arguments.save_features)] {
            if let Some(file) = file {
                check_place(what, file)?;
            }
        }
        match tokio::task::spawn_blocking(move || replay(&arguments)).await?? {
            Report::Classes(report) => {
                if let Some(file) = &page {
                    fs_err::write(file, simulation_page(&report))?;
                }
                output.result(&*report, report_text)?;
            }
            Report::Shapes(report) => {
                output.result(&*report, shape_simulation_text::report_text)?;
            }
        }
        Ok(Outcome::Done)
    })
    .await
}

/// A simulation may take an hour, so what would stop a file from being written is said before.
fn check_place(what: &str, file: &Path) -> anyhow::Result<()> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    ensure!(
        folder.is_dir(),
        "the folder for the {what} does not exist; make it, or name another file: {}",
        file.display()
    );
    ensure!(
        !file.is_dir(),
        "the {what} must go to a file, and this is a folder; add a file name: {}",
        file.display()
    );
    Ok(())
}

fn replay(arguments: &Arguments) -> anyhow::Result<Report> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    let command = command_line(
        std::env::args_os()
            .skip(1)
            .map(|word| word.to_string_lossy().into_owned()),
    );
    let csv = arguments.csv.as_deref();
    let is_of_classes = !arguments.grades.is_empty() || arguments.features.is_some();
    let shapes = match is_of_classes {
        true => None,
        false => shape_simulation::chosen(&arguments.shapes, &arguments.dataset, csv)?,
    };
    if let Some(source) = shapes {
        let mut report = replay_shapes(arguments, &source)?;
        report.command = Some(command);
        return Ok(Report::Shapes(Box::new(report)));
    }
    let mut report = replay_classes(arguments)?;
    report.command = Some(command);
    Ok(Report::Classes(Box::new(report)))
}

fn replay_shapes(
    arguments: &Arguments,
    source: &(Task, ShapeSource),
) -> anyhow::Result<ShapeReport> {
    ensure!(
        arguments.report.is_none(),
        "the report as a page is made for classes only so far; leave --report out and use --json"
    );
    ensure!(
        arguments.save_features.is_none(),
        "features are not what shapes are learnt from; leave --save-features out"
    );
    let config = ShapeConfig {
        strategy: arguments.strategy.clone(),
        compare: compared(&arguments.compare),
        budget_share: arguments.budget,
        full_label: arguments.full_label,
        batch_size: arguments.batch,
        seeds: arguments.seeds,
        first_seed: arguments.first_seed,
        target_error: arguments.target_error,
        runs_at_once: arguments.runs_at_once,
        cache: arguments.cache.clone(),
        ..ShapeConfig::default()
    };
    let cache = arguments.cache.as_deref();
    let threads = arguments.threads.unwrap_or(0);
    shape_simulation::replay(
        source,
        (&arguments.shapes, &arguments.backbone),
        (&arguments.dataset, cache, threads),
        config,
    )
}

fn replay_classes(arguments: &Arguments) -> anyhow::Result<SimulationReport> {
    let mut config = SimulateConfig {
        strategy: arguments.strategy.clone(),
        compare: compared(&arguments.compare),
        budget_share: arguments.budget,
        full_label: arguments.full_label,
        batch_size: arguments.batch,
        seeds: arguments.seeds,
        first_seed: arguments.first_seed,
        target_error: arguments.target_error,
        runs_at_once: arguments.runs_at_once,
        ..SimulateConfig::default()
    };
    arguments.people.apply(&mut config)?;
    config.check()?;
    let mut dataset = dataset(arguments)?;
    if !arguments.grades.is_empty() {
        dataset = dataset.graded(&arguments.grades)?;
    }
    if let Some(file) = &arguments.save_features {
        save_features(&dataset, &arguments.dataset, arguments.csv.as_deref(), file)?;
    }
    let mut progress = Progress::new("Simulating");
    Ok(simulate(&dataset, &config, &mut |p| {
        let message = format!("{}, seed {}", p.strategy, p.seed);
        progress.show(p.done as u64, p.total as u64, &message);
    })?)
}

/// The data set with features that are given, or made from its images.
fn dataset(arguments: &Arguments) -> anyhow::Result<Dataset> {
    let csv = arguments.csv.as_deref();
    if let Some(features) = &arguments.features {
        return Ok(load_dataset_with_features(
            &arguments.dataset,
            csv,
            features,
        )?);
    }
    let backbone = network(&NetworkChoice {
        backbone: &arguments.backbone,
        threads: arguments.threads.unwrap_or(0),
        may_adapt: !arguments.no_adapt,
        seed: arguments.first_seed,
        dataset: &arguments.dataset,
        csv,
        cache: arguments.cache.as_deref(),
    })?;
    let mut progress = Progress::new("Reading images");
    Ok(load_dataset(
        &arguments.dataset,
        csv,
        &backbone,
        arguments.cache.as_deref(),
        &mut |p| progress.show(p.done as u64, p.total as u64, ""),
    )?)
}

/// The command as it could be typed again.
fn command_line(words: impl Iterator<Item = String>) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./,:+".contains(c);
    let quoted = words.map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    std::iter::once("autolabel".to_owned())
        .chain(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

/// `none` stands for no comparison.
fn compared(strategies: &[String]) -> Vec<String> {
    strategies
        .iter()
        .filter(|s| *s != "none")
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_again() {
        let words = ["simulate", "my scans", "--seeds", "2", "it's"].map(str::to_owned);
        assert_eq!(
            command_line(words.into_iter()),
            r"autolabel simulate 'my scans' --seeds 2 'it'\''s'"
        );
    }

    #[test]
    fn a_report_needs_a_folder_and_a_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_place("report", &folder.path().join("report.html")).is_ok());
        assert!(check_place("report", folder.path()).is_err());
        let nowhere = check_place("report", &folder.path().join("no/report.html")).unwrap_err();
        assert!(nowhere.to_string().contains("does not exist"), "{nowhere}");
    }
}
