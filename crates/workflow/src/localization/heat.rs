//! Gradients of raw features → evidence position by position.
//!
//! A raw feature is the average `m` or the standard deviation `s` of a channel over the `P` positions
//! of a map; over the pool they are `m₀` and `s₀` on average. With the gradient `g` of the log-odds
//! (`heads::ClassGradient`), position `p` with activation `a` contributes
//!
//! ```text
//! h(p) = 1/P Σ_channels [ g_m (a - m₀)  +  g_s ((a - m)² - s₀²) / (s + s₀) ]
//! ```
//!
//! The first part is, to first order, what the log-odds lose where the activation is replaced by that
//! of the pool. The second is the same for the squared deviation, which changes `s` by
//! `1/P ((a - m)² - s₀²)` over `s + s₀`: scaled so that all positions together give `s - s₀`, not
//! its tangent (the rescale rule of `DeepLIFT`: Shrikumar, Greenside and Kundaje 2017). So over all
//! positions of a map the contributions add up to gradient times difference of its features.
//!
//! Grad-CAM (Selvaraju et al. 2017) is the first part with `m₀ = 0` and one map; summing over several
//! stages, sharp and deep, follows `LayerCAM` (Jiang et al. 2021). Here both count: without the two
//! stages of 14 positions a side, or without the two of 7, drawn shadows are found less often.

use autolabel_models::{FeatureMap, FeatureMaps};

/// Positions along the longer side of the heat map.
const LONGEST: usize = 64;

/// Spread of the smoothing in shares of the longer side: the finest maps have 14 positions a side, and
/// one position alone is noise.
const SMOOTHING: f64 = 0.05;

/// Evidence for a class over an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Positions from top to bottom.
    pub rows: usize,
    /// Positions from left to right.
    pub columns: usize,
    /// `rows * columns` values, row by row, 0 to 1: 1 = the position that speaks most for the class,
    /// 0 = none, or it speaks against the class.
    pub values: Vec<f32>,
}

/// Spreads the contributions of all maps over an image of this size: the parts are put where their map
/// lies, divided by the area that they stand for, summed and smoothed; what speaks against the class
/// is cut off. `gradient` and `usual`, the averages over the pool, are rows of raw features.
#[must_use]
pub fn heat_of(maps: &FeatureMaps, gradient: &[f64], usual: &[f32], size_px: (u32, u32)) -> Heat {
    let (width, height) = (f64::from(size_px.0.max(1)), f64::from(size_px.1.max(1)));
    let along = |side: f64| ((LONGEST as f64 * side / width.max(height)).round() as usize).max(1);
    let (columns, rows) = (along(width), along(height));
    let mut sum = vec![0.0_f64; rows * columns];
    for map in &maps.maps {
        let parts = contributions(map, gradient, usual);
        add(map, &parts, (rows, columns), &mut sum);
    }
    smooth(&mut sum, (rows, columns));
    let largest = sum.iter().copied().fold(0.0, f64::max);
    let shown = |value: f64| {
        if largest > 0.0 {
            (value / largest).max(0.0) as f32
        } else {
            0.0
        }
    };
    Heat {
        rows,
        columns,
        values: sum.into_iter().map(shown).collect(),
    }
}

/// The contribution of each position of a map, row by row, in nats.
fn contributions(map: &FeatureMap, gradient: &[f64], usual: &[f32]) -> Vec<f64> {
    let positions = map.rows * map.columns;
    let mut parts = vec![0.0; positions];
    let share = 1.0 / (positions * map.passes.max(1)) as f64;
    for (channel, values) in map.values.chunks_exact(positions).enumerate() {
        let column = |first: Option<usize>| -> Option<(f64, f64)> {
            let column = first? + channel;
            Some((
                share * gradient.get(column)?,
                f64::from(*usual.get(column)?),
            ))
        };
        let mean = values.iter().map(|a| f64::from(*a)).sum::<f64>() / positions as f64;
        let square = |a: f32| (f64::from(a) - mean).powi(2);
        if let Some((slope, usual)) = column(map.mean_columns) {
            for (part, a) in parts.iter_mut().zip(values) {
                *part += slope * (f64::from(*a) - usual);
            }
        }
        if let Some((slope, usual)) = column(map.deviation_columns) {
            let variance = values.iter().map(|a| square(*a)).sum::<f64>() / positions as f64;
            let together = variance.sqrt() + usual;
            if together > 0.0 {
                for (part, a) in parts.iter_mut().zip(values) {
                    *part += slope * (square(*a) - usual * usual) / together;
                }
            }
        }
    }
    parts
}

