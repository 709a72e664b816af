//! The loop replayed on a labeled data set, with the known labels as the expert: what a hospital runs
//! before it pays anyone. The report is a contract (see docs/simulate.md): other programs read it.
//!
//! Every arm of a seed starts from the same seed, and all arms use the same features and classifier,
//! so that only the order of labeling differs. Accuracy counts every image of the pool that the expert
//! has not labeled, and nothing of it is ever shown to the program.

use crate::WorkflowError;
use crate::dataset::{Dataset, Refused};
use crate::representation::{self, Representation};
use crate::round::{self, Labeled, RoundConfig, RoundInput, RoundModel};
use crate::simulate_finish::{FinishedRun, finish};
use crate::simulate_full::{FullLabelReport, full_label};
use crate::view::CostModel;
use autolabel_annotation::Answer;
use autolabel_heads::{GpConfig, Matrix, PredictOptions};
use autolabel_quality::ThresholdConfig;
use autolabel_selection::{BatchConfig, RoundRecord, StopConfig};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

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
    /// Also measure what all labels of the pool would reach (minutes on large pools).
    pub full_label: bool,
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
            full_label: false,
        }
    }
}

/// Progress of a simulation.
#[derive(Debug, Clone)]
pub struct SimulateProgress {
    /// The arm at work.
    pub strategy: String,
    /// Its seed.
    pub seed: u64,
    /// Rounds done over all arms and seeds.
    pub done: usize,
    /// Rounds in all.
    pub total: usize,
}

/// A mean over seeds with its 95 % interval (Student's t; equal to the mean for one seed).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean over seeds.
    pub mean: f64,
    /// Lower end of the 95 % interval of the mean.
    pub low: f64,
    /// Upper end of the 95 % interval of the mean.
    pub high: f64,
    /// Smallest value of a seed.
    pub min: f64,
    /// Largest value of a seed.
    pub max: f64,
}

/// One point of an arm's curve.
#[derive(Debug, Clone, Serialize)]
pub struct ArmPoint {
    /// Expert labels.
    pub labels: usize,
    /// Share of right predictions among all images of the pool without an expert label.
    pub rest_accuracy: Spread,
    /// Share of right predictions on the test split, where the data set has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<Spread>,
    /// Share of the pool that could be auto-labeled, by the program's own estimate.
    pub auto_share: Spread,
    /// Mean seconds to fit, score and choose.
    pub round_seconds: f64,
}

/// One arm.
#[derive(Debug, Clone, Serialize)]
pub struct Arm {
    /// Acquisition function.
    pub strategy: String,
    /// Its curve.
    pub curve: Vec<ArmPoint>,
    /// Labels until the mean rest accuracy first reaches a level; `null` = not within the budget.
    pub labels_to: BTreeMap<&'static str, Option<usize>>,
}

/// Where the stop advisor stopped the main arm, means over seeds.
#[derive(Debug, Clone, Serialize)]
pub struct StopReport {
    /// Expert labels at the stop.
    pub labels: f64,
    /// Share of the pool that was auto-labeled in the end.
    pub automation: f64,
    /// Share of right predictions among all images without an expert label, at the stop.
    pub rest_accuracy: f64,
    /// Share of right labels among the auto-labels.
    pub auto_label_accuracy: Option<f64>,
    /// Images returned to people.
    pub returned: f64,
    /// How often each reason stopped the loop.
    pub reasons: BTreeMap<String, usize>,
}

/// The audits of the main arm over the seeds.
#[derive(Debug, Clone, Serialize)]
pub struct AuditReport {
    /// Target share of wrong auto-labels.
    pub target_error: f64,
    /// Mean checks of the last audit of each seed.
    pub audited: f64,
    /// Mean wrong labels found in it.
    pub errors: f64,
    /// The smallest anytime-valid lower bound of the accuracy over the seeds; `null` if nothing was
    /// auto-labeled.
    pub accuracy_lower_bound_95: Option<f64>,
    /// Every seed that auto-labeled anything ended certified.
    pub certified: bool,
    /// Share of the seeds that ended certified.
    pub certified_share: f64,
    /// Seeds certified although the true error was above the target.
    pub false_certificates: usize,
    /// Mean number of audits (a refuted one is followed by another on fewer images).
    pub attempts: f64,
}

/// What the expert's work costs, means over seeds.
#[derive(Debug, Clone, Serialize)]
pub struct CostReport {
    /// Hours to label every image of the pool by hand.
    pub by_hand_hours: f64,
    /// Hours with AutoLabel: labels, returned images, audit checks.
    pub hours: f64,
    /// Money to label every image by hand.
    pub by_hand_money: f64,
    /// Money with AutoLabel.
    pub money: f64,
    /// By hand divided by AutoLabel.
    pub factor: f64,
    /// Assumed seconds a label.
    pub seconds_per_label: f64,
    /// Assumed seconds an audit check.
    pub seconds_per_audit: f64,
    /// Assumed money an hour.
    pub money_per_hour: f64,
}

