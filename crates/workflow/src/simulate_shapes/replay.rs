//! One replay on shapes: one strategy, one seed, from the first batch to the end of the budget.

use std::collections::BTreeMap;
use std::time::Instant;

use autolabel_annotation::LabelOrigin;
use autolabel_selection::{BatchConfig, Pick};
use autolabel_training::DenseState;

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

pub(super) struct Run {
    pub(super) strategy: String,
    pub(super) points: Vec<Point>,
    pub(super) finished: Option<ShapesFinished>,
}

/// A drawn image of the replay.
pub(super) struct Asked {
    pub(super) row: u32,
    pub(super) origin: LabelOrigin,
    /// The proposal before it was drawn, against what was drawn.
    pub(super) tested: Option<Tested>,
}

/// Replays one order; `tick` is called after each round.
pub(super) fn replay(
    dataset: &ShapeDataset,
    plan: &Plan,
    pictures: &Pictures,
    order: &Order,
    tick: &dyn Fn(),
) -> Result<Run, WorkflowError> {
    let mut run = Run {
        strategy: order.strategy.clone(),
        points: Vec::new(),
        finished: None,
    };
    let mut asked: Vec<Asked> = Vec::new();
    let (mut seconds, mut shapes) = (0.0, 0);
    let mut network: Option<DenseState> = None;
    let mut proposals: BTreeMap<u32, Proposal> = BTreeMap::new();
    for round in 0.. {
        let started = Instant::now();
        let tested = tested(&asked);
        let trust = Trust::learn(&tested);
        let size = plan.batch_after(asked.len());
        let batch = BatchConfig {
            strategy: order.strategy.clone(),
            size,
            ..plan.batch.clone()
        };
        let picks = next(
            dataset,
            plan,
            &asked,
            (&proposals, &trust, &Pace::learn(&tested)),
            &batch,
            (order.seed, round),
        )?;
        if picks.is_empty() {
            break;
        }
        for pick in picks {
            let (row, truth) = (pick.row, &dataset.truth[pick.row as usize]);
            let proposal = proposals.remove(&row);
            let drawing = proposal.as_ref().map(|proposal| &proposal.drawing);
            let image = dataset.sizes[row as usize];
            let took = plan.speed.seconds(dataset.task, truth, drawing, image)?;
            seconds += took;
            shapes += truth.shapes.len();
            let tested = proposal.map(|proposal| proposal.tested(dataset.task, truth, Some(took)));
            let tested = tested.transpose()?;
            asked.push(Asked {
                row,
                origin: pick.origin,
                tested,
            });
        }
        let drawn = drawn(dataset, asked.iter().map(|asked| asked.row));
        let steps = match network {
            Some(_) => plan.recipe.round_steps,
            None => plan.recipe.first_steps,
        };
        let before = network.as_ref();
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
        let rest: Vec<u32> = unasked(plan, &asked);
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
        let trust = Trust::learn(&self::tested(&asked));
        let expected = found.iter().map(|p| trust.expected_fit(p.claim()));
        run.points.push(Point {
            labels: asked.len(),
            shapes,
            seconds,
            test: measure(dataset, &on_test)?,
            rest: measure(dataset, &found)?,
            expected_fit: expected.sum::<f64>() / found.len().max(1) as f64,
            round_seconds,
        });
        if order.is_main && asked.len() >= plan.budget {
            let stand = Stand {
                dataset,
                plan,
                asked: &asked,
                seconds,
                proposals: &found,
                trust: &trust,
            };
            run.finished = Some(finish(&stand, order.seed)?);
        }
        proposals = found.into_iter().map(|p| (p.row, p)).collect();
        network = Some(state);
        tick();
        if asked.len() >= plan.budget {
            break;
        }
    }
    Ok(run)
}

/// What all labels of the pool reach on the test split.
pub(super) fn full_label(
    dataset: &ShapeDataset,
    plan: &Plan,
    pictures: &Pictures,
    seed: u64,
    tick: &dyn Fn(),
) -> Result<Option<ShapeMeasures>, WorkflowError> {
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
    tick();
    measure(dataset, &found)
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
