//! A square grid of numbers: thickness, attenuation, masks.

use rand::Rng;

use crate::draw::between;

/// Side of the picture in pixels; one unit of length in the body is this many pixels.
pub(crate) const PICTURE_SIDE: usize = 256;
/// Pixels drawn beyond each edge of the picture, so that turning it shows no corners.
pub(crate) const MARGIN: usize = 20;
/// Side of the grid on which the body is drawn.
pub(crate) const GRID_SIDE: usize = PICTURE_SIDE + 2 * MARGIN;

/// Row-major values on the drawing grid.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub values: Vec<f32>,
}

/// Body coordinate (0 to 1 across the picture) of a grid column or row.
pub(crate) fn body_from_grid(index: usize) -> f32 {
    (index as f32 + 0.5 - MARGIN as f32) / PICTURE_SIDE as f32
}

/// Grid position of a body coordinate.
pub(crate) fn grid_from_body(coordinate: f32) -> f32 {
    coordinate * PICTURE_SIDE as f32 - 0.5 + MARGIN as f32
}

/// 0 below `low`, 1 above `high`, smooth between.
#[inline]
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    // The reciprocal is a constant almost everywhere, a division would not be.
    let t = ((value - low) * (1.0 / (high - low))).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

impl Field {
    pub fn zeros() -> Field {
        Field {
            values: vec![0.0; GRID_SIDE * GRID_SIDE],
        }
    }

    /// The value of `function` at each pixel's body coordinates.
    pub fn from_fn(mut function: impl FnMut(f32, f32) -> f32) -> Field {
        let mut field = Field::zeros();
        for (row, line) in field.values.chunks_exact_mut(GRID_SIDE).enumerate() {
            let y = body_from_grid(row);
            for (column, value) in line.iter_mut().enumerate() {
                *value = function(body_from_grid(column), y);
            }
        }
        field
    }

    /// Changes the pixels at most `reach` away from a body point, in a square; `change` gets the
    /// value and the pixel's offset from the point in body units.
    pub fn change_near(
        &mut self,
        (x, y): (f32, f32),
        reach: f32,
        mut change: impl FnMut(&mut f32, f32, f32),
    ) {
        let range = |center: f32| {
            let (low, high) = (
                grid_from_body(center - reach),
                grid_from_body(center + reach),
            );
            let side = GRID_SIDE as f32;
            low.ceil().clamp(0.0, side) as usize..(high.floor() + 1.0).clamp(0.0, side) as usize
        };
        let columns = range(x);
        for row in range(y) {
            let dy = body_from_grid(row) - y;
            let line = &mut self.values[row * GRID_SIDE..][columns.clone()];
            for (value, column) in line.iter_mut().zip(columns.clone()) {
                change(value, body_from_grid(column) - x, dy);
            }
        }
    }

    /// Raises the field to a soft disc of this height where it is lower.
    pub fn raise_disc(&mut self, x: f32, y: f32, radius: f32, height: f32) {
        let fall = 1.0 / (radius * radius);
        self.change_near((x, y), radius * 2.0, |value, dx, dy| {
            *value = value.max(height * (-fall * (dx * dx + dy * dy)).exp());
        });
    }

    /// Bilinear value at a grid position, 0 outside.
    pub fn at(&self, column: f32, row: f32) -> f32 {
        let last = (GRID_SIDE - 1) as f32;
        if column < 0.0 || row < 0.0 || column >= last || row >= last {
            return 0.0;
        }
        let (left, top) = (column as usize, row as usize);
        let (u, v) = (column - left as f32, row - top as f32);
        let start = top * GRID_SIDE + left;
        let (upper, lower) = (&self.values[start..], &self.values[start + GRID_SIDE..]);
        let above = upper[0] + (upper[1] - upper[0]) * u;
        let below = lower[0] + (lower[1] - lower[0]) * u;
        above + (below - above) * v
    }
}

/// Smooth noise of zero mean and about unit spread whose detail starts at `cell` (body units) and
/// doubles in frequency, halving in strength, `octaves` times.
pub(crate) fn cloud(rng: &mut impl Rng, cell: f32, octaves: u32) -> Field {
    let mut field = Field::zeros();
    let mut strength = 1.0;
    let mut cell_px = (cell * PICTURE_SIDE as f32).max(2.0);
    for _ in 0..octaves {
        add_value_noise(rng, &mut field, cell_px, strength);
        strength *= 0.55;
        cell_px = (cell_px / 2.0).max(2.0);
    }
    field
}

/// Random values on a coarse lattice, smoothly interpolated.
fn add_value_noise(rng: &mut impl Rng, field: &mut Field, cell_px: f32, strength: f32) {
    let knots = (GRID_SIDE as f32 / cell_px) as usize + 3;
    let lattice: Vec<f32> = (0..knots * knots)
        .map(|_| between(rng, -2.2, 2.2) * strength)
        .collect();
    let shift = [between(rng, 0.0, 1.0), between(rng, 0.0, 1.0)];
    let steps: Vec<[(usize, f32); 2]> = (0..GRID_SIDE)
        .map(|index| {
            shift.map(|shift| {
                let position = index as f32 / cell_px + shift;
                (position as usize, smoothstep(0.0, 1.0, position.fract()))
            })
        })
        .collect();
    for (line, &[_, (knot_row, v)]) in field.values.chunks_exact_mut(GRID_SIDE).zip(&steps) {
        let (upper, lower) = (
            &lattice[knot_row * knots..],
            &lattice[(knot_row + 1) * knots..],
        );
        for (value, &[(knot, u), _]) in line.iter_mut().zip(&steps) {
            let top = upper[knot] + (upper[knot + 1] - upper[knot]) * u;
            let bottom = lower[knot] + (lower[knot + 1] - lower[knot]) * u;
            *value += top + (bottom - top) * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn body_and_grid_coordinates_are_inverse() {
        for index in [0, 20, 147, GRID_SIDE - 1] {
            assert!((grid_from_body(body_from_grid(index)) - index as f32).abs() < 1e-3);
        }
        assert!((grid_from_body(0.0) - 19.5).abs() < 1e-4);
    }

    #[test]
    fn clouds_are_centred_and_smooth() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let cloud = cloud(&mut rng, 0.1, 1);
        let mean: f32 = cloud.values.iter().sum::<f32>() / cloud.values.len() as f32;
        assert!(mean.abs() < 0.3, "{mean}");
        let steps = cloud.values.windows(2).map(|w| (w[1] - w[0]).abs());
        let along_rows = steps.enumerate().filter(|(i, _)| (i + 1) % GRID_SIDE != 0);
        assert!(along_rows.map(|(_, step)| step).fold(0.0, f32::max) < 0.4);
    }

    #[test]
    fn stamps_outside_the_grid_do_nothing() {
        let mut field = Field::zeros();
        field.raise_disc(3.0, -3.0, 0.1, 1.0);
        assert!(field.values.iter().all(|v| *v == 0.0));
        field.raise_disc(0.0, 0.0, 0.1, 1.0);
        assert!(field.values.iter().any(|v| *v > 0.9));
    }
}