/// The report; its JSON is the contract.
#[derive(Debug, Clone, Serialize)]
pub struct SimulationReport {
    /// Version of the contract.
    pub version: u32,
    /// Name of the data set.
    pub dataset: String,
    /// Task.
    pub task: &'static str,
    /// Images of the pool.
    pub pool: usize,
    /// Images of the test split.
    pub test: usize,
    /// Class names.
    pub classes: Vec<String>,
    /// Backbone and engine.
    pub backbone: String,
    /// Images a batch.
    pub batch_size: usize,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// Arms, the main one first.
    pub arms: Vec<Arm>,
    /// What the same features and classifier reach with all labels, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_label: Option<FullLabelReport>,
    /// Where the main arm stopped.
    pub stop: StopReport,
    /// The audits.
    pub audit: AuditReport,
    /// Costs.
    pub cost: CostReport,
    /// The main arm, seed by seed.
    pub runs: Vec<FinishedRun>,
    /// Files that could not be used.
    pub refused: Vec<Refused>,
    /// Seconds to read and embed the images; 0 when the features were at hand.
    pub embed_seconds: f64,
    /// Seconds in all.
    pub seconds: f64,
}

/// Replays the loop.
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
    let seeds: Vec<u64> = (0..config.seeds as u64)
        .map(|i| config.first_seed + i)
        .collect();
    let strategies: Vec<&String> = std::iter::once(&config.strategy)
        .chain(config.compare.iter().filter(|s| **s != config.strategy))
        .collect();
    let rounds_per_run = plan.budget.div_ceil(plan.batch);
    let total = rounds_per_run * seeds.len() * strategies.len();
    let mut done = 0;
    let mut arms = Vec::new();
    let mut runs = Vec::new();
    for (arm, strategy) in strategies.into_iter().enumerate() {
        let mut points: Vec<Vec<RunPoint>> = Vec::new();
        for &seed in &seeds {
            let run = replay(dataset, &plan, strategy, seed, arm == 0, &mut || {
                done += 1;
                progress(&SimulateProgress {
                    strategy: strategy.clone(),
                    seed,
                    done,
                    total,
                });
            })?;
            points.push(run.points);
            runs.extend(run.finished);
        }
        arms.push(summarise_arm(strategy, &points));
    }
    let full_label = if config.full_label {
        Some(full_label(dataset, &plan.round.gp, config.first_seed)?)
    } else {
        None
    };
    Ok(SimulationReport {
        version: 1,
        dataset: dataset.name.clone(),
        task: "classification",
        pool: plan.pool,
        test: dataset.files.len() - plan.pool,
        classes: dataset.class_names.clone(),
        backbone: dataset.backbone.clone(),
        batch_size: plan.batch,
        seeds,
        arms,
        full_label,
        stop: StopReport::over(&runs),
        audit: AuditReport::over(&runs, config.target_error),
        cost: CostReport::over(&runs, plan.pool, &config.cost),
        runs,
        refused: dataset.refused.clone(),
        embed_seconds: dataset.embed_seconds,
        seconds: started.elapsed().as_secs_f64() + dataset.embed_seconds,
    })
}

/// What follows from settings and data set.
pub(crate) struct Plan {
    pub(crate) pool: usize,
    pub(crate) batch: usize,
    pub(crate) budget: usize,
    pub(crate) round: RoundConfig,
    pub(crate) cost: CostModel,
}

impl Plan {
    fn new(dataset: &Dataset, config: &SimulateConfig) -> Result<Self, WorkflowError> {
        let pool = dataset.is_test.iter().filter(|test| !**test).count();
        let batch = config
            .batch_size
            .unwrap_or_else(|| (pool / 150).clamp(10, 50));
        if !(config.budget_share > 0.0 && config.budget_share <= 1.0) {
            return Err(WorkflowError::Setting {
                name: "the budget",
                problem: format!("{} is not a share between 0 and 1", config.budget_share),
            });
        }
        if config.seeds == 0 || batch == 0 {
            return Err(WorkflowError::Setting {
                name: "the seeds and the batch",
                problem: "both must be at least 1".to_owned(),
            });
        }
        let budget = (config.budget_share * pool as f64).round() as usize;
        if budget < 2 {
            return Err(WorkflowError::Setting {
                name: "the budget",
                problem: format!("{budget} labels of {pool} images are too few to learn from"),
            });
        }
        if dataset.class_names.len() < 2 {
            return Err(WorkflowError::Setting {
                name: "the data set",
                problem: "it has one class only, so there is nothing to learn".to_owned(),
            });
        }
        let round = RoundConfig {
            batch: BatchConfig {
                strategy: config.strategy.clone(),
                size: batch,
                ..BatchConfig::default()
            },
            stop: StopConfig {
                batch_size: batch,
                budget_labels: budget,
                seconds_per_label: config.cost.seconds_per_label,
                money_per_hour: config.cost.money_per_hour,
                ..StopConfig::default()
            },
            threshold: ThresholdConfig {
                target_error: config.target_error,
                alpha: autolabel_quality::attempt_alpha(0.05, 1),
                label_cost: config.cost.seconds_per_label,
                audit_cost: config.cost.seconds_per_audit,
                ..ThresholdConfig::default()
            },
            gp: GpConfig::default(),
        };
        Ok(Self {
            pool,
            batch: batch.min(budget),
            budget,
            round,
            cost: config.cost,
        })
    }
}

