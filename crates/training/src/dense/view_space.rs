//! Places of an image in a view of it and back, both in the pixel space of drawings: continuous, from
//! the upper-left corner of the upper-left pixel.

use autolabel_annotation::{Drawing, GeometryError, ImageSize, Mask};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::maps::DENSE_STRIDE;

/// Stands for a pixel of which nothing is known: outside of the image, or ignored.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// Where the pixels of a view lie on an image of known size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ViewSpace {
    /// Sides of the view in cells.
    pub rows: usize,
    pub columns: usize,
    size: ImageSize,
    image_from_view: [[f64; 3]; 2],
    view_from_image: [[f64; 3]; 2],
}

impl ViewSpace {
    /// # Errors
    /// [`TrainingError::View`] for a view that shows a line or a point only, or with sides that are no
    /// multiples of 4.
    pub fn new(size: ImageSize, view: &Augmentation) -> Result<Self, TrainingError> {
        let is_whole = |side: usize| side > 0 && side.is_multiple_of(DENSE_STRIDE);
        if !is_whole(view.height) || !is_whole(view.width) {
            return Err(TrainingError::View {
                reason: "its sides are no multiples of 4 pixels",
            });
        }
        // An augmentation counts pixels at their middles.
        let image_from_view = view
            .source_from_view
            .map(|[a, b, c]| [a, b, c + 0.5 - 0.5 * (a + b)]);
        let [[a, b, c], [d, e, f]] = image_from_view;
        let determinant = a * e - b * d;
        if !(determinant.abs() > f64::MIN_POSITIVE && determinant.is_finite()) {
            return Err(TrainingError::View {
                reason: "it shows no area of the image",
            });
        }
        let linear = [
            [e / determinant, -b / determinant],
            [-d / determinant, a / determinant],
        ];
        Ok(Self {
            rows: view.height / DENSE_STRIDE,
            columns: view.width / DENSE_STRIDE,
            size,
            image_from_view,
            view_from_image: linear.map(|[x, y]| [x, y, -(x * c + y * f)]),
        })
    }

    /// Columns and rows of the view, in pixels.
    pub fn sides(&self) -> [f64; 2] {
        [self.columns, self.rows].map(|cells| (cells * DENSE_STRIDE) as f64)
    }

    /// Columns and rows of the image, in pixels.
    pub fn image_sides(&self) -> [f64; 2] {
        [self.size.width(), self.size.height()].map(f64::from)
    }

    /// Columns and rows of the image.
    pub fn image_pixels(&self) -> [u32; 2] {
        [self.size.width(), self.size.height()]
    }

    /// Whether a place lies within the view.
    pub fn is_shown(&self, [x, y]: [f64; 2]) -> bool {
        let [width, height] = self.sides();
        (0.0..width).contains(&x) && (0.0..height).contains(&y)
    }

    /// Where columns and rows of the image lie, if they are columns and rows of the view.
    pub fn along_axes(&self) -> Option<[Line; 2]> {
        let [[a, b, c], [d, e, f]] = self.view_from_image;
        (b == 0.0 && d == 0.0).then_some([Line { slope: a, start: c }, Line { slope: e, start: f }])
    }

    /// The place of the image that a place of the view shows: x, y.
    pub fn image_point(&self, point: [f64; 2]) -> [f64; 2] {
        mapped(&self.image_from_view, point)
    }

    /// The place of the view that shows a place of the image.
    pub fn view_point(&self, point: [f64; 2]) -> [f64; 2] {
        mapped(&self.view_from_image, point)
    }

    /// What half sides a box gets in the view whose sides are along the axes, in pixels: those of the
    /// box around the turned ellipse that fits into it. The box around its turned corners would be
    /// too large for most of what is round, by up to 1.22 at 15 degrees.
    pub fn half_sides_in_view(&self, half_sides: [f64; 2]) -> [f64; 2] {
        let [across, down] = half_sides;
        self.view_from_image
            .map(|[x, y, _]| (x * across).hypot(y * down))
    }

    /// For each pixel of the view, row by row, the value of the pixel of the image that it shows, of
    /// `[height, width]` values; [`UNKNOWN`] outside.
    pub fn seen(&self, values: &[u32]) -> Vec<u32> {
        let [width, height] = [self.columns, self.rows].map(|cells| cells * DENSE_STRIDE);
        let [image_width, image_height] = self.image_sides();
        let mut seen = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let [x, y] = self.image_point([x as f64 + 0.5, y as f64 + 0.5]);
                let is_inside = x >= 0.0 && y >= 0.0 && x < image_width && y < image_height;
                seen.push(match is_inside {
                    true => values[y as usize * self.size.width() as usize + x as usize],
                    false => UNKNOWN,
                });
            }
        }
        seen
    }

    /// The share of the pixels of each cell for which `is_counted` holds of what is seen there, 0 to 1.
    pub fn share_of_cells(&self, seen: &[u32], is_counted: impl Fn(u32) -> bool) -> Vec<f32> {
        let mut shares = vec![0.0; self.rows * self.columns];
        let width = self.columns * DENSE_STRIDE;
        for (y, line) in seen.chunks_exact(width).enumerate() {
            for (x, value) in line.iter().enumerate() {
                if is_counted(*value) {
                    let cell = y / DENSE_STRIDE * self.columns + x / DENSE_STRIDE;
                    shares[cell] += 1.0 / (DENSE_STRIDE * DENSE_STRIDE) as f32;
                }
            }
        }
        shares
    }
}

