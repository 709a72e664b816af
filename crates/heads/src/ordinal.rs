//! Classes with an order, such as grades: one Gaussian process regression on normal scores of the
//! classes, and cut points on top (see `cut_points`).
//!
//! A class is scored by the mean of the part of a standard normal distribution that its share of the
//! labels covers, so that scores keep the order and rare grades at the ends lie far out. Regression has
//! a closed form, and so have leave-one-out predictions; on these the cut points are fitted, which
//! calibrates the probabilities too.

use crate::HeadsError;
use crate::carrier::{Carrier, Columns};
use crate::compass::{Point, Steps, compass};
use crate::cut_points::{CutPoints, LatentLabels, fit_cut_points};
use crate::evidence::kernel_matrix;
use crate::exact::{single, square};
use crate::factor::cholesky;
use crate::gp::check_labels;
use crate::kernel::{Kernel, KernelScale, prior_variance};
use crate::matrix::{BLOCK_ROWS, Matrix, dot, inner_products};
use crate::prevalence::smoothed_shares;
use crate::targets::ClassOrder;
use autolabel_annotation::ClassId;
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Mat, MatMut, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};
use std::f64::consts::{LN_2, TAU};

/// Ranges that the search visits: variance, length-scale, linear variance, noise. Scores have a
/// variance of about 1.
const RANGES: [(f64, f64); 4] = [(0.02, 50.0), (0.05, 20.0), (0.02, 50.0), (0.02, 2.0)];

/// Centres and spreads of the weak log-normal priors, in the same order; the length-scale centres at
/// the median distance between labels.
const CENTRES: [f64; 4] = [1.0, 1.0, 0.5, 0.3];
const SPREADS: [f64; 4] = [1.5, 1.0, 1.5, 1.5];

/// Scale of the kernel with the noise of the scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OrdinalScale {
    /// Scale of the kernel, in units of the scores.
    pub kernel: KernelScale,
    /// Variance of a score about the latent function, > 0.
    pub noise: f64,
}

/// Settings of the ordinal head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrdinalConfig {
    /// Covariance function.
    pub kernel: Kernel,
    /// The scale, where it is not to be searched.
    pub scale: Option<OrdinalScale>,
    /// Labels that take part in the search for the scale, evenly drawn from every class; >= 2.
    pub search_rows: usize,
    /// Most labels that are learned from, evenly drawn from every class.
    pub max_exact: usize,
}

impl Default for OrdinalConfig {
    fn default() -> Self {
        Self {
            kernel: Kernel::Rbf,
            scale: None,
            search_rows: 600,
            max_exact: 8_000,
        }
    }
}

/// A fitted head for ordered classes.
#[derive(Debug, Clone)]
pub struct OrdinalGp {
    pub(crate) carrier: Carrier,
    pub(crate) scale: OrdinalScale,
    /// Lower Cholesky factor of `K + noise I`.
    factor: Mat<f32>,
    /// `(K + noise I)⁻¹ score`.
    weights: Vec<f32>,
    pub(crate) cut_points: CutPoints,
    log_evidence: f64,
    /// Latent mean and variance of each label without it.
    pub(crate) without: (Vec<f64>, Vec<f64>),
    /// Position of each label that was learned from in the caller's order.
    pub(crate) labels: Vec<usize>,
}

/// Learns from labels: image `rows[i]` of `features` shows `classes[i]`, and the order of the classes
/// is that of their numbers. Takes about `n³` operations for `n` labels; the same input gives the same
/// result for any number of threads.
///
/// # Errors
/// No labels, rows or classes out of range, features that are not finite, settings out of range.
pub fn fit_ordinal(
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    class_count: usize,
    config: &OrdinalConfig,
) -> Result<OrdinalGp, HeadsError> {
    check_labels(features, rows, classes, class_count)?;
    check_config(config)?;
    let (_, order) = ClassOrder::new(classes, class_count).subsample(config.max_exact);
    let labels = order.order.clone();
    let sorted: Vec<u32> = labels.iter().map(|&label| rows[label]).collect();
    let labeled = features.select(&sorted);
    if let Some(position) = labeled.data.iter().position(|value| !value.is_finite()) {
        let row = sorted[position / labeled.cols] as usize;
        return Err(HeadsError::NotFinite { row });
    }
    let counts: Vec<u64> = order.counts().iter().map(|&count| count as u64).collect();
    let (boundaries, scores) = normal_scores(&smoothed_shares(&counts));
    let y: Vec<f64> = order.class_of.iter().map(|&class| scores[class]).collect();
    let scale = match config.scale {
        Some(scale) => scale,
        None => search(&labeled, &order, &y, config)?,
    };
    let products = inner_products(&labeled, &labeled)?;
    let kernel = kernel_matrix(
        &products,
        &products.diagonal(),
        config.kernel,
        &scale.kernel,
    );
    let regression = Regression::fit(kernel, &y, scale.noise, Par::rayon(0))?;
    let without = regression.without_each(&y, scale.noise);
    let classes: Vec<ClassId> = labels.iter().map(|&label| classes[label]).collect();
    let slope = scale.noise.sqrt().recip();
    let start = CutPoints {
        slope,
        cuts: boundaries.iter().map(|boundary| slope * boundary).collect(),
    };
    let latent = LatentLabels {
        mean: &without.0,
        variance: &without.1,
        classes: &classes,
    };
    Ok(OrdinalGp {
        cut_points: fit_cut_points(&latent, &start),
        log_evidence: regression.log_evidence(&y),
        factor: single(&regression.factor),
        weights: regression.weights.iter().map(|&w| w as f32).collect(),
        carrier: Carrier::new(labeled, config.kernel, scale.kernel),
        scale,
        without,
        labels,
    })
}

