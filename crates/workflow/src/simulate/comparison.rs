//! Arms beside each other, seed by seed.
//!
//! Every arm of a seed has the same cold start, readers and random streams, so the difference a seed
//! is what is tested; see [`autolabel_quality::paired_difference`] for interval and p value. The win
//! matrix counts how often one arm is significantly better than another over the points of the budget,
//! after the "pairwise penalty matrix" of Ash et al. (2020).

use super::plan::Plan;
use super::replay::{Run, RunPoint};
use super::report::Arm;
use super::summary::{areas, curve, rest, test};
use crate::WorkflowError;
use autolabel_quality::PairedDifference;
use serde::Serialize;

/// Shares of the pool at which arms are compared.
const SHARES: [f64; 7] = [0.01, 0.02, 0.04, 0.06, 0.08, 0.10, 0.15];

/// Level of significance.
const LEVEL: f64 = 0.05;

/// Below so many seeds the sign-flip test cannot reach the level.
const FEWEST_SEEDS: usize = 6;

/// Two arms compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What is compared: `rest` (images of the pool without an expert label) or `test` (test split).
    pub measure: &'static str,
    /// First arm.
    pub a: String,
    /// Second arm.
    pub b: String,
    /// First minus second, area below the curve.
    pub aubc: Difference,
    /// First minus second, accuracy at fixed shares of the pool within the budget.
    pub at: Vec<DifferenceAt>,
}

/// A mean difference over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Mean.
    pub mean: f64,
    /// Lower end of its 95 % interval (Student's t over the differences); `null` for one seed.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Two-sided p value of the sign-flip test over seeds; never below 2 / 2^seeds.
    pub p: f64,
}

/// A difference at one share of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DifferenceAt {
    /// Share of the pool.
    pub share: f64,
    /// That many labels; between two points of a curve a straight line is taken.
    pub labels: usize,
    /// The difference in accuracy.
    #[serde(flatten)]
    pub difference: Difference,
}

/// How often each arm is significantly better than each other one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WinMatrix {
    /// What is compared: `rest` or `test`.
    pub measure: &'static str,
    /// The arms, in the order of rows and columns.
    pub arms: Vec<String>,
    /// Points of the budget compared.
    pub points: usize,
    /// Level of significance of one point, without correction.
    pub level: f64,
    /// Row `i`, column `j`: share of the points at which arm `i` is significantly better than arm `j`.
    /// All `null` below six seeds, where nothing can be significant.
    pub better: Vec<Vec<Option<f64>>>,
    /// Mean of each column over the other arms: how often that arm is beaten.
    pub beaten: Vec<Option<f64>>,
}

/// A point of the budget at which an arm is significantly worse than random order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WorsePoint {
    /// `rest` or `test`.
    pub measure: &'static str,
    /// Expert labels.
    pub labels: usize,
    /// Arm minus random.
    #[serde(flatten)]
    pub difference: Difference,
    /// p value by Holm's correction over all points of the curve.
    pub p_holm: f64,
}

impl From<PairedDifference> for Difference {
    fn from(paired: PairedDifference) -> Self {
        Self {
            mean: paired.mean,
            low: paired.interval.map(|[low, _]| low),
            high: paired.interval.map(|[_, high]| high),
            p: paired.p,
        }
    }
}

type Measure = fn(&RunPoint) -> Option<f64>;

/// What is compared, with its name.
const MEASURES: [(&str, Measure); 2] = [("rest", rest), ("test", test)];

/// Every pair of arms, and the win matrix, for each measure that the data set has.
pub(super) fn compare_arms(
    plan: &Plan,
    arms: &[(&str, &[Run])],
) -> Result<(Vec<Comparison>, Vec<WinMatrix>), WorkflowError> {
    let mut comparisons = Vec::new();
    let mut matrices = Vec::new();
    for (measure, value) in MEASURES {
        let is_measured = arms.iter().all(|(_, runs)| areas(runs, &value).is_some());
        if !is_measured || arms.len() < 2 {
            continue;
        }
        for (i, a) in arms.iter().enumerate() {
            for b in &arms[i + 1..] {
                comparisons.extend(compare(plan, measure, value, a, b)?);
            }
        }
        matrices.push(win_matrix(measure, value, arms)?);
    }
    Ok((comparisons, matrices))
}

fn compare(
    plan: &Plan,
    measure: &'static str,
    value: Measure,
    a: &(&str, &[Run]),
    b: &(&str, &[Run]),
) -> Result<Option<Comparison>, WorkflowError> {
    let (Some(first), Some(second)) = (areas(a.1, &value), areas(b.1, &value)) else {
        return Ok(None);
    };
    let Some(aubc) = autolabel_quality::paired_difference(&first, &second)? else {
        return Ok(None);
    };
    let mut at = Vec::new();
    for share in SHARES {
        let labels = (share * plan.pool as f64).round() as usize;
        let values = |runs: &[Run]| -> Option<Vec<f64>> {
            runs.iter()
                .map(|run| {
                    let (measured, values) = curve(run, &value);
                    autolabel_quality::value_at(&measured, &values, labels as f64)
                })
                .collect()
        };
        let (Some(first), Some(second)) = (values(a.1), values(b.1)) else {
            continue;
        };
        if let Some(paired) = autolabel_quality::paired_difference(&first, &second)? {
            at.push(DifferenceAt {
                share,
                labels,
                difference: paired.into(),
            });
        }
    }
    Ok(Some(Comparison {
        measure,
        a: a.0.to_owned(),
        b: b.0.to_owned(),
        aubc: aubc.into(),
        at,
    }))
}

