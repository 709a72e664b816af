//! One replay on shapes: one strategy, one seed, from the first batch to the end of the budget.

use std::collections::BTreeMap;
use std::time::Instant;

use autolabel_annotation::LabelOrigin;
use autolabel_selection::{BatchConfig, Pick};
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, Standing};
use super::dataset::ShapeDataset;
use super::finish::{ShapesFinished, Stand, finish};
use super::measure::{ShapeMeasures, measure};
use super::plan::Plan;
use crate::WorkflowError;
use crate::shapes::choosing::{Choice, choose, stream};
use crate::shapes::learner::{Drawn, learn};
use crate::shapes::pace::Pace;
use crate::shapes::pictures::Pictures;
use crate::shapes::proposing::{self, Bar, Proposal, propose, usual_counts};
use crate::shapes::trust::{Tested, Trust};

/// What to replay.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) strategy: String,
    pub(super) seed: u64,
    /// Also auto-label and audit where it stops.
    pub(super) is_main: bool,
}

/// After one round.
#[derive(Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) labels: usize,
    pub(super) shapes: usize,
    /// Seconds of people so far.
    pub(super) seconds: f64,
    pub(super) test: Option<ShapeMeasures>,
    pub(super) rest: Option<ShapeMeasures>,
    /// Mean fit that the program expects of the rest.
    pub(super) expected_fit: f64,
    pub(super) round_seconds: f64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) strategy: String,
    pub(super) points: Vec<Point>,
    pub(super) finished: Option<ShapesFinished>,
}

/// A drawn image of the replay.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) row: u32,
    pub(super) origin: LabelOrigin,
    /// The proposal before it was drawn, against what was drawn.
    pub(super) tested: Option<Tested>,
}

/// Replays one order, from where it was interrupted; `tick` is called after each round.
pub(super) fn replay(
    dataset: &ShapeDataset,
    plan: &Plan,
    pictures: &Pictures,
    order: &Order,
    tick: &dyn Fn(),
) -> Result<Run, WorkflowError> {
    let Order {
        strategy,
        seed,
        is_main,
    } = order;
    let checkpoint = Checkpoint::of(dataset, plan, &format!("{strategy} {seed} {is_main}"));
    if let Some(run) = checkpoint.as_ref().and_then(Checkpoint::outcome::<Run>) {
        run.points.iter().for_each(|_| tick());
        return Ok(run);
    }
    let known = checkpoint.as_ref().map(Checkpoint::standing);
    let mut standing = known.unwrap_or_default();
    standing.points.iter().for_each(|_| tick());
    while standing.asked.len() < plan.budget
        && next_round(dataset, plan, pictures, order, &mut standing)?
    {
        if let Some(checkpoint) = &checkpoint {
            checkpoint.keep(&standing)?;
        }
        tick();
    }
    let mut finished = None;
    if *is_main && standing.asked.len() >= plan.budget {
        let stand = Stand {
            dataset,
            plan,
            asked: &standing.asked,
            seconds: standing.seconds,
            proposals: &standing.proposals.into_values().collect::<Vec<_>>(),
            trust: &Trust::learn(&tested(&standing.asked)),
        };
        finished = Some(finish(&stand, *seed)?);
    }
    let run = Run {
        strategy: strategy.clone(),
        points: standing.points,
        finished,
    };
    if let Some(checkpoint) = &checkpoint {
        checkpoint.finish(&run)?;
    }
    Ok(run)
}

