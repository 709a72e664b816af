//! What a simulation on shapes says; its JSON is the contract.

use autolabel_annotation::Task;
use serde::Serialize;
use std::collections::BTreeMap;

use super::finish::ShapesFinished;
use super::measure::ShapeMeasures;
use crate::dataset::Refused;
use crate::shapes::drawing_time::DrawingSpeed;
use crate::simulate::{Difference, Spread};

/// One point of the curve of an arm, over the seeds.
#[derive(Debug, Clone, Serialize)]
pub struct ShapePoint {
    /// Images drawn.
    pub labels: usize,
    /// Shapes drawn.
    pub shapes: Spread,
    /// Seconds of people: drawing, or correcting what was proposed.
    pub expert_seconds: Spread,
    /// The main measure on the test split, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Spread>,
    /// The main measure on the images of the pool that were not drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<Spread>,
    /// Mean fit of the proposals for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_fit: Option<Spread>,
    /// The mean fit that the program expected of them.
    pub expected_fit: Spread,
    /// Further measures on the test split, the mean over the seeds: `fit`, and `dice` class by class, or
    /// `ap50`, `ap50_95` and `pq`.
    pub test_means: BTreeMap<String, f64>,
    /// Seconds of a round: choice, learning, proposals for the rest.
    pub round_seconds: f64,
}

/// What it takes to reach a share of what all labels reach on the test split.
#[derive(Debug, Clone, Serialize)]
pub struct ToFull {
    /// The level.
    pub level: f64,
    /// Share of the seeds that reach it within the budget.
    pub reached_share: f64,
    /// Images until each seed reaches it, between two rounds by a straight line.
    pub labels: Vec<Option<f64>>,
    /// Shapes until then.
    pub shapes: Vec<Option<f64>>,
    /// Seconds of people until then.
    pub seconds: Vec<Option<f64>>,
}

/// One way to choose images.
#[derive(Debug, Clone, Serialize)]
pub struct ShapeArm {
    /// Its name.
    pub strategy: String,
    /// After each round.
    pub curve: Vec<ShapePoint>,
    /// Area below the curve of the test split over images, divided by the width; of the rest where there
    /// is no test split.
    pub aubc: Spread,
    /// The same over seconds of people, up to where the shortest of all runs ends.
    pub aubc_by_seconds: Spread,
    /// By share of the full figure: `0.90`, `0.95`, `0.97`; only where all labels were measured.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub to_full: BTreeMap<&'static str, ToFull>,
    /// Area over images less that of `random`, seed by seed, where both are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aubc_over_random: Option<Difference>,
    /// Area over seconds less that of `random`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aubc_by_seconds_over_random: Option<Difference>,
}

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct ShapeReport {
    /// Version of the contract.
    pub version: u32,
    /// Name of the data set.
    pub dataset: String,
    /// What is drawn.
    pub task: Task,
    /// The main measure: `dice` or `ap50`.
    pub measure: &'static str,
    /// Images of the pool, and the shapes on them.
    pub pool: usize,
    /// Shapes on them.
    pub pool_shapes: usize,
    /// Images of the test split.
    pub test: usize,
    /// Class names.
    pub classes: Vec<String>,
    /// Network and engine of the features by which images are chosen.
    pub backbone: String,
    /// Rows and columns that the network sees of an image of middle size.
    pub input: (usize, usize),
    /// Images a batch.
    pub batch_size: usize,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// How fast people draw.
    pub speed: DrawingSpeed,
    /// The fit from which a proposal needs no edit.
    pub least_fit: f64,
    /// Largest acceptable share of auto-labels to edit.
    pub target_error: f64,
    /// Arms, the main one first.
    pub arms: Vec<ShapeArm>,
    /// What all labels of the pool reach on the test split, seed by seed; only where asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub full_label: Vec<ShapeMeasures>,
    /// The main arm at the end of the budget, seed by seed.
    pub runs: Vec<ShapesFinished>,
    /// Files that could not be used.
    pub refused: Vec<Refused>,
    /// Seconds to read and embed the images; 0 when the features were at hand.
    pub embed_seconds: f64,
    /// Seconds in all.
    pub seconds: f64,
    /// Replays side by side.
    pub runs_at_once: usize,
    /// Threads of each.
    pub threads_per_run: usize,
    /// Version of the program.
    pub program_version: &'static str,
    /// The command that made the report, where a command did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}
