//! When more labels no longer pay, and why, in words.
//!
//! People's work in the end is what they label in the loop, what auto-labeling leaves to them, and the
//! audit. In units of labels that is `images − spared`, where `spared` are the images that auto-labeling
//! would take off them now, less the audit that it would need. So a further batch pays exactly as long
//! as it adds to the spared images, its own labels included in the balance.
//!
//! What a batch adds is foretold from the learning curve: the mean doubt of the model over the rest falls
//! with the labels about as a power law, `doubt ∝ labels^-b` (Hestness et al. 2017; Viering and Loog
//! 2022), whose exponent is fitted to the rounds since a quarter of the labels,
//! starting from what is usual ([`learning_rate`]). One round alone says little: its calibration may move the spared images by more
//! than a batch does.
//!
//! The advice is to stop when the expected gain of the next batch is no longer positive for three rounds in
//! a row **and** the model has stopped changing its mind: mean Cohen's kappa of the last three pairs of
//! successive models at or above a bar (Bloodgood and Vijay-Shanker 2009, "stabilizing predictions";
//! they propose 0.99, and the bar here is lower because batches are chosen where the model hesitates,
//! which flips a few predictions every round). The budget and an empty pool stop the loop at once.

use serde::{Deserialize, Serialize};

/// What a finished round leaves behind for the advisor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// Expert labels the model was trained on.
    pub labels: usize,
    /// Images without an expert label.
    pub rest: usize,
    /// Of them, how many auto-labeling would spare people if the model's calibrated probabilities are
    /// right: those it would label at the target error, less the audit in units of labels.
    #[serde(alias = "auto_labels")]
    pub spared: usize,
    /// Mean over them of the model's calibrated doubt, `1 - p1`, 0 to 1; `None` in records of earlier
    /// versions.
    #[serde(default)]
    pub doubt: Option<f64>,
    /// What was foretold of the next batch; `None` in the first rounds.
    #[serde(default)]
    pub next_gain: Option<NextGain>,
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

/// Expected further images spared by the next batch.
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
    /// Trend of the spared images; `None` before three rounds.
    pub next_gain: Option<NextGain>,
    /// Hours the next batch takes.
    pub next_hours: f64,
    /// Money the next batch costs.
    pub next_money: f64,
}