/// The difference at each point that all seeds of both arms have.
fn by_point(
    value: Measure,
    a: &[Run],
    b: &[Run],
) -> Result<Vec<(usize, Difference)>, WorkflowError> {
    let length = a.iter().chain(b).map(|run| run.points.len()).min();
    let mut differences = Vec::new();
    for i in 0..length.unwrap_or(0) {
        let at = |runs: &[Run]| -> Option<Vec<f64>> {
            runs.iter().map(|run| value(&run.points[i])).collect()
        };
        let (Some(first), Some(second)) = (at(a), at(b)) else {
            continue;
        };
        if let Some(paired) = autolabel_quality::paired_difference(&first, &second)? {
            differences.push((a[0].points[i].labels, paired.into()));
        }
    }
    Ok(differences)
}

fn win_matrix(
    measure: &'static str,
    value: Measure,
    arms: &[(&str, &[Run])],
) -> Result<WinMatrix, WorkflowError> {
    let mut better = vec![vec![None; arms.len()]; arms.len()];
    let mut points = 0;
    for i in 0..arms.len() {
        for j in 0..arms.len() {
            if i == j {
                continue;
            }
            let differences = by_point(value, arms[i].1, arms[j].1)?;
            points = differences.len();
            let wins = differences
                .iter()
                .filter(|(_, d)| d.mean > 0.0 && d.p < LEVEL)
                .count();
            let can_tell = points > 0 && arms[i].1.len() >= FEWEST_SEEDS;
            better[i][j] = can_tell.then(|| wins as f64 / points as f64);
        }
    }
    let beaten = (0..arms.len())
        .map(|j| {
            let column: Vec<f64> = better.iter().filter_map(|row| row[j]).collect();
            (!column.is_empty()).then(|| column.iter().sum::<f64>() / column.len() as f64)
        })
        .collect();
    Ok(WinMatrix {
        measure,
        arms: arms.iter().map(|(name, _)| (*name).to_owned()).collect(),
        points,
        level: LEVEL,
        better,
        beaten,
    })
}

/// Whether an arm is anywhere significantly worse than random order, where both were replayed.
pub(super) fn against_random(
    arm: &mut Arm,
    runs: &[Run],
    arms: &[(&str, &[Run])],
) -> Result<(), WorkflowError> {
    let random = arms.iter().find(|(name, _)| *name == "random");
    let Some((_, random)) = random.filter(|(name, _)| *name != arm.strategy) else {
        return Ok(());
    };
    for (measure, value) in MEASURES {
        let worse = worse_points(measure, &by_point(value, runs, random)?);
        if measure == "rest" && runs.len() >= FEWEST_SEEDS {
            arm.never_significantly_worse_than_random = Some(worse.is_empty());
            let after_holm = worse.iter().all(|point| point.p_holm >= LEVEL);
            arm.never_significantly_worse_than_random_holm = Some(after_holm);
        }
        arm.significantly_worse_than_random.extend(worse);
    }
    Ok(())
}

fn worse_points(measure: &'static str, differences: &[(usize, Difference)]) -> Vec<WorsePoint> {
    let p: Vec<f64> = differences.iter().map(|(_, d)| d.p).collect();
    differences
        .iter()
        .zip(autolabel_quality::holm(&p))
        .filter(|((_, d), _)| d.mean < 0.0 && d.p < LEVEL)
        .map(|(&(labels, difference), p_holm)| WorsePoint {
            measure,
            labels,
            difference,
            p_holm,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(mean: f64, p: f64) -> Difference {
        Difference {
            mean,
            low: None,
            high: None,
            p,
        }
    }

    #[test]
    fn only_significant_losses_are_listed_with_their_correction() {
        let points = [
            (10, difference(-0.02, 0.01)),
            (20, difference(-0.01, 0.2)),
            (30, difference(0.03, 0.002)),
            (40, difference(-0.02, 0.04)),
        ];
        let worse = worse_points("rest", &points);
        let labels: Vec<usize> = worse.iter().map(|point| point.labels).collect();
        assert_eq!(labels, [10, 40]);
        // The win at 30 has the smallest p and is counted in the correction too.
        assert!((worse[0].p_holm - 0.03).abs() < 1e-12);
        assert!((worse[1].p_holm - 0.08).abs() < 1e-12);
    }
}
