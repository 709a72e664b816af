//! What a learning curve says: the area below it, its value at a budget, and the labels to a level.
//!
//! A curve is two slices of the same length: rising label counts, and a value at each. Between two
//! points it is a straight line; outside them it says nothing.

/// Area below the curve divided by its width (trapezoids), so that a curve at 0.9 throughout has 0.9:
/// the "area under the budget curve" of active learning, 0 to 1 for shares. `None` for no points.
#[must_use]
pub fn area_under_curve(labels: &[f64], values: &[f64]) -> Option<f64> {
    let (first, last) = (labels.first()?, labels.last()?);
    if last <= first {
        return values.first().copied();
    }
    let area: f64 = labels
        .windows(2)
        .zip(values.windows(2))
        .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
        .sum();
    Some(area / (last - first))
}

/// Value of the curve at a label count; `None` outside the measured range.
#[must_use]
pub fn value_at(labels: &[f64], values: &[f64], at: f64) -> Option<f64> {
    let after = labels.iter().position(|&count| count >= at)?;
    let value = *values.get(after)?;
    if labels[after] <= at {
        return Some(value);
    }
    let before = after.checked_sub(1)?;
    let part = (at - labels[before]) / (labels[after] - labels[before]);
    Some(values[before] + part * (value - values[before]))
}

/// Labels at which the curve first reaches a level, between two points by a straight line; the first
/// point where even that is above. `None` if no point reaches it.
#[must_use]
pub fn labels_to(labels: &[f64], values: &[f64], level: f64) -> Option<f64> {
    let at = values.iter().position(|&value| value >= level)?;
    let Some(before) = at.checked_sub(1) else {
        return labels.first().copied();
    };
    let part = (level - values[before]) / (values[at] - values[before]);
    Some(labels[before] + part * (labels[at] - labels[before]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [f64; 3] = [10.0, 20.0, 40.0];
    const VALUES: [f64; 3] = [0.5, 0.7, 0.9];

    #[test]
    fn a_flat_curve_has_its_height_as_area() {
        assert_eq!(area_under_curve(&LABELS, &[0.9; 3]), Some(0.9));
        assert_eq!(area_under_curve(&LABELS[..1], &[0.4]), Some(0.4));
        assert_eq!(area_under_curve(&[], &[]), None);
    }

    #[test]
    fn between_points_a_curve_is_straight() {
        assert!((value_at(&LABELS, &VALUES, 15.0).unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(value_at(&LABELS, &VALUES, 20.0), Some(0.7));
        assert_eq!(value_at(&LABELS, &VALUES, 9.0), None);
        assert_eq!(value_at(&LABELS, &VALUES, 41.0), None);
    }

    #[test]
    fn a_level_is_reached_where_the_line_crosses_it() {
        assert!((labels_to(&LABELS, &VALUES, 0.8).unwrap() - 30.0).abs() < 1e-9);
        assert_eq!(labels_to(&LABELS, &VALUES, 0.3), Some(10.0));
        assert_eq!(labels_to(&LABELS, &VALUES, 0.91), None);
    }
}
