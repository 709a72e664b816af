//! What the network answers for each pixel of the image, interpolated between cells.

use autolabel_annotation::ImageSize;
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::maps::DENSE_STRIDE;
use crate::dense::prediction::DenseGrid;
use crate::dense::view_space::{Line, ViewSpace};

/// Answers of a view, looked up from the image.
pub(crate) struct GridSampler<'a> {
    grid: &'a DenseGrid,
    /// Where the pixels of the view lie.
    pub space: ViewSpace,
}

impl<'a> GridSampler<'a> {
    /// # Errors
    /// [`TrainingError::View`] for a view of other sides than those of the grid, or one that cannot be
    /// used.
    pub fn new(
        grid: &'a DenseGrid,
        size: ImageSize,
        view: &Augmentation,
    ) -> Result<Self, TrainingError> {
        let space = ViewSpace::new(size, view)?;
        let is_of_view = (space.rows, space.columns) == (grid.rows, grid.columns)
            && grid.values.len() == grid.rows * grid.columns * grid.channels
            && grid.channels > 0;
        match is_of_view {
            true => Ok(Self { grid, space }),
            false => Err(TrainingError::View {
                reason: "the answers are of a view of another size",
            }),
        }
    }

    /// Calls `each` with the answers at the middle of every pixel of the image that the view shows, row by
    /// row: x and y of the pixel, the place in the view in pixels, and the answers, linear between the
    /// middles of cells, those at the border continued.
    ///
    /// Pixels between four cells of which all are `settled` may be left out. That must hold between any
    /// cells for which it holds, as inequalities of linear functions do: most of an image is far from every
    /// border of a shape, and need not be looked at pixel by pixel.
    pub fn each_pixel(
        &self,
        settled: impl Fn(&[f32]) -> bool,
        mut each: impl FnMut([u32; 2], [f64; 2], &mut [f32]),
    ) {
        let mut answers = vec![0.0; self.grid.channels];
        match self.space.along_axes() {
            Some(lines) => self.each_along_axes(&lines, settled, each, &mut answers),
            None => {
                let [width, height] = self.space.image_pixels();
                for y in 0..height {
                    for x in 0..width {
                        let at = [x, y].map(|at| f64::from(at) + 0.5);
                        let point = self.space.view_point(at);
                        if self.space.is_shown(point) {
                            self.answers(point, &mut answers);
                            each([x, y], point, &mut answers);
                        }
                    }
                }
            }
        }
    }

    /// Where columns of the image are columns of the view: a row of cells is blended once for a row of
    /// pixels.
    fn each_along_axes(
        &self,
        lines: &[Line; 2],
        settled: impl Fn(&[f32]) -> bool,
        mut each: impl FnMut([u32; 2], [f64; 2], &mut [f32]),
        answers: &mut [f32],
    ) {
        let grid = self.grid;
        let channels = grid.channels;
        let is_settled: Vec<bool> = grid.values.chunks_exact(channels).map(settled).collect();
        let [sides_x, sides_y] = self.space.sides();
        let [width, height] = self.space.image_pixels();
        let columns = shown(lines[0], width, sides_x, grid.columns);
        let row_of =
            |row: usize| &grid.values[row * grid.columns * channels..][..grid.columns * channels];
        let mut blended = vec![0.0_f32; grid.columns * channels];
        let mut is_column_settled = vec![false; grid.columns];
        for (y, row) in shown(lines[1], height, sides_y, grid.rows) {
            let pairs = row_of(row.low).iter().zip(row_of(row.high));
            for (value, (low, high)) in blended.iter_mut().zip(pairs) {
                *value = low + row.share * (high - low);
            }
            for (column, is_column) in is_column_settled.iter_mut().enumerate() {
                let cell = |row: usize| is_settled[row * grid.columns + column];
                *is_column = cell(row.low) && cell(row.high);
            }
            for (x, column) in &columns {
                if is_column_settled[column.low] && is_column_settled[column.high] {
                    continue;
                }
                let low = &blended[column.low * channels..][..channels];
                let high = &blended[column.high * channels..][..channels];
                for (answer, (low, high)) in answers.iter_mut().zip(low.iter().zip(high)) {
                    *answer = low + column.share * (high - low);
                }
                each([*x, y], [column.at, row.at], answers);
            }
        }
    }

