//! What to simulate on shapes, and what follows from it for a data set.

use std::path::PathBuf;

use autolabel_selection::BatchConfig;
use autolabel_training::DenseTask;

use super::dataset::ShapeDataset;
use crate::WorkflowError;
use crate::shapes::choosing;
use crate::shapes::drawing_time::DrawingSpeed;
use crate::shapes::fit::usual_least_fit;
use crate::shapes::learner::dense_task;
use crate::shapes::recipe::Recipe;

/// What to simulate.
#[derive(Debug, Clone)]
pub struct ShapeConfig {
    /// How images are chosen in the main arm.
    pub strategy: String,
    /// Further arms to compare.
    pub compare: Vec<String>,
    /// Share of the pool to draw at most.
    pub budget_share: f64,
    /// Images a batch; `None` = one in forty of the pool, at least 4 and at most 50.
    pub batch_size: Option<usize>,
    /// First seed.
    pub first_seed: u64,
    /// Number of seeds.
    pub seeds: usize,
    /// Largest acceptable share of auto-labels that would have to be edited.
    pub target_error: f64,
    /// The fit from which a proposal needs no edit, 0 to 1; `None` = 0.85 (Dice) for masks, 0.7 (IoU) for
    /// boxes and instances.
    pub least_fit: Option<f64>,
    /// How fast people draw.
    pub speed: DrawingSpeed,
    /// Seconds to check an auto-label in the audit.
    pub seconds_per_audit: f64,
    /// How the network learns; `None` = as in a project of these images.
    pub recipe: Option<Recipe>,
    /// Also measure what all labels of the pool reach.
    pub full_label: bool,
    /// Replays side by side; `None` = as many as there are threads.
    pub runs_at_once: Option<usize>,
    /// Folder that keeps replays, so that those that were interrupted go on.
    pub cache: Option<PathBuf>,
}

impl Default for ShapeConfig {
    fn default() -> Self {
        Self {
            strategy: choosing::AUTO.to_owned(),
            compare: vec!["random".to_owned()],
            budget_share: 0.15,
            batch_size: None,
            first_seed: 0,
            seeds: 5,
            target_error: 0.05,
            least_fit: None,
            speed: DrawingSpeed::default(),
            seconds_per_audit: 8.0,
            recipe: None,
            full_label: false,
            runs_at_once: None,
            cache: None,
        }
    }
}

/// What follows from settings and data set.
pub(super) struct Plan {
    pub(super) recipe: Recipe,
    /// What the network learns.
    pub(super) dense: DenseTask,
    /// Images of the pool, rising.
    pub(super) pool: Vec<u32>,
    /// Images of the test split, rising.
    pub(super) test: Vec<u32>,
    /// How a batch is made up, but for its strategy.
    pub(super) batch: BatchConfig,
    /// Images to draw at most.
    pub(super) budget: usize,
    pub(super) least_fit: f64,
    pub(super) target_error: f64,
    pub(super) speed: DrawingSpeed,
    pub(super) seconds_per_audit: f64,
    /// The main strategy first, each once.
    pub(super) strategies: Vec<String>,
    pub(super) seeds: Vec<u64>,
    pub(super) full_label: bool,
    pub(super) runs_at_once: Option<usize>,
    pub(super) cache: Option<PathBuf>,
}

impl ShapeConfig {
    /// Everything that can be refused without a data set.
    ///
    /// # Errors
    /// A setting outside its range, or an unknown strategy.
    pub fn check(&self) -> Result<(), WorkflowError> {
        let shares = [
            ("the budget", self.budget_share),
            ("the least fit", self.least_fit.unwrap_or(0.5)),
            ("the target error", self.target_error),
        ];
        for (name, share) in shares {
            if !(share > 0.0 && share <= 1.0) {
                return refuse(name, format!("{share} is not a share between 0 and 1"));
            }
        }
        let counts = [Some(self.seeds), self.batch_size, self.runs_at_once];
        if counts.contains(&Some(0)) {
            let name = "the seeds, the batch and the runs at once";
            return refuse(name, "each must be at least 1".to_owned());
        }
        self.strategies().map(drop)
    }

    fn strategies(&self) -> Result<Vec<String>, WorkflowError> {
        let mut strategies: Vec<String> = Vec::new();
        for name in std::iter::once(&self.strategy).chain(&self.compare) {
            choosing::check_strategy(name)?;
            if !strategies.contains(name) {
                strategies.push(name.clone());
            }
        }
        Ok(strategies)
    }
}

impl Plan {
    pub(super) fn new(dataset: &ShapeDataset, config: &ShapeConfig) -> Result<Self, WorkflowError> {
        config.check()?;
        let dense = dense_task(dataset.task, dataset.class_names.len());
        let Some(dense) = dense.filter(|_| !dataset.class_names.is_empty()) else {
            return refuse(
                "the data set",
                format!("no network learns {} from it", dataset.task.in_words()),
            );
        };
        let rows = |is_test: bool| -> Vec<u32> {
            let rows = (0_u32..).zip(&dataset.is_test);
            rows.filter(|(_, test)| **test == is_test)
                .map(|(row, _)| row)
                .collect()
        };
        let (pool, test) = (rows(false), rows(true));
        let budget = (config.budget_share * pool.len() as f64).round() as usize;
        if budget < 4 {
            return refuse(
                "the budget",
                format!(
                    "{budget} images of {} are too few to learn shapes from; give a larger --budget",
                    pool.len()
                ),
            );
        }
        let size = config
            .batch_size
            .unwrap_or_else(|| (pool.len() / 40).clamp(4, 50));
        Ok(Self {
            recipe: config
                .recipe
                .clone()
                .unwrap_or_else(|| Recipe::of(dataset.task, &dataset.sizes)),
            dense,
            batch: BatchConfig {
                size: size.min(budget),
                ..BatchConfig::default()
            },
            pool,
            test,
            budget,
            least_fit: config.least_fit.unwrap_or(usual_least_fit(dataset.task)),
            target_error: config.target_error,
            speed: config.speed,
            seconds_per_audit: config.seconds_per_audit,
            strategies: config.strategies()?,
            seeds: (0..config.seeds as u64)
                .map(|seed| config.first_seed + seed)
                .collect(),
            full_label: config.full_label,
            runs_at_once: config.runs_at_once,
            cache: config.cache.clone(),
        })
    }

    /// Images of the batch that follows so many drawn ones.
    pub(super) fn batch_after(&self, drawn: usize) -> usize {
        choosing::grown_batch(self.batch.size, drawn).min(self.budget - drawn)
    }

    /// Rounds of a replay.
    pub(super) fn rounds(&self) -> usize {
        let (mut drawn, mut rounds) = (0, 0);
        while drawn < self.budget {
            drawn += self.batch_after(drawn);
            rounds += 1;
        }
        rounds
    }
}

fn refuse<T>(name: &'static str, problem: String) -> Result<T, WorkflowError> {
    Err(WorkflowError::Setting { name, problem })
}
