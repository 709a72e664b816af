//! The log-odds of a class at a row of features, and their gradient.

use crate::HeadsError;
use crate::gp::DirichletGp;
use crate::kernel::Kernel;
use crate::matrix::Matrix;
use crate::support::Support;
use autolabel_annotation::ClassId;
use faer::Mat;

/// `F(x) = m_c(x) - ln Σ_{j≠c} exp m_j(x)` with the posterior means
/// `m_j(x) = prior_j + Σ_i w_ij k(x, x_i)`: the logit of class `c` under the softmax of the means.
pub(super) struct LogOdds<'a> {
    gp: &'a DirichletGp,
    class: usize,
    /// The images that carry the posterior.
    carriers: &'a Matrix,
    /// `w`, one column a class.
    weights: Mat<f32>,
}

impl<'a> LogOdds<'a> {
    pub fn of(gp: &'a DirichletGp, class: ClassId) -> Result<Self, HeadsError> {
        let class_count = gp.class_count();
        if class.index() >= class_count {
            return Err(HeadsError::ClassOutOfRange {
                class: class.0,
                class_count,
            });
        }
        let support = Support::of(gp);
        Ok(Self {
            gp,
            class: class.index(),
            carriers: support.carriers(),
            weights: support.weights(),
        })
    }

    /// Columns of the features.
    pub fn columns(&self) -> usize {
        self.carriers.cols
    }

    /// The log-odds at a row and their gradient. With one class alone there are no odds: both are 0.
    pub fn evaluate(&self, row: &[f64]) -> (f64, Vec<f64>) {
        let classes = self.gp.class_count();
        if classes < 2 {
            return (0.0, vec![0.0; row.len()]);
        }
        let parts: Vec<(f64, f64)> = (0..self.carriers.rows)
            .map(|i| self.covariance(row, self.carriers.row(i)))
            .collect();
        let mut means = self.gp.targets.prior_mean.clone();
        for (i, (radial, linear)) in parts.iter().enumerate() {
            for (class, mean) in means.iter_mut().enumerate() {
                *mean += f64::from(self.weights[(i, class)]) * (radial + linear);
            }
        }
        let (value, slopes) = log_odds(&means, self.class);
        let scale = &self.gp.scale;
        let shrink = 1.0 / (scale.lengthscale * scale.lengthscale);
        let linear_variance = match self.gp.kernel {
            Kernel::Rbf => 0.0,
            Kernel::RbfLinear => scale.linear_variance,
        };
        let mut gradient = vec![0.0; row.len()];
        for (i, (radial, _)) in parts.iter().enumerate() {
            let weight: f64 = slopes
                .iter()
                .enumerate()
                .map(|(class, slope)| slope * f64::from(self.weights[(i, class)]))
                .sum();
            // d/dx of v exp(-|x - z|² / 2l²) is that times (z - x) / l²; of s <x, z> it is s z.
            for ((g, x), z) in gradient.iter_mut().zip(row).zip(self.carriers.row(i)) {
                let z = f64::from(*z);
                *g += weight * (radial * shrink * (z - x) + linear_variance * z);
            }
        }
        (value, gradient)
    }

    /// The radial and the linear part of the covariance of two rows.
    fn covariance(&self, x: &[f64], z: &[f32]) -> (f64, f64) {
        let scale = &self.gp.scale;
        let pairs = || x.iter().zip(z).map(|(x, z)| (*x, f64::from(*z)));
        let squared: f64 = pairs().map(|(x, z)| (x - z).powi(2)).sum();
        let radial =
            scale.variance * (-0.5 * squared / (scale.lengthscale * scale.lengthscale)).exp();
        let linear = match self.gp.kernel {
            Kernel::Rbf => 0.0,
            Kernel::RbfLinear => scale.linear_variance * pairs().map(|(x, z)| x * z).sum::<f64>(),
        };
        (radial, linear)
    }
}

/// `m_c - ln Σ_{j≠c} exp m_j` and its derivatives: 1 for `c`, minus the softmax among the others.
fn log_odds(means: &[f64], class: usize) -> (f64, Vec<f64>) {
    let others = || means.iter().enumerate().filter(|(j, _)| *j != class);
    let largest = others().map(|(_, m)| *m).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = others().map(|(_, m)| (m - largest).exp()).sum();
    let slopes = means
        .iter()
        .enumerate()
        .map(|(j, m)| {
            if j == class {
                1.0
            } else {
                -(m - largest).exp() / total
            }
        })
        .collect();
    (means[class] - largest - total.ln(), slopes)
}
