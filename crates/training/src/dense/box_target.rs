//! What the network should answer where boxes are to be found.
//!
//! The heat around a centre is an ellipse as wide and high as its box asks for, and the sides of a box
//! are learnt from all cells near its centre, weighted by that heat (TTFNet, Liu et al. 2020): from a
//! centre alone (CenterNet) they take several times as many steps.

use autolabel_annotation::{Drawing, ImageSize};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::maps::{DENSE_STRIDE, DenseTarget};
use crate::dense::objective::SIDES;
use crate::dense::view_space::{UNKNOWN, ViewSpace, paint_ignored};

/// Standard deviation of the heat around a centre, as a share of the side of the box: 0.54 / 6 in TTFNet.
const HEAT_WIDTH: f64 = 0.09;
/// Least standard deviation of the heat, in cells; the next cell then has less than 0.02 of it.
const LEAST_HEAT_WIDTH: f64 = 0.35;
/// Standard deviations from the centre beyond which there is no heat.
const HEAT_REACH: f64 = 3.0;
/// Cells with at least this heat learn the sides of the box.
const SIDES_FROM_HEAT: f32 = 0.3;
/// Boxes of which the view shows a smaller share are neither to be found nor wrong to find.
const LEAST_SHOWN: f64 = 0.4;
/// Boxes that are thinner than this in the view, in pixels, likewise.
const LEAST_SIDE_PX: f64 = 2.0;

/// The heat of `classes` classes and the sides of boxes in each cell of a view of an image of `size`.
///
/// A cell holds, per class, how near it is to a centre (1 there, 0 far from all), then the distances of
/// its middle to the left, upper, right and lower side of its box in pixels of the view, which are
/// negative where it lies outside, then how much it counts for these: the cells of a box count 1
/// together. Boxes are mapped as in [`Augmentation`], turned ones as the ellipses in them, clipped to
/// the view, and of two that share a cell the smaller has it. Polygons and masks count as the boxes
/// around them. What lies outside of the image, is ignored, or belongs to a box that is mostly cut off
/// counts nothing.
///
/// # Errors
/// [`TrainingError::Geometry`] for an ignored mask of another size, [`TrainingError::View`] for a view
/// that cannot be used, [`TrainingError::Class`] for a class that is not below `classes`.
pub fn box_target(
    drawing: &Drawing,
    size: ImageSize,
    classes: usize,
    view: &Augmentation,
) -> Result<DenseTarget, TrainingError> {
    let space = ViewSpace::new(size, view)?;
    let mut numbers = vec![0; size.pixels() as usize];
    paint_ignored(&mut numbers, drawing, size)?;
    let known = space.share_of_cells(&space.seen(&numbers), |number| number != UNKNOWN);
    let mut painter = Painter {
        owners: vec![usize::MAX; known.len()],
        target: DenseTarget {
            rows: space.rows,
            columns: space.columns,
            channels: classes + SIDES + 1,
            values: vec![0.0; known.len() * (classes + SIDES + 1)],
            weights: known.clone(),
        },
        known,
        classes,
    };
    let (shown, cut): (Vec<_>, Vec<_>) = boxes_in_view(drawing, classes, &space)?
        .into_iter()
        .partition(|found| found.is_shown);
    for hidden in &cut {
        painter.ignore(hidden);
    }
    for (owner, found) in shown.iter().enumerate() {
        painter.paint(owner, found);
    }
    painter.share_sides(shown.len());
    Ok(painter.target)
}

/// A box as the view shows it, clipped to it.
struct ViewBox {
    class: usize,
    /// Left and upper, then right and lower side, in pixels of the view.
    from: [f64; 2],
    to: [f64; 2],
    /// Whether enough of it is left.
    is_shown: bool,
}

impl ViewBox {
    fn sides(&self) -> [f64; 2] {
        [0, 1].map(|axis| self.to[axis] - self.from[axis])
    }
}

/// The boxes that the view shows some of, the largest first, so that smaller ones lie on top.
fn boxes_in_view(
    drawing: &Drawing,
    classes: usize,
    space: &ViewSpace,
) -> Result<Vec<ViewBox>, TrainingError> {
    let view_sides = space.sides();
    let mut found = Vec::with_capacity(drawing.shapes.len());
    for shape in &drawing.shapes {
        let class = shape.class.index();
        if class >= classes {
            return Err(TrainingError::Class {
                class: shape.class.0,
                count: classes,
            });
        }
        let Some(area) = shape.geometry.bounding_box() else {
            continue;
        };
        let half = [area.width, area.height].map(|side| 0.5 * f64::from(side));
        let middle = [f64::from(area.x) + half[0], f64::from(area.y) + half[1]];
        let middle = space.view_point(middle);
        let half = space.half_sides_in_view(half);
        let from = [0, 1].map(|axis| (middle[axis] - half[axis]).max(0.0));
        let to = [0, 1].map(|axis| (middle[axis] + half[axis]).min(view_sides[axis]));
        if from[0] >= to[0] || from[1] >= to[1] {
            continue;
        }
        let mut found_box = ViewBox {
            class,
            from,
            to,
            is_shown: false,
        };
        let [width, height] = found_box.sides();
        let share = width * height / (4.0 * half[0] * half[1]);
        found_box.is_shown = share >= LEAST_SHOWN && width.min(height) >= LEAST_SIDE_PX;
        found.push(found_box);
    }
    let area = |found: &ViewBox| found.sides().iter().product::<f64>();
    found.sort_by(|first, second| area(second).total_cmp(&area(first)));
    Ok(found)
}

