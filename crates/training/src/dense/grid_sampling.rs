//! What the network answers for each pixel of the image, interpolated between cells.

use autolabel_annotation::ImageSize;
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::maps::DENSE_STRIDE;
use crate::dense::prediction::DenseGrid;
use crate::dense::view_space::ViewSpace;

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

    /// Writes the answers at the middle of a pixel of the image, linear between the middles of cells,
    /// those at the border continued; the place in the view that shows it, x and y in pixels. `None`
    /// where the view does not show it.
    pub fn pixel(&self, x: u32, y: u32, answers: &mut [f32]) -> Option<[f64; 2]> {
        let point = self.space.view_point([x, y].map(|at| f64::from(at) + 0.5));
        let [width, height] = self.space.sides();
        let is_shown = point[0] >= 0.0 && point[1] >= 0.0 && point[0] < width && point[1] < height;
        is_shown.then(|| {
            self.at(point, answers);
            point
        })
    }

    fn at(&self, point: [f64; 2], answers: &mut [f32]) {
        let grid = self.grid;
        let between = |at: f64, cells: usize| {
            let at = (at / DENSE_STRIDE as f64 - 0.5).clamp(0.0, (cells - 1) as f64);
            let low = at as usize;
            (low, (low + 1).min(cells - 1), (at - low as f64) as f32)
        };
        let (left, right, across) = between(point[0], grid.columns);
        let (upper, lower, down) = between(point[1], grid.rows);
        let corners = [
            (upper, left, (1.0 - down) * (1.0 - across)),
            (upper, right, (1.0 - down) * across),
            (lower, left, down * (1.0 - across)),
            (lower, right, down * across),
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
