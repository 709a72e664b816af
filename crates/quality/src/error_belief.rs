//! What is believed about the share of wrong labels in a set: the model's word, doubted, and the answers.
//!
//! With `e` the model's own estimate (the mean of `1 - p`) and `x` of `n` answers wrong, the belief is a
//! mixture of two Beta distributions, each updated by the answers (`Beta(w e + x, w (1 - e) + n - x)`),
//! and its weights by how well each foretold them (their beta-binomial likelihoods):
//!
//! - *the model is about right*: its errors come true up to a factor. `w = 10 / e`, so that the factor has
//!   a spread of about 0.3 whatever `e` is; over whole curves of radiographs, blood cells and histology the
//!   standard deviation of `ln(true error / estimate)` lies between 0.15 and 0.5.
//! - *it may be anything*: `w = 40`, for a kind of image that fools it, where three wrong answers must
//!   overrule it.
//!
//! A single weak prior (all `w = 40`, about one wrong answer's worth at the errors that matter) let one
//! unlucky answer of thirty double the estimate, and the share that could be auto-labeled jumped from
//! round to round.

use crate::intervals::{beta_cdf, beta_quantile, ln_beta};

/// Wrong answers that the estimate of a model that is about right is worth.
const WRONG_ANSWERS_WORTH: f64 = 10.0;

/// Most answers that such an estimate is worth, however small it is.
const MOST_ANSWERS_WORTH: f64 = 400.0;

/// Answers that the estimate is worth if the model may be anything.
const FEW_ANSWERS_WORTH: f64 = 40.0;

/// Odds, before any answer, that the model may be anything.
const CHANCE_OF_ANYTHING: f64 = 0.1;

/// Keeps the Beta distributions proper where a model is perfectly sure.
const SMALLEST_ERROR: f64 = 1e-6;

/// Quantiles of each part that stand for it where a price is averaged.
const NODES: usize = 5;

/// One Beta distribution of the mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    chance: f64,
    wrong: f64,
    right: f64,
}

/// Belief about a share of wrong labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ErrorBelief {
    parts: [Part; 2],
}

impl ErrorBelief {
    /// After `answers` of which `wrong` were wrong (at most all), for a model that estimates
    /// `model_error`, 0 to 1.
    pub(crate) fn after(model_error: f64, answers: u64, wrong: u64) -> Self {
        let error = model_error.clamp(SMALLEST_ERROR, 1.0 - SMALLEST_ERROR);
        let about_right = (WRONG_ANSWERS_WORTH / error).min(MOST_ANSWERS_WORTH);
        let (x, n) = (wrong as f64, answers as f64);
        let part = |weight: f64, chance: f64| {
            let (a, b) = (weight * error, weight * (1.0 - error));
            let ln_likelihood = ln_beta(a + x, b + n - x) - ln_beta(a, b);
            let posterior = Part {
                chance: 0.0,
                wrong: a + x,
                right: b + n - x,
            };
            (chance.ln() + ln_likelihood, posterior)
        };
        let (ln_right, mut right) = part(about_right, 1.0 - CHANCE_OF_ANYTHING);
        let (ln_anything, mut anything) = part(FEW_ANSWERS_WORTH, CHANCE_OF_ANYTHING);
        // By their ratio, since either likelihood alone may be too small for a float.
        right.chance = 1.0 / (1.0 + (ln_anything - ln_right).exp());
        anything.chance = 1.0 - right.chance;
        Self {
            parts: [right, anything],
        }
    }

    /// Expected share.
    pub(crate) fn mean(&self) -> f64 {
        let mean = |part: &Part| part.chance * part.wrong / (part.wrong + part.right);
        self.parts.iter().map(mean).sum()
    }

    /// Probability that the share is at most `target`.
    pub(crate) fn chance_within(&self, target: f64) -> f64 {
        let chance = |part: &Part| part.chance * beta_cdf(target, part.wrong, part.right);
        self.parts.iter().map(chance).sum()
    }

    /// Expectation of a price that depends on the share.
    pub(crate) fn expect(&self, price: impl Fn(f64) -> f64) -> f64 {
        let of = |part: &Part| {
            let sum: f64 = (0..NODES)
                .map(|node| {
                    let p = (node as f64 + 0.5) / NODES as f64;
                    price(beta_quantile(p, part.wrong, part.right))
                })
                .sum();
            part.chance * sum / NODES as f64
        };
        self.parts.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unlucky_answer_does_not_double_the_estimate() {
        let before = ErrorBelief::after(0.02, 0, 0);
        assert!((before.mean() - 0.02).abs() < 1e-12);
        let after = ErrorBelief::after(0.02, 30, 2).mean();
        assert!((0.021..0.03).contains(&after), "{after}");
        assert!(ErrorBelief::after(0.02, 30, 0).mean() < 0.02);
    }

    #[test]
    fn many_answers_overrule_a_boastful_model() {
        for model_error in [0.0, 1e-4, 0.01] {
            let mean = ErrorBelief::after(model_error, 100, 15).mean();
            assert!((0.08..0.16).contains(&mean), "{model_error} {mean}");
        }
        // Counts that no float could tell the likelihood of.
        let belief = ErrorBelief::after(1e-6, 200_000, 20_000);
        assert!((belief.mean() - 0.1).abs() < 1e-3, "{belief:?}");
        assert!(belief.chance_within(0.09) < 1e-6 && belief.chance_within(0.11) > 1.0 - 1e-6);
    }

    #[test]
    fn an_expectation_weighs_what_may_be() {
        let belief = ErrorBelief::after(0.03, 40, 1);
        assert!((belief.expect(|_| 2.0) - 2.0).abs() < 1e-12);
        let mean = belief.expect(|error| error);
        assert!((mean / belief.mean() - 1.0).abs() < 0.05, "{mean}");
    }
}