/// Reads the rounds so far (oldest first) and advises. Pure: the same history gives the same advice.
#[must_use]
pub fn should_stop(history: &[RoundRecord], config: &StopConfig) -> StopDecision {
    let gain_now = history.last().and_then(|record| record.next_gain);
    let criteria = vec![
        gain_criterion(history, config),
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

/// How fast the doubt falls: the exponent `b` of `doubt ∝ labels^-b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// Estimate on logarithms; negative where the doubt grows.
    pub exponent: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Mean of the prior on the exponent. Fitted to the last quarter of the curves of true error, radiographs
/// have 0.7 to 0.9, blood cells 1.1 and histology, which is learnt soon, 1.8.
const USUAL_EXPONENT: f64 = 0.9;

/// Its standard deviation: that of the three sets that take long, where the exponent decides.
const EXPONENT_SPREAD: f64 = 0.15;

/// Usual scatter of the logarithm of the doubt around its power law: every round is calibrated anew, on a
/// few random labels more.
const USUAL_SCATTER: f64 = 0.1;

/// Rounds that the usual scatter counts for beside the scatter seen.
const SCATTER_WEIGHT: f64 = 2.0;

impl LearningRate {
    /// The factor that the doubt changes by from so many labels to more, at an exponent.
    #[must_use]
    pub fn factor(exponent: f64, labels: usize, more: usize) -> f64 {
        let growth = (labels + more) as f64 / labels.max(1) as f64;
        growth.powf(-exponent)
    }
}

/// The exponent of the learning curve, from the rounds since a quarter of the labels of the last: as far
/// as one power law reaches. A regression on logarithms with a normal prior on the slope: by themselves
/// a dozen rounds leave the slope open, because their calibrations scatter, and a curve that seems to stand
/// still for three rounds would end the labeling. `None` for fewer than three rounds.
#[must_use]
pub fn learning_rate(history: &[RoundRecord]) -> Option<LearningRate> {
    let from = history.last()?.labels / 4;
    let points: Vec<(f64, f64)> = history
        .iter()
        .filter(|record| record.labels >= from.max(1))
        .filter_map(|record| {
            let doubt = record.doubt.filter(|doubt| *doubt > 0.0)?;
            Some(((record.labels as f64).ln(), doubt.ln()))
        })
        .collect();
    if points.len() < 3 {
        return None;
    }
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
    let sxx: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let sxy: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    if sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    let residual: f64 = points
        .iter()
        .map(|p| (p.1 - mean_y - slope * (p.0 - mean_x)).powi(2))
        .sum();
    let scatter = (residual + SCATTER_WEIGHT * USUAL_SCATTER.powi(2)) / (n - 2.0 + SCATTER_WEIGHT);
    let (seen, usual) = (sxx / scatter, EXPONENT_SPREAD.powi(-2));
    let exponent = (-slope * seen + USUAL_EXPONENT * usual) / (seen + usual);
    let half = 1.96 / (seen + usual).sqrt();
    Some(LearningRate {
        exponent,
        low: exponent - half,
        high: exponent + half,
    })
}

/// Rounds in a row without an expected gain that speak for stopping.
const ROUNDS_IN_A_ROW: usize = 3;

fn gain_criterion(history: &[RoundRecord], config: &StopConfig) -> Criterion {
    let text = match history.last().and_then(|record| record.next_gain) {
        None => "Too few rounds to foretell what further labels would spare you.".to_owned(),
        Some(g) => {
            let says = if g.expected > 0.0 {
                format!("should spare you {:.0} further images", g.expected)
            } else {
                format!(
                    "should cost you {:.0} images more than they save",
                    -g.expected
                )
            };
            format!(
                "The next {} labels {says}, labels and audit counted (95 % interval of what they save: {:+.0} to {:+.0}).",
                config.batch_size, g.low, g.high
            )
        }
    };
    let gone = |record: &RoundRecord| record.next_gain.is_some_and(|g| g.expected <= 0.0);
    let recent = history.iter().rev().take(ROUNDS_IN_A_ROW);
    Criterion {
        name: "gain",
        met: history.len() >= ROUNDS_IN_A_ROW && recent.clone().all(gone),
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
            "Stop now: another {} labels would no longer save work.",
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
            "Keep labeling: the next {} labels should spare you about {:.0} further images.",
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

    /// Rounds of 50 labels with these expected gains.
    fn history(gains: &[f64], kappa: f64) -> Vec<RoundRecord> {
        gains
            .iter()
            .enumerate()
            .map(|(i, &expected)| RoundRecord {
                labels: 50 * (i + 1),
                rest: 2000 - 50 * (i + 1),
                spared: 1000,
                doubt: Some(0.1),
                next_gain: Some(NextGain {
                    expected,
                    low: expected - 10.0,
                    high: expected + 10.0,
                }),
                kappa: (i > 0).then_some(kappa),
            })
            .collect()
    }

    #[test]
    fn goes_on_while_a_batch_spares_images() {
        let rounds = history(&[300.0, 300.0, 250.0, 210.0, 160.0], 0.99);
        let advice = should_stop(&rounds, &StopConfig::default());
        assert!(!advice.stop);
        assert!(
            advice
                .headline
                .starts_with("Keep labeling: the next 50 labels")
        );
    }

    #[test]
    fn stops_when_the_gain_is_gone_and_the_model_has_settled() {
        let gains = [300.0, 200.0, -3.0, -8.0, -9.0];
        assert!(should_stop(&history(&gains, 0.99), &StopConfig::default()).stop);
        assert!(!should_stop(&history(&gains, 0.8), &StopConfig::default()).stop);
    }

    #[test]
    fn two_bad_rounds_are_not_enough() {
        let rounds = history(&[300.0, 200.0, 40.0, -12.0, -8.0], 0.99);
        assert!(!should_stop(&rounds, &StopConfig::default()).stop);
    }

    #[test]
    fn the_budget_stops_at_once() {
        let config = StopConfig {
            budget_labels: 100,
            ..StopConfig::default()
        };
        let advice = should_stop(&history(&[0.0, 200.0], 0.5), &config);
        assert!(advice.stop);
        assert!(advice.headline.contains("budget of 100 labels"));
    }

    #[test]
    fn finds_the_exponent_of_a_power_law() {
        let curve = |exponent: f64| {
            let mut rounds = history(&[0.0; 12], 0.9);
            for record in &mut rounds {
                record.doubt = Some(2.0 * (record.labels as f64).powf(-exponent));
            }
            // What came long before does not count.
            rounds[0].doubt = Some(0.9);
            learning_rate(&rounds).unwrap()
        };
        for exponent in [0.0, 0.7, 1.5] {
            let rate = curve(exponent);
            // A clear curve moves the usual exponent nine tenths of the way.
            let way = (rate.exponent - USUAL_EXPONENT) / (exponent - USUAL_EXPONENT);
            assert!((0.9..1.0).contains(&way), "{rate:?}");
            assert!(rate.low < rate.exponent && rate.exponent < rate.high);
        }
        assert!((LearningRate::factor(0.5, 100, 300) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_curve_that_rests_for_three_rounds_is_expected_to_go_on() {
        let mut rounds = history(&[0.0; 8], 0.9);
        for record in &mut rounds {
            // A new calibration lifts the last three.
            let lift = if record.labels > 250 { 1.25 } else { 1.0 };
            record.doubt = Some(lift * 5.0 * (record.labels as f64).powf(-0.9));
        }
        let rate = learning_rate(&rounds).unwrap();
        assert!(rate.exponent > 0.7, "{rate:?}");
        assert!(learning_rate(&rounds[..2]).is_none());
    }
}