/// Places along one side of the view, by places along that of the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    slope: f64,
    start: f64,
}

impl Line {
    pub fn at(self, image: f64) -> f64 {
        self.slope * image + self.start
    }
}

fn mapped(by: &[[f64; 3]; 2], [x, y]: [f64; 2]) -> [f64; 2] {
    by.map(|[a, b, c]| a * x + b * y + c)
}

/// Which of two shapes that share a pixel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTop {
    /// As instances are settled.
    Earlier,
    /// As a semantic map is settled.
    Later,
}

/// For each pixel of the image, row by row: 0 for the background, one more than the place of its shape
/// in the drawing, or [`UNKNOWN`] where it is ignored.
pub(crate) fn shape_numbers(
    drawing: &Drawing,
    size: ImageSize,
    on_top: OnTop,
) -> Result<Vec<u32>, TrainingError> {
    let mut numbers = vec![0; size.pixels() as usize];
    let painted = (1..).zip(&drawing.shapes);
    let mut masks = painted
        .map(|(number, shape)| Ok((number, shape.geometry.mask(size)?)))
        .collect::<Result<Vec<_>, GeometryError>>()?;
    if on_top == OnTop::Earlier {
        masks.reverse();
    }
    for (number, mask) in &masks {
        paint(&mut numbers, mask, *number);
    }
    paint_ignored(&mut numbers, drawing, size)?;
    Ok(numbers)
}

/// Marks the pixels that a drawing ignores as [`UNKNOWN`] in an image of `size`.
pub(crate) fn paint_ignored(
    numbers: &mut [u32],
    drawing: &Drawing,
    size: ImageSize,
) -> Result<(), TrainingError> {
    match &drawing.ignored {
        Some(mask) if mask.size() != size => {
            Err(TrainingError::Geometry(GeometryError::SizesDiffer {
                first: mask.size(),
                second: size,
            }))
        }
        Some(mask) => {
            paint(numbers, mask, UNKNOWN);
            Ok(())
        }
        None => Ok(()),
    }
}

fn paint(numbers: &mut [u32], mask: &Mask, number: u32) {
    let width = mask.size().width() as usize;
    for run in mask.column_runs() {
        for y in run.top..run.bottom {
            numbers[y as usize * width + run.x as usize] = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use autolabel_image_io::{AugmentRange, augmented_labels};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn drawn_view() -> Augmentation {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        Augmentation::draw(&mut rng, (30, 50), 32, 64, &AugmentRange::default())
    }

    #[test]
    fn there_and_back_is_the_same_place() {
        let size = ImageSize::new(50, 30).unwrap();
        let space = ViewSpace::new(size, &drawn_view()).unwrap();
        let [x, y] = space.view_point(space.image_point([12.25, 7.5]));
        assert!((x - 12.25).abs() < 1e-9 && (y - 7.5).abs() < 1e-9);
    }

    #[test]
    fn pixels_of_the_view_look_where_its_picture_does() {
        let size = ImageSize::new(50, 30).unwrap();
        let view = drawn_view();
        let space = ViewSpace::new(size, &view).unwrap();
        let labels: Vec<u8> = (0..50 * 30).map(|pixel| (pixel % 251) as u8).collect();
        let numbers: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
        let expected = augmented_labels(&labels, 30, 50, &view);
        let seen = space.seen(&numbers);
        let inside = seen.iter().zip(&expected).filter(|(s, _)| **s != UNKNOWN);
        assert!(inside.clone().count() > 500);
        assert!(inside.into_iter().all(|(s, e)| *s == u32::from(*e)));
        let shares = space.share_of_cells(&seen, |value| value != UNKNOWN);
        let known = seen.iter().filter(|value| **value != UNKNOWN).count();
        assert_eq!(shares.iter().sum::<f32>() * 16.0, known as f32);
    }

    #[test]
    fn views_of_nothing_are_refused() {
        let size = ImageSize::new(50, 30).unwrap();
        let flat = Augmentation {
            source_from_view: [[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]],
            ..drawn_view()
        };
        assert!(ViewSpace::new(size, &flat).is_err());
        let odd = Augmentation {
            width: 30,
            ..drawn_view()
        };
        assert!(ViewSpace::new(size, &odd).is_err());
    }
}
