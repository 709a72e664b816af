//! Covariance functions of the Gaussian process. All of them need only the inner product of two
//! feature rows and the two squared lengths, so one matrix product serves every kernel and every
//! scale that the search tries.

use crate::exponential::exponential;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Exponents below this are rounded to a covariance of zero: e⁻⁴⁰ is far below the noise, and the
/// products of smaller numbers would be denormal, on which processors are a hundred times slower.
const SMALLEST_EXPONENT: f32 = -40.0;

/// Which covariance function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Radial basis function: `variance * exp(-|x - z|² / (2 lengthscale²))`.
    #[default]
    Rbf,
    /// The radial basis function plus `linear_variance * <x, z>`, which extrapolates a linear
    /// trend where the first has forgotten everything.
    RbfLinear,
}

impl fmt::Display for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Kernel::Rbf => "radial basis function",
            Kernel::RbfLinear => "radial basis function plus linear",
        })
    }
}

/// Scale parameters of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KernelScale {
    /// Prior variance of the radial part, in squared log-odds units; > 0.
    pub variance: f64,
    /// Distance over which the function changes, in units of the features; > 0.
    pub lengthscale: f64,
    /// Prior variance of the linear part for a row of length 1; 0 in [`Kernel::Rbf`].
    pub linear_variance: f64,
}

/// Turns inner products of one row with many others into covariances, in place. The row has the
/// squared length `norm`, the others have `norms`.
pub(crate) fn covariances(
    kernel: Kernel,
    scale: &KernelScale,
    norm: f32,
    norms: &[f32],
    products: &mut [f32],
) {
    let variance = scale.variance as f32;
    let linear = match kernel {
        Kernel::Rbf => 0.0,
        Kernel::RbfLinear => scale.linear_variance as f32,
    };
    let factor = (-0.5 / (scale.lengthscale * scale.lengthscale)) as f32;
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (product, &other) in products.iter_mut().zip(norms) {
                let squared_distance = (norm + other - 2.0 * *product).max(0.0);
                let exponent = factor * squared_distance;
                let radial = if exponent < SMALLEST_EXPONENT {
                    0.0
                } else {
                    variance * exponential(exponent)
                };
                *product = radial + linear * *product;
            }
        },
    );
}

/// Prior variance of one row with this squared length: its covariance with itself.
pub(crate) fn prior_variance(kernel: Kernel, scale: &KernelScale, squared_norm: f64) -> f64 {
    match kernel {
        Kernel::Rbf => scale.variance,
        Kernel::RbfLinear => scale.variance + scale.linear_variance * squared_norm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCALE: KernelScale = KernelScale {
        variance: 3.0,
        lengthscale: 0.5,
        linear_variance: 2.0,
    };

    /// Covariance of two points.
    fn of(kernel: Kernel, x: &[f32; 3], z: &[f32; 3]) -> f32 {
        let mut product = [inner(x, z)];
        covariances(kernel, &SCALE, inner(x, x), &[inner(z, z)], &mut product);
        product[0]
    }

    fn inner(x: &[f32; 3], z: &[f32; 3]) -> f32 {
        x.iter().zip(z).map(|(a, b)| a * b).sum()
    }

    proptest! {
        #[test]
        fn equals_the_formula(x in prop::array::uniform3(-1.0f32..1.0), z in prop::array::uniform3(-1.0f32..1.0)) {
            let squared: f32 = x.iter().zip(&z).map(|(a, b)| (a - b).powi(2)).sum();
            let radial = 3.0 * (-squared / 0.5).exp();
            prop_assert!((of(Kernel::Rbf, &x, &z) - radial).abs() < 2e-5);
            let linear = radial + 2.0 * inner(&x, &z);
            prop_assert!((of(Kernel::RbfLinear, &x, &z) - linear).abs() < 2e-5);
            for kernel in [Kernel::Rbf, Kernel::RbfLinear] {
                prop_assert_eq!(of(kernel, &x, &z), of(kernel, &z, &x));
                let own = f64::from(of(kernel, &x, &x));
                prop_assert!((own - prior_variance(kernel, &SCALE, f64::from(inner(&x, &x)))).abs() < 2e-5);
            }
        }
    }

    #[test]
    fn far_rows_have_exactly_no_radial_covariance() {
        assert_eq!(of(Kernel::Rbf, &[9.0, 0.0, 0.0], &[-9.0, 0.0, 0.0]), 0.0);
    }
}