/// Boundaries between classes that cover these shares of a standard normal distribution, and the mean
/// of each part.
fn normal_scores(shares: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let normal = Normal::standard();
    let mut sum = 0.0;
    let boundaries: Vec<f64> = shares[..shares.len() - 1]
        .iter()
        .map(|share| {
            sum += share;
            normal.inverse_cdf(sum)
        })
        .collect();
    let density = |boundary: Option<&f64>| boundary.map_or(0.0, |&b| normal.pdf(b));
    let scores = shares
        .iter()
        .enumerate()
        .map(|(class, share)| {
            let below = class.checked_sub(1).and_then(|c| boundaries.get(c));
            (density(below) - density(boundaries.get(class))) / share
        })
        .collect();
    (boundaries, scores)
}

/// Regression with one noise for all labels.
struct Regression {
    factor: Mat<f64>,
    weights: Vec<f64>,
}

impl Regression {
    fn fit(mut kernel: Mat<f64>, y: &[f64], noise: f64, par: Par) -> Result<Self, HeadsError> {
        for row in 0..y.len() {
            kernel[(row, row)] += noise;
        }
        cholesky(kernel.as_mut(), par, "covariance of the labeled images")?;
        let mut weights = y.to_vec();
        let mut column = MatMut::from_column_major_slice_mut(&mut weights, y.len(), 1);
        solve_lower_triangular_in_place(kernel.as_ref(), column.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(kernel.transpose(), column.as_mut(), Par::Seq);
        Ok(Self {
            factor: kernel,
            weights,
        })
    }

    /// In nats.
    fn log_evidence(&self, y: &[f64]) -> f64 {
        let fit: f64 = y.iter().zip(&self.weights).map(|(y, w)| y * w).sum();
        let log_diagonal: f64 = (0..y.len()).map(|i| self.factor[(i, i)].ln()).sum();
        -0.5 * (fit + y.len() as f64 * TAU.ln()) - log_diagonal
    }

    /// Latent mean and variance of each label without it (Rasmussen and Williams 2006, equations 5.10
    /// to 5.12).
    fn without_each(&self, y: &[f64], noise: f64) -> (Vec<f64>, Vec<f64>) {
        let size = y.len();
        let mut inverse = Mat::<f64>::zeros(size, size);
        invert_lower_triangular(inverse.as_mut(), self.factor.as_ref(), Par::rayon(0));
        (0..size)
            .map(|i| {
                let without = 1.0 / inverse.col(i).squared_norm_l2();
                (
                    y[i] - self.weights[i] * without,
                    (without - noise).max(1e-9),
                )
            })
            .unzip()
    }
}

/// The scale with the largest evidence times prior.
fn search(
    labeled: &Matrix,
    order: &ClassOrder,
    y: &[f64],
    config: &OrdinalConfig,
) -> Result<OrdinalScale, HeadsError> {
    let (kept, _) = order.subsample(config.search_rows);
    let rows: Vec<u32> = kept.iter().map(|&row| row as u32).collect();
    let y: Vec<f64> = kept.iter().map(|&row| y[row]).collect();
    let part = labeled.select(&rows);
    let products = inner_products(&part, &part)?;
    let norms = products.diagonal();
    let mut centres = CENTRES;
    centres[1] = crate::evidence::median_distance(&products, &norms);
    let is_linear = config.kernel == Kernel::RbfLinear;
    let axes: Vec<usize> = (0..4).filter(|&axis| axis != 2 || is_linear).collect();
    let value = |point: &Point| {
        let scale = scale_at(point, is_linear);
        let kernel = kernel_matrix(&products, &norms, config.kernel, &scale.kernel);
        let evidence = Regression::fit(kernel, &y, scale.noise, Par::Seq)?.log_evidence(&y);
        let penalty: f64 = point
            .iter()
            .zip(&axes)
            .map(|(value, &axis)| ((value - centres[axis].ln()) / SPREADS[axis]).powi(2))
            .sum();
        Ok(evidence - 0.5 * penalty)
    };
    let within = |mut point: Point| {
        for (value, &axis) in point.iter_mut().zip(&axes) {
            *value = value.clamp(RANGES[axis].0.ln(), RANGES[axis].1.ln());
        }
        point
    };
    let start = axes.iter().map(|&axis| centres[axis].ln()).collect();
    let steps = Steps {
        first: LN_2,
        last: LN_2 / 8.0,
    };
    let (found, _) = compass(start, steps, within, value)?;
    Ok(scale_at(&found, is_linear))
}

fn scale_at(point: &Point, is_linear: bool) -> OrdinalScale {
    OrdinalScale {
        kernel: KernelScale {
            variance: point[0].exp(),
            lengthscale: point[1].exp(),
            linear_variance: if is_linear { point[2].exp() } else { 0.0 },
        },
        noise: point[point.len() - 1].exp(),
    }
}

fn check_config(config: &OrdinalConfig) -> Result<(), HeadsError> {
    let refuse = |name, value, range| Err(HeadsError::Setting { name, value, range });
    for (name, value) in [
        ("search_rows", config.search_rows),
        ("max_exact", config.max_exact),
    ] {
        if value < 2 {
            return refuse(name, value as f64, "at least 2");
        }
    }
    let Some(scale) = config.scale else {
        return Ok(());
    };
    for (name, value) in [
        ("variance", scale.kernel.variance),
        ("lengthscale", scale.kernel.lengthscale),
        ("noise", scale.noise),
    ] {
        if !(value > 0.0 && value.is_finite()) {
            return refuse(name, value, "a finite number above 0");
        }
    }
    let linear = scale.kernel.linear_variance;
    if linear >= 0.0 && linear.is_finite() {
        Ok(())
    } else {
        refuse("linear_variance", linear, "a finite number, at least 0")
    }
}

impl OrdinalGp {
    /// Scale in use, for example to hold it in the next round.
    #[must_use]
    pub fn scale(&self) -> OrdinalScale {
        self.scale
    }

