//! What the dense network answers.

use rayon::prelude::*;

use crate::dense::buffers::Buffers;
use crate::dense::class_loss::softmax;
use crate::dense::maps::DenseMaps;
use crate::dense::objective::DenseTask;
use crate::dense::state::DenseState;

/// Images that one thread runs together.
const PART: usize = 4;

/// Numbers for each cell of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseGrid {
    /// Cells from top to bottom.
    pub rows: usize,
    /// Cells from left to right.
    pub columns: usize,
    /// Numbers a cell.
    pub channels: usize,
    /// `[rows, columns, channels]`.
    pub values: Vec<f32>,
}

/// The class probabilities of each cell of 4 by 4 pixels, one grid an image: as many channels as
/// classes, each from 0 to 1, 1 in all. Runs on the threads of the rayon pool it is called in; the
/// answer for an image depends on neither them nor its neighbours beyond rounding. For the task of
/// classes; of the others there are no probabilities before shapes are made, and their answers are left
/// as [`dense_logits`] gives them.
#[must_use]
pub fn predict_dense(state: &DenseState, maps: &[DenseMaps<'_>]) -> Vec<DenseGrid> {
    let mut grids = dense_logits(state, maps);
    if let DenseTask::Classes { classes } = state.task() {
        for grid in &mut grids {
            softmax(&mut grid.values, classes);
        }
    }
    grids
}

/// The answers of the network as [`DenseTask`] describes them, one grid an image. Of the task of classes
/// these are any numbers, of which the exponentials are in proportion to the probabilities; enlarged
/// pictures of these have the sharper borders. [`DenseTask::shapes`] makes shapes of them.
#[must_use]
pub fn dense_logits(state: &DenseState, maps: &[DenseMaps<'_>]) -> Vec<DenseGrid> {
    let parts: Vec<Vec<DenseGrid>> = maps
        .par_chunks(PART)
        .map_init(Buffers::default, |buffers, part| {
            let size = |maps: &DenseMaps<'_>| (maps.height(), maps.width());
            let alike = part.chunk_by(|first, second| size(first) == size(second));
            let grids = alike.flat_map(|maps| {
                let pass = state.network.forward(&state.numbers.values, maps, buffers);
                let count = pass.logits.len() / maps.len();
                let grids: Vec<DenseGrid> = pass
                    .logits
                    .chunks_exact(count)
                    .map(|values| DenseGrid {
                        rows: pass.extent.rows,
                        columns: pass.extent.columns,
                        channels: state.network.outputs,
                        values: values.to_vec(),
                    })
                    .collect();
                pass.recycle(buffers);
                grids
            });
            grids.collect()
        })
        .collect();
    parts.concat()
}

impl DenseGrid {
    /// The grid at another size, `[height, width, channels]`, by linear interpolation between the
    /// middles of cells, those at the border continued.
    #[must_use]
    pub fn resized(&self, height: usize, width: usize) -> Vec<f32> {
        let across = Interpolation::new(self.columns, width);
        let down = Interpolation::new(self.rows, height);
        let line = width * self.channels;
        let stretched: Vec<f32> = self
            .values
            .chunks_exact(self.columns * self.channels)
            .flat_map(|row| across.apply(row, self.channels))
            .collect();
        down.apply(&stretched, line)
    }

    /// The likeliest channel of each pixel at another size, `[height, width]`.
    #[must_use]
    pub fn likeliest(&self, height: usize, width: usize) -> Vec<u8> {
        let values = self.resized(height, width);
        let pixels = values.chunks_exact(self.channels.max(1));
        pixels
            .map(|pixel| {
                let mut best = 0;
                for (channel, value) in pixel.iter().enumerate() {
                    if *value > pixel[best] {
                        best = channel;
                    }
                }
                u8::try_from(best).unwrap_or(u8::MAX)
            })
            .collect()
    }
}

/// For each place of a longer or shorter line: its left neighbour, its right one, and the share of the
/// right one.
struct Interpolation(Vec<(usize, usize, f32)>);

impl Interpolation {
    fn new(from: usize, to: usize) -> Self {
        let step = from as f32 / to.max(1) as f32;
        let last = from.saturating_sub(1);
        let place = |index: usize| {
            let at = ((index as f32 + 0.5) * step - 0.5).clamp(0.0, last as f32);
            let left = at as usize;
            (left, (left + 1).min(last), at - left as f32)
        };
        Self((0..to).map(place).collect())
    }

    /// Items of `width` numbers each.
    fn apply(&self, line: &[f32], width: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.0.len() * width);
        for &(left, right, share) in &self.0 {
            let left = &line[left * width..][..width];
            let right = &line[right * width..][..width];
            out.extend(left.iter().zip(right).map(|(l, r)| l + share * (r - l)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_interpolated_between_their_middles() {
        let grid = DenseGrid {
            rows: 1,
            columns: 2,
            channels: 1,
            values: vec![0.0, 8.0],
        };
        let found = grid.resized(1, 8);
        assert_eq!(found, [0.0, 0.0, 1.0, 3.0, 5.0, 7.0, 8.0, 8.0]);
        assert_eq!(grid.resized(2, 2), [0.0, 8.0, 0.0, 8.0]);
    }
}
