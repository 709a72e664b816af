//! When more labels no longer pay, and why, in words.
//!
//! Experts look at `images − auto-labels` images in the end: those they label in the loop and those
//! that auto-labeling leaves to them. So a further batch pays exactly as long as it adds
//! auto-labels (its own labels included in the balance), and the advice is to stop when the expected
//! gain of the next batch is no longer positive for two rounds in a row **and** the model has
//! stopped changing its mind: mean Cohen's kappa of the last three pairs of successive models at or
//! above a bar (Bloodgood and Vijay-Shanker 2009, "stabilizing predictions"; they propose 0.99, and
//! the bar here is lower because batches are chosen where the model hesitates, which flips a few
//! predictions every round). The budget and an empty pool stop the loop at once.

use serde::{Deserialize, Serialize};

/// What a finished round leaves behind for the advisor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// Expert labels the model was trained on.
    pub labels: usize,
    /// Images without an expert label.
    pub rest: usize,
    /// Of them, how many could be auto-labeled at the target error if the model's calibrated
    /// probabilities are right.
    pub auto_labels: usize,
    /// Cohen's kappa between this model's and the previous one's predictions over the same images;
    /// `None` for the first model.
    pub kappa: Option<f64>,
}

/// The advisor's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StopConfig {
    /// Labels in the next batch.
    pub batch_size: usize,
    /// Most labels that people are willing to give.
    pub budget_labels: usize,
    /// Mean kappa of the last three pairs of models from which predictions count as stable.
    pub stable_kappa: f64,
    /// Rounds the trend of the auto-labels is read from.
    pub window: usize,
    /// Seconds one label takes.
    pub seconds_per_label: f64,
    /// Money one hour of an expert costs.
    pub money_per_hour: f64,
}

impl Default for StopConfig {
    fn default() -> Self {
        Self {
            batch_size: 50,
            budget_labels: usize::MAX,
            stable_kappa: 0.97,
            window: 5,
            seconds_per_label: 8.0,
            money_per_hour: 120.0,
        }
    }
}

/// One criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Stable name: `gain`, `stability`, `budget` or `exhausted`.
    pub name: &'static str,
    /// It speaks for stopping.
    pub met: bool,
    /// One sentence with the numbers.
    pub text: String,
}

/// Expected further auto-labels from the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NextGain {
    /// Expectation; negative when a batch costs more images than it frees.
    pub expected: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// The advice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopDecision {
    /// Stop labeling now.
    pub stop: bool,
    /// One sentence for people.
    pub headline: String,
    /// Every criterion, met or not.
    pub criteria: Vec<Criterion>,
    /// Trend of the auto-labels; `None` before three rounds.
    pub next_gain: Option<NextGain>,
    /// Hours the next batch takes.
    pub next_hours: f64,
    /// Money the next batch costs.
    pub next_money: f64,
}

/// Reads the rounds so far (oldest first) and advises. Pure: the same history gives the same advice.
#[must_use]
pub fn should_stop(history: &[RoundRecord], config: &StopConfig) -> StopDecision {
    let gain_now = next_gain(history, config);
    let gain_before = history
        .split_last()
        .and_then(|(_, earlier)| next_gain(earlier, config));
    let criteria = vec![
        gain_criterion(gain_now, gain_before, config),
        stability_criterion(history, config),
        budget_criterion(history, config),
        exhausted_criterion(history),
    ];
    let [gain, stable, budget, exhausted] = [0, 1, 2, 3].map(|i: usize| criteria[i].met);
    let stop = (gain && stable) || budget || exhausted;
    let next_hours = config.batch_size as f64 * config.seconds_per_label / 3600.0;
    StopDecision {
        stop,
        headline: headline(history, gain_now, config, [gain, stable, budget, exhausted]),
        criteria,
        next_gain: gain_now,
        next_hours,
        next_money: next_hours * config.money_per_hour,
    }
}

/// Least-squares trend of the auto-labels over the last `window` rounds, times one batch; the
/// interval is the slope's, by Student's t with n − 2 degrees of freedom.
fn next_gain(history: &[RoundRecord], config: &StopConfig) -> Option<NextGain> {
    let recent = &history[history.len().saturating_sub(config.window)..];
    if recent.len() < 3 {
        return None;
    }
    let n = recent.len() as f64;
    let mean_x = recent.iter().map(|r| r.labels as f64).sum::<f64>() / n;
    let mean_y = recent.iter().map(|r| r.auto_labels as f64).sum::<f64>() / n;
    let mut sxx = 0.0;
    let mut sxy = 0.0;
    for r in recent {
        sxx += (r.labels as f64 - mean_x).powi(2);
        sxy += (r.labels as f64 - mean_x) * (r.auto_labels as f64 - mean_y);
    }
    if sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    let residual: f64 = recent
        .iter()
        .map(|r| (r.auto_labels as f64 - mean_y - slope * (r.labels as f64 - mean_x)).powi(2))
        .sum();
    let degrees = recent.len() - 2;
    let half = student_t_975(degrees) * (residual / degrees as f64 / sxx).sqrt();
    let batch = config.batch_size as f64;
    Some(NextGain {
        expected: slope * batch,
        low: (slope - half) * batch,
        high: (slope + half) * batch,
    })
}

/// 97.5 % quantile of Student's t (tabulated to 10 degrees of freedom, 2.0 above).
#[must_use]
pub fn student_t_975(degrees: usize) -> f64 {
    const TABLE: [f64; 10] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    ];
    *TABLE.get(degrees.saturating_sub(1)).unwrap_or(&2.0)
}

