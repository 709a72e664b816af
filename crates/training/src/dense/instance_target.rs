//! What the network should answer where instances are to be found.

use autolabel_annotation::{Drawing, ImageSize};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::maps::{DENSE_STRIDE, DenseTarget, UNLABELED};
use crate::dense::view_space::{OnTop, UNKNOWN, ViewSpace, shape_numbers};

/// What a cell where two instances touch counts for, beside others: there a wrong answer joins them.
const TOUCHING_WEIGHT: f32 = 3.0;

/// The classes and the ways to the centres of instances in each cell of a view of an image of `size`.
///
/// A cell holds the share of its pixels that are background, then of each of `classes` classes; the way
/// down and the way right from its middle to the centre of its instance in pixels of the view; and how
/// much it counts for that way: the cells of an instance count 1 together. A cell belongs to the instance
/// that has most of its pixels. The centre is the mean place of the pixels that the view shows, so that
/// what is cut off does not matter. Of two shapes that share a pixel the earlier has it. What lies
/// outside of the image or is ignored counts nothing; cells where instances touch count more.
///
/// # Errors
/// [`TrainingError::Geometry`] for masks of another size, [`TrainingError::View`] for a view that cannot
/// be used, [`TrainingError::Class`] for a class that is not below `classes`.
pub fn instance_target(
    drawing: &Drawing,
    size: ImageSize,
    classes: usize,
    view: &Augmentation,
) -> Result<DenseTarget, TrainingError> {
    let space = ViewSpace::new(size, view)?;
    let label_of: Vec<u8> = drawing
        .shapes
        .iter()
        .map(|shape| match u8::try_from(shape.class.index() + 1) {
            Ok(label) if usize::from(label) <= classes => Ok(label),
            _ => Err(TrainingError::Class {
                class: shape.class.0,
                count: classes,
            }),
        })
        .collect::<Result<_, _>>()?;
    let seen = space.seen(&shape_numbers(drawing, size, OnTop::Earlier)?);
    let labels: Vec<u8> = seen
        .iter()
        .map(|number| match *number {
            0 => 0,
            UNKNOWN => UNLABELED,
            number => label_of[number as usize - 1],
        })
        .collect();
    let shares = DenseTarget::of_classes(view.height, view.width, classes + 1, &labels)?;
    let owners = cell_owners(&seen, &space);
    let ways = ways_to_centres(&seen, &owners, &space, drawing.shapes.len());
    let mut target = DenseTarget {
        channels: classes + 1 + 3,
        values: Vec::with_capacity(owners.len() * (classes + 1 + 3)),
        weights: shares.weights,
        ..shares
    };
    for (shares, way) in shares.values.chunks_exact(classes + 1).zip(&ways) {
        target.values.extend(shares);
        target.values.extend(way);
    }
    for (cell, weight) in target.weights.iter_mut().enumerate() {
        if is_touching(&owners, cell, &space) {
            *weight *= TOUCHING_WEIGHT;
        }
    }
    Ok(target)
}

/// For each cell the instance that has most of its pixels, one more than its place in the drawing; 0
/// where none has as many as the background and what is unknown together.
fn cell_owners(seen: &[u32], space: &ViewSpace) -> Vec<u32> {
    let width = space.columns * DENSE_STRIDE;
    let mut owners = Vec::with_capacity(space.rows * space.columns);
    let mut numbers = Vec::with_capacity(DENSE_STRIDE * DENSE_STRIDE);
    for row in 0..space.rows {
        for column in 0..space.columns {
            numbers.clear();
            for y in 0..DENSE_STRIDE {
                let first = (row * DENSE_STRIDE + y) * width + column * DENSE_STRIDE;
                numbers.extend(&seen[first..first + DENSE_STRIDE]);
            }
            numbers.retain(|number| *number != 0 && *number != UNKNOWN);
            numbers.sort_unstable();
            let most = numbers
                .chunk_by(|first, second| first == second)
                .max_by_key(|alike| alike.len());
            let is_covered = 2 * numbers.len() >= DENSE_STRIDE * DENSE_STRIDE;
            owners.push(most.filter(|_| is_covered).map_or(0, |alike| alike[0]));
        }
    }
    owners
}

