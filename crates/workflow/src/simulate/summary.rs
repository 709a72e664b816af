//! From replays to the report.

use super::comparison::{self, compare_arms};
use super::finish::FinishedRun;
use super::full_label::FullLabelReport;
use super::grades;
use super::people_summary::PeopleReport;
use super::plan::Plan;
use super::regret::StopRegret;
use super::replay::{Run, RunPoint};
use super::report::{
    Arm, ArmPoint, AuditReport, ColumnAccuracy, CostReport, LabelsToFull, SimulationReport, Spread,
    StopReport,
};
use crate::WorkflowError;
use crate::dataset::Dataset;
use std::collections::BTreeMap;

/// The whole report but for what concerns this run of the program.
pub(super) fn report(
    dataset: &Dataset,
    plan: &Plan,
    arms: &[(&str, &[Run])],
    full_label: Option<FullLabelReport>,
    people: PeopleReport,
) -> Result<SimulationReport, WorkflowError> {
    let main = arms[0].1;
    let finished: Vec<FinishedRun> = main.iter().filter_map(|run| run.finished.clone()).collect();
    let compared = compare_arms(plan, arms)?;
    let mut summaries = Vec::new();
    for (strategy, runs) in arms {
        let mut arm = summarise_arm(strategy, runs);
        arm.by_column = by_column(dataset, plan, runs, main);
        if let Some(full) = full_label {
            arm.labels_to_full = labels_to_full(runs, Some(full.cross_validated), &rest);
            arm.test_labels_to_full = labels_to_full(runs, full.test, &test);
        }
        comparison::against_random(&mut arm, runs, arms)?;
        summaries.push(arm);
    }
    Ok(SimulationReport {
        version: 1,
        dataset: dataset.name.clone(),
        task: dataset.task,
        pool: plan.pool,
        test: dataset.files.len() - plan.pool,
        classes: dataset.class_names.clone(),
        backbone: dataset.backbone.clone(),
        batch_size: plan.batch,
        seeds: plan.seeds.clone(),
        arms: summaries,
        full_label,
        comparisons: compared.0,
        win_matrices: compared.1,
        stop: StopReport::over(&finished),
        stop_regret: StopRegret::over(main),
        audit: AuditReport::over(&finished, plan.round.threshold.target_error),
        cost: CostReport::over(&finished, plan),
        people,
        runs: finished,
        refused: dataset.refused.clone(),
        embed_seconds: dataset.embed_seconds,
        seconds: 0.0,
        runs_at_once: 1,
        threads_per_run: 1,
        program_version: env!("CARGO_PKG_VERSION"),
        command: None,
    })
}

/// Accuracy of the rest at a point.
pub(super) fn rest(point: &RunPoint) -> Option<f64> {
    Some(point.measured.rest_accuracy)
}

/// Accuracy on the test split at a point, where there is one.
pub(super) fn test(point: &RunPoint) -> Option<f64> {
    point.measured.test_accuracy
}

/// Labels and values of the points of a run that have the value.
pub(super) fn curve(run: &Run, value: &dyn Fn(&RunPoint) -> Option<f64>) -> (Vec<f64>, Vec<f64>) {
    run.points
        .iter()
        .filter_map(|p| Some((p.labels as f64, value(p)?)))
        .unzip()
}

/// Area below the curve of each run; `None` if a run has no such value.
pub(super) fn areas(runs: &[Run], value: &dyn Fn(&RunPoint) -> Option<f64>) -> Option<Vec<f64>> {
    runs.iter()
        .map(|run| {
            let (labels, values) = curve(run, value);
            autolabel_quality::area_under_curve(&labels, &values)
        })
        .collect()
}

