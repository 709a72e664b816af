//! Compass search (Hooke and Jeeves, 1961) for the settings that evidence chooses.

use crate::HeadsError;
use rayon::prelude::*;

/// A point of the search, usually logarithms of scales.
pub(crate) type Point = Vec<f64>;

/// First and last step of a search; each halving of the first must reach the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    pub first: f64,
    pub last: f64,
}

/// Climbs from `start` to a point that no step of `steps.last` along one axis improves: tries one
/// step up and one step down on every axis, moves to the best, and halves the step where none is
/// better. `within` moves a point into the range that is allowed. No point is valued twice. Returns
/// the best point with its value.
pub(crate) fn compass(
    start: Point,
    steps: Steps,
    within: impl Fn(Point) -> Point,
    value: impl Fn(&Point) -> Result<f64, HeadsError> + Sync,
) -> Result<(Point, f64), HeadsError> {
    let mut known: Vec<(Point, f64)> = Vec::new();
    let mut here = within(start);
    let mut here_value = value(&here)?;
    known.push((here.clone(), here_value));
    let mut step = steps.first;
    // A step that misses the last by rounding still counts.
    while step >= 0.999 * steps.last {
        let neighbours = neighbours(&here, step);
        let new: Vec<Point> = neighbours
            .into_iter()
            .map(&within)
            .filter(|point| !known.iter().any(|(other, _)| is_same(point, other)))
            .collect();
        let values = new
            .par_iter()
            .map(&value)
            .collect::<Result<Vec<f64>, HeadsError>>()?;
        let found: Vec<(Point, f64)> = new.into_iter().zip(values).collect();
        let best = found.iter().reduce(|a, b| if b.1 > a.1 { b } else { a });
        match best {
            Some((point, best)) if *best > here_value => {
                (here, here_value) = (point.clone(), *best);
            }
            _ => step /= 2.0,
        }
        known.extend(found);
    }
    Ok((here, here_value))
}

fn neighbours(point: &Point, step: f64) -> Vec<Point> {
    (0..point.len())
        .flat_map(|axis| {
            [step, -step].map(|by| {
                let mut moved = point.clone();
                moved[axis] += by;
                moved
            })
        })
        .collect()
}

/// Whether two points are one up to rounding.
fn is_same(a: &Point, b: &Point) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const STEPS: Steps = Steps {
        first: 1.0,
        last: 1.0 / 64.0,
    };

    #[test]
    fn finds_the_top_of_a_hill_and_values_no_point_twice() {
        let calls = AtomicUsize::new(0);
        let hill = |point: &Point| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok(-(point[0] - 2.3).powi(2) - 3.0 * (point[1] + 0.7 - 0.2 * point[0]).powi(2))
        };
        let (top, _) = compass(vec![0.0, 0.0], STEPS, |point| point, hill).unwrap();
        assert!((top[0] - 2.3).abs() < 0.05 && (top[1] + 0.24).abs() < 0.05);
        assert!(calls.load(Ordering::Relaxed) < 60);
    }

    #[test]
    fn stays_within_the_range() {
        let within = |mut point: Point| {
            point[0] = point[0].min(0.4);
            point
        };
        let (top, value) = compass(vec![0.0], STEPS, within, |point| Ok(point[0])).unwrap();
        assert!((top[0] - 0.4).abs() < 1e-12 && (value - 0.4).abs() < 1e-12);
    }
}
