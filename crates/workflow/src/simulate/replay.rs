//! One replay: one strategy, one seed, from the cold start to the end of the budget.

use super::crew::{Crew, Effort, ReaderTally};
use super::finish::{FinishedRun, finish, propose};
use super::measure::{Measured, measure};
use super::people::ReadersPerImage;
use super::plan::Plan;
use super::regret::hours_if_stopped;
use crate::WorkflowError;
use crate::dataset::Dataset;
use crate::representation::{self, Representation};
use crate::round::{self, Labeled, PickWithReason, RoundConfig, RoundInput, RoundModel};
use crate::view::CurvePoint;
use autolabel_heads::Matrix;
use autolabel_selection::{RoundRecord, StopDecision};
use std::borrow::Cow;

/// What to replay.
#[derive(Debug, Clone)]
pub(super) struct RunOrder {
    pub(super) strategy: String,
    pub(super) seed: u64,
    pub(super) per_image: ReadersPerImage,
    pub(super) limit: Limit,
    /// Also follow the stop advisor: auto-label and audit where it stops, and price every round.
    pub(super) is_main: bool,
}

/// When a replay ends, if the pool does not end first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// So many images are labeled.
    Images(usize),
    /// A further image would take people longer than this in all.
    Seconds(f64),
}

impl RunOrder {
    /// Rounds it will take, about, for the progress.
    pub(super) fn rounds(&self, plan: &Plan) -> usize {
        let images = match self.limit {
            Limit::Images(images) => images,
            Limit::Seconds(seconds) => {
                let images = (seconds / self.seconds_per_image(plan)) as usize;
                images.min(plan.pool)
            }
        };
        images.div_ceil(plan.batch)
    }

    fn seconds_per_image(&self, plan: &Plan) -> f64 {
        let readers = match self.per_image {
            ReadersPerImage::Fixed { readers } => readers,
            ReadersPerImage::Adaptive { first, .. } => first,
        };
        readers as f64 * plan.cost.seconds_per_label
    }

    /// Images that may still be asked for.
    fn left(&self, plan: &Plan, effort: &Effort) -> usize {
        match self.limit {
            Limit::Images(images) => images.saturating_sub(effort.images),
            Limit::Seconds(seconds) => {
                ((seconds - effort.seconds).max(0.0) / self.seconds_per_image(plan)) as usize
            }
        }
    }
}

/// What was measured after one round.
pub(super) struct RunPoint {
    pub(super) labels: usize,
    pub(super) measured: Measured,
    pub(super) auto_share: f64,
    pub(super) round_seconds: f64,
    pub(super) effort: Effort,
    /// Hours of people in all, had the loop stopped here; the main arm only.
    pub(super) hours_if_stopped: Option<f64>,
}

/// A finished replay.
pub(super) struct Run {
    pub(super) seed: u64,
    pub(super) points: Vec<RunPoint>,
    pub(super) finished: Option<FinishedRun>,
    pub(super) readers: Vec<ReaderTally>,
}

impl Run {
    /// Nothing done yet.
    fn of(seed: u64) -> Self {
        Self {
            seed,
            points: Vec::new(),
            finished: None,
            readers: Vec::new(),
        }
    }
}

