//! The loop replayed on a labeled data set, with the known labels as the expert: what a hospital runs
//! before it pays anyone. The report is a contract (see docs/simulate.md): other programs read it.
//!
//! Every arm of a seed starts from the same seed, and all arms use the same features, classifier and
//! readers, so that only the order of labeling differs. Accuracy counts every image of the pool that
//! the expert has not labeled, and nothing of it is ever shown to the program.

// What was asked for, and what follows from it.
mod people;
mod plan;

// One replay.
mod crew;
mod replay;

mod finish;
mod grades;
mod measure;

// Many replays, and what they say together.
mod comparison;
mod full_label;
mod people_summary;
mod regret;
mod report;
mod summary;

pub use comparison::{Comparison, Difference, DifferenceAt, WinMatrix, WorsePoint};
pub use finish::FinishedRun;
pub use full_label::FullLabelReport;
pub use grades::GradeSpread;
pub use people::{Mistakes, PeopleConfig, ReaderConfig, ReadersPerImage};
pub use people_summary::{PeopleOutcome, PeopleReport, ReaderReport, SameSeconds};
pub use plan::SimulateConfig;
pub use regret::{CommonStop, Quartiles, RunRegret, StopRegret};
pub use report::{
    Arm, ArmPoint, AuditReport, ColumnAccuracy, CostReport, LabelsToFull, SimulateProgress,
    SimulationReport, Spread, StopReport,
};

use crate::WorkflowError;
use crate::dataset::Dataset;
use crate::runs::Workers;
use plan::Plan;
use replay::{Limit, Run, RunOrder};

use std::time::Instant;

/// Replays the loop.
///
/// Replays run side by side, each with its share of the threads; the report is the same for any
/// number of threads but for the seconds.
///
/// # Errors
/// Settings outside their range, an unknown acquisition function, or a data set too small for one
/// batch.
pub fn simulate(
    dataset: &Dataset,
    config: &SimulateConfig,
    progress: &mut dyn FnMut(&SimulateProgress),
) -> Result<SimulationReport, WorkflowError> {
    let started = Instant::now();
    let plan = Plan::new(dataset, config)?;
    let orders = arm_orders(&plan);
    let workers = Workers::for_jobs(orders.len(), plan.runs_at_once);
    let runs = replay_all(dataset, &plan, &orders, workers, progress)?;
    let arms: Vec<(&str, &[Run])> = plan
        .strategies
        .iter()
        .map(String::as_str)
        .zip(runs.chunks(plan.seeds.len()))
        .collect();
    let same_seconds = people_summary::orders(&plan, arms[0].1);
    let workers_later = Workers::for_jobs(same_seconds.len(), plan.runs_at_once);
    let others = replay_all(dataset, &plan, &same_seconds, workers_later, progress)?;
    let full_label = if config.full_label {
        Some(full_label::full_label(
            dataset,
            &plan.round.gp,
            config.first_seed,
        )?)
    } else {
        None
    };
    let people = people_summary::people(&plan, arms[0].1, &same_seconds, &others)?;
    let mut report = summary::report(dataset, &plan, &arms, full_label, people)?;
    report.runs_at_once = workers.at_once;
    report.threads_per_run = workers.threads_each;
    report.seconds = started.elapsed().as_secs_f64() + dataset.embed_seconds;
    Ok(report)
}

/// Every strategy with every seed; the first strategy is the main one.
fn arm_orders(plan: &Plan) -> Vec<RunOrder> {
    let mut orders = Vec::new();
    for (arm, strategy) in plan.strategies.iter().enumerate() {
        for &seed in &plan.seeds {
            orders.push(RunOrder {
                strategy: strategy.clone(),
                seed,
                per_image: plan.people.per_image,
                limit: Limit::Images(plan.budget),
                is_main: arm == 0,
            });
        }
    }
    orders
}

fn replay_all(
    dataset: &Dataset,
    plan: &Plan,
    orders: &[RunOrder],
    workers: Workers,
    progress: &mut dyn FnMut(&SimulateProgress),
) -> Result<Vec<Run>, WorkflowError> {
    let total = orders.iter().map(|order| order.rounds(plan)).sum();
    let mut done = 0;
    workers.run(
        orders.len(),
        |job, tick| replay::replay(dataset, plan, &orders[job], tick),
        &mut |job| {
            done += 1;
            progress(&SimulateProgress {
                strategy: orders[job].strategy.clone(),
                seed: orders[job].seed,
                done,
                total,
            });
        },
    )
}
