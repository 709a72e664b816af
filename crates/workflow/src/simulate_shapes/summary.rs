//! From replays on shapes to the report.

use std::collections::BTreeMap;

use autolabel_annotation::{ImageSize, Task};
use autolabel_quality::{area_under_curve, labels_to, paired_difference, value_at};

use super::dataset::ShapeDataset;
use super::measure::ShapeMeasures;
use super::plan::Plan;
use super::replay::{Point, Run};
use super::report::{ShapeArm, ShapePoint, ShapeReport, ToFull};
use crate::WorkflowError;
use crate::simulate::{Difference, Spread};

/// Shares of the full figure.
const SHARES: [(&str, f64); 3] = [("0.90", 0.90), ("0.95", 0.95), ("0.97", 0.97)];

/// The whole report but for what concerns this run of the program.
pub(super) fn report(
    dataset: &ShapeDataset,
    plan: &Plan,
    runs: &[Run],
    full: Vec<Option<ShapeMeasures>>,
) -> Result<ShapeReport, WorkflowError> {
    let full_label: Vec<ShapeMeasures> = full.into_iter().flatten().collect();
    let by_arm: Vec<&[Run]> = runs.chunks(plan.seeds.len()).collect();
    let random = by_arm.iter().find(|runs| is_random(runs)).copied();
    let shortest = shortest(runs);
    let mut arms = Vec::new();
    for runs in &by_arm {
        arms.push(arm(runs, random, &full_label, shortest)?);
    }
    let pool_shapes = plan
        .pool
        .iter()
        .map(|row| dataset.truth[*row as usize].shapes.len());
    Ok(ShapeReport {
        version: 1,
        dataset: dataset.name.clone(),
        task: dataset.task,
        measure: match dataset.task {
            Task::Detection | Task::InstanceSegmentation => "ap50",
            _ => "dice",
        },
        pool: plan.pool.len(),
        pool_shapes: pool_shapes.sum(),
        test: plan.test.len(),
        classes: dataset.class_names.clone(),
        backbone: dataset.backbone.clone(),
        input: plan.recipe.whole(middle_size(&dataset.sizes)),
        batch_size: plan.batch.size,
        seeds: plan.seeds.clone(),
        speed: plan.speed,
        least_fit: plan.least_fit,
        target_error: plan.target_error,
        arms,
        full_label,
        runs: runs.iter().filter_map(|run| run.finished.clone()).collect(),
        refused: dataset.refused.clone(),
        embed_seconds: dataset.embed_seconds,
        seconds: 0.0,
        runs_at_once: 1,
        threads_per_run: 1,
        program_version: env!("CARGO_PKG_VERSION"),
        command: None,
    })
}

fn is_random(runs: &[Run]) -> bool {
    runs.first().is_some_and(|run| run.strategy == "random")
}

/// The size of the image in the middle of all, by its area.
fn middle_size(sizes: &[ImageSize]) -> ImageSize {
    let mut sizes = sizes.to_vec();
    sizes.sort_by_key(|size| size.pixels());
    sizes[sizes.len() / 2]
}

/// The main measure on the test split, else on the rest; 0 where a round has neither.
fn value(point: &Point) -> f64 {
    let measures = point.test.as_ref().or(point.rest.as_ref());
    measures.map_or(0.0, |measures| measures.main)
}

fn column(run: &Run, of: impl Fn(&Point) -> f64) -> Vec<f64> {
    run.points.iter().map(of).collect()
}

/// The seconds between which every run has a curve.
fn shortest(runs: &[Run]) -> (f64, f64) {
    let seconds = |of: fn(&[Point]) -> Option<&Point>| {
        runs.iter()
            .filter_map(move |run| of(&run.points))
            .map(|point| point.seconds)
    };
    let begin = seconds(<[Point]>::first).fold(0.0, f64::max);
    (
        begin,
        seconds(<[Point]>::last).fold(f64::INFINITY, f64::min),
    )
}

/// The part of a curve between two places, both with a value of their own.
fn between(at: &[f64], values: &[f64], (begin, end): (f64, f64)) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut kept = vec![(begin, value_at(at, values, begin)?)];
    let inside = at.iter().copied().zip(values.iter().copied());
    kept.extend(inside.filter(|(x, _)| *x > begin && *x < end));
    kept.push((end, value_at(at, values, end)?));
    Some(kept.into_iter().unzip())
}

fn area_by_labels(run: &Run) -> f64 {
    let labels = column(run, |point| point.labels as f64);
    area_under_curve(&labels, &column(run, value)).unwrap_or(0.0)
}

fn area_by_seconds(run: &Run, shortest: (f64, f64)) -> f64 {
    let seconds = column(run, |point| point.seconds);
    let values = column(run, value);
    let part = between(&seconds, &values, shortest);
    let area = part.and_then(|(seconds, values)| area_under_curve(&seconds, &values));
    // One round: there is no width to average over.
    area.or_else(|| values.last().copied()).unwrap_or(0.0)
}

