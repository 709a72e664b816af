//! What a raw row of features says for a class, column by column: the log-odds that the classifier
//! gives, their gradient pulled back through every step of the features, and integrated gradients.
//!
//! The gradient at the row alone is no good measure. A classifier that is sure is flat around what
//! it is sure of, and since rows are scaled to length 1, a gradient is blind to how far a row is from
//! the average. *Integrated gradients* (Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep
//! Networks", ICML 2017) average the gradient along the straight line from a reference row to the
//! row; times the difference of the two rows, they add up to the difference in log-odds.

mod log_odds;
mod steps;

use crate::HeadsError;
use crate::combination::Combination;
use crate::gp::DirichletGp;
use crate::transform::FeatureTransform;
use autolabel_annotation::ClassId;
use log_odds::LogOdds;
use steps::{CombinationStep, TransformStep};

/// The log-odds of a class as a function of a raw row of features.
#[derive(Debug, Clone, Copy)]
pub struct ClassFunction<'a> {
    /// Raw rows → rows of blocks.
    pub transform: &'a FeatureTransform,
    /// Rows of blocks → features.
    pub combination: &'a Combination,
    /// Features → classes.
    pub gp: &'a DirichletGp,
}

/// Integrated gradients of the log-odds of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// Average gradient for each raw column, in log-odds per unit of the column.
    pub gradient: Vec<f64>,
    /// Log-odds of the row.
    pub log_odds: f64,
    /// Log-odds of the reference.
    pub reference_log_odds: f64,
}

impl ClassFunction<'_> {
    /// Log-odds of a class against all others at a raw row, in nats, from the posterior means (not
    /// calibrated), and their gradient with respect to the row.
    ///
    /// # Errors
    /// A row of another width, a class out of range, parts that do not belong together.
    pub fn log_odds(&self, raw: &[f32], class: ClassId) -> Result<(f64, Vec<f64>), HeadsError> {
        let log_odds = LogOdds::of(self.gp, class)?;
        self.check(raw, &log_odds)?;
        let row: Vec<f64> = raw.iter().map(|v| f64::from(*v)).collect();
        Ok(self.evaluate(&row, &log_odds))
    }

    /// Integrated gradients from `reference` to `raw`, over `points` points of the line between them
    /// (midpoints of equal parts; 16 leave an error of about a hundredth of the log-odds).
    ///
    /// # Errors
    /// As [`ClassFunction::log_odds`].
    pub fn integrated_gradients(
        &self,
        raw: &[f32],
        reference: &[f32],
        class: ClassId,
        points: usize,
    ) -> Result<Attribution, HeadsError> {
        let log_odds = LogOdds::of(self.gp, class)?;
        self.check(raw, &log_odds)?;
        self.check(reference, &log_odds)?;
        let along = |t: f64| -> Vec<f64> {
            let pairs = raw.iter().zip(reference);
            pairs
                .map(|(x, r)| f64::from(*r) + t * (f64::from(*x) - f64::from(*r)))
                .collect()
        };
        let points = points.max(1);
        let mut gradient = vec![0.0; raw.len()];
        for point in 0..points {
            let row = along((point as f64 + 0.5) / points as f64);
            let (_, here) = self.evaluate(&row, &log_odds);
            for (sum, value) in gradient.iter_mut().zip(here) {
                *sum += value / points as f64;
            }
        }
        Ok(Attribution {
            gradient,
            log_odds: self.evaluate(&along(1.0), &log_odds).0,
            reference_log_odds: self.evaluate(&along(0.0), &log_odds).0,
        })
    }

    fn check(&self, raw: &[f32], log_odds: &LogOdds<'_>) -> Result<(), HeadsError> {
        let sizes = [
            ("width of the embeddings", self.transform.dim, raw.len()),
            (
                "columns of the blocks",
                self.combination.scale.len(),
                self.transform.width(),
            ),
            (
                "columns of the features",
                log_odds.columns(),
                self.combination.width(),
            ),
        ];
        match sizes
            .into_iter()
            .find(|(_, expected, found)| expected != found)
        {
            None => Ok(()),
            Some((what, expected, found)) => Err(HeadsError::Shape {
                what,
                expected,
                found,
            }),
        }
    }

    fn evaluate(&self, raw: &[f64], log_odds: &LogOdds<'_>) -> (f64, Vec<f64>) {
        let blocks = TransformStep::forward(self.transform, raw);
        let features = CombinationStep::forward(self.combination, &blocks.out);
        let (value, gradient) = log_odds.evaluate(&features.out);
        let gradient = features.pull_back(&gradient);
        (value, blocks.pull_back(&gradient))
    }
}