/// Replays one order; `tick` is called after each round.
pub(super) fn replay(
    dataset: &Dataset,
    plan: &Plan,
    order: &RunOrder,
    tick: &dyn Fn(),
) -> Result<Run, WorkflowError> {
    let mut config = plan.round.clone();
    config.batch.strategy.clone_from(&order.strategy);
    let mut labels: Vec<Option<Labeled>> = vec![None; dataset.files.len()];
    let mut history: Vec<RoundRecord> = Vec::new();
    let mut previous: Option<RoundModel> = None;
    let mut crew = Crew::new(dataset, plan, order.per_image, order.seed);
    let mut run = Run::of(order.seed);
    let mut number = 0;
    let mut view = View::of(dataset);
    loop {
        let effort = crew.effort();
        let left = order.left(plan, &effort);
        config.batch.size = plan.batch.min(left);
        view.weigh(dataset, &labels, &config)?;
        let outcome = round::run(&RoundInput {
            features: view.features.as_ref().into(),
            representation: view.chosen.as_ref(),
            labels: &labels,
            excluded: &dataset.is_test,
            groups: dataset.groups.as_deref(),
            duplicate_of: None,
            task: dataset.task,
            class_names: &dataset.class_names,
            history: &history,
            previous: previous.as_ref(),
            config: &config,
            seed: order.seed,
            round: number,
        })?;
        if let (Some(model), Some(point), Some(record)) =
            (outcome.model, outcome.point, outcome.record)
        {
            // A simulation measures, so it looks at every image, however large the pool.
            let model = round::predicted_exactly(model, view.features.as_ref().into())?;
            history.push(record);
            let stand = Stand {
                dataset,
                features: &view.features,
                plan,
                labels: &labels,
                model: &model,
                effort: &effort,
            };
            let (point, finished) = judge(&stand, order, &outcome.stop, &point)?;
            run.points.push(point);
            if run.finished.is_none() && outcome.stop.stop {
                run.finished = finished;
            }
            previous = Some(model);
            tick();
        }
        if left == 0 || outcome.batch.is_empty() {
            run.readers = crew.tallies();
            return Ok(run);
        }
        ask(&mut crew, &outcome.batch, previous.as_ref())?;
        for (row, label) in crew.labels() {
            labels[row] = Some(label);
        }
        number += 1;
    }
}

/// The features as this replay sees them: weighed by its own labels, as the live project does.
struct View<'a> {
    features: Cow<'a, Matrix>,
    chosen: Option<Representation>,
}

impl<'a> View<'a> {
    fn of(dataset: &'a Dataset) -> Self {
        Self {
            features: Cow::Borrowed(&dataset.features),
            chosen: None,
        }
    }

    /// Weighs the blocks anew where the labels have grown enough.
    fn weigh(
        &mut self,
        dataset: &Dataset,
        labels: &[Option<Labeled>],
        config: &RoundConfig,
    ) -> Result<(), WorkflowError> {
        let Some(source) = dataset.source() else {
            return Ok(());
        };
        let (rows, known) = round::labeled_images(labels, &dataset.is_test);
        if representation::is_due(rows.len(), self.chosen.as_ref()) {
            let width = dataset.class_names.len();
            let chosen = representation::choose(&source, &rows, &known, width, &config.gp)?;
            self.features = Cow::Owned(source.features(Some(&chosen.weights))?);
            self.chosen = Some(chosen);
        }
        Ok(())
    }
}

/// Lets the readers answer a batch; `model` is what chose it.
fn ask(
    crew: &mut Crew<'_>,
    batch: &[PickWithReason],
    model: Option<&RoundModel>,
) -> Result<(), WorkflowError> {
    for pick in batch {
        let predicted = model.and_then(|model| model.pool.of(pick.image.0));
        crew.read(pick.image.0, pick.reason.origin, predicted);
    }
    crew.settle()
}

/// Measures a round; for the main arm also what a stop here would lead to.
fn judge(
    stand: &Stand<'_>,
    order: &RunOrder,
    stop: &StopDecision,
    point: &CurvePoint,
) -> Result<(RunPoint, Option<FinishedRun>), WorkflowError> {
    let mut measured = RunPoint {
        labels: stand.effort.images,
        measured: measure(stand.dataset, stand.features, stand.labels, stand.model)?,
        auto_share: point.auto_share,
        round_seconds: point.round_seconds,
        effort: *stand.effort,
        hours_if_stopped: None,
    };
    if !order.is_main {
        return Ok((measured, None));
    }
    let proposed = propose(stand)?;
    let finished = finish(stand, &proposed, stop, order.seed)?;
    measured.hours_if_stopped = Some(hours_if_stopped(stand, &proposed, stop, &finished)?);
    Ok((measured, Some(finished)))
}

/// Where a replay stands after a round.
pub(super) struct Stand<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) features: &'a Matrix,
    pub(super) plan: &'a Plan,
    pub(super) labels: &'a [Option<Labeled>],
    pub(super) model: &'a RoundModel,
    pub(super) effort: &'a Effort,
}
