//! Minimum of a smooth convex function by the limited-memory method of Broyden, Fletcher, Goldfarb and
//! Shanno (Nocedal and Wright 2006, algorithm 7.4), with a fixed matrix as the first guess of the
//! curvature.

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 10;

/// A step must bring this share of the decrease that the gradient promises (Armijo's rule).
const DECREASE: f64 = 1e-4;

/// Halvings of a step before the search gives up: rounding then hides any decrease.
const HALVINGS: usize = 30;

/// When to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// Euclidean length of the gradient.
    pub gradient: f64,
    /// Steps taken.
    pub iterations: usize,
}

/// One step and what it changed of the gradient.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    inner: f64,
}

/// The point with the smallest value that is reached from `start`. `value` gives value and gradient;
/// `precondition` multiplies by the inverse of a rough curvature, in place.
pub(crate) fn minimise(
    start: Vec<f64>,
    value: impl Fn(&[f64]) -> (f64, Vec<f64>),
    precondition: impl Fn(&mut [f64]),
    stop: Stop,
) -> Vec<f64> {
    let mut point = start;
    let (mut here, mut gradient) = value(&point);
    let mut pairs: Vec<Pair> = Vec::new();
    for _ in 0..stop.iterations {
        if dot(&gradient, &gradient).sqrt() <= stop.gradient {
            break;
        }
        let direction = direction(&gradient, &pairs, &precondition);
        let Some((next, next_value, next_gradient)) =
            decrease(&point, here, &gradient, &direction, &value)
        else {
            break;
        };
        remember(&mut pairs, (&point, &next), (&gradient, &next_gradient));
        (point, here, gradient) = (next, next_value, next_gradient);
    }
    point
}

/// Minus the gradient times the remembered inverse curvature.
fn direction(gradient: &[f64], pairs: &[Pair], precondition: &impl Fn(&mut [f64])) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|value| -value).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = dot(&pair.step, &direction) / pair.inner;
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    precondition(&mut direction);
    if let Some(last) = pairs.last() {
        let mut scaled = last.change.clone();
        precondition(&mut scaled);
        let scale = last.inner / dot(&last.change, &scaled);
        direction.iter_mut().for_each(|value| *value *= scale);
    }
    for (pair, share) in pairs.iter().zip(shares.iter().rev()) {
        let other = dot(&pair.change, &direction) / pair.inner;
        add(&mut direction, share - other, &pair.step);
    }
    direction
}

/// The first of ever shorter steps that brings a decrease, with its value and gradient.
fn decrease(
    point: &[f64],
    here: f64,
    gradient: &[f64],
    direction: &[f64],
    value: &impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> Option<(Vec<f64>, f64, Vec<f64>)> {
    let slope = dot(gradient, direction);
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        let mut next = point.to_vec();
        add(&mut next, length, direction);
        let (next_value, next_gradient) = value(&next);
        if next_value <= here + DECREASE * length * slope {
            return Some((next, next_value, next_gradient));
        }
        length /= 2.0;
    }
    None
}

fn remember(pairs: &mut Vec<Pair>, points: (&[f64], &[f64]), gradients: (&[f64], &[f64])) {
    let difference = |(from, to): (&[f64], &[f64])| -> Vec<f64> {
        from.iter().zip(to).map(|(from, to)| to - from).collect()
    };
    let (step, change) = (difference(points), difference(gradients));
    let inner = dot(&step, &change);
    // Rounding can hide the curvature of a tiny step.
    if inner > 1e-12 * dot(&change, &change) {
        if pairs.len() == MEMORY {
            pairs.remove(0);
        }
        pairs.push(Pair {
            step,
            change,
            inner,
        });
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, values: &[f64]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += factor * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_narrow_valley() {
        // Curvatures from 1 to 10⁴, and a fourth power that is not a parabola.
        let value = |x: &[f64]| {
            let mut sum = 0.0;
            let mut gradient = vec![0.0; x.len()];
            for (i, (x, gradient)) in x.iter().zip(&mut gradient).enumerate() {
                let curvature = 10f64.powi(i as i32);
                let from = x - i as f64;
                sum += curvature * from * from / 2.0 + from.powi(4);
                *gradient = curvature * from + 4.0 * from.powi(3);
            }
            (sum, gradient)
        };
        let stop = Stop {
            gradient: 1e-8,
            iterations: 200,
        };
        let found = minimise(vec![5.0; 5], value, |_| (), stop);
        for (i, x) in found.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-7, "{found:?}");
        }
    }
}
