//! The loop of a drawn task replayed on a data set with known shapes: a network proposes, the known shapes
//! are what people draw, seconds are counted by what they have to draw or put right. The report is a
//! contract (see docs/simulate.md).
//!
//! Every arm of a seed has the same views, network and learning, so that only the order of drawing
//! differs. Test images are never learnt from and never asked for.

// What was asked for, on what.
mod dataset;
mod plan;

// One replay.
mod checkpoint;
mod finish;
mod measure;
mod replay;

// Many replays, and what they say together.
mod report;
mod summary;

pub use dataset::{ShapeDataset, ShapeSource, load_shape_dataset, shape_source};
pub use finish::ShapesFinished;
pub use measure::ShapeMeasures;
pub use plan::ShapeConfig;
pub use report::{ShapeArm, ShapePoint, ShapeReport, ToFull};

pub use crate::shapes::drawing_time::DrawingSpeed;
pub use crate::shapes::recipe::Recipe;

use crate::WorkflowError;
use crate::runs::Workers;
use crate::shapes::pictures::Pictures;
use crate::simulate::SimulateProgress;
use autolabel_models::{EngineChoice, load_frozen_stages};
use plan::Plan;
use replay::{Order, Run};
use std::time::Instant;

/// Replays the loop.
///
/// # Errors
/// Settings outside their range, an unknown strategy, a data set too small for two batches, or a network
/// that cannot run.
pub fn simulate_shapes(
    dataset: &ShapeDataset,
    config: &ShapeConfig,
    engine: EngineChoice,
    progress: &mut dyn FnMut(&SimulateProgress),
) -> Result<ShapeReport, WorkflowError> {
    let started = Instant::now();
    let plan = Plan::new(dataset, config)?;
    let mut orders: Vec<Order> = Vec::new();
    for (arm, strategy) in plan.strategies.iter().enumerate() {
        orders.extend(plan.seeds.iter().map(|&seed| Order {
            strategy: strategy.clone(),
            seed,
            is_main: arm == 0,
        }));
    }
    let full_orders = if plan.full_label { plan.seeds.len() } else { 0 };
    let workers = Workers::for_jobs(orders.len() + full_orders, plan.runs_at_once);
    let pictures = Pictures::new(
        plan.recipe.clone(),
        load_frozen_stages(engine, workers.threads_each)?,
        dataset
            .files
            .iter()
            .map(|file| dataset.root.join(file))
            .collect(),
        dataset.sizes.clone(),
        config.first_seed,
    );
    let total = orders.len() * plan.rounds();
    let mut done = 0;
    let runs: Vec<Run> = workers.run(
        orders.len(),
        |job, tick| replay::replay(dataset, &plan, &pictures, &orders[job], tick),
        &mut |job| {
            done += 1;
            progress(&SimulateProgress {
                strategy: orders[job].strategy.clone(),
                seed: orders[job].seed,
                done,
                total,
            });
        },
    )?;
    let mut full_done = 0;
    let full = workers.run(
        full_orders,
        |job, tick| replay::full_label(dataset, &plan, &pictures, plan.seeds[job], tick),
        &mut |job| {
            full_done += 1;
            progress(&SimulateProgress {
                strategy: "all labels".to_owned(),
                seed: plan.seeds[job],
                done: full_done,
                total: full_orders,
            });
        },
    )?;
    let mut report = summary::report(dataset, &plan, &runs, full)?;
    report.runs_at_once = workers.at_once;
    report.threads_per_run = workers.threads_each;
    report.seconds = started.elapsed().as_secs_f64() + dataset.embed_seconds;
    Ok(report)
}
