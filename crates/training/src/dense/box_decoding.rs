//! From the answers of the network to boxes on the image.

use autolabel_annotation::{BoundingBox, ClassId, DrawnShape, Geometry, ImageSize};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::box_loss::side_px;
use crate::dense::found_shape::{FoundShape, sort_by_confidence};
use crate::dense::grid_sampling::GridSampler;
use crate::dense::maps::DENSE_STRIDE;
use crate::dense::objective::SIDES;
use crate::dense::prediction::DenseGrid;
use crate::dense::view_space::ViewSpace;

/// Which boxes are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxDecoding {
    /// Boxes with less confidence are left out, 0 to 1.
    pub least_confidence: f32,
    /// Of two boxes of a class with more IoU than this the surer one is kept, 0 to 1.
    pub most_iou: f64,
    /// Boxes that an image can have at most.
    pub most_boxes: usize,
}

impl Default for BoxDecoding {
    fn default() -> Self {
        Self {
            least_confidence: 0.05,
            most_iou: 0.5,
            most_boxes: 300,
        }
    }
}

/// The boxes on an image of `size` of which the network saw `view`, in pixels of the image and clipped
/// to it, the surest first. A box is a cell that is hotter than its eight neighbours; its confidence is
/// the probability of a centre there.
///
/// # Errors
/// [`TrainingError::View`] for a view of other sides than those of the grid, or one that cannot be used.
pub fn box_shapes(
    grid: &DenseGrid,
    size: ImageSize,
    view: &Augmentation,
    decoding: &BoxDecoding,
) -> Result<Vec<FoundShape>, TrainingError> {
    let space = GridSampler::new(grid, size, view)?.space;
    let classes = grid.channels.saturating_sub(SIDES);
    let mut found = Vec::new();
    for class in 0..classes {
        let mut of_class = Vec::new();
        for (cell, confidence) in peaks(grid, class, decoding.least_confidence) {
            if let Some(area) = box_at(grid, cell, classes, &space, size) {
                of_class.push((area, confidence));
            }
        }
        of_class.sort_by(|first, second| second.1.total_cmp(&first.1));
        of_class.truncate(decoding.most_boxes);
        let kept = without_repeats(&of_class, decoding.most_iou);
        found.extend(kept.into_iter().map(|(area, confidence)| FoundShape {
            shape: DrawnShape {
                class: ClassId(class as u16),
                geometry: Geometry::Box(area),
            },
            confidence,
        }));
    }
    sort_by_confidence(&mut found);
    found.truncate(decoding.most_boxes);
    Ok(found)
}

/// Cells that are hotter in a class than all around them, with their confidence. Of equal neighbours the
/// first one is.
fn peaks(grid: &DenseGrid, class: usize, least: f32) -> Vec<(usize, f32)> {
    let heat = |row: usize, column: usize| {
        grid.values[(row * grid.columns + column) * grid.channels + class]
    };
    let mut found = Vec::new();
    for row in 0..grid.rows {
        for column in 0..grid.columns {
            let own = heat(row, column);
            let confidence = 1.0 / (1.0 + (-own).exp());
            if confidence.is_nan() || confidence < least {
                continue;
            }
            let rows = row.saturating_sub(1)..=(row + 1).min(grid.rows - 1);
            let is_peak = rows.into_iter().all(|y| {
                let columns = column.saturating_sub(1)..=(column + 1).min(grid.columns - 1);
                columns.into_iter().all(|x| {
                    let other = heat(y, x);
                    match (y, x) < (row, column) {
                        true => own > other,
                        false => own >= other,
                    }
                })
            });
            if is_peak {
                found.push((row * grid.columns + column, confidence));
            }
        }
    }
    found
}

/// The box of a cell on the image; `None` where nothing of it, or not its centre, lies there.
fn box_at(
    grid: &DenseGrid,
    cell: usize,
    classes: usize,
    space: &ViewSpace,
    size: ImageSize,
) -> Option<BoundingBox> {
    let sides = &grid.values[cell * grid.channels + classes..][..SIDES];
    let middle = [cell % grid.columns, cell / grid.columns]
        .map(|at| (at as f64 + 0.5) * DENSE_STRIDE as f64);
    // What lies beyond the border of the view was never learnt.
    let from = [0, 1].map(|axis| (middle[axis] - f64::from(side_px(sides[axis]))).max(0.0));
    let view_sides = space.sides();
    let to = [0, 1]
        .map(|axis| (middle[axis] + f64::from(side_px(sides[axis + 2]))).min(view_sides[axis]));
    let corners = [from, [to[0], from[1]], [from[0], to[1]], to].map(|c| space.image_point(c));
    let bound = |axis: usize, of: fn(f64, f64) -> f64| {
        corners[1..]
            .iter()
            .fold(corners[0][axis], |found, corner| of(found, corner[axis]))
    };
    let [left, upper] = [0, 1].map(|axis| bound(axis, f64::min));
    let [right, lower] = [0, 1].map(|axis| bound(axis, f64::max));
    // Around an image lies its mirror image, whose boxes are none of its own.
    let centre = [0.5 * (left + right), 0.5 * (upper + lower)];
    let is_of_image =
        (0..2).all(|axis| centre[axis] >= 0.0 && centre[axis] < space.image_sides()[axis]);
    let [x, y, width, height] = [left, upper, right - left, lower - upper].map(|v| v as f32);
    let area = BoundingBox::new(x, y, width, height).ok()?;
    is_of_image.then(|| area.clipped(size)).flatten()
}