/// The target under construction.
struct Painter {
    target: DenseTarget,
    /// The share of each cell that is known.
    known: Vec<f32>,
    /// Whose sides a cell learns; `usize::MAX` for none.
    owners: Vec<usize>,
    classes: usize,
}

impl Painter {
    /// Nothing is learnt from the cells whose middle the box holds.
    fn ignore(&mut self, hidden: &ViewBox) {
        let first = |axis: usize| (hidden.from[axis] / DENSE_STRIDE as f64 - 0.5).ceil();
        let after = |axis: usize| (hidden.to[axis] / DENSE_STRIDE as f64 - 0.5).ceil();
        for row in first(1).max(0.0) as usize..after(1).max(0.0) as usize {
            for column in first(0).max(0.0) as usize..after(0).max(0.0) as usize {
                self.target.weights[row * self.target.columns + column] = 0.0;
            }
        }
    }

    /// Writes the heat and the sides of a box over what is there.
    fn paint(&mut self, owner: usize, found: &ViewBox) {
        let stride = DENSE_STRIDE as f64;
        let cells = [self.target.columns, self.target.rows];
        let centre = [0, 1].map(|axis| {
            let middle = 0.5 * (found.from[axis] + found.to[axis]) / stride;
            (middle as usize).min(cells[axis] - 1)
        });
        let width = found
            .sides()
            .map(|side| (HEAT_WIDTH * side / stride).max(LEAST_HEAT_WIDTH));
        let reach = width.map(|width| (HEAT_REACH * width).ceil() as usize);
        let range = |axis: usize| {
            let last = (centre[axis] + reach[axis]).min(cells[axis] - 1);
            centre[axis].saturating_sub(reach[axis])..=last
        };
        for row in range(1) {
            for column in range(0) {
                let off = |at: usize, axis: usize| at.abs_diff(centre[axis]) as f64 / width[axis];
                let heat = (-0.5 * (off(column, 0).powi(2) + off(row, 1).powi(2))).exp() as f32;
                self.paint_cell(owner, found, (row, column), heat);
            }
        }
    }

    fn paint_cell(
        &mut self,
        owner: usize,
        found: &ViewBox,
        (row, column): (usize, usize),
        heat: f32,
    ) {
        let channels = self.target.channels;
        let cell = row * self.target.columns + column;
        let values = &mut self.target.values[cell * channels..][..channels];
        let (heats, sides) = values.split_at_mut(self.classes);
        heats[found.class] = heats[found.class].max(heat);
        if heat >= SIDES_FROM_HEAT {
            // A centre may lie where a box that is cut off was ignored.
            self.target.weights[cell] = self.known[cell];
            let [x, y] = [column, row].map(|at| (at as f64 + 0.5) * DENSE_STRIDE as f64);
            let distances = [
                x - found.from[0],
                y - found.from[1],
                found.to[0] - x,
                found.to[1] - y,
            ];
            for (side, distance) in sides.iter_mut().zip(distances) {
                *side = distance as f32;
            }
            sides[SIDES] = heat * self.known[cell];
            self.owners[cell] = owner;
        }
    }

