//! The linear head: multinomial logistic regression with a Laplace posterior, for any number of labels.
//!
//! Its cost grows with the number of labels and not with its square, so it takes over where the
//! Gaussian process would need inducing points, or where classes are separated by planes anyway. The
//! prior precision is chosen by evidence, without a validation set; predictions are averages of the
//! softmax over the posterior of the logits, as those of the Gaussian process are.

use crate::HeadsError;
use crate::compass::{Point, Steps, compass};
use crate::gp::check_labels;
use crate::laplace::{WeightCovariance, curvature};
use crate::matrix::Matrix;
use crate::softmax_regression::{Labeled, gram, most_probable, with_constant};
use crate::targets::ClassOrder;
use autolabel_annotation::ClassId;
use faer::Mat;
use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;

/// Smallest and largest prior precision that the search visits.
const PRECISION_RANGE: (f64, f64) = (1e-4, 1e4);

/// Centre and spread of the weak log-normal prior on the precision: what holds it where a handful of
/// labels says nothing. A precision of 0.1 gives the logit of a row of length 1 a variance of 10, the
/// centre of the Gaussian process.
const PRECISION_PRIOR: (f64, f64) = (0.1, 2.0);

/// How the prior precision is found.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionChoice {
    /// By evidence, from the centre of its prior.
    #[default]
    Search,
    /// By evidence, from this start, usually the precision of the last round.
    WarmStart(f64),
    /// Taken as it is.
    Fixed(f64),
}

/// Settings of the linear head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearConfig {
    /// How the prior precision of the weights is found; the precision itself is > 0. The constant has
    /// the same prior as the weight of a feature.
    pub precision: PrecisionChoice,
    /// Labels that take part in the search for the precision, evenly drawn from every class; >= 2.
    pub search_rows: usize,
    /// Most weights (classes times features with the constant) whose covariance is taken whole; with
    /// more, each class has its own and there is none between classes.
    pub max_full: usize,
}

impl Default for LinearConfig {
    fn default() -> Self {
        Self {
            precision: PrecisionChoice::Search,
            search_rows: 2_000,
            max_full: 1_500,
        }
    }
}

/// A fitted linear head.
#[derive(Debug, Clone)]
pub struct LinearLaplace {
    /// Most probable weights, one column a class; the last row is that of the constant.
    pub(crate) weights: Mat<f64>,
    pub(crate) covariance: WeightCovariance,
    pub(crate) precision: f64,
    pub(crate) log_evidence: f64,
    /// Rows that were learned from, with a constant behind the features.
    pub(crate) design: Matrix,
    pub(crate) classes: Vec<ClassId>,
}

/// Learns from labels: image `rows[i]` of `features` shows `classes[i]`. `previous`, the head of the
/// last round, saves time where its weights have the same shape; it changes the result by less than
/// the search resolves.
///
/// Takes about `n d C` operations for each of some tens of steps and `n d² C²` for the curvature, for
/// `n` labels, `d` features and `C` classes, at each precision that the search tries; memory is
/// `O(n d + d² C²)`. The same input gives the same result for any number of threads.
///
/// # Errors
/// No labels, rows or classes out of range, features that are not finite, settings out of range.
pub fn fit_linear(
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    class_count: usize,
    config: &LinearConfig,
    previous: Option<&LinearLaplace>,
) -> Result<LinearLaplace, HeadsError> {
    check_labels(features, rows, classes, class_count)?;
    check_config(config)?;
    let design = with_constant(features, rows);
    if let Some(position) = design.data.iter().position(|value| !value.is_finite()) {
        let row = rows[position / design.cols] as usize;
        return Err(HeadsError::NotFinite { row });
    }
    let cols = design.cols;
    let is_full = cols * class_count <= config.max_full;
    let start = match previous {
        Some(head) if head.weights.shape() == (cols, class_count) => head.weights.clone(),
        _ => Mat::zeros(cols, class_count),
    };
    let labeled = Labeled {
        design: &design,
        classes,
        class_count,
    };
    let precision = match config.precision {
        PrecisionChoice::Fixed(precision) => precision,
        PrecisionChoice::Search => {
            search_precision(&labeled, PRECISION_PRIOR.0, &start, is_full, config)?
        }
        PrecisionChoice::WarmStart(from) => {
            search_precision(&labeled, from, &start, is_full, config)?
        }
    };
    let weights = most_probable(&labeled, &gram(&design), precision, &start)?;
    let curvature = curvature(&labeled, weights.as_ref(), precision, is_full)?;
    Ok(LinearLaplace {
        log_evidence: curvature.log_evidence(&labeled, weights.as_ref(), precision),
        covariance: curvature.covariance(),
        weights,
        precision,
        classes: classes.to_vec(),
        design,
    })
}