    /// Classes of the label schema, with and without labels.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.cut_points.cuts.len() + 1
    }

    /// Logarithm of the marginal likelihood of the scores, in nats.
    #[must_use]
    pub fn log_evidence(&self) -> f64 {
        self.log_evidence
    }

    /// Latent means and variances of these rows.
    pub(crate) fn latent(&self, features: &Matrix, rows: &[u32]) -> (Vec<f64>, Vec<f64>) {
        let size = self.weights.len();
        let mut latent = vec![(0.0, 0.0); rows.len()];
        latent
            .par_chunks_mut(BLOCK_ROWS)
            .zip(rows.par_chunks(BLOCK_ROWS))
            .for_each_init(Columns::default, |columns, (out, block)| {
                self.carrier.columns(features, block, columns);
                for (column, out) in columns.values.chunks_exact(size).zip(out.iter_mut()) {
                    out.0 = f64::from(dot(column, &self.weights));
                }
                let mut solved =
                    MatMut::from_column_major_slice_mut(&mut columns.values, size, block.len());
                solve_lower_triangular_in_place(self.factor.as_ref(), solved.as_mut(), Par::Seq);
                for (image, (out, &row)) in out.iter_mut().zip(block).enumerate() {
                    let row = features.row(row as usize);
                    let norm = f64::from(dot(row, row));
                    let prior = prior_variance(self.carrier.kernel, &self.scale.kernel, norm);
                    let left = prior - f64::from(square(&solved, image));
                    out.1 = left.max(1e-6 * prior);
                }
            });
        latent.into_iter().unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_rise_and_average_to_nothing() {
        let shares = [0.5, 0.3, 0.15, 0.05];
        let (boundaries, scores) = normal_scores(&shares);
        assert!(boundaries[0].abs() < 1e-9 && boundaries.len() == 3);
        assert!(scores.windows(2).all(|pair| pair[1] > pair[0]));
        let mean: f64 = shares.iter().zip(&scores).map(|(p, s)| p * s).sum();
        assert!(mean.abs() < 1e-9);
        // Half of a normal distribution has the mean -√(2/π).
        assert!((scores[0] + (2.0 / std::f64::consts::PI).sqrt()).abs() < 1e-6);
    }
}
