//! Hours and money: what was spent, and what labeling by hand would cost.
//!
//! Definitions. A measured time counts at most two minutes, and twenty where people draw: whoever took
//! longer had gone for coffee. *Seconds a label* is the median of the times so cut, once ten labels were
//! given; before that it is the assumption of the settings. Likewise for audit checks, whose assumption
//! follows the measured pace of labels. *Spent* is the sum of all cut times of labels and checks,
//! taken-back ones included. *By hand* is the number of images times the seconds a label.

use super::live::Live;
use crate::view::{CostModel, Effort};
use autolabel_annotation::Task;

/// Longest time that counts for one answer, seconds.
fn longest(task: Task) -> f64 {
    if task.is_drawn() { 1_200.0 } else { 120.0 }
}

/// Fewest answers that a measured pace rests on.
const LEAST_ANSWERS: usize = 10;

/// Measured seconds a label; `None` before ten labels.
pub(crate) fn measured_label_seconds(live: &Live) -> Option<f64> {
    measured(&live.label_seconds, task(live))
}

/// Seconds a label, measured or assumed.
pub(crate) fn label_seconds(live: &Live) -> f64 {
    measured_label_seconds(live).unwrap_or(live.settings.cost.seconds_per_label)
}

/// Seconds an audit check: measured, or assumed. Who labels faster than assumed also checks faster, so
/// the assumption follows the measured pace of labels.
pub(crate) fn audit_seconds(live: &Live) -> f64 {
    let assumed = &live.settings.cost;
    measured(&live.audit_seconds, task(live)).unwrap_or_else(|| {
        in_step(
            assumed.seconds_per_audit,
            assumed.seconds_per_label,
            measured_label_seconds(live),
        )
    })
}

/// An assumed time of a check, scaled as the measured time of a label is to the assumed one.
fn in_step(audit: f64, label: f64, measured_label: Option<f64>) -> f64 {
    match measured_label {
        Some(measured) if label > 0.0 => audit * measured / label,
        _ => audit,
    }
}

/// Effort spent on labels and audits.
pub(crate) fn spent(live: &Live) -> Effort {
    let all = live.label_seconds.iter().chain(&live.audit_seconds);
    // The empty sum of floating-point numbers is -0.
    effort(
        all.map(|s| cut(*s, task(live))).sum::<f64>() + 0.0,
        &live.settings.cost,
    )
}

/// Effort of labeling a number of images by hand.
pub(crate) fn labels_by_hand(live: &Live, images: u64) -> Effort {
    effort(images as f64 * label_seconds(live), &live.settings.cost)
}

/// Effort of a number of audit checks.
pub(crate) fn checks(live: &Live, count: u64) -> Effort {
    effort(count as f64 * audit_seconds(live), &live.settings.cost)
}

fn task(live: &Live) -> Task {
    live.settings.schema.task
}

fn measured(seconds: &[f64], task: Task) -> Option<f64> {
    if seconds.len() < LEAST_ANSWERS {
        return None;
    }
    let mut sorted: Vec<f64> = seconds.iter().map(|s| cut(*s, task)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    Some(if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    })
}

/// A measured time without the breaks that people took.
pub(crate) fn cut(seconds: f64, task: Task) -> f64 {
    if seconds.is_finite() {
        seconds.clamp(0.0, longest(task))
    } else {
        0.0
    }
}

fn effort(seconds: f64, cost: &CostModel) -> Effort {
    let hours = seconds / 3600.0;
    Effort {
        hours,
        money: hours * cost.money_per_hour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_median_with_idle_time_cut_off() {
        let measured = |seconds: &[f64]| measured(seconds, Task::Classification);
        assert_eq!(measured(&[3.0; 9]), None);
        let mut seconds = vec![2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 4000.0, 4000.0];
        assert_eq!(measured(&seconds), Some(6.5));
        seconds.push(f64::NAN);
        assert_eq!(measured(&seconds), Some(6.0));
        assert_eq!(measured(&[500.0; 10]), Some(120.0));
        // A mask may take minutes.
        assert_eq!(
            super::measured(&[500.0; 10], Task::SemanticSegmentation),
            Some(500.0)
        );
    }

    #[test]
    fn the_assumed_time_of_a_check_follows_the_pace_of_labels() {
        assert_eq!(in_step(4.0, 8.0, None), 4.0);
        assert_eq!(in_step(4.0, 8.0, Some(2.0)), 1.0);
        assert_eq!(in_step(4.0, 0.0, Some(2.0)), 4.0);
    }
}
