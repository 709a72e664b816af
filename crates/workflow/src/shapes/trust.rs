//! How well a proposal will fit, from how well the network agrees with itself: learnt from the images that
//! people drew after a proposal was made for them.
//!
//! An image that is asked for has a proposal by a network that never saw its label, so the drawing that
//! people then make is an honest test of it, whether the image was chosen or random: images are chosen by
//! what the network says, and what it says is what this model is conditioned on. In log-odds the fit is
//! taken as linear in the agreement, with noise: before any drawing the agreement is taken at its word.

use autolabel_quality::student_t_cdf;
use serde::{Deserialize, Serialize};

use super::bayes_line::{BayesLine, Predictive, Prior};

/// Fits and agreements nearer to 0 or 1 than this are taken to be as near as this.
const NEAREST: f64 = 0.005;
/// The prior: agreement at its word, worth so many images; noise of this standard deviation in log-odds,
/// worth so many images.
const LINE_WORTH: f64 = 1.0;
const PRIOR_NOISE: f64 = 0.8;
const NOISE_WORTH: f64 = 4.0;

/// How many images the share of drawings without a shape is worth, where nothing is proposed.
const NOTHING_WORTH: f64 = 2.0;

/// What a proposal says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// How well the network agreed with itself, 0 to 1.
    pub(crate) agreement: f32,
    /// Whether it has no shape. Two answers without one agree perfectly, however blind the network is.
    pub(crate) is_empty: bool,
    /// How much it is to draw; see [`amount`](super::pace::amount).
    #[serde(default)]
    pub(crate) amount: f32,
}

/// A proposal with what people drew afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tested {
    #[serde(flatten)]
    pub(crate) claim: Claim,
    /// How well the proposal fitted, 0 to 1.
    pub(crate) fit: f64,
    /// Whether people drew nothing either.
    pub(crate) nothing_there: bool,
    /// Seconds that people needed, where they are known.
    #[serde(default)]
    pub(crate) seconds: Option<f64>,
}

/// What is known of the fit of proposals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trust {
    /// Where the agreements of the images lie, which the slope turns about.
    centre: f64,
    line: BayesLine<2>,
    /// The chance that there is nothing where nothing is proposed.
    nothing: f64,
}

impl Trust {
    /// Learnt from all proposals that people have drawn over since.
    pub(crate) fn learn(tested: &[Tested]) -> Self {
        let nothing = chance_of_nothing(tested);
        let with_shapes = tested.iter().filter(|image| !image.claim.is_empty);
        let pairs: Vec<(f64, f64)> = with_shapes
            .map(|image| {
                (
                    log_odds(f64::from(image.claim.agreement)),
                    log_odds(image.fit),
                )
            })
            .collect();
        let sum: f64 = pairs.iter().map(|(agreement, _)| agreement).sum();
        let centre = sum / pairs.len().max(1) as f64;
        // Log-odds of the fit = those of the agreement.
        let prior = Prior {
            mean: [centre, 1.0],
            worth: [LINE_WORTH; 2],
            noise: PRIOR_NOISE,
            noise_worth: NOISE_WORTH,
        };
        let rows = pairs.iter().map(|(x, y)| ([1.0, x - centre], *y));
        Self {
            centre,
            line: BayesLine::learn(&prior, rows),
            nothing,
        }
    }

    /// The fit to expect of a proposal, 0 to 1.
    pub(crate) fn expected_fit(&self, claim: Claim) -> f64 {
        if claim.is_empty {
            return self.nothing;
        }
        let said = self.predictive(claim.agreement);
        // The mean of a logistic of a normal (MacKay 1992).
        logistic(said.middle / (1.0 + std::f64::consts::PI / 8.0 * said.scale * said.scale).sqrt())
    }

    /// The chance that a proposal fits at least this well.
    pub(crate) fn chance_of(&self, claim: Claim, least_fit: f64) -> f64 {
        if claim.is_empty {
            return self.nothing;
        }
        let said = self.predictive(claim.agreement);
        student_t_cdf(
            (said.middle - log_odds(least_fit)) / said.scale,
            said.degrees,
        )
    }

