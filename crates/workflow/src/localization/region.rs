//! The hottest part of a heat map → a box in pixels of the image.

use super::heat::Heat;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Share of the largest heat that a position of the region has at least. With 0.3 somewhat more boxes
/// on drawn radiographs overlap the true one by 0.3 (75 in 100 instead of 71), fewer on real ones (16
/// instead of 25).
const THRESHOLD: f32 = 0.4;

/// A box on an image, in pixels; (0, 0) is the upper left corner of the first pixel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PixelBox {
    /// Left edge.
    pub left_px: f64,
    /// Upper edge.
    pub top_px: f64,
    /// From the left to the right edge, above 0.
    pub width_px: f64,
    /// From the upper to the lower edge, above 0.
    pub height_px: f64,
}

/// The box around the connected part (sideways, up and down) with the most heat in all, of the
/// positions with at least 0.4 of the largest heat; `None` where there is no heat.
#[must_use]
pub fn hottest_region(heat: &Heat, (width, height): (u32, u32)) -> Option<PixelBox> {
    let is_hot = |index: usize| heat.values[index] >= THRESHOLD;
    let mut seen = vec![false; heat.values.len()];
    let mut best: Option<(f64, Part)> = None;
    for start in 0..heat.values.len() {
        if seen[start] || !is_hot(start) {
            continue;
        }
        seen[start] = true;
        let mut part = Part::at(start, heat.columns);
        let mut mass = 0.0;
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            mass += f64::from(heat.values[index]);
            part.include(index, heat.columns);
            for next in neighbours(index, heat) {
                if !seen[next] && is_hot(next) {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
        if best.as_ref().is_none_or(|(most, _)| mass > *most) {
            best = Some((mass, part));
        }
    }
    let (_, part) = best?;
    let across = f64::from(width) / heat.columns as f64;
    let down = f64::from(height) / heat.rows as f64;
    Some(PixelBox {
        left_px: part.left as f64 * across,
        top_px: part.top as f64 * down,
        width_px: (part.right + 1 - part.left) as f64 * across,
        height_px: (part.bottom + 1 - part.top) as f64 * down,
    })
}

/// First and last position of a part in both directions.
struct Part {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Part {
    fn at(index: usize, columns: usize) -> Self {
        let (row, column) = (index / columns, index % columns);
        Self {
            left: column,
            right: column,
            top: row,
            bottom: row,
        }
    }

    fn include(&mut self, index: usize, columns: usize) {
        let (row, column) = (index / columns, index % columns);
        self.left = self.left.min(column);
        self.right = self.right.max(column);
        self.top = self.top.min(row);
        self.bottom = self.bottom.max(row);
    }
}

fn neighbours(index: usize, heat: &Heat) -> impl Iterator<Item = usize> {
    let (row, column) = (index / heat.columns, index % heat.columns);
    [
        (column > 0).then(|| index - 1),
        (column + 1 < heat.columns).then_some(index + 1),
        (row > 0).then(|| index - heat.columns),
        (row + 1 < heat.rows).then_some(index + heat.columns),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heat(rows: usize, columns: usize, hot: &[(usize, f32)]) -> Heat {
        let mut values = vec![0.0; rows * columns];
        for &(index, value) in hot {
            values[index] = value;
        }
        Heat {
            rows,
            columns,
            values,
        }
    }

    #[test]
    fn the_part_with_most_heat_wins_over_the_hottest_position() {
        // One position of 1 in a corner; three of 0.6 in the last row but one.
        let heat = heat(
            4,
            5,
            &[(0, 1.0), (11, 0.6), (12, 0.6), (17, 0.6), (19, 0.3)],
        );
        let found = hottest_region(&heat, (50, 80)).unwrap();
        let expected = PixelBox {
            left_px: 10.0,
            top_px: 40.0,
            width_px: 20.0,
            height_px: 40.0,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn positions_that_touch_at_a_corner_are_apart_and_rows_do_not_wrap() {
        let heat = heat(3, 3, &[(2, 1.0), (3, 0.9), (7, 0.8)]);
        let found = hottest_region(&heat, (3, 3)).unwrap();
        assert!((found.width_px - 1.0).abs() < 1e-9 && (found.height_px - 1.0).abs() < 1e-9);
        assert!((found.left_px - 2.0).abs() < 1e-9 && found.top_px.abs() < 1e-9);
    }

    #[test]
    fn no_heat_gives_no_box() {
        assert_eq!(hottest_region(&heat(2, 2, &[]), (9, 9)), None);
    }
}