/// Boxes without those that repeat a surer one; the surest come first.
fn without_repeats(boxes: &[(BoundingBox, f32)], most_iou: f64) -> Vec<(BoundingBox, f32)> {
    let mut kept: Vec<(BoundingBox, f32)> = Vec::new();
    for (area, confidence) in boxes {
        if kept.iter().all(|(other, _)| area.iou(other) <= most_iou) {
            kept.push((*area, *confidence));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of one class whose cells claim nothing, but for some with a logit and distances in pixels.
    fn grid(rows: usize, columns: usize, claims: &[(usize, usize, f32, [f32; 4])]) -> DenseGrid {
        let mut values = [-9.0, 0.0, 0.0, 0.0, 0.0].repeat(rows * columns);
        for (row, column, logit, sides) in claims {
            let cell = &mut values[(row * columns + column) * 5..][..5];
            cell[0] = *logit;
            for (value, side) in cell[1..].iter_mut().zip(sides) {
                *value = (side / 16.0).ln();
            }
        }
        DenseGrid {
            rows,
            columns,
            channels: 5,
            values,
        }
    }

    fn boxes(found: &[FoundShape]) -> Vec<[f32; 4]> {
        let area = |found: &FoundShape| match &found.shape.geometry {
            Geometry::Box(area) => [area.x, area.y, area.width, area.height].map(f32::round),
            _ => panic!("boxes are found"),
        };
        found.iter().map(area).collect()
    }

    #[test]
    fn peaks_become_boxes_of_the_image() {
        // The view shows the image at half its size.
        let size = ImageSize::new(128, 64).unwrap();
        let view = Augmentation::plain((64, 128), 32, 64);
        let claims = [
            (2, 3, 2.0, [6.0, 6.0, 10.0, 6.0]),
            // Not hotter than its neighbour.
            (2, 4, 1.0, [6.0, 6.0, 6.0, 6.0]),
            // Repeats the first box.
            (2, 5, 1.5, [14.0, 6.0, 2.0, 6.0]),
            // Reaches out of the image.
            (7, 15, 0.0, [4.0, 4.0, 9.0, 9.0]),
            // Too unsure.
            (6, 8, -4.0, [4.0, 4.0, 4.0, 4.0]),
        ];
        let grid = grid(8, 16, &claims);
        let decoding = BoxDecoding::default();
        let found = box_shapes(&grid, size, &view, &decoding).unwrap();
        assert_eq!(
            boxes(&found),
            [[16.0, 8.0, 32.0, 24.0], [116.0, 52.0, 12.0, 12.0]]
        );
        assert!((found[1].confidence - 0.5).abs() < 1e-6);
        let one = BoxDecoding {
            most_boxes: 1,
            ..decoding
        };
        assert_eq!(box_shapes(&grid, size, &view, &one).unwrap(), found[..1]);
        assert!(
            box_shapes(
                &grid,
                size,
                &Augmentation::plain((64, 128), 32, 32),
                &decoding
            )
            .is_err()
        );
    }

    #[test]
    fn targets_come_back_as_their_boxes() {
        let size = ImageSize::new(90, 70).unwrap();
        let drawn = [[5.0, 6.0, 30.0, 20.0], [50.0, 30.0, 40.0, 40.0]];
        let shapes = drawn.map(|[x, y, width, height]| DrawnShape {
            class: ClassId(0),
            geometry: Geometry::Box(BoundingBox::new(x, y, width, height).unwrap()),
        });
        let drawing = autolabel_annotation::Drawing {
            shapes: shapes.to_vec(),
            ignored: None,
        };
        let view = Augmentation::plain((70, 90), 96, 128);
        let target = crate::dense::box_target(&drawing, size, 1, &view).unwrap();
        let mut claims = Vec::new();
        for (index, values) in target.values.chunks(6).enumerate() {
            if let [heat, left, upper, right, lower, weight] = *values
                && weight > 0.0
            {
                let logit = if heat >= 1.0 { 3.0 } else { heat };
                claims.push((index / 32, index % 32, logit, [left, upper, right, lower]));
            }
        }
        let found = box_shapes(&grid(24, 32, &claims), size, &view, &BoxDecoding::default());
        let mut found = boxes(&found.unwrap());
        found.sort_by(|first, second| first[0].total_cmp(&second[0]));
        assert_eq!(found, drawn);
    }
}
