//! The kernel scale with the largest marginal likelihood.

use crate::HeadsError;
use crate::compass::{Point, Steps, compass};
use crate::evidence::{EvidenceData, log_evidence};
use crate::kernel::{Kernel, KernelScale};
use rayon::prelude::*;
use std::f64::consts::LN_2;

/// Smallest and largest scale that the search visits: beyond them single precision, in which
/// predictions are solved, would lose the variance, and data never asks for them.
const VARIANCE_RANGE: (f64, f64) = (0.05, 500.0);
const LENGTHSCALE_RANGE: (f64, f64) = (0.05, 20.0);

/// Centre and spread of the weak log-normal priors on the scales (the spread of the logarithm).
/// They hold the scale where a handful of labels says nothing, and are outweighed by about thirty.
/// The centre of the length-scale is the median distance between labeled images.
const VARIANCE_PRIOR: (f64, f64) = (10.0, 1.5);
const LINEAR_VARIANCE_PRIOR: (f64, f64) = (3.0, 1.5);
const LENGTHSCALE_SPREAD: f64 = 1.0;

/// The search ends at this step of the logarithm of a scale (about 9 %).
const SMALLEST_STEP: f64 = LN_2 / 8.0;

/// Labels that the coarse search looks at: enough to find the region, at a thirtieth of the price.
pub(crate) const COARSE_ROWS: usize = 200;

/// The scale with the largest evidence times prior, where evidence adds up over all of `fine`. Without
/// a `warm` start, a grid and a search by large steps over `coarse`, a part of the same labels, give
/// the start; then a compass search over `fine` goes on from there.
pub(crate) fn search_scale(
    coarse: &[EvidenceData<'_>],
    fine: &[EvidenceData<'_>],
    kernel: Kernel,
    warm: Option<KernelScale>,
) -> Result<KernelScale, HeadsError> {
    let median_distance = fine.first().map_or(1.0, |data| data.median_distance);
    let value = |data: &[EvidenceData<'_>], point: &Point| {
        let mut sum = log_prior(median_distance, point);
        for part in data {
            sum += log_evidence(part, kernel, &scale_at(point))?;
        }
        Ok(sum)
    };
    let start = match warm {
        Some(scale) => logarithms(kernel, &scale),
        None => {
            let start = best(coarse_grid(median_distance, kernel), |point| {
                value(coarse, point)
            })?;
            let steps = Steps {
                first: LN_2 / 2.0,
                last: LN_2 / 4.0,
            };
            compass(start, steps, clamped, |point| value(coarse, point))?.0
        }
    };
    let steps = Steps {
        first: LN_2 / 4.0,
        last: SMALLEST_STEP,
    };
    let (found, _) = compass(start, steps, clamped, |point| value(fine, point))?;
    Ok(scale_at(&found))
}

/// The point with the largest value; the first of several.
fn best(
    points: Vec<Point>,
    value: impl Fn(&Point) -> Result<f64, HeadsError> + Sync,
) -> Result<Point, HeadsError> {
    let values = points
        .par_iter()
        .map(&value)
        .collect::<Result<Vec<f64>, HeadsError>>()?;
    points
        .into_iter()
        .zip(values)
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .map(|(point, _)| point)
        .ok_or(HeadsError::Empty { what: "scales" })
}

fn coarse_grid(median_distance: f64, kernel: Kernel) -> Vec<Point> {
    let linear: &[f64] = match kernel {
        Kernel::Rbf => &[],
        Kernel::RbfLinear => &[1.0, 10.0],
    };
    let mut grid = Vec::new();
    for variance in [3.0f64, 10.0, 30.0] {
        for factor in [0.35, 0.7, 1.4, 2.8] {
            let lengthscale = (factor * median_distance).ln();
            if linear.is_empty() {
                grid.push(clamped(vec![variance.ln(), lengthscale]));
            }
            for linear_variance in linear {
                grid.push(clamped(vec![
                    variance.ln(),
                    lengthscale,
                    linear_variance.ln(),
                ]));
            }
        }
    }
    grid
}

/// A point in the range: logarithms of variance, length-scale and, where the kernel has one, linear
/// variance.
fn clamped(mut point: Point) -> Point {
    let ranges = [VARIANCE_RANGE, LENGTHSCALE_RANGE, VARIANCE_RANGE];
    for (value, (low, high)) in point.iter_mut().zip(ranges) {
        *value = value.clamp(low.ln(), high.ln());
    }
    point
}

fn logarithms(kernel: Kernel, scale: &KernelScale) -> Point {
    let mut point = vec![scale.variance.ln(), scale.lengthscale.ln()];
    if kernel == Kernel::RbfLinear {
        // The last round may have used the kernel without a linear part.
        let linear = if scale.linear_variance > 0.0 {
            scale.linear_variance
        } else {
            LINEAR_VARIANCE_PRIOR.0
        };
        point.push(linear.ln());
    }
    clamped(point)
}

fn scale_at(point: &Point) -> KernelScale {
    KernelScale {
        variance: point[0].exp(),
        lengthscale: point[1].exp(),
        linear_variance: point.get(2).map_or(0.0, |logarithm| logarithm.exp()),
    }
}

fn log_prior(median_distance: f64, point: &Point) -> f64 {
    let priors = [
        VARIANCE_PRIOR,
        (median_distance, LENGTHSCALE_SPREAD),
        LINEAR_VARIANCE_PRIOR,
    ];
    point
        .iter()
        .zip(priors)
        .map(|(value, (centre, spread))| -0.5 * ((value - centre.ln()) / spread).powi(2))
        .sum()
}
