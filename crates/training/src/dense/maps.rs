//! What the dense learner reads of one view of an image: maps of the frozen stages, and a target.

use autolabel_models::{
    FROZEN_MAP_CHANNELS, FROZEN_MAP_STRIDES, FROZEN_MULTIPLE, frozen_stage_values,
};
use half::f16;

use crate::TrainingError;

/// Pixels of the input a cell of the output stands for, in each direction.
pub const DENSE_STRIDE: usize = 4;
/// The class of a pixel without a label.
pub const UNLABELED: u8 = 255;

/// The maps of stages 2, 3 and 4 of the frozen network on one view of an image.
#[derive(Clone, Copy, Debug)]
pub struct DenseMaps<'a> {
    height: usize,
    width: usize,
    values: &'a [f16],
}

impl<'a> DenseMaps<'a> {
    /// Maps of an input of `height` by `width` pixels, both multiples of 32. `values` holds stage 2
    /// as `[height / 4, width / 4, 24]`, then stage 3 as `[height / 8, width / 8, 40]`, then stage 4
    /// as `[height / 16, width / 16, 80]`, channels running fastest.
    ///
    /// # Errors
    /// [`TrainingError::Maps`] for other sides or another number of values.
    pub fn new(height: usize, width: usize, values: &'a [f16]) -> Result<Self, TrainingError> {
        let refused = |reason: String| Err(TrainingError::Maps { reason });
        let is_side = |side: usize| side > 0 && side.is_multiple_of(FROZEN_MULTIPLE);
        if !is_side(height) || !is_side(width) {
            return refused(format!(
                "an input of {width} x {height} pixels; both must be multiples of {FROZEN_MULTIPLE}"
            ));
        }
        let count = Self::count(height, width);
        if values.len() != count {
            return refused(format!("{} values instead of {count}", values.len()));
        }
        Ok(Self {
            height,
            width,
            values,
        })
    }

    /// Numbers in the maps of an input of `height` by `width` pixels.
    #[must_use]
    pub fn count(height: usize, width: usize) -> usize {
        frozen_stage_values(height, width)
    }

    /// Rows of the input, in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of the input, in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The maps of stages 2, 3 and 4.
    pub(crate) fn stages(&self) -> [&'a [f16]; 3] {
        let mut rest = self.values;
        let mut index = 0;
        [(); 3].map(|()| {
            let (stride, channels) = (FROZEN_MAP_STRIDES[index], FROZEN_MAP_CHANNELS[index]);
            let count = self.height / stride * (self.width / stride) * channels;
            let (stage, after) = rest.split_at(count);
            rest = after;
            index += 1;
            stage
        })
    }
}

/// What the learner should answer for one view: numbers per cell of 4 by 4 pixels, and how much each
/// cell counts.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseTarget {
    /// Cells from top to bottom: the height of the input / 4.
    pub rows: usize,
    /// Cells from left to right.
    pub columns: usize,
    /// Numbers per cell, as the task asks for; for classes, the share of each, which add up to 1. For
    /// the others see [`box_target`](crate::box_target) and
    /// [`instance_target`](crate::instance_target).
    pub channels: usize,
    /// `[rows, columns, channels]`.
    pub values: Vec<f32>,
    /// `[rows, columns]`: how much a cell counts, 0 where nothing is known, as a rule 1 where everything
    /// is.
    pub weights: Vec<f32>,
}

impl DenseTarget {
    /// The shares of `classes` classes in each cell, from one class a pixel: `labels` holds
    /// `[height, width]` classes below `classes`, and anything else, such as [`UNLABELED`], where
    /// nobody said. A cell counts by the share of its pixels with a label.
    ///
    /// # Errors
    /// [`TrainingError::Maps`] for another number of labels or sides that are no multiples of 4.
    pub fn of_classes(
        height: usize,
        width: usize,
        classes: usize,
        labels: &[u8],
    ) -> Result<Self, TrainingError> {
        let is_whole = |side: usize| side > 0 && side.is_multiple_of(DENSE_STRIDE);
        if !is_whole(height) || !is_whole(width) || labels.len() != height * width {
            let reason = format!("{} labels for {width} x {height} pixels", labels.len());
            return Err(TrainingError::Maps { reason });
        }
        let (rows, columns) = (height / DENSE_STRIDE, width / DENSE_STRIDE);
        let mut target = Self {
            rows,
            columns,
            channels: classes,
            values: vec![0.0; rows * columns * classes],
            weights: vec![0.0; rows * columns],
        };
        for (y, line) in labels.chunks_exact(width).enumerate() {
            for (x, &label) in line.iter().enumerate() {
                let class = usize::from(label);
                if class < classes {
                    let cell = y / DENSE_STRIDE * columns + x / DENSE_STRIDE;
                    target.values[cell * classes + class] += 1.0;
                    target.weights[cell] += 1.0;
                }
            }
        }
        let cells = target.values.chunks_exact_mut(classes.max(1));
        for (values, weight) in cells.zip(&mut target.weights) {
            if *weight > 0.0 {
                values.iter_mut().for_each(|value| *value /= *weight);
            }
            *weight /= (DENSE_STRIDE * DENSE_STRIDE) as f32;
        }
        Ok(target)
    }
}

/// One view of an image to learn from.
#[derive(Clone, Debug)]
pub struct DenseView<'a> {
    /// What the frozen stages saw.
    pub maps: DenseMaps<'a>,
    /// What there is.
    pub target: DenseTarget,
}

/// One labeled image: a step takes one of its views.
#[derive(Clone, Debug)]
pub struct DenseExample<'a> {
    /// At least one.
    pub views: Vec<DenseView<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_taken_apart_by_stage() {
        let count = DenseMaps::count(32, 64);
        assert_eq!(count, 8 * 16 * 24 + 4 * 8 * 40 + 2 * 4 * 80);
        let values: Vec<f16> = (0..count).map(|v| f16::from_f32(v as f32)).collect();
        let maps = DenseMaps::new(32, 64, &values).unwrap();
        let lengths = maps.stages().map(<[f16]>::len);
        assert_eq!(lengths, [8 * 16 * 24, 4 * 8 * 40, 2 * 4 * 80]);
        assert!(DenseMaps::new(32, 48, &values).is_err());
        assert!(DenseMaps::new(32, 32, &values).is_err());
    }

    #[test]
    fn cells_hold_shares_of_the_labeled_pixels() {
        let mut labels = vec![UNLABELED; 4 * 8];
        // The first cell: 8 pixels of class 1, 4 of class 0, 4 without; the second without any.
        for (row, line) in labels.chunks_exact_mut(8).enumerate() {
            line[..4].copy_from_slice(&[1, 1, 0, UNLABELED]);
            assert!(row < 4);
        }
        let target = DenseTarget::of_classes(4, 8, 2, &labels).unwrap();
        assert_eq!((target.rows, target.columns), (1, 2));
        assert_eq!(target.values, [1.0 / 3.0, 2.0 / 3.0, 0.0, 0.0]);
        assert_eq!(target.weights, [0.75, 0.0]);
        assert!(DenseTarget::of_classes(4, 6, 2, &labels[..24]).is_err());
    }
}