struct RunPoint {
    labels: usize,
    rest_accuracy: f64,
    test_accuracy: Option<f64>,
    auto_share: f64,
    round_seconds: f64,
}

struct Run {
    points: Vec<RunPoint>,
    finished: Option<FinishedRun>,
}

fn replay(
    dataset: &Dataset,
    plan: &Plan,
    strategy: &str,
    seed: u64,
    to_the_end: bool,
    tick: &mut dyn FnMut(),
) -> Result<Run, WorkflowError> {
    let mut config = plan.round.clone();
    config.batch.strategy = strategy.to_owned();
    let mut labels: Vec<Option<Labeled>> = vec![None; dataset.files.len()];
    let mut history: Vec<RoundRecord> = Vec::new();
    let mut previous: Option<RoundModel> = None;
    let mut points = Vec::new();
    let mut finished = None;
    let mut used = 0;
    let mut number = 0;
    let mut features = Cow::Borrowed(&dataset.features);
    let mut chosen: Option<Representation> = None;
    loop {
        config.batch.size = plan.batch.min(plan.budget - used);
        if let Some(source) = dataset.source() {
            let (rows, classes) = round::labeled_classes(&labels, &dataset.is_test);
            if representation::is_due(rows.len(), chosen.as_ref()) {
                let width = dataset.class_names.len();
                let choice = representation::choose(&source, &rows, &classes, width, &config.gp)?;
                features = Cow::Owned(source.features(Some(&choice.weights))?);
                chosen = Some(choice);
            }
        }
        let outcome = round::run(&RoundInput {
            features: &features,
            representation: chosen.as_ref(),
            labels: &labels,
            excluded: &dataset.is_test,
            groups: dataset.groups.as_deref(),
            duplicate_of: None,
            class_names: &dataset.class_names,
            history: &history,
            previous: previous.as_ref(),
            config: &config,
            seed,
            round: number,
        })?;
        if let (Some(model), Some(point), Some(record)) =
            (outcome.model, outcome.point, outcome.record)
        {
            history.push(record);
            points.push(RunPoint {
                labels: used,
                rest_accuracy: rest_accuracy(dataset, &labels, &model),
                test_accuracy: test_accuracy(dataset, &features, &model)?,
                auto_share: point.auto_share,
                round_seconds: point.round_seconds,
            });
            if to_the_end && finished.is_none() && outcome.stop.stop {
                finished = Some(finish(dataset, plan, &labels, &model, &outcome.stop, seed)?);
            }
            previous = Some(model);
            tick();
        }
        if used >= plan.budget || outcome.batch.is_empty() {
            return Ok(Run { points, finished });
        }
        for pick in &outcome.batch {
            let row = pick.image.row();
            labels[row] = Some(Labeled {
                answer: Answer::Class {
                    class: dataset.truth[row],
                },
                origin: pick.reason.origin,
            });
        }
        used += outcome.batch.len();
        number += 1;
    }
}

/// Share of right first classes among the images of the pool without an expert label; 1 when none is
/// left.
fn rest_accuracy(dataset: &Dataset, labels: &[Option<Labeled>], model: &RoundModel) -> f64 {
    let mut right = 0;
    let mut all = 0;
    for (position, &row) in model.pool.rows.iter().enumerate() {
        if labels[row as usize].is_none() {
            all += 1;
            right += usize::from(model.pool.first(position).0 == dataset.truth[row as usize]);
        }
    }
    if all == 0 {
        1.0
    } else {
        f64::from(right as u32) / f64::from(all)
    }
}

fn test_accuracy(
    dataset: &Dataset,
    features: &Matrix,
    model: &RoundModel,
) -> Result<Option<f64>, WorkflowError> {
    let rows: Vec<u32> = (0_u32..)
        .zip(&dataset.is_test)
        .filter(|(_, test)| **test)
        .map(|(row, _)| row)
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let options = PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    };
    let predictions = autolabel_heads::predict(&model.gp, features, &rows, &options)?;
    let right = rows
        .iter()
        .zip(predictions.probabilities.chunks(dataset.class_names.len()))
        .filter(|(row, p)| round::first_class(p).0 == dataset.truth[**row as usize])
        .count();
    Ok(Some(right as f64 / rows.len() as f64))
}

