//! What a raw row of features says for a class: the log-odds that the classifier gives, and their
//! gradient pulled back through every step of the features to the raw columns.
//!
//! ```text
//! raw row -> standardise, components, length of blocks -> weigh, components, length 1 -> means -> log-odds
//! ```
//!
//! Because blocks are scaled to one length, the gradient of the columns of a block is at right angles
//! to the distance of the row from the average of the pool: what speaks for the class and what speaks
//! against it balance, and the gradient tells where they lie, not how much there is of both.

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

/// The log-odds of a class at a raw row.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassGradient {
    /// Log-odds of the class against all others, in nats, from the posterior means (not calibrated).
    pub log_odds: f64,
    /// Their change for each raw column, in nats per unit of the column.
    pub gradient: Vec<f64>,
}

impl ClassFunction<'_> {
    /// The log-odds of a class at a raw row, with their gradient.
    ///
    /// # Errors
    /// A row of another width, a class out of range, parts that do not belong together.
    pub fn class_gradient(&self, raw: &[f32], class: ClassId) -> Result<ClassGradient, HeadsError> {
        let log_odds = LogOdds::of(self.gp, class)?;
        self.check(raw, &log_odds)?;
        let row: Vec<f64> = raw.iter().map(|v| f64::from(*v)).collect();
        let blocks = TransformStep::forward(self.transform, &row);
        let features = CombinationStep::forward(self.combination, &blocks.out);
        let (log_odds, gradient) = log_odds.evaluate(&features.out);
        let gradient = features.pull_back(&gradient);
        Ok(ClassGradient {
            log_odds,
            gradient: blocks.pull_back(&gradient),
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
}
