//! What the readers of the main arm did, and what other numbers of readers an image would have made of
//! the same seconds.

use super::comparison::Difference;
use super::people::{Mistakes, ReadersPerImage};
use super::plan::Plan;
use super::replay::{Limit, Run, RunOrder, RunPoint};
use super::report::Spread;
use crate::WorkflowError;
use serde::Serialize;

/// Most readers an image that are tried for the same seconds.
const MOST_ALTERNATIVES: usize = 3;

/// The readers of the main arm at the end of the budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeopleReport {
    /// Each reader.
    pub readers: Vec<ReaderReport>,
    /// Which class a wrong answer names.
    pub mistakes: Mistakes,
    /// Spread of the seconds of one answer as a share of their mean.
    pub seconds_spread: f64,
    /// How many readers are asked about an image.
    pub readers_per_image: ReadersPerImage,
    /// What that gave.
    #[serde(flatten)]
    pub outcome: PeopleOutcome,
    /// Fixed numbers of readers an image, each until the same seconds are spent.
    pub same_seconds: Vec<SameSeconds>,
}

/// One reader.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReaderReport {
    /// Stated probability of a right answer.
    pub skill: f64,
    /// Mean seconds an answer.
    pub seconds_per_label: f64,
    /// Mean number of answers.
    pub answers: f64,
    /// Share of them that was right.
    pub accuracy: f64,
    /// Skill as the readers' model saw it, which does not know the truth; `null` with one reader an
    /// image.
    pub estimated_skill: Option<f64>,
}

/// What some way of asking readers gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeopleOutcome {
    /// Images labeled.
    pub images: Spread,
    /// Answers for each of them.
    pub answers_per_image: Spread,
    /// Seconds of people.
    pub seconds: Spread,
    /// Their cost.
    pub money: Spread,
    /// Share of the labels that are right.
    pub consensus_accuracy: Spread,
    /// Mean probability that the readers' model gave to the labels, to be read beside it; `null` with
    /// one reader an image.
    pub stated_confidence: Option<Spread>,
    /// Share of right predictions among the images without a label.
    pub rest_accuracy: Spread,
    /// Share of right labels over the whole pool: the readers' where there are some, else the model's.
    pub dataset_accuracy: Spread,
}

/// A fixed number of readers an image for the same seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SameSeconds {
    /// Readers an image.
    pub readers_per_image: usize,
    /// What that gave.
    #[serde(flatten)]
    pub outcome: PeopleOutcome,
    /// The main arm's `dataset_accuracy` minus this one's, seed by seed.
    pub advantage: Difference,
}

/// Replays to set beside the main arm: the same strategy with other, fixed numbers of readers.
pub(super) fn orders(plan: &Plan, main: &[Run]) -> Vec<RunOrder> {
    let mut orders = Vec::new();
    let readers = plan.people.readers.len();
    for asked in (1..=readers.min(MOST_ALTERNATIVES)).filter(|_| readers > 1) {
        let per_image = ReadersPerImage::Fixed { readers: asked };
        if per_image == plan.people.per_image {
            continue;
        }
        for run in main {
            orders.push(RunOrder {
                strategy: plan.strategies[0].clone(),
                seed: run.seed,
                per_image,
                limit: Limit::Seconds(run.points.last().map_or(0.0, |p| p.effort.seconds)),
                is_main: false,
            });
        }
    }
    orders
}

/// The main arm and the replays of [`orders`], which come in groups of one number of readers.
pub(super) fn people(
    plan: &Plan,
    main: &[Run],
    orders: &[RunOrder],
    others: &[Run],
) -> Result<PeopleReport, WorkflowError> {
    let seeds = main.len();
    let mut same_seconds = Vec::new();
    for (orders, runs) in orders.chunks(seeds).zip(others.chunks(seeds)) {
        let ReadersPerImage::Fixed { readers } = orders[0].per_image else {
            continue;
        };
        let ends = |runs: &[Run]| -> Vec<f64> {
            last_points(runs)
                .iter()
                .map(|p| p.measured.dataset_accuracy)
                .collect()
        };
        if let Some(advantage) = autolabel_quality::paired_difference(&ends(main), &ends(runs))? {
            same_seconds.push(SameSeconds {
                readers_per_image: readers,
                outcome: outcome(plan, runs),
                advantage: advantage.into(),
            });
        }
    }
    Ok(PeopleReport {
        readers: readers(plan, main),
        mistakes: plan.people.mistakes,
        seconds_spread: plan.people.seconds_spread,
        readers_per_image: plan.people.per_image,
        outcome: outcome(plan, main),
        same_seconds,
    })
}

fn last_points(runs: &[Run]) -> Vec<&RunPoint> {
    runs.iter().filter_map(|run| run.points.last()).collect()
}

fn outcome(plan: &Plan, runs: &[Run]) -> PeopleOutcome {
    let ends = last_points(runs);
    let over = |value: &dyn Fn(&RunPoint) -> f64| -> Spread {
        Spread::of(&ends.iter().map(|p| value(p)).collect::<Vec<_>>())
    };
    PeopleOutcome {
        images: over(&|p| p.effort.images as f64),
        answers_per_image: over(&|p| p.effort.answers as f64 / p.effort.images.max(1) as f64),
        seconds: over(&|p| p.effort.seconds),
        money: over(&|p| p.effort.seconds / 3600.0 * plan.cost.money_per_hour),
        consensus_accuracy: over(&|p| p.effort.consensus_accuracy),
        stated_confidence: Spread::of_known(ends.iter().map(|p| p.effort.stated_confidence)),
        rest_accuracy: over(&|p| p.measured.rest_accuracy),
        dataset_accuracy: over(&|p| p.measured.dataset_accuracy),
    }
}

fn readers(plan: &Plan, main: &[Run]) -> Vec<ReaderReport> {
    let one_reader = plan.people.per_image == ReadersPerImage::Fixed { readers: 1 };
    let runs = main.len().max(1) as f64;
    plan.people
        .readers
        .iter()
        .enumerate()
        .map(|(number, reader)| {
            let tallies = main.iter().map(|run| &run.readers[number]);
            let answers: usize = tallies.clone().map(|t| t.answers).sum();
            let right: usize = tallies.clone().map(|t| t.right).sum();
            let skills: f64 = tallies.map(|t| t.estimated_skill).sum();
            ReaderReport {
                skill: reader.skill,
                seconds_per_label: reader
                    .seconds_per_label
                    .unwrap_or(plan.cost.seconds_per_label),
                answers: answers as f64 / runs,
                accuracy: right as f64 / answers.max(1) as f64,
                estimated_skill: (!one_reader).then_some(skills / runs),
            }
        })
        .collect()
}
