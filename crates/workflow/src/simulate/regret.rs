//! What the stop advisor's choice cost, with hindsight.
//!
//! At every round of the budget the hours of people are what has been spent on labels, plus labeling
//! what auto-labeling would leave to people, plus the audits. The best stop is the round where that is
//! least, and the regret is how much more the advisor's round costs.

use super::finish::{FinishedRun, Proposed, finish};
use super::replay::{Run, Stand};
use crate::WorkflowError;
use autolabel_selection::StopDecision;
use serde::Serialize;

/// Audits in other orders whose mean is taken as the expected audit. With a third of them the luckiest of
/// two dozen rounds looked a tenth better than it was.
const AUDITS: u64 = 48;

/// Smallest, quartiles and largest over the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quartiles {
    /// Median.
    pub median: f64,
    /// Lower quartile.
    pub lower: f64,
    /// Upper quartile.
    pub upper: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

/// The advisor's stop beside the best stop in hindsight, for one seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunRegret {
    /// Seed.
    pub seed: u64,
    /// Labels where the advisor stopped.
    pub labels: usize,
    /// Expected hours of people in all for that stop.
    pub hours: f64,
    /// Labels at the best stop within the budget.
    pub best_labels: usize,
    /// Expected hours of people in all for the best stop.
    pub best_hours: f64,
    /// `hours / best_hours - 1`.
    pub relative: f64,
    /// Labels asked beyond the best stop; below 0 where the advisor stopped before it.
    pub labels_beyond_best: f64,
    /// Rest accuracy at the best stop minus that at the advisor's.
    pub accuracy_lost: f64,
}

/// The stop advisor judged with hindsight, over the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopRegret {
    /// Extra hours as a share of the best hours.
    pub relative: Quartiles,
    /// Extra hours.
    pub hours: Quartiles,
    /// Labels asked beyond the best stop; below 0 = stopped before it.
    pub labels_beyond_best: Quartiles,
    /// Rest accuracy at the best stop minus that at the advisor's.
    pub accuracy_lost: Quartiles,
    /// The number of labels that would have been best for all seeds together, and what it costs.
    pub common: CommonStop,
    /// Share of the seeds whose best stop is the end of the budget, so that going on might have been
    /// better still.
    pub best_at_the_end_share: f64,
    /// Seed by seed.
    pub runs: Vec<RunRegret>,
}

/// The best stop in hindsight if every seed had to stop at the same number of labels: unlike the best stop
/// of each seed it cannot pick the luckiest round of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CommonStop {
    /// Labels.
    pub labels: usize,
    /// Mean expected hours of people in all for that stop.
    pub hours: f64,
    /// Mean expected hours of people in all for the advisor's stops.
    pub advised_hours: f64,
    /// `advised_hours / hours - 1`; below 0 where the advisor did better.
    pub relative: f64,
}

impl CommonStop {
    /// Over the runs that stopped; `None` where they share no number of labels.
    fn over(runs: &[Run], regrets: &[(RunRegret, bool)]) -> Option<Self> {
        let stopped: Vec<&Run> = runs.iter().filter(|run| run.finished.is_some()).collect();
        let mean_at = |labels: usize| {
            let hours = stopped.iter().map(|run| {
                let point = run.points.iter().find(|point| point.labels == labels)?;
                point.hours_if_stopped
            });
            Some(hours.sum::<Option<f64>>()? / stopped.len() as f64)
        };
        let (labels, hours) = stopped
            .first()?
            .points
            .iter()
            .filter_map(|point| Some((point.labels, mean_at(point.labels)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1))?;
        let advised_hours =
            regrets.iter().map(|(r, _)| r.hours).sum::<f64>() / regrets.len() as f64;
        Some(Self {
            labels,
            hours,
            advised_hours,
            relative: advised_hours / hours - 1.0,
        })
    }
}

/// Expected hours of people in all, had the loop stopped here. `first` is what came of one order of
/// audit, that of its seed.
pub(super) fn hours_if_stopped(
    stand: &Stand<'_>,
    proposed: &Proposed,
    stop: &StopDecision,
    first: &FinishedRun,
) -> Result<f64, WorkflowError> {
    let mut hours = first.expert_hours;
    for audit in 1..AUDITS {
        let seed = first.seed.wrapping_add(audit << 48);
        hours += finish(stand, proposed, stop, seed)?.expert_hours;
    }
    Ok(hours / AUDITS as f64)
}

impl StopRegret {
    /// Over the runs of the main arm; `None` where none of them stopped.
    pub(super) fn over(runs: &[Run]) -> Option<Self> {
        let regrets: Vec<(RunRegret, bool)> = runs.iter().filter_map(regret).collect();
        let of = |value: &dyn Fn(&RunRegret) -> f64| {
            Quartiles::of(regrets.iter().map(|(r, _)| value(r)).collect())
        };
        let at_the_end = regrets.iter().filter(|(_, at_the_end)| *at_the_end).count();
        Some(Self {
            relative: of(&|r| r.relative)?,
            hours: of(&|r| r.hours - r.best_hours)?,
            labels_beyond_best: of(&|r| r.labels_beyond_best)?,
            accuracy_lost: of(&|r| r.accuracy_lost)?,
            common: CommonStop::over(runs, &regrets)?,
            best_at_the_end_share: at_the_end as f64 / regrets.len() as f64,
            runs: regrets.iter().map(|(r, _)| *r).collect(),
        })
    }
}

/// Regret of one run, and whether its best stop is the last round.
fn regret(run: &Run) -> Option<(RunRegret, bool)> {
    let stopped = run.finished.as_ref()?.labels;
    let hours: Vec<f64> = run
        .points
        .iter()
        .map(|p| p.hours_if_stopped)
        .collect::<Option<_>>()?;
    let at = run.points.iter().position(|p| p.labels == stopped)?;
    // The earliest of equals: fewer labels for the same hours.
    let best = (0..hours.len()).min_by(|&a, &b| hours[a].total_cmp(&hours[b]))?;
    let (here, there) = (&run.points[at], &run.points[best]);
    let regret = RunRegret {
        seed: run.seed,
        labels: stopped,
        hours: hours[at],
        best_labels: there.labels,
        best_hours: hours[best],
        relative: hours[at] / hours[best] - 1.0,
        labels_beyond_best: stopped as f64 - there.labels as f64,
        accuracy_lost: there.measured.rest_accuracy - here.measured.rest_accuracy,
    };
    Some((regret, best + 1 == hours.len()))
}

impl Quartiles {
    /// Of some values; quartiles by linear interpolation. `None` for none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let below = place.floor() as usize;
            let above = (below + 1).min(last);
            values[below] + (place - below as f64) * (values[above] - values[below])
        };
        Some(Self {
            median: at(0.5),
            lower: at(0.25),
            upper: at(0.75),
            min: values[0],
            max: values[last],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate() {
        let quartiles = Quartiles::of(vec![4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!((quartiles.min, quartiles.max), (1.0, 4.0));
        assert_eq!(
            (quartiles.lower, quartiles.median, quartiles.upper),
            (1.75, 2.5, 3.25)
        );
        assert_eq!(Quartiles::of(Vec::new()), None);
    }
}