fn summarise_arm(strategy: &str, runs: &[Run]) -> Arm {
    let length = runs.iter().map(|run| run.points.len()).min().unwrap_or(0);
    let curve: Vec<ArmPoint> = (0..length)
        .map(|i| {
            let at: Vec<&RunPoint> = runs.iter().map(|run| &run.points[i]).collect();
            arm_point(&at)
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
        aubc: Spread::of(&areas(runs, &rest).unwrap_or_default()),
        test_aubc: areas(runs, &test).map(|areas| Spread::of(&areas)),
        labels_to_full: BTreeMap::new(),
        test_labels_to_full: BTreeMap::new(),
        never_significantly_worse_than_random: None,
        never_significantly_worse_than_random_holm: None,
        significantly_worse_than_random: Vec::new(),
        by_column: Vec::new(),
    }
}

/// One point of the curve from the same round of every seed.
fn arm_point(points: &[&RunPoint]) -> ArmPoint {
    let over = |value: &dyn Fn(&RunPoint) -> f64| -> Spread {
        Spread::of(&points.iter().map(|p| value(p)).collect::<Vec<_>>())
    };
    let known = |value: &dyn Fn(&RunPoint) -> Option<f64>| -> Option<Spread> {
        Spread::of_known(points.iter().map(|p| value(p)))
    };
    let first = points[0];
    let classes = 0..first.measured.sensitivity.len();
    let seconds: Vec<f64> = points.iter().map(|p| p.round_seconds).collect();
    let has_test = first.measured.test_accuracy.is_some();
    ArmPoint {
        labels: first.labels,
        rest_accuracy: over(&|p| p.measured.rest_accuracy),
        test_accuracy: known(&|p| p.measured.test_accuracy),
        rest_grades: grades::spread(points.iter().map(|p| &p.measured.rest_grades)),
        test_grades: grades::spread(points.iter().map(|p| &p.measured.test_grades)),
        auto_share: over(&|p| p.auto_share),
        round_seconds: seconds.iter().sum::<f64>() / seconds.len() as f64,
        sensitivity: classes
            .clone()
            .map(|class| known(&|p| p.measured.sensitivity[class]))
            .collect(),
        dataset_sensitivity: classes
            .clone()
            .map(|class| known(&|p| p.measured.dataset_sensitivity[class]))
            .collect(),
        test_sensitivity: classes
            .filter(|_| has_test)
            .map(|class| known(&|p| p.measured.test_sensitivity[class]))
            .collect(),
        dataset_accuracy: over(&|p| p.measured.dataset_accuracy),
        consensus_accuracy: over(&|p| p.effort.consensus_accuracy),
        answers_per_image: over(&|p| p.effort.answers as f64 / p.effort.images.max(1) as f64),
        expert_seconds: over(&|p| p.effort.seconds),
        hours_if_stopped: known(&|p| p.hours_if_stopped),
    }
}

fn labels_to_full(
    runs: &[Run],
    full: Option<f64>,
    value: &dyn Fn(&RunPoint) -> Option<f64>,
) -> BTreeMap<&'static str, LabelsToFull> {
    let Some(full) = full else {
        return BTreeMap::new();
    };
    [("0.95", 0.95), ("0.97", 0.97), ("0.99", 0.99)]
        .into_iter()
        .map(|(name, share)| {
            let accuracy = share * full;
            let reached: Vec<Option<f64>> = runs
                .iter()
                .map(|run| {
                    let (labels, values) = curve(run, value);
                    autolabel_quality::labels_to(&labels, &values, accuracy)
                })
                .collect();
            let count = reached.iter().flatten().count();
            let summary = LabelsToFull {
                accuracy,
                reached_share: count as f64 / runs.len().max(1) as f64,
                labels: Spread::of_known(reached.iter().copied()),
                runs: reached,
            };
            (name, summary)
        })
        .collect()
}

/// Rest accuracy for each value of each column, at 6 % and where the main arm stopped.
fn by_column(dataset: &Dataset, plan: &Plan, runs: &[Run], main: &[Run]) -> Vec<ColumnAccuracy> {
    let mut rows = Vec::new();
    let mut number = 0;
    for column in &dataset.columns {
        for (position, value) in column.values.iter().enumerate() {
            let images = column
                .value_of
                .iter()
                .zip(&dataset.is_test)
                .filter(|(v, test)| !**test && v.is_some_and(|v| usize::from(v) == position))
                .count();
            let at = |labels: &dyn Fn(&Run) -> Option<f64>| {
                Spread::of_known(runs.iter().zip(main).map(|(run, main)| {
                    let (measured, values) = curve(run, &|p| p.measured.by_value[number]);
                    autolabel_quality::value_at(&measured, &values, labels(main)?)
                }))
            };
            rows.push(ColumnAccuracy {
                column: column.name.clone(),
                value: value.clone(),
                images,
                at_6_percent: at(&|_| Some((0.06 * plan.pool as f64).round())),
                at_stop: at(&|main| Some(main.finished.as_ref()?.labels as f64)),
            });
            number += 1;
        }
    }
    rows
}

impl Spread {
    /// Summary of one value a seed; at least one value.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let half = autolabel_quality::student_t_975(values.len()).map_or(0.0, |t| {
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
            t * (variance / n).sqrt()
        });
        Self {
            mean,
            low: mean - half,
            high: mean + half,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// Summary of the values that are there; `None` if none is.
    pub(crate) fn of_known(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        let known: Vec<f64> = values.flatten().collect();
        (!known.is_empty()).then(|| Self::of(&known))
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
        let classes = runs.first().map_or(0, |run| run.found.len());
        let found = (0..classes)
            .map(|class| Spread::of_known(runs.iter().map(|run| run.found[class])))
            .collect();
        Self {
            labels: mean(runs, |r| r.labels as f64),
            found,
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
    fn over(runs: &[FinishedRun], plan: &Plan) -> Self {
        let cost = &plan.cost;
        let hours = mean(runs, |r| r.expert_hours);
        let by_hand_hours = plan.pool as f64 * plan.seconds_per_image() / 3600.0;
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