/// Adds a map to the grid of the image, interpolated between the middles of its positions.
fn add(map: &FeatureMap, parts: &[f64], (rows, columns): (usize, usize), sum: &mut [f64]) {
    // A position of a map of few positions stands for a larger part of the image.
    let density = (map.rows * map.columns) as f64 / (map.share * map.share);
    let across = samples(columns, map.columns, map.share);
    let down = samples(rows, map.rows, map.share);
    for (row, line) in sum.chunks_exact_mut(columns).enumerate() {
        let Some((top, bottom, v)) = down[row] else {
            continue;
        };
        for (target, sample) in line.iter_mut().zip(&across) {
            let Some((left, right, u)) = *sample else {
                continue;
            };
            let at = |r: usize, c: usize| parts[r * map.columns + c];
            let upper = at(top, left) * (1.0 - u) + at(top, right) * u;
            let lower = at(bottom, left) * (1.0 - u) + at(bottom, right) * u;
            *target += density * (upper * (1.0 - v) + lower * v);
        }
    }
}

/// For each of `count` positions along a side of the image: the two of `cells` positions of a map
/// around it and the weight of the second; `None` outside of the map, which covers `share` of the
/// side.
fn samples(count: usize, cells: usize, share: f64) -> Vec<Option<(usize, usize, f64)>> {
    (0..count)
        .map(|i| {
            let place = ((i as f64 + 0.5) / count as f64 - 0.5) / share + 0.5;
            if !(0.0..=1.0).contains(&place) {
                return None;
            }
            let cell = (place * cells as f64 - 0.5).clamp(0.0, (cells - 1) as f64);
            let first = cell.floor() as usize;
            Some((first, (first + 1).min(cells - 1), cell - cell.floor()))
        })
        .collect()
}

/// Gaussian smoothing, along the rows and then along the columns; at the edges over what there is.
fn smooth(values: &mut [f64], (rows, columns): (usize, usize)) {
    let spread = SMOOTHING * rows.max(columns) as f64;
    let reach = (3.0 * spread).ceil() as usize;
    let weight = |offset: usize| (-0.5 * (offset as f64 / spread).powi(2)).exp();
    let weights: Vec<f64> = (0..=reach).map(weight).collect();
    let smoothed = |line: &[f64]| -> Vec<f64> {
        (0..line.len())
            .map(|i| {
                let near = i.saturating_sub(reach)..line.len().min(i + reach + 1);
                let pairs = near.map(|j| (weights[i.abs_diff(j)], line[j]));
                let (sum, total) = pairs.fold((0.0, 0.0), |(s, t), (w, v)| (s + w * v, t + w));
                sum / total
            })
            .collect()
    };
    for row in values.chunks_exact_mut(columns) {
        let line = smoothed(row);
        row.copy_from_slice(&line);
    }
    for column in 0..columns {
        let line: Vec<f64> = (0..rows)
            .map(|row| values[row * columns + column])
            .collect();
        for (row, value) in smoothed(&line).into_iter().enumerate() {
            values[row * columns + column] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One channel over 4 x 4 positions; column 0 of the row is its average, column 1 its deviation.
    fn map(values: [f32; 16], share: f64) -> FeatureMap {
        FeatureMap {
            channels: 1,
            rows: 4,
            columns: 4,
            values: values.to_vec(),
            mean_columns: Some(0),
            deviation_columns: Some(1),
            passes: 1,
            share,
        }
    }

    fn ramp() -> [f32; 16] {
        std::array::from_fn(|i| (i * i) as f32 / 50.0)
    }

    #[test]
    fn contributions_add_up_to_gradient_times_difference() {
        let values = ramp();
        let mean = values.iter().sum::<f32>() / 16.0;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 16.0).sqrt();
        let (gradient, usual) = ([2.0, -3.0], [0.4, 0.9]);
        let parts = contributions(&map(values, 1.0), &gradient, &usual);
        let expected = 2.0 * (mean - 0.4) - 3.0 * (deviation - 0.9);
        let found: f64 = parts.iter().sum();
        assert!(
            (found - f64::from(expected)).abs() < 1e-5,
            "{found} {expected}"
        );
    }

    #[test]
    fn the_hottest_position_is_that_of_the_largest_contribution() {
        let mut values = [0.0; 16];
        values[6] = 1.0;
        let maps = FeatureMaps {
            row: vec![0.0, 0.0],
            maps: vec![map(values, 1.0), map(values, 0.5)],
        };
        let heat = heat_of(&maps, &[1.0, 0.0], &[0.0, 0.0], (200, 100));
        assert_eq!((heat.rows, heat.columns), (32, 64));
        let hottest = heat.values.iter().position(|v| *v >= 1.0).unwrap();
        let (row, column) = (hottest / 64, hottest % 64);
        // Cell (1, 2) of the whole picture lies at (0.375, 0.625), that of its middle half at
        // (0.4375, 0.5625).
        assert!((12..=15).contains(&row), "{row}");
        assert!((35..=40).contains(&column), "{column}");
        assert!(heat.values.iter().all(|v| (0.0..=1.0).contains(v)));
    }

    #[test]
    fn evidence_against_the_class_leaves_nothing() {
        let maps = FeatureMaps {
            row: vec![0.0, 0.0],
            maps: vec![map([1.0; 16], 1.0)],
        };
        let heat = heat_of(&maps, &[-1.0, 0.0], &[0.0, 0.0], (10, 10));
        assert!(heat.values.iter().all(|v| *v == 0.0));
    }
}