/// The precision with the largest evidence times prior, over at most `search_rows` labels.
fn search_precision(
    labeled: &Labeled<'_>,
    from: f64,
    start: &Mat<f64>,
    is_full: bool,
    config: &LinearConfig,
) -> Result<f64, HeadsError> {
    let order = ClassOrder::new(labeled.classes, labeled.class_count);
    let (_, order) = order.subsample(config.search_rows);
    let rows: Vec<u32> = order.order.iter().map(|&label| label as u32).collect();
    let design = labeled.design.select(&rows);
    let classes: Vec<ClassId> = order
        .order
        .iter()
        .map(|&label| labeled.classes[label])
        .collect();
    let part = Labeled {
        design: &design,
        classes: &classes,
        class_count: labeled.class_count,
    };
    let gram = gram(&design);
    let value = |point: &Point| {
        let precision = point[0].exp();
        let weights = most_probable(&part, &gram, precision, start)?;
        let evidence = curvature(&part, weights.as_ref(), precision, is_full)?.log_evidence(
            &part,
            weights.as_ref(),
            precision,
        );
        let (centre, spread) = PRECISION_PRIOR;
        Ok(evidence - 0.5 * ((point[0] - centre.ln()) / spread).powi(2))
    };
    let within = |mut point: Point| {
        point[0] = point[0].clamp(PRECISION_RANGE.0.ln(), PRECISION_RANGE.1.ln());
        point
    };
    let steps = Steps {
        first: 2.0 * LN_2,
        last: LN_2 / 2.0,
    };
    Ok(compass(vec![from.ln()], steps, within, value)?.0[0].exp())
}

fn check_config(config: &LinearConfig) -> Result<(), HeadsError> {
    if config.search_rows < 2 {
        return Err(HeadsError::Setting {
            name: "search_rows",
            value: config.search_rows as f64,
            range: "at least 2",
        });
    }
    match config.precision {
        PrecisionChoice::WarmStart(value) | PrecisionChoice::Fixed(value)
            if !(value > 0.0 && value.is_finite()) =>
        {
            Err(HeadsError::Setting {
                name: "precision",
                value,
                range: "a finite number above 0",
            })
        }
        _ => Ok(()),
    }
}

impl LinearLaplace {
    /// The prior precision in use, for example to warm-start the next round.
    #[must_use]
    pub fn precision(&self) -> f64 {
        self.precision
    }

    /// Classes of the label schema, with and without labels.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.weights.ncols()
    }

    /// Labels that were learned from.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.classes.len()
    }

    /// Whether the covariance of all weights is known, or only that of each class.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.covariance, WeightCovariance::Full(_))
    }

    /// Laplace approximation of the logarithm of the evidence of all labels, in nats. It is a
    /// probability of classes, that of [`crate::DirichletGp::log_evidence`] a density of transformed
    /// targets: compare heads by their leave-one-out log loss instead ([`crate::choose_head`]).
    #[must_use]
    pub fn log_evidence(&self) -> f64 {
        self.log_evidence
    }
}