fn summarise_arm(strategy: &str, runs: &[Vec<RunPoint>]) -> Arm {
    let length = runs.iter().map(Vec::len).min().unwrap_or(0);
    let curve: Vec<ArmPoint> = (0..length)
        .map(|i| {
            let at = |value: &dyn Fn(&RunPoint) -> f64| -> Vec<f64> {
                runs.iter().map(|run| value(&run[i])).collect()
            };
            let tests: Vec<f64> = runs.iter().filter_map(|run| run[i].test_accuracy).collect();
            let seconds = at(&|p| p.round_seconds);
            ArmPoint {
                labels: runs[0][i].labels,
                rest_accuracy: Spread::of(&at(&|p| p.rest_accuracy)),
                test_accuracy: (!tests.is_empty()).then(|| Spread::of(&tests)),
                auto_share: Spread::of(&at(&|p| p.auto_share)),
                round_seconds: seconds.iter().sum::<f64>() / seconds.len() as f64,
            }
        })
        .collect();
    let labels_to = [("0.90", 0.90), ("0.95", 0.95), ("0.97", 0.97)]
        .into_iter()
        .map(|(name, level)| {
            let first = curve.iter().find(|p| p.rest_accuracy.mean >= level);
            (name, first.map(|p| p.labels))
        })
        .collect();
    Arm {
        strategy: strategy.to_owned(),
        curve,
        labels_to,
    }
}

impl Spread {
    /// Summary of one value a seed; at least one value.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let half = if values.len() < 2 {
            0.0
        } else {
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
            autolabel_selection::student_t_975(values.len() - 1) * (variance / n).sqrt()
        };
        Self {
            mean,
            low: mean - half,
            high: mean + half,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

fn mean<'a, T: 'a>(items: impl IntoIterator<Item = &'a T>, value: impl Fn(&T) -> f64) -> f64 {
    let values: Vec<f64> = items.into_iter().map(value).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl StopReport {
    fn over(runs: &[FinishedRun]) -> Self {
        let mut reasons = BTreeMap::new();
        for run in runs {
            *reasons.entry(run.stopped_by.clone()).or_insert(0) += 1;
        }
        let with_labels: Vec<&FinishedRun> = runs.iter().filter(|r| r.auto_labels > 0).collect();
        let accuracies: Vec<f64> = with_labels
            .iter()
            .filter_map(|r| r.auto_label_accuracy)
            .collect();
        Self {
            labels: mean(runs, |r| r.labels as f64),
            automation: mean(runs, |r| r.automation),
            rest_accuracy: mean(runs, |r| r.rest_accuracy),
            auto_label_accuracy: (!accuracies.is_empty())
                .then(|| accuracies.iter().sum::<f64>() / accuracies.len() as f64),
            returned: mean(runs, |r| r.returned as f64),
            reasons,
        }
    }
}

impl AuditReport {
    fn over(runs: &[FinishedRun], target_error: f64) -> Self {
        let audited: Vec<&FinishedRun> = runs.iter().filter(|r| r.audited > 0).collect();
        let certified = runs.iter().filter(|r| r.certified).count();
        Self {
            target_error,
            audited: mean(runs, |r| f64::from(r.audited)),
            errors: mean(runs, |r| f64::from(r.errors)),
            accuracy_lower_bound_95: audited
                .iter()
                .filter_map(|r| r.accuracy_lower_bound_95)
                .min_by(f64::total_cmp),
            certified: certified > 0 && audited.iter().all(|r| r.certified),
            certified_share: certified as f64 / runs.len().max(1) as f64,
            false_certificates: runs
                .iter()
                .filter(|r| r.is_false_certificate(target_error))
                .count(),
            attempts: mean(runs, |r| f64::from(r.attempts)),
        }
    }
}

impl CostReport {
    fn over(runs: &[FinishedRun], pool: usize, cost: &CostModel) -> Self {
        let hours = mean(runs, |r| r.expert_hours);
        let by_hand_hours = pool as f64 * cost.seconds_per_label / 3600.0;
        Self {
            by_hand_hours,
            hours,
            by_hand_money: by_hand_hours * cost.money_per_hour,
            money: hours * cost.money_per_hour,
            factor: if hours > 0.0 {
                by_hand_hours / hours
            } else {
                1.0
            },
            seconds_per_label: cost.seconds_per_label,
            seconds_per_audit: cost.seconds_per_audit,
            money_per_hour: cost.money_per_hour,
        }
    }
}
