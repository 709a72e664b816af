//! What to simulate, and what follows from it for a data set.

use super::people::{PeopleConfig, ReadersPerImage};
use crate::WorkflowError;
use crate::dataset::Dataset;
use crate::round::RoundConfig;
use crate::view::CostModel;
use autolabel_annotation::{ImageTask, Task};
use autolabel_heads::GpConfig;
use autolabel_quality::ThresholdConfig;
use autolabel_selection::{BatchConfig, SelectionError, StopConfig};

/// What to simulate.
#[derive(Debug, Clone)]
pub struct SimulateConfig {
    /// Acquisition function of the main arm.
    pub strategy: String,
    /// Further arms to compare, for example `random`.
    pub compare: Vec<String>,
    /// Share of the pool to label at most.
    pub budget_share: f64,
    /// Images a batch; `None` = one in 150 of the pool, at least 10 and at most 50.
    pub batch_size: Option<usize>,
    /// First seed.
    pub first_seed: u64,
    /// Number of seeds.
    pub seeds: usize,
    /// Largest acceptable share of wrong auto-labels.
    pub target_error: f64,
    /// What work costs.
    pub cost: CostModel,
    /// Who answers, and how many of them for an image.
    pub people: PeopleConfig,
    /// Also measure what all labels of the pool would reach (minutes on large pools).
    pub full_label: bool,
    /// Replays side by side; `None` = as many as there are threads.
    pub runs_at_once: Option<usize>,
}

impl Default for SimulateConfig {
    fn default() -> Self {
        Self {
            strategy: "auto".to_owned(),
            compare: vec!["random".to_owned()],
            budget_share: 0.15,
            batch_size: None,
            first_seed: 0,
            seeds: 10,
            target_error: 0.05,
            cost: CostModel {
                money_per_hour: 120.0,
                seconds_per_label: 8.0,
                seconds_per_audit: 4.0,
            },
            people: PeopleConfig::default(),
            full_label: false,
            runs_at_once: None,
        }
    }
}

/// What follows from settings and data set.
pub(super) struct Plan {
    /// Images of the pool.
    pub(super) pool: usize,
    pub(super) batch: usize,
    /// Images to label at most.
    pub(super) budget: usize,
    pub(super) round: RoundConfig,
    pub(super) cost: CostModel,
    pub(super) people: PeopleConfig,
    /// The main strategy first, each once.
    pub(super) strategies: Vec<String>,
    pub(super) seeds: Vec<u64>,
    pub(super) runs_at_once: Option<usize>,
}

impl Plan {
    pub(super) fn new(dataset: &Dataset, config: &SimulateConfig) -> Result<Self, WorkflowError> {
        config.check()?;
        let pool = dataset.is_test.iter().filter(|test| !**test).count();
        let batch = config
            .batch_size
            .unwrap_or_else(|| (pool / 150).clamp(10, 50));
        let budget = (config.budget_share * pool as f64).round() as usize;
        if budget < 2 {
            return setting(
                "the budget",
                format!("{budget} labels of {pool} images are too few to learn from"),
            );
        }
        if dataset.task == ImageTask::Findings
            && config.people.per_image != (ReadersPerImage::Fixed { readers: 1 })
        {
            return setting(
                "the readers",
                "several readers an image are simulated for one class an image only; use one reader"
                    .to_owned(),
            );
        }
        if dataset.class_names.len() < Task::from(dataset.task).least_classes() {
            return setting(
                "the data set",
                "it has one class only, so there is nothing to learn".to_owned(),
            );
        }
        let cost = CostModel {
            seconds_per_label: config.people.mean_seconds(config.cost.seconds_per_label),
            ..config.cost
        };
        let mut plan = Self {
            pool,
            batch: batch.min(budget),
            budget,
            round: RoundConfig {
                batch: BatchConfig {
                    strategy: config.strategy.clone(),
                    size: batch,
                    ..BatchConfig::default()
                },
                stop: StopConfig {
                    batch_size: batch,
                    budget_labels: budget,
                    money_per_hour: config.cost.money_per_hour,
                    ..StopConfig::default()
                },
                threshold: ThresholdConfig {
                    target_error: config.target_error,
                    alpha: autolabel_quality::attempt_alpha(0.05, 1),
                    audit_cost: config.cost.seconds_per_audit,
                    ..ThresholdConfig::default()
                },
                gp: GpConfig::default(),
            },
            cost,
            people: config.people.clone(),
            strategies: config.strategies()?,
            seeds: (0..config.seeds as u64)
                .map(|i| config.first_seed + i)
                .collect(),
            runs_at_once: config.runs_at_once,
        };
        plan.round.stop.seconds_per_label = plan.seconds_per_image();
        plan.round.threshold.label_cost = plan.seconds_per_image();
        Ok(plan)
    }

    /// Seconds of people for one image labeled by hand: all readers of a fixed number, or those asked
    /// first, so that by hand never looks dearer than it would be.
    pub(super) fn seconds_per_image(&self) -> f64 {
        let readers = match self.people.per_image {
            ReadersPerImage::Fixed { readers } => readers,
            ReadersPerImage::Adaptive { first, .. } => first,
        };
        self.cost.seconds_per_label * readers as f64
    }
}

impl SimulateConfig {
    /// Everything that can be refused without a data set.
    ///
    /// # Errors
    /// A setting outside its range, or an unknown acquisition function.
    pub fn check(&self) -> Result<(), WorkflowError> {
        if !(self.budget_share > 0.0 && self.budget_share <= 1.0) {
            return setting(
                "the budget",
                format!("{} is not a share between 0 and 1", self.budget_share),
            );
        }
        if self.seeds == 0 || self.batch_size == Some(0) {
            return setting(
                "the seeds and the batch",
                "both must be at least 1".to_owned(),
            );
        }
        if self.runs_at_once == Some(0) {
            return setting("the runs at once", "there must be at least 1".to_owned());
        }
        for (name, value) in [
            ("the seconds per label", self.cost.seconds_per_label),
            ("the seconds per audit", self.cost.seconds_per_audit),
            ("the cost per hour", self.cost.money_per_hour),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return setting(name, format!("{value} is not a number above 0"));
            }
        }
        self.people.check()?;
        self.strategies().map(drop)
    }

    /// The main strategy first, each once.
    fn strategies(&self) -> Result<Vec<String>, WorkflowError> {
        let mut strategies: Vec<String> = Vec::new();
        for name in std::iter::once(&self.strategy).chain(&self.compare) {
            if autolabel_selection::acquisition(name).is_none() {
                return Err(SelectionError::UnknownStrategy {
                    name: name.clone(),
                    known: autolabel_selection::acquisition_names().join(", "),
                }
                .into());
            }
            if !strategies.contains(name) {
                strategies.push(name.clone());
            }
        }
        Ok(strategies)
    }
}

/// A setting that cannot be used.
pub(super) fn setting<T>(name: &'static str, problem: String) -> Result<T, WorkflowError> {
    Err(WorkflowError::Setting { name, problem })
}