/// For each cell the way down and right to the centre of its instance, and how much it counts.
fn ways_to_centres(
    seen: &[u32],
    owners: &[u32],
    space: &ViewSpace,
    instances: usize,
) -> Vec<[f32; 3]> {
    // Sums of rows and columns of pixels, pixels, and cells.
    let mut sums = vec![[0.0_f64; 4]; instances + 1];
    let width = space.columns * DENSE_STRIDE;
    for (pixel, &number) in seen.iter().enumerate() {
        if number != UNKNOWN {
            let [down, right, pixels, _] = &mut sums[number as usize];
            *down += (pixel / width) as f64 + 0.5;
            *right += (pixel % width) as f64 + 0.5;
            *pixels += 1.0;
        }
    }
    for &owner in owners {
        sums[owner as usize][3] += 1.0;
    }
    let way = |(cell, &owner): (usize, &u32)| {
        if owner == 0 {
            return [0.0; 3];
        }
        let [down, right, pixels, cells] = sums[owner as usize];
        let middle = |at: usize| (at as f64 + 0.5) * DENSE_STRIDE as f64;
        [
            (down / pixels - middle(cell / space.columns)) as f32,
            (right / pixels - middle(cell % space.columns)) as f32,
            (1.0 / cells) as f32,
        ]
    };
    owners.iter().enumerate().map(way).collect()
}

/// Whether the cell and its eight neighbours belong to more than one instance.
fn is_touching(owners: &[u32], cell: usize, space: &ViewSpace) -> bool {
    let (row, column) = (cell / space.columns, cell % space.columns);
    let mut first = 0;
    for y in row.saturating_sub(1)..=(row + 1).min(space.rows - 1) {
        for x in column.saturating_sub(1)..=(column + 1).min(space.columns - 1) {
            let owner = owners[y * space.columns + x];
            if owner != 0 && first != 0 && owner != first {
                return true;
            }
            first = first.max(owner);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use autolabel_annotation::{BoundingBox, ClassId, DrawnShape, Geometry, Mask};

    use super::*;

    #[test]
    fn cells_point_at_the_middle_of_their_instance() {
        let size = ImageSize::new(32, 16).unwrap();
        let area = |x: f32, y: f32, width: f32, height: f32| {
            BoundingBox::new(x, y, width, height).unwrap()
        };
        let shape = |class: u16, area: BoundingBox| DrawnShape {
            class: ClassId(class),
            geometry: Geometry::Mask(Mask::of_box(size, &area)),
        };
        let drawing = Drawing {
            // The second lies partly under the first.
            shapes: vec![
                shape(1, area(0.0, 0.0, 8.0, 8.0)),
                shape(0, area(4.0, 0.0, 8.0, 4.0)),
            ],
            ignored: Some(Mask::of_box(size, &area(24.0, 0.0, 8.0, 16.0))),
        };
        let view = Augmentation::plain((16, 32), 16, 32);
        let target = instance_target(&drawing, size, 2, &view).unwrap();
        assert_eq!((target.rows, target.columns, target.channels), (4, 8, 6));
        let cell = |row: usize, column: usize| &target.values[(row * 8 + column) * 6..][..6];
        assert_eq!(cell(0, 0), [0.0, 0.0, 1.0, 2.0, 2.0, 0.25]);
        assert_eq!(cell(1, 1), [0.0, 0.0, 1.0, -2.0, -2.0, 0.25]);
        assert_eq!(cell(0, 2), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(cell(3, 5), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        // Ignored on the right, and touching around the border of both.
        assert_eq!(
            target.weights[..8],
            [1.0, 3.0, 3.0, 1.0, 1.0, 1.0, 0.0, 0.0]
        );
        let refused = instance_target(&drawing, size, 1, &view).unwrap_err();
        assert!(matches!(
            refused,
            TrainingError::Class { class: 1, count: 1 }
        ));
    }
}