    /// Lets the cells of each box count 1 together, in proportion to their heat.
    fn share_sides(&mut self, boxes: usize) {
        let weight = self.classes + SIDES;
        let mut sums = vec![0.0_f32; boxes];
        let channels = self.target.channels;
        for (values, &owner) in self.target.values.chunks_exact(channels).zip(&self.owners) {
            if let Some(sum) = sums.get_mut(owner) {
                *sum += values[weight];
            }
        }
        let cells = self.target.values.chunks_exact_mut(channels);
        for (values, &owner) in cells.zip(&self.owners) {
            if let Some(sum) = sums.get(owner).filter(|sum| **sum > 0.0) {
                values[weight] /= sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use autolabel_annotation::{BoundingBox, ClassId, DrawnShape, Geometry, Mask};

    use super::*;

    const SIZE: (usize, usize) = (64, 96);

    fn size() -> ImageSize {
        ImageSize::new(96, 64).unwrap()
    }

    fn drawing(boxes: &[(u16, [f32; 4])]) -> Drawing {
        let shape = |&(class, [x, y, width, height]): &(u16, [f32; 4])| DrawnShape {
            class: ClassId(class),
            geometry: Geometry::Box(BoundingBox::new(x, y, width, height).unwrap()),
        };
        Drawing {
            shapes: boxes.iter().map(shape).collect(),
            ignored: None,
        }
    }

    fn cell(target: &DenseTarget, row: usize, column: usize) -> &[f32] {
        &target.values[(row * target.columns + column) * target.channels..][..target.channels]
    }

    #[test]
    fn a_box_is_hot_in_the_middle_and_knows_its_sides() {
        let view = Augmentation::plain(SIZE, 64, 96);
        let drawn = drawing(&[(1, [8.0, 12.0, 44.0, 20.0])]);
        let target = box_target(&drawn, size(), 2, &view).unwrap();
        assert_eq!((target.rows, target.columns, target.channels), (16, 24, 7));
        // The centre (30, 22) lies in the cell of row 5, column 7, whose middle is (30, 22).
        assert_eq!(cell(&target, 5, 7)[..6], [0.0, 1.0, 22.0, 10.0, 22.0, 10.0]);
        assert!(cell(&target, 5, 8)[1] > cell(&target, 6, 7)[1]);
        let sum: f32 = target.values.chunks(7).map(|values| values[6]).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert!(target.weights.iter().all(|weight| *weight == 1.0));
    }

    #[test]
    fn a_turned_view_turns_the_boxes() {
        // A quarter turn: the view pixel (x, y) shows the pixel (y, 63 - x).
        let view = Augmentation {
            height: 96,
            width: 64,
            source_from_view: [[0.0, 1.0, 0.0], [-1.0, 0.0, 63.0]],
            colour: autolabel_image_io::ColourJitter::NONE,
        };
        let drawn = drawing(&[(0, [8.0, 12.0, 44.0, 20.0])]);
        let target = box_target(&drawn, size(), 1, &view).unwrap();
        // The box is 20 wide and 44 high, around (64 - 22, 30).
        assert_eq!(cell(&target, 7, 10)[..5], [1.0, 10.0, 22.0, 10.0, 22.0]);
    }

    #[test]
    fn the_smaller_box_lies_on_top_and_outside_nothing_is_known() {
        // Half the size, so that the image fills the left half of the view.
        let view = Augmentation {
            source_from_view: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            ..Augmentation::plain(SIZE, 64, 192)
        };
        let drawn = drawing(&[(0, [18.0, 14.0, 8.0, 8.0]), (0, [2.0, 2.0, 40.0, 32.0])]);
        let target = box_target(&drawn, size(), 1, &view).unwrap();
        assert_eq!(cell(&target, 4, 5)[..5], [1.0, 4.0, 4.0, 4.0, 4.0]);
        assert!(target.weights[..24].iter().all(|weight| *weight == 1.0));
        assert!(target.weights[24..48].iter().all(|weight| *weight == 0.0));
        let sum: f32 = target.values.chunks(6).map(|values| values[5]).sum();
        assert!((sum - 2.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_mostly_cut_off_or_ignored_counts_nothing() {
        // The view shows the image from column 40 on.
        let view = Augmentation {
            source_from_view: [[1.0, 0.0, 40.0], [0.0, 1.0, 0.0]],
            ..Augmentation::plain(SIZE, 64, 32)
        };
        let mut drawn = drawing(&[(0, [20.0, 0.0, 28.0, 16.0]), (0, [36.0, 32.0, 16.0, 16.0])]);
        drawn.ignored = Some(Mask::of_box(
            size(),
            &BoundingBox::new(64.0, 48.0, 8.0, 16.0).unwrap(),
        ));
        let target = box_target(&drawn, size(), 1, &view).unwrap();
        // Of the first box 8 of 28 columns are left: two columns of cells, four rows.
        assert_eq!(target.weights[..3], [0.0, 0.0, 1.0]);
        assert_eq!(target.weights[3 * 8..][..2], [0.0, 0.0]);
        assert_eq!(target.weights[4 * 8], 1.0);
        assert!(cell(&target, 1, 1)[0] < 0.1);
        // Of the second 12 of 16, clipped.
        assert_eq!(cell(&target, 10, 1)[..5], [1.0, 6.0, 10.0, 6.0, 6.0]);
        assert_eq!(target.weights[15 * 8 + 6..][..2], [0.0, 0.0]);
        let refused = box_target(&drawn, size(), 0, &view);
        assert!(matches!(refused, Err(TrainingError::Class { .. })));
    }
}
