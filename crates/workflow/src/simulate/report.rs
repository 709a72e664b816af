//! The report of a simulation; its JSON is a contract (docs/simulate.md): keys are added, never changed.

use super::comparison::{Comparison, WinMatrix, WorsePoint};
use super::finish::FinishedRun;
use super::full_label::FullLabelReport;
use super::grades::GradeSpread;
use super::people_summary::PeopleReport;
use super::regret::StopRegret;
use crate::dataset::Refused;
use autolabel_annotation::ImageTask;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// How far off the predictions of the images without an expert label are; grades only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_grades: Option<GradeSpread>,
    /// The same on the test split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_grades: Option<GradeSpread>,
    /// Share of the pool that could be auto-labeled, by the program's own estimate.
    pub auto_share: Spread,
    /// Mean seconds to fit, score and choose, with `threads_per_run` threads.
    pub round_seconds: f64,
    /// `rest_accuracy` for each true class, in the order of `classes`; `null` where none is left.
    pub sensitivity: Vec<Option<Spread>>,
    /// The same on the test split, where the data set has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test_sensitivity: Vec<Option<Spread>>,
    /// Share of right labels over the whole pool: the expert's where there are some, else the model's.
    pub dataset_accuracy: Spread,
    /// `dataset_accuracy` for each true class, in the order of `classes`: of all its images in the pool,
    /// those labeled by experts included, the share that has the right label. `null` where the pool has
    /// no image of it.
    pub dataset_sensitivity: Vec<Option<Spread>>,
    /// Share of the expert labels that are right.
    pub consensus_accuracy: Spread,
    /// Answers of readers for each labeled image.
    pub answers_per_image: Spread,
    /// Seconds of people so far.
    pub expert_seconds: Spread,
    /// Hours of people in all, had the loop stopped here: labels, returned images, expected audits. The
    /// main arm only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours_if_stopped: Option<Spread>,
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
    /// Area below the curve of `rest_accuracy` over labels, divided by its width, 0 to 1.
    pub aubc: Spread,
    /// The same for the test split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_aubc: Option<Spread>,
    /// Labels until `rest_accuracy` reaches 95, 97 and 99 % of the cross-validated all-label accuracy;
    /// where that was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels_to_full: BTreeMap<&'static str, LabelsToFull>,
    /// The same for the test split.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub test_labels_to_full: BTreeMap<&'static str, LabelsToFull>,
    /// No point of the curve of `rest_accuracy` is significantly below that of `random` (p < 0.05,
    /// uncorrected). `null` for `random`, without `random`, and below six seeds.
    pub never_significantly_worse_than_random: Option<bool>,
    /// The same after Holm's correction over the points of the curve.
    pub never_significantly_worse_than_random_holm: Option<bool>,
    /// The points that are, uncorrected; those of the test split too.
    pub significantly_worse_than_random: Vec<WorsePoint>,
    /// Rest accuracy by the columns `source` and `population`, where the table has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_column: Vec<ColumnAccuracy>,
}

/// Labels to a share of the all-label accuracy, seed by seed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelsToFull {
    /// The accuracy in question.
    pub accuracy: f64,
    /// Labels where each seed's curve first crosses it, between two points by a straight line; `null`
    /// = not within the budget.
    pub runs: Vec<Option<f64>>,
    /// Share of the seeds that reach it.
    pub reached_share: f64,
    /// Labels over the seeds that reach it; `null` if none does.
    pub labels: Option<Spread>,
}

/// Rest accuracy of the images with one value of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnAccuracy {
    /// `source` or `population`.
    pub column: String,
    /// Its value.
    pub value: String,
    /// Images of the pool that have it.
    pub images: usize,
    /// Rest accuracy at 6 % labeled; `null` outside the budget.
    pub at_6_percent: Option<Spread>,
    /// Rest accuracy at the stop of the main arm.
    pub at_stop: Option<Spread>,
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
    /// Of all images of each class in the pool, in the order of `classes`, the share that has the right
    /// label in the end: labels of experts, labels of the program, and what was left to people. `null`
    /// where the pool has no image of it.
    pub found: Vec<Option<Spread>>,
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
    /// ImageTask.
    pub task: ImageTask,
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
    /// Every pair of arms compared seed by seed.
    pub comparisons: Vec<Comparison>,
    /// How often each arm beats each other one.
    pub win_matrices: Vec<WinMatrix>,
    /// Where the main arm stopped.
    pub stop: StopReport,
    /// What that stop cost beside the best one; `null` if no run stopped.
    pub stop_regret: Option<StopRegret>,
    /// The audits.
    pub audit: AuditReport,
    /// Costs.
    pub cost: CostReport,
    /// The readers of the main arm, and other numbers of readers for the same seconds.
    pub people: PeopleReport,
    /// The main arm, seed by seed.
    pub runs: Vec<FinishedRun>,
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
