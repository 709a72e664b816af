//! The kernel scale with the largest marginal likelihood.

use crate::HeadsError;
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

/// The compass search ends at this step of the logarithm of a scale (about 9 %).
const SMALLEST_STEP: f64 = LN_2 / 8.0;

/// The scale with the largest evidence times prior. A coarse grid gives the start unless `warm`
/// does; then a compass search (Hooke and Jeeves, 1961) tries one step up and one step down in the
/// logarithm of every scale, moves to the best, and halves the step where none is better.
pub(crate) fn search_scale(
    data: &EvidenceData<'_>,
    kernel: Kernel,
    warm: Option<KernelScale>,
) -> Result<KernelScale, HeadsError> {
    let starts = match warm {
        Some(scale) => vec![logarithms(kernel, &scale)],
        None => coarse_grid(data, kernel),
    };
    let (mut point, mut value) = best(data, kernel, starts)?;
    let mut step = LN_2 / 2.0;
    while step >= SMALLEST_STEP {
        let neighbours = neighbours(&point, step);
        let (candidate, candidate_value) = best(data, kernel, neighbours)?;
        if candidate_value > value {
            (point, value) = (candidate, candidate_value);
        } else {
            step /= 2.0;
        }
    }
    Ok(scale_at(&point))
}

/// A point of the search: logarithms of variance, length-scale and, where the kernel has one,
/// linear variance.
type Point = Vec<f64>;

fn best(
    data: &EvidenceData<'_>,
    kernel: Kernel,
    points: Vec<Point>,
) -> Result<(Point, f64), HeadsError> {
    let values = points
        .par_iter()
        .map(|point| {
            let evidence = log_evidence(data, kernel, &scale_at(point))?;
            Ok(evidence + log_prior(data, point))
        })
        .collect::<Result<Vec<f64>, HeadsError>>()?;
    points
        .into_iter()
        .zip(values)
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .ok_or(HeadsError::Empty { what: "scales" })
}

fn coarse_grid(data: &EvidenceData<'_>, kernel: Kernel) -> Vec<Point> {
    let linear: &[f64] = match kernel {
        Kernel::Rbf => &[],
        Kernel::RbfLinear => &[1.0, 10.0],
    };
    let mut grid = Vec::new();
    for variance in [3.0f64, 10.0, 30.0] {
        for factor in [0.35, 0.7, 1.4, 2.8] {
            let lengthscale = (factor * data.median_distance).ln();
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

fn neighbours(point: &Point, step: f64) -> Vec<Point> {
    (0..point.len())
        .flat_map(|axis| {
            [step, -step].map(|by| {
                let mut moved = point.clone();
                moved[axis] += by;
                clamped(moved)
            })
        })
        .collect()
}

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

fn log_prior(data: &EvidenceData<'_>, point: &Point) -> f64 {
    let priors = [
        VARIANCE_PRIOR,
        (data.median_distance, LENGTHSCALE_SPREAD),
        LINEAR_VARIANCE_PRIOR,
    ];
    point
        .iter()
        .zip(priors)
        .map(|(value, (centre, spread))| -0.5 * ((value - centre.ln()) / spread).powi(2))
        .sum()
}