fn gain_criterion(
    now: Option<NextGain>,
    before: Option<NextGain>,
    config: &StopConfig,
) -> Criterion {
    let text = match now {
        None => "Too few rounds to see a trend in the images that can be auto-labeled.".to_owned(),
        Some(g) => format!(
            "The next {} labels are expected to change the auto-labels by {:+.0} (95 % interval {:+.0} to {:+.0}).",
            config.batch_size, g.expected, g.low, g.high
        ),
    };
    let gone = |g: Option<NextGain>| g.is_some_and(|g| g.expected <= 0.0);
    Criterion {
        name: "gain",
        met: gone(now) && gone(before),
        text,
    }
}

fn stability_criterion(history: &[RoundRecord], config: &StopConfig) -> Criterion {
    let kappas: Vec<f64> = history
        .iter()
        .rev()
        .filter_map(|r| r.kappa)
        .take(3)
        .collect();
    if kappas.len() < 3 {
        return Criterion {
            name: "stability",
            met: false,
            text: "Fewer than three pairs of models to compare.".to_owned(),
        };
    }
    let mean = kappas.iter().sum::<f64>() / 3.0;
    let met = mean >= config.stable_kappa;
    let verdict = if met {
        "has settled"
    } else {
        "still changes its mind"
    };
    Criterion {
        name: "stability",
        met,
        text: format!(
            "The model {verdict}: successive models agree with kappa {mean:.3} on average (bar {:.3}).",
            config.stable_kappa
        ),
    }
}

fn budget_criterion(history: &[RoundRecord], config: &StopConfig) -> Criterion {
    let labels = history.last().map_or(0, |r| r.labels);
    let met = labels >= config.budget_labels;
    let text = if config.budget_labels == usize::MAX {
        "No budget is set.".to_owned()
    } else {
        format!(
            "{labels} of at most {} labels are used.",
            config.budget_labels
        )
    };
    Criterion {
        name: "budget",
        met,
        text,
    }
}

fn exhausted_criterion(history: &[RoundRecord]) -> Criterion {
    let rest = history.last().map_or(usize::MAX, |r| r.rest);
    Criterion {
        name: "exhausted",
        met: rest == 0,
        text: if rest == 0 {
            "Every image has been labeled.".to_owned()
        } else {
            "Unlabeled images are left.".to_owned()
        },
    }
}

fn headline(
    history: &[RoundRecord],
    gain: Option<NextGain>,
    config: &StopConfig,
    [gone, stable, budget, exhausted]: [bool; 4],
) -> String {
    if history.is_empty() {
        return "Label the first batch.".to_owned();
    }
    if exhausted {
        return "Stop: every image is labeled.".to_owned();
    }
    if gone && stable {
        return format!(
            "Stop now: another {} labels would no longer add auto-labels.",
            config.batch_size
        );
    }
    if budget {
        return format!(
            "Stop: the budget of {} labels is used.",
            config.budget_labels
        );
    }
    match gain {
        Some(g) if g.expected > 0.0 => format!(
            "Keep labeling: the next {} labels should add about {:.0} auto-labels.",
            config.batch_size, g.expected
        ),
        Some(_) => "Keep labeling a little: the gain is fading but the model has not settled yet."
            .to_owned(),
        None => "Keep labeling: it is too early to see a trend.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(auto_labels: &[usize], kappa: f64) -> Vec<RoundRecord> {
        auto_labels
            .iter()
            .enumerate()
            .map(|(i, &auto)| RoundRecord {
                labels: 50 * (i + 1),
                rest: 2000 - 50 * (i + 1),
                auto_labels: auto,
                kappa: (i > 0).then_some(kappa),
            })
            .collect()
    }

    #[test]
    fn goes_on_while_a_batch_adds_auto_labels() {
        let advice = should_stop(
            &history(&[0, 200, 500, 800, 1000], 0.99),
            &StopConfig::default(),
        );
        assert!(!advice.stop);
        assert!(advice.next_gain.unwrap().expected > 100.0);
        assert!(
            advice
                .headline
                .starts_with("Keep labeling: the next 50 labels")
        );
    }

    #[test]
    fn stops_when_the_gain_is_gone_twice_and_the_model_has_settled() {
        let rounds = history(&[1500, 1700, 1690, 1650, 1600, 1550, 1500, 1450], 0.99);
        assert!(should_stop(&rounds, &StopConfig::default()).stop);
        let unstable = history(&[1500, 1700, 1690, 1650, 1600, 1550, 1500, 1450], 0.8);
        assert!(!should_stop(&unstable, &StopConfig::default()).stop);
    }

    #[test]
    fn one_bad_round_is_not_enough() {
        let rounds = history(&[1000, 1300, 1500, 1600, 400], 0.99);
        let before = history(&[1000, 1300, 1500, 1600], 0.99);
        assert!(next_gain(&rounds, &StopConfig::default()).unwrap().expected < 0.0);
        assert!(next_gain(&before, &StopConfig::default()).unwrap().expected > 0.0);
        assert!(!should_stop(&rounds, &StopConfig::default()).stop);
    }

    #[test]
    fn the_budget_stops_at_once() {
        let config = StopConfig {
            budget_labels: 100,
            ..StopConfig::default()
        };
        let advice = should_stop(&history(&[0, 200], 0.5), &config);
        assert!(advice.stop);
        assert!(advice.headline.contains("budget of 100 labels"));
    }

    #[test]
    fn a_trend_is_the_least_squares_slope() {
        let gain = next_gain(&history(&[100, 150, 200, 250], 0.9), &StopConfig::default()).unwrap();
        assert!((gain.expected - 50.0).abs() < 1e-9);
        assert!((gain.high - gain.low).abs() < 1e-6);
    }
}
