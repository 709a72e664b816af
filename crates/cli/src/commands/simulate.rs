//! `autolabel simulate DATASET`.

use crate::arguments::BackboneArguments;
use crate::outcome::{Outcome, interruptible};
use crate::output::Output;
use crate::progress::Progress;
use crate::project::{backbone_source, engine_choice};
use crate::simulation_text::report_text;
use autolabel_workflow::dataset::load_dataset;
use autolabel_workflow::load_backbone;
use autolabel_workflow::simulate::{SimulateConfig, SimulationReport, simulate};
use std::path::PathBuf;

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder with a folder of images for each class, or with images and a table of their labels.
    dataset: PathBuf,

    /// Table with the columns file and label, and where known group and split; without it
    /// DATASET/labels.csv, if there is one.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// How images are chosen.
    #[arg(long, default_value = "auto")]
    strategy: String,

    /// Another strategy to compare with, or none; may be given several times.
    #[arg(long, value_name = "STRATEGY", value_delimiter = ',', default_values_t = ["random".to_owned()])]
    compare: Vec<String>,

    /// Share of the images to label at most.
    #[arg(long, value_name = "SHARE", default_value_t = 0.15)]
    budget: f64,

    /// Images a batch; without it one in 150, at least 10 and at most 50.
    #[arg(long, value_name = "N")]
    batch: Option<usize>,

    /// How many times to repeat everything with another seed.
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: usize,

    /// Largest acceptable share of wrong auto-labels.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    target_error: f64,

    /// Also measure what all labels would reach with the same features (minutes on large sets).
    #[arg(long)]
    full_label: bool,

    /// Folder that keeps the features for the next simulation of the same images.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,

    /// Threads to use; without it one for each core.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    #[command(flatten)]
    backbone: BackboneArguments,
}

/// Replays the loop and prints the report.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    interruptible(async {
        let report = tokio::task::spawn_blocking(move || replay(&arguments)).await??;
        output.result(&report, report_text)?;
        Ok(Outcome::Done)
    })
    .await
}

fn replay(arguments: &Arguments) -> anyhow::Result<SimulationReport> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    let config = SimulateConfig {
        strategy: arguments.strategy.clone(),
        compare: compared(&arguments.compare),
        budget_share: arguments.budget,
        full_label: arguments.full_label,
        batch_size: arguments.batch,
        seeds: arguments.seeds,
        target_error: arguments.target_error,
        ..SimulateConfig::default()
    };
    let source = backbone_source(&arguments.backbone);
    let engine = engine_choice(&arguments.backbone);
    let backbone = load_backbone(&source, engine, arguments.threads.unwrap_or(0))?;
    let mut progress = Progress::new("Reading images");
    let dataset = load_dataset(
        &arguments.dataset,
        arguments.csv.as_deref(),
        &backbone,
        arguments.cache.as_deref(),
        &mut |p| progress.show(p.done as u64, p.total as u64, ""),
    )?;
    drop(progress);
    let mut progress = Progress::new("Simulating");
    let report = simulate(&dataset, &config, &mut |p| {
        let message = format!("{}, seed {}", p.strategy, p.seed);
        progress.show(p.done as u64, p.total as u64, &message);
    })?;
    Ok(report)
}

/// `none` stands for no comparison.
fn compared(strategies: &[String]) -> Vec<String> {
    strategies
        .iter()
        .filter(|s| *s != "none")
        .cloned()
        .collect()
}