/// Asks for a batch, learns, and proposes for the rest; `false` where nothing is left to ask.
fn next_round(
    dataset: &ShapeDataset,
    plan: &Plan,
    pictures: &Pictures,
    order: &Order,
    standing: &mut Standing,
) -> Result<bool, WorkflowError> {
    let started = Instant::now();
    let round = u32::try_from(standing.points.len()).unwrap_or(u32::MAX);
    let tested = tested(&standing.asked);
    let trust = Trust::learn(&tested);
    let batch = BatchConfig {
        strategy: order.strategy.clone(),
        size: plan.batch_after(standing.asked.len()),
        ..plan.batch.clone()
    };
    let picks = next(
        dataset,
        plan,
        &standing.asked,
        (&standing.proposals, &trust, &Pace::learn(&tested)),
        &batch,
        (order.seed, round),
    )?;
    if picks.is_empty() {
        return Ok(false);
    }
    for pick in picks {
        let (row, truth) = (pick.row, &dataset.truth[pick.row as usize]);
        let proposal = standing.proposals.remove(&row);
        let drawing = proposal.as_ref().map(|proposal| &proposal.drawing);
        let image = dataset.sizes[row as usize];
        let took = plan.speed.seconds(dataset.task, truth, drawing, image)?;
        standing.seconds += took;
        standing.shapes += truth.shapes.len();
        let tested = proposal.map(|proposal| proposal.tested(dataset.task, truth, Some(took)));
        let tested = tested.transpose()?;
        standing.asked.push(Asked {
            row,
            origin: pick.origin,
            tested,
        });
    }
    let asked = &standing.asked;
    let drawn = drawn(dataset, asked.iter().map(|asked| asked.row));
    let before = standing.network.as_ref();
    let steps = match before {
        Some(_) => plan.recipe.round_steps,
        None => plan.recipe.first_steps,
    };
    let seed = order.seed.wrapping_add(u64::from(round) << 32);
    let state = learn(
        pictures,
        plan.dense,
        &drawn,
        before,
        steps,
        seed,
        &mut |_| true,
    )?;
    let rest: Vec<u32> = unasked(plan, asked);
    let counts = usual_counts(
        drawn.iter().map(|image| image.drawing),
        dataset.class_names.len(),
    );
    let kind = proposing::Asked {
        task: dataset.task,
        bar: Bar::AsManyAs(&counts),
    };
    let found = propose(pictures, kind, &state, &rest, &mut |_| true)?.proposals;
    let round_seconds = started.elapsed().as_secs_f64();
    let on_test = propose(pictures, kind, &state, &plan.test, &mut |_| true)?.proposals;
    let trust = Trust::learn(&self::tested(asked));
    let expected = found.iter().map(|p| trust.expected_fit(p.claim()));
    standing.points.push(Point {
        labels: asked.len(),
        shapes: standing.shapes,
        seconds: standing.seconds,
        test: measure(dataset, &on_test)?,
        rest: measure(dataset, &found)?,
        expected_fit: expected.sum::<f64>() / found.len().max(1) as f64,
        round_seconds,
    });
    standing.proposals = found.into_iter().map(|p| (p.row, p)).collect();
    standing.network = Some(state);
    Ok(true)
}

/// What all labels of the pool reach on the test split.
pub(super) fn full_label(
    dataset: &ShapeDataset,
    plan: &Plan,
    pictures: &Pictures,
    seed: u64,
    tick: &dyn Fn(),
) -> Result<Option<ShapeMeasures>, WorkflowError> {
    let checkpoint = Checkpoint::of(dataset, plan, &format!("all labels {seed}"));
    if let Some(known) = checkpoint.as_ref().and_then(Checkpoint::outcome) {
        tick();
        return Ok(known);
    }
    let drawn = drawn(dataset, plan.pool.iter().copied());
    let steps = plan.recipe.full_steps;
    let state = learn(pictures, plan.dense, &drawn, None, steps, seed, &mut |_| {
        true
    })?;
    let counts = usual_counts(
        drawn.iter().map(|image| image.drawing),
        dataset.class_names.len(),
    );
    let kind = proposing::Asked {
        task: dataset.task,
        bar: Bar::AsManyAs(&counts),
    };
    let found = propose(pictures, kind, &state, &plan.test, &mut |_| true)?.proposals;
    let measures = measure(dataset, &found)?;
    if let Some(checkpoint) = &checkpoint {
        checkpoint.finish(&measures)?;
    }
    tick();
    Ok(measures)
}

fn drawn(dataset: &ShapeDataset, rows: impl Iterator<Item = u32>) -> Vec<Drawn<'_>> {
    let mut rows: Vec<u32> = rows.collect();
    rows.sort_unstable();
    rows.into_iter()
        .map(|row| Drawn {
            row,
            drawing: &dataset.truth[row as usize],
        })
        .collect()
}

fn tested(asked: &[Asked]) -> Vec<Tested> {
    asked.iter().filter_map(|asked| asked.tested).collect()
}

/// Images of the pool that nobody has drawn, rising.
fn unasked(plan: &Plan, asked: &[Asked]) -> Vec<u32> {
    let mut rows: Vec<u32> = asked.iter().map(|asked| asked.row).collect();
    rows.sort_unstable();
    let open = |row: &u32| rows.binary_search(row).is_err();
    plan.pool.iter().copied().filter(open).collect()
}

fn next(
    dataset: &ShapeDataset,
    plan: &Plan,
    asked: &[Asked],
    (proposals, trust, pace): (&BTreeMap<u32, Proposal>, &Trust, &Pace),
    batch: &BatchConfig,
    (seed, round): (u64, u32),
) -> Result<Vec<Pick>, WorkflowError> {
    let expected = proposals.iter();
    let expected = expected.map(|(row, p)| (*row, trust.expected_fit(p.claim())));
    let seconds = proposals.iter();
    let seconds = seconds.map(|(row, p)| (*row, pace.seconds(p.claim())));
    let labeled: Vec<u32> = asked.iter().map(|asked| asked.row).collect();
    choose(
        &Choice {
            features: &dataset.features,
            candidates: &unasked(plan, asked),
            labeled: &labeled,
            groups: dataset.groups.as_deref(),
            proposals,
            expected_fit: &expected.collect(),
            seconds: &seconds.collect(),
            batch,
        },
        &mut stream(seed, round),
    )
}
