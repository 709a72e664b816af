//! Bayesian linear regression with a normal-inverse-gamma prior (Bishop 2006, 3.3; Murphy 2012, 7.6.3), of
//! a few columns: what a handful of drawn images tells of the others.

/// What is believed before any observation, and how much that is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prior<const N: usize> {
    /// Coefficients.
    pub(super) mean: [f64; N],
    /// Observations that each coefficient is worth, above 0.
    pub(super) worth: [f64; N],
    /// Standard deviation of the noise.
    pub(super) noise: f64,
    /// Observations that the noise is worth, above 0.
    pub(super) noise_worth: f64,
}

/// A line through observations, with its doubt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BayesLine<const N: usize> {
    mean: [f64; N],
    /// Lower triangle of the Cholesky factor of the posterior precision, in units of the noise.
    root: [[f64; N]; N],
    degrees: f64,
    /// Squared scale of the noise.
    noise: f64,
}

/// A Student distribution of what will be observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Predictive {
    pub(super) middle: f64,
    pub(super) scale: f64,
    pub(super) degrees: f64,
}

impl<const N: usize> BayesLine<N> {
    /// Learns from rows of columns with what was observed of each.
    pub(super) fn learn(prior: &Prior<N>, observed: impl Iterator<Item = ([f64; N], f64)>) -> Self {
        let mut precision = [[0.0; N]; N];
        let mut moment = [0.0; N];
        let mut squares = 0.0;
        let mut degrees = prior.noise_worth;
        for i in 0..N {
            precision[i][i] = prior.worth[i];
            moment[i] = prior.worth[i] * prior.mean[i];
            squares += moment[i] * prior.mean[i];
        }
        for (row, y) in observed {
            for i in 0..N {
                moment[i] += row[i] * y;
                for j in 0..N {
                    precision[i][j] += row[i] * row[j];
                }
            }
            squares += y * y;
            degrees += 1.0;
        }
        let root = cholesky(&precision);
        let half = solved(&root, &moment);
        let explained: f64 = half.iter().map(|value| value * value).sum();
        let noise = prior.noise_worth * prior.noise * prior.noise + (squares - explained).max(0.0);
        Self {
            mean: solved_transposed(&root, &half),
            root,
            degrees,
            noise: noise / degrees,
        }
    }

    /// What will be observed of a row.
    pub(super) fn predict(&self, row: &[f64; N]) -> Predictive {
        let pairs = self.mean.iter().zip(row);
        let spread = solved(&self.root, row).map(|value| value * value);
        Predictive {
            middle: pairs.map(|(mean, value)| mean * value).sum(),
            scale: (self.noise * (1.0 + spread.iter().sum::<f64>())).sqrt(),
            degrees: self.degrees,
        }
    }
}

/// The lower triangle `L` with `L Lᵀ` the matrix, which must be positive definite: here it is the prior's
/// positive diagonal and a sum of squares.
fn cholesky<const N: usize>(matrix: &[[f64; N]; N]) -> [[f64; N]; N] {
    let mut root = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
            let left = matrix[i][j] - known;
            root[i][j] = if i == j {
                left.sqrt()
            } else {
                left / root[j][j]
            };
        }
    }
    root
}

/// `x` of `L x = y`.
fn solved<const N: usize>(root: &[[f64; N]; N], y: &[f64; N]) -> [f64; N] {
    let mut x = [0.0; N];
    for i in 0..N {
        let known: f64 = (0..i).map(|k| root[i][k] * x[k]).sum();
        x[i] = (y[i] - known) / root[i][i];
    }
    x
}

/// `x` of `Lᵀ x = y`.
fn solved_transposed<const N: usize>(root: &[[f64; N]; N], y: &[f64; N]) -> [f64; N] {
    let mut x = [0.0; N];
    for i in (0..N).rev() {
        let known: f64 = (i + 1..N).map(|k| root[k][i] * x[k]).sum();
        x[i] = (y[i] - known) / root[i][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PRIOR: Prior<3> = Prior {
        mean: [1.0, -2.0, 0.5],
        worth: [1.0, 2.0, 4.0],
        noise: 0.5,
        noise_worth: 3.0,
    };

    #[test]
    fn without_observations_the_prior_holds() {
        let line = BayesLine::learn(&PRIOR, std::iter::empty());
        let said = line.predict(&[1.0, 1.0, 2.0]);
        assert!(said.middle.abs() < 1e-12);
        let spread: f64 = 1.0 + 1.0 + 0.5 + 4.0 / 4.0;
        assert!((said.scale - 0.5 * spread.sqrt()).abs() < 1e-12);
        assert!((said.degrees - 3.0).abs() < 1e-12);
    }

    proptest! {
        /// The coefficients are those at which the penalised squares are least: no step makes them less.
        #[test]
        fn the_line_is_the_ridge_regression(
            rows in prop::collection::vec((prop::array::uniform3(-3.0..3.0_f64), -5.0..5.0_f64), 0..12),
        ) {
            let line = BayesLine::learn(&PRIOR, rows.iter().copied());
            let loss = |mean: &[f64; 3]| -> f64 {
                let off: f64 = (0..3)
                    .map(|i| PRIOR.worth[i] * (mean[i] - PRIOR.mean[i]).powi(2))
                    .sum();
                let miss = rows.iter().map(|(row, y)| {
                    let said: f64 = row.iter().zip(mean).map(|(x, m)| x * m).sum();
                    (y - said).powi(2)
                });
                off + miss.sum::<f64>()
            };
            let least = loss(&line.mean);
            for i in 0..3 {
                for step in [-1e-3, 1e-3] {
                    let mut other = line.mean;
                    other[i] += step;
                    prop_assert!(loss(&other) >= least);
                }
            }
            // What is left over is the sum of squares of the noise.
            let noise = PRIOR.noise_worth * PRIOR.noise * PRIOR.noise + least;
            prop_assert!((line.noise * line.degrees - noise).abs() < 1e-6 * (1.0 + noise));
        }
    }
}