    /// Of the log-odds of the fit.
    fn predictive(&self, agreement: f32) -> Predictive {
        let at = log_odds(f64::from(agreement)) - self.centre;
        self.line.predict(&[1.0, at])
    }
}

/// The chance that there is nothing where nothing is proposed: as often as it was so, beside the share of
/// drawings without a shape, which is all that is known before.
fn chance_of_nothing(tested: &[Tested]) -> f64 {
    let count = |wanted: &dyn Fn(&Tested) -> bool| {
        tested.iter().filter(|image| wanted(image)).count() as f64
    };
    let share = (count(&|image| image.nothing_there) + 0.5) / (tested.len() as f64 + 1.0);
    let right = count(&|image| image.claim.is_empty && image.nothing_there);
    let claimed = count(&|image| image.claim.is_empty);
    (right + NOTHING_WORTH * share) / (claimed + NOTHING_WORTH)
}

fn log_odds(share: f64) -> f64 {
    let share = share.clamp(NEAREST, 1.0 - NEAREST);
    (share / (1.0 - share)).ln()
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn claim(agreement: f32) -> Claim {
        Claim {
            agreement,
            is_empty: false,
            amount: 1.0,
        }
    }

    fn tested(agreement: f32, fit: f64) -> Tested {
        Tested {
            claim: claim(agreement),
            fit,
            nothing_there: false,
            seconds: None,
        }
    }

    #[test]
    fn before_any_test_the_agreement_is_taken_at_its_word() {
        let trust = Trust::learn(&[]);
        let fit = |agreement| trust.expected_fit(claim(agreement));
        assert!((fit(0.5) - 0.5).abs() < 1e-9);
        assert!(fit(0.95) > fit(0.8));
        assert!((trust.chance_of(claim(0.9), 0.9) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn nothing_is_believed_where_nothing_was_there_before() {
        let nothing = Claim {
            agreement: 1.0,
            is_empty: true,
            amount: 0.0,
        };
        let chance = |tested: &[Tested]| Trust::learn(tested).chance_of(nothing, 0.7);
        // Twenty drawings, all with shapes: an answer without one is a miss.
        assert!(chance(&[tested(0.8, 0.8); 20]) < 0.05);
        let right = Tested {
            claim: nothing,
            fit: 1.0,
            nothing_there: true,
            seconds: None,
        };
        let wrong = Tested {
            fit: 0.0,
            nothing_there: false,
            ..right
        };
        assert!(chance(&[right; 40]) > 0.95);
        assert!(chance(&[[right; 20], [wrong; 20]].concat()) < 0.6);
    }

    #[test]
    fn a_network_that_agrees_with_itself_for_nothing_is_found_out() {
        let trust = Trust::learn(&[tested(0.95, 0.4); 30]);
        assert!(trust.expected_fit(claim(0.95)) < 0.5);
        assert!(trust.chance_of(claim(0.95), 0.8) < 0.1);
    }

    /// The chances are honest: of proposals with a chance near p, a share near p reaches the bar.
    #[test]
    fn chances_come_true() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut draw = || {
            let at: f64 = rng.random_range(-1.0..4.0);
            // A sum of uniforms is close to a normal of deviation 0.6.
            let noise = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            tested(logistic(at) as f32, logistic(0.8 * at - 0.5 + 0.6 * noise))
        };
        let known: Vec<Tested> = (0..60).map(|_| draw()).collect();
        let trust = Trust::learn(&known);
        let mut said = 0.0;
        let mut reached = 0.0;
        for _ in 0..4_000 {
            let image = draw();
            said += trust.chance_of(image.claim, 0.8);
            reached += f64::from(u8::from(image.fit >= 0.8));
        }
        let (said, reached) = (said / 4_000.0, reached / 4_000.0);
        assert!((said - reached).abs() < 0.05, "{said} {reached}");
    }
}