fn arm(
    runs: &[Run],
    random: Option<&[Run]>,
    full: &[ShapeMeasures],
    shortest: (f64, f64),
) -> Result<ShapeArm, WorkflowError> {
    let rounds = runs.iter().map(|run| run.points.len()).min().unwrap_or(0);
    let curve = (0..rounds).map(|round| {
        let points: Vec<&Point> = runs.iter().map(|run| &run.points[round]).collect();
        curve_point(&points)
    });
    let by_labels = |runs: &[Run]| -> Vec<f64> { runs.iter().map(area_by_labels).collect() };
    let by_seconds = |runs: &[Run]| -> Vec<f64> {
        let areas = runs.iter().map(|run| area_by_seconds(run, shortest));
        areas.collect()
    };
    let over_random =
        |areas: &dyn Fn(&[Run]) -> Vec<f64>| -> Result<Option<Difference>, WorkflowError> {
            let Some(random) = random.filter(|_| !is_random(runs)) else {
                return Ok(None);
            };
            Ok(paired_difference(&areas(runs), &areas(random))?.map(Difference::from))
        };
    let full =
        (!full.is_empty()).then(|| full.iter().map(|of| of.main).sum::<f64>() / full.len() as f64);
    Ok(ShapeArm {
        strategy: runs[0].strategy.clone(),
        curve: curve.collect(),
        aubc: Spread::of(&by_labels(runs)),
        aubc_by_seconds: Spread::of(&by_seconds(runs)),
        to_full: full.map_or_else(BTreeMap::new, |full| to_full(runs, full)),
        aubc_over_random: over_random(&by_labels)?,
        aubc_by_seconds_over_random: over_random(&by_seconds)?,
    })
}

fn curve_point(points: &[&Point]) -> ShapePoint {
    let over = |of: &dyn Fn(&Point) -> f64| {
        Spread::of(&points.iter().map(|point| of(point)).collect::<Vec<_>>())
    };
    let known =
        |of: &dyn Fn(&Point) -> Option<f64>| Spread::of_known(points.iter().map(|point| of(point)));
    ShapePoint {
        labels: points[0].labels,
        shapes: over(&|point| point.shapes as f64),
        expert_seconds: over(&|point| point.seconds),
        test: known(&|point| Some(point.test.as_ref()?.main)),
        rest: known(&|point| Some(point.rest.as_ref()?.main)),
        rest_fit: known(&|point| Some(point.rest.as_ref()?.fit)),
        expected_fit: over(&|point| point.expected_fit),
        test_means: test_means(points),
        round_seconds: points.iter().map(|point| point.round_seconds).sum::<f64>()
            / points.len() as f64,
    }
}

/// Every measure on the test split by its name, the mean over the seeds that have it.
fn test_means(points: &[&Point]) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for measures in points.iter().filter_map(|point| point.test.as_ref()) {
        let mut add = |name: String, value: Option<f64>| {
            if let Some(value) = value {
                values.entry(name).or_default().push(value);
            }
        };
        add("fit".to_owned(), Some(measures.fit));
        add("dice".to_owned(), measures.dice);
        add("ap50".to_owned(), measures.ap50);
        add("ap50_95".to_owned(), measures.ap50_95);
        add("pq".to_owned(), measures.pq);
        for (class, dice) in measures.class_dice.iter().enumerate() {
            add(format!("dice_{class}"), *dice);
        }
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    values
        .into_iter()
        .map(|(name, of)| (name, mean(of)))
        .collect()
}

fn to_full(runs: &[Run], full: f64) -> BTreeMap<&'static str, ToFull> {
    let levels = SHARES.into_iter().map(|(name, share)| {
        let level = share * full;
        let until = |of: &dyn Fn(&Point) -> f64| -> Vec<Option<f64>> {
            let reach = |run| labels_to(&column(run, of), &column(run, value), level);
            runs.iter().map(reach).collect()
        };
        let labels = until(&|point| point.labels as f64);
        let reached = labels.iter().flatten().count();
        let summary = ToFull {
            level,
            reached_share: reached as f64 / runs.len().max(1) as f64,
            shapes: until(&|point| point.shapes as f64),
            seconds: until(&|point| point.seconds),
            labels,
        };
        (name, summary)
    });
    levels.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_curve_has_values_at_its_ends() {
        let part = between(&[0.0, 10.0, 20.0], &[0.0, 1.0, 1.0], (5.0, 15.0));
        let (at, values) = part.unwrap();
        assert_eq!(at, [5.0, 10.0, 15.0]);
        assert_eq!(values, [0.5, 1.0, 1.0]);
        assert!(between(&[0.0, 1.0], &[0.0, 1.0], (0.5, 2.0)).is_none());
    }
}
