//! The two classifiers behind one face, and the choice between them.

use crate::HeadsError;
use crate::gp::{DirichletGp, GpConfig, fit};
use crate::leave_one_out::leave_one_out;
use crate::linear::{LinearConfig, LinearLaplace, fit_linear};
use crate::linear_predict::{leave_one_out_linear, predict_linear};
use crate::matrix::Matrix;
use crate::predict::{PredictOptions, Predictions, predict};
use autolabel_annotation::ClassId;
use serde::{Deserialize, Serialize};

/// Probabilities below this are taken for it in the log loss.
const SMALLEST: f64 = 1e-9;

/// Which classifier, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadConfig {
    /// Gaussian process: best calibrated with few labels, curved boundaries.
    Gp(GpConfig),
    /// Logistic regression with a Laplace posterior: any number of labels, flat boundaries.
    Linear(LinearConfig),
}

/// A fitted classifier of either kind.
#[derive(Debug, Clone)]
pub enum Head {
    /// Gaussian process.
    Gp(Box<DirichletGp>),
    /// Logistic regression with a Laplace posterior.
    Linear(LinearLaplace),
}

/// Fits the classifier that the settings name; see [`fit`] and [`fit_linear`].
///
/// # Errors
/// Those of the two functions.
pub fn fit_head(
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    class_count: usize,
    config: &HeadConfig,
) -> Result<Head, HeadsError> {
    Ok(match config {
        HeadConfig::Gp(config) => {
            Head::Gp(Box::new(fit(features, rows, classes, class_count, config)?))
        }
        HeadConfig::Linear(config) => Head::Linear(fit_linear(
            features,
            rows,
            classes,
            class_count,
            config,
            None,
        )?),
    })
}

impl Head {
    /// Predicts the given rows of `features`; see [`predict`].
    ///
    /// # Errors
    /// Features of another width, rows out of range.
    pub fn predict(
        &self,
        features: &Matrix,
        rows: &[u32],
        options: &PredictOptions,
    ) -> Result<Predictions, HeadsError> {
        match self {
            Self::Gp(gp) => predict(gp, features, rows, options),
            Self::Linear(linear) => predict_linear(linear, features, rows, options),
        }
    }

    /// What it would say about each label had it not seen it, in the order of the labels; exact for
    /// the Gaussian process, one Newton step for the linear head.
    #[must_use]
    pub fn leave_one_out(&self) -> Predictions {
        match self {
            Self::Gp(gp) => leave_one_out(gp),
            Self::Linear(linear) => leave_one_out_linear(linear),
        }
    }

    /// Classes of the label schema, with and without labels.
    #[must_use]
    pub fn class_count(&self) -> usize {
        match self {
            Self::Gp(gp) => gp.class_count(),
            Self::Linear(linear) => linear.class_count(),
        }
    }

    /// Labels that were learned from.
    #[must_use]
    pub fn label_count(&self) -> usize {
        match self {
            Self::Gp(gp) => gp.label_count(),
            Self::Linear(linear) => linear.label_count(),
        }
    }
}

/// Mean of `-ln p` of the true classes, in nats; the smaller the better. 0 where there are no images.
///
/// # Errors
/// As many classes as images are needed, and they must be in the schema.
pub fn log_loss(predictions: &Predictions, truth: &[ClassId]) -> Result<f64, HeadsError> {
    if predictions.len() != truth.len() {
        return Err(HeadsError::Shape {
            what: "true classes",
            expected: predictions.len(),
            found: truth.len(),
        });
    }
    let class_count = predictions.class_count;
    if let Some(class) = truth.iter().find(|class| class.index() >= class_count) {
        return Err(HeadsError::ClassOutOfRange {
            class: class.0,
            class_count,
        });
    }
    let sum: f64 = truth
        .iter()
        .enumerate()
        .map(|(image, class)| {
            let p = f64::from(predictions.row(image)[class.index()]);
            -p.max(SMALLEST).ln()
        })
        .sum();
    Ok(sum / truth.len().max(1) as f64)
}

/// The position of the head with the smallest leave-one-out log loss, and the loss of each; `classes`
/// are the labels that all of them learned from, in the same order. Evidences of different heads are
/// densities over different things and do not compare. The first wins a tie.
///
/// # Errors
/// No heads, or labels that are not those of the heads.
pub fn choose_head(heads: &[Head], classes: &[ClassId]) -> Result<(usize, Vec<f64>), HeadsError> {
    let losses = heads
        .iter()
        .map(|head| log_loss(&head.leave_one_out(), classes))
        .collect::<Result<Vec<f64>, HeadsError>>()?;
    let best = (0..losses.len()).reduce(|a, b| if losses[b] < losses[a] { b } else { a });
    let best = best.ok_or(HeadsError::Empty { what: "heads" })?;
    Ok((best, losses))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_loss_is_the_mean_surprise() {
        let predictions = Predictions {
            class_count: 2,
            probabilities: vec![0.5, 0.5, 1.0, 0.0],
            ..Predictions::default()
        };
        let loss = log_loss(&predictions, &[ClassId(0), ClassId(0)]).unwrap();
        assert!((loss - 0.5 * 2f64.ln()).abs() < 1e-9);
        let surprise = log_loss(&predictions, &[ClassId(0), ClassId(1)]).unwrap();
        assert!(surprise > 10.0 && surprise.is_finite());
        assert!(log_loss(&predictions, &[ClassId(0)]).is_err());
        assert!(log_loss(&predictions, &[ClassId(0), ClassId(2)]).is_err());
        assert!(choose_head(&[], &[]).is_err());
    }
}