    /// Writes the answers at a place of the view.
    fn answers(&self, point: [f64; 2], answers: &mut [f32]) {
        let grid = self.grid;
        let column = Between::new(point[0], grid.columns);
        let row = Between::new(point[1], grid.rows);
        let corners = [
            (
                row.low,
                column.low,
                (1.0 - row.share) * (1.0 - column.share),
            ),
            (row.low, column.high, (1.0 - row.share) * column.share),
            (row.high, column.low, row.share * (1.0 - column.share)),
            (row.high, column.high, row.share * column.share),
        ];
        answers.fill(0.0);
        for (row, column, share) in corners {
            let first = (row * grid.columns + column) * grid.channels;
            for (answer, value) in answers.iter_mut().zip(&grid.values[first..]) {
                *answer += share * value;
            }
        }
    }
}

/// A place between the middles of two cells of a line.
#[derive(Clone, Copy)]
struct Between {
    /// In pixels of the view.
    at: f64,
    low: usize,
    high: usize,
    /// How much the higher one counts, 0 to 1.
    share: f32,
}

impl Between {
    fn new(at: f64, cells: usize) -> Self {
        let place = (at / DENSE_STRIDE as f64 - 0.5).clamp(0.0, (cells - 1) as f64);
        let low = place as usize;
        Self {
            at,
            low,
            high: (low + 1).min(cells - 1),
            share: (place - low as f64) as f32,
        }
    }
}

/// The pixels along one side of the image that the view shows.
fn shown(line: Line, pixels: u32, side: f64, cells: usize) -> Vec<(u32, Between)> {
    (0..pixels)
        .map(|pixel| (pixel, line.at(f64::from(pixel) + 0.5)))
        .filter(|(_, at)| (0.0..side).contains(at))
        .map(|(pixel, at)| (pixel, Between::new(at, cells)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Along the axes, from the other side, and turned: the same answers as one pixel at a time.
    #[test]
    fn every_pixel_that_is_not_settled_gets_its_answers() {
        let (rows, columns, channels) = (6, 8, 3);
        let mut state = 7_u32;
        let values = (0..rows * columns * channels).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        });
        let grid = DenseGrid {
            rows,
            columns,
            channels,
            values: values.collect(),
        };
        let size = ImageSize::new(50, 41).unwrap();
        let plain = Augmentation::plain((41, 50), 24, 32);
        let mut mirrored = plain;
        mirrored.source_from_view[0][2] += mirrored.source_from_view[0][0] * 31.0;
        mirrored.source_from_view[0][0] *= -1.0;
        let mut turned = plain;
        turned.source_from_view[0][1] = 0.2;
        let is_settled = |cell: &[f32]| cell[0] >= cell[1] && cell[0] >= cell[2];
        for view in [plain, mirrored, turned] {
            let sampler = GridSampler::new(&grid, size, &view).unwrap();
            let mut seen = vec![None; size.pixels() as usize];
            sampler.each_pixel(is_settled, |[x, y], point, answers| {
                seen[(y * 50 + x) as usize] = Some((point, answers.to_vec()));
            });
            let mut answers = [0.0; 3];
            let mut left_out = 0;
            for y in 0..41 {
                for x in 0..50 {
                    let at = [f64::from(x) + 0.5, f64::from(y) + 0.5];
                    let point = sampler.space.view_point(at);
                    let found = &seen[(y * 50 + x) as usize];
                    if !sampler.space.is_shown(point) {
                        assert!(found.is_none());
                        continue;
                    }
                    sampler.answers(point, &mut answers);
                    match found {
                        Some((at, found)) => {
                            assert!((at[0] - point[0]).abs() + (at[1] - point[1]).abs() < 1e-9);
                            for (found, answer) in found.iter().zip(&answers) {
                                assert!((found - answer).abs() < 1e-5);
                            }
                        }
                        None => {
                            left_out += 1;
                            assert!(is_settled(&answers), "{answers:?}");
                        }
                    }
                }
            }
            assert!(left_out < 50 * 41 / 2, "{left_out}");
        }
    }
}
