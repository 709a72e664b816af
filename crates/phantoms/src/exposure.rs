//! Attenuation → the picture on the screen: turning, scatter, noise, processing.

use rand::Rng;

use crate::artefacts::SideMarker;
use crate::draw::{around, between, happens, standard_normal};
use crate::field::{Field, PICTURE_SIDE, grid_from_body, smoothstep};

/// How the picture lies over the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    sine: f32,
    cosine: f32,
    scale: f32,
    shift: (f32, f32),
}

impl View {
    pub fn draw(rng: &mut impl Rng) -> View {
        let (sine, cosine) = around(rng, 0.0, 0.028).sin_cos();
        View {
            sine,
            cosine,
            scale: around(rng, 1.0, 0.028),
            shift: (around(rng, 0.0, 0.014), around(rng, 0.0, 0.014)),
        }
    }

    /// Body point under a point of the picture, both in units of the picture's side.
    pub fn body_from_picture(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - 0.5, y - 0.5);
        (
            0.5 + (self.cosine * dx + self.sine * dy) * self.scale + self.shift.0,
            0.5 + (self.cosine * dy - self.sine * dx) * self.scale + self.shift.1,
        )
    }

    /// Point of the picture that shows a body point: the inverse.
    pub fn picture_from_body(&self, x: f32, y: f32) -> (f32, f32) {
        let dx = (x - 0.5 - self.shift.0) / self.scale;
        let dy = (y - 0.5 - self.shift.1) / self.scale;
        (
            0.5 + self.cosine * dx - self.sine * dy,
            0.5 + self.sine * dx + self.cosine * dy,
        )
    }
}

/// How the picture was taken and processed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exposure {
    /// Photons that reach a pixel through nothing.
    photons: f32,
    /// Scattered share of the signal.
    scatter: f32,
    /// Attenuation of one unit of tissue.
    contrast: f32,
    /// Sharpening by the processing.
    edge_enhancement: f32,
    gamma: f32,
    black: f32,
    white: f32,
    /// Unexposed rims, in units of the side: left, top, right, bottom.
    collimation: [f32; 4],
}

impl Exposure {
    pub fn draw(rng: &mut impl Rng, is_bedside: bool) -> Exposure {
        let mut rim = || {
            if happens(rng, 0.14) {
                between(rng, 0.004, 0.05)
            } else {
                -1.0
            }
        };
        let collimation = [rim(), rim(), rim(), rim()];
        Exposure {
            photons: between(rng, 12_000.0, 60_000.0) * if is_bedside { 0.6 } else { 1.0 },
            scatter: between(rng, 0.22, 0.40) + if is_bedside { 0.12 } else { 0.0 },
            contrast: between(rng, 2.3, 2.9),
            edge_enhancement: between(rng, 0.3, 0.9),
            gamma: around(rng, 1.0, 0.10),
            black: around(rng, 0.02, 0.02),
            white: around(rng, 0.93, 0.04),
            collimation,
        }
    }
}

const PIXELS: usize = PICTURE_SIDE * PICTURE_SIDE;

/// Grey levels of the picture, row-major.
pub(crate) fn expose(
    rng: &mut impl Rng,
    attenuation: &Field,
    view: &View,
    exposure: &Exposure,
    marker: Option<&SideMarker>,
) -> Vec<u8> {
    let mut signal = transmitted(attenuation, view, exposure);
    let scattered = blurred(&signal, 22);
    for (signal, scattered) in signal.iter_mut().zip(&scattered) {
        let total = *signal * (1.0 - exposure.scatter) + scattered * exposure.scatter;
        // Photon noise: normal with the variance of the Poisson distribution.
        let noise = standard_normal(rng) * (total / exposure.photons).sqrt();
        *signal = (total + noise).max(1e-4);
    }
    let density = detected_density(&signal);
    let sharp = enhanced(&density, exposure.edge_enhancement);
    grey_levels(&sharp, exposure, marker)
}

/// Share of the photons that pass straight through to each pixel (Lambert and Beer's law).
fn transmitted(attenuation: &Field, view: &View, exposure: &Exposure) -> Vec<f32> {
    let mut signal = Vec::with_capacity(PIXELS);
    for row in 0..PICTURE_SIDE {
        for column in 0..PICTURE_SIDE {
            let (x, y) = view.body_from_picture(picture_unit(column), picture_unit(row));
            let tissue = attenuation.at(grid_from_body(x), grid_from_body(y));
            signal.push((-exposure.contrast * tissue).exp());
        }
    }
    signal
}

/// Optical density behind the detector's screen, which spreads light to the four neighbours.
fn detected_density(signal: &[f32]) -> Vec<f32> {
    const SPREAD: f32 = 0.16;
    let last = PICTURE_SIDE - 1;
    let line = |row: usize| &signal[row * PICTURE_SIDE..][..PICTURE_SIDE];
    let mut density = Vec::with_capacity(PIXELS);
    for row in 0..PICTURE_SIDE {
        let (above, here, below) = (
            line(row.saturating_sub(1)),
            line(row),
            line((row + 1).min(last)),
        );
        for column in 0..PICTURE_SIDE {
            let beside = here[column.saturating_sub(1)] + here[(column + 1).min(last)];
            let around = (above[column] + below[column] + beside) / 4.0;
            density.push(-(here[column] * (1.0 - SPREAD) + around * SPREAD).ln());
        }
    }
    density
}

fn picture_unit(pixel: usize) -> f32 {
    (pixel as f32 + 0.5) / PICTURE_SIDE as f32
}

/// Stretches the range that the body uses over the grey scale, as the processing of a digital
/// system does, and adds the marker and the unexposed rims.
fn grey_levels(density: &[f32], exposure: &Exposure, marker: Option<&SideMarker>) -> Vec<u8> {
    let (low, high) = body_range(density);
    let tone = tone_curve(exposure);
    let [left, top, right, bottom] = exposure.collimation;
    let open = |near: f32, far: f32| -> Vec<f32> {
        let rim = |unit: f32, edge: f32| smoothstep(-0.004, 0.004, unit - edge);
        (0..PICTURE_SIDE)
            .map(|pixel| rim(picture_unit(pixel), near) * rim(1.0 - picture_unit(pixel), far))
            .collect()
    };
    let (open_columns, open_rows) = (open(left, right), open(top, bottom));
    let mut levels = Vec::with_capacity(PIXELS);
    for (row, line) in density.chunks_exact(PICTURE_SIDE).enumerate() {
        for (column, &d) in line.iter().enumerate() {
            let share = ((d - low) / (high - low)).clamp(0.0, TONE_TOP);
            let mut level = tone[(share * TONE_STEPS) as usize];
            if let Some(marker) = marker {
                let coverage = marker.coverage(picture_unit(column), picture_unit(row));
                level += coverage * (marker.brightness - level);
            }
            let level = level * open_columns[column] * open_rows[row];
            levels.push((level * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
        }
    }
    levels
}

/// Densities shown nearly black and nearly white: from the 1.5th to the 93rd percentile of what is
/// not bare air, with some room below.
fn body_range(density: &[f32]) -> (f32, f32) {
    const LEAST_BODY: f32 = 0.25;
    const BINS_PER_UNIT: f32 = 512.0;
    let mut counts = [0u32; 6 * 512];
    for d in density.iter().filter(|d| **d > LEAST_BODY) {
        counts[((d * BINS_PER_UNIT) as usize).min(6 * 512 - 1)] += 1;
    }
    let body: u32 = counts.iter().sum();
    let at_share = |share: f32| {
        let mut left = (share * body as f32) as u32;
        let bin = counts.iter().position(|&count| {
            let is_here = left < count;
            left = left.saturating_sub(count);
            is_here
        });
        bin.unwrap_or(512) as f32 / BINS_PER_UNIT
    };
    (at_share(0.015) - 0.12, at_share(0.93))
}

/// Entries of the tone curve per unit of its argument.
const TONE_STEPS: f32 = 1024.0;
/// Greatest argument of the tone curve; the body's brightest parts lie at 1.
const TONE_TOP: f32 = 2.0;

/// Grey (0 black to 1 white) by share of the body's range: straight up to three quarters, then with
/// a soft shoulder, as film and its digital heirs have it.
fn tone_curve(exposure: &Exposure) -> Vec<f32> {
    (0..=(TONE_TOP * TONE_STEPS) as usize)
        .map(|step| {
            let share = (step as f32 / TONE_STEPS).powf(exposure.gamma);
            let toned = if share < 0.75 {
                share
            } else {
                1.0 - 0.25 * (-(share - 0.75) / 0.25).exp()
            };
            exposure.black + (exposure.white - exposure.black) * toned
        })
        .collect()
}

/// Unsharp mask.
fn enhanced(density: &[f32], strength: f32) -> Vec<f32> {
    let mut sharp = blurred(density, 5);
    for (value, d) in sharp.iter_mut().zip(density) {
        *value = d + strength * (d - *value) * 0.5;
    }
    sharp
}

/// Two running means of the given radius in each direction: nearly a Gaussian.
fn blurred(values: &[f32], radius: usize) -> Vec<f32> {
    let mut along = values.to_vec();
    let mut blurred = vec![0.0; PIXELS];
    for _ in 0..2 {
        for row in along.chunks_exact_mut(PICTURE_SIDE) {
            let mut line = [0.0; PICTURE_SIDE];
            line.copy_from_slice(row);
            running_mean(&line, radius, row);
        }
        means_down(&along, radius, &mut blurred);
        std::mem::swap(&mut along, &mut blurred);
    }
    along
}

/// Means over `2 radius + 1` values; the ends count again beyond the line.
fn running_mean(line: &[f32; PICTURE_SIDE], radius: usize, means: &mut [f32]) {
    let last = PICTURE_SIDE - 1;
    let scale = 1.0 / (2 * radius + 1) as f32;
    let mut sum = line[0] * radius as f32 + line[..=radius].iter().sum::<f32>();
    for (index, mean) in means.iter_mut().enumerate() {
        *mean = sum * scale;
        sum += line[(index + radius + 1).min(last)] - line[index.saturating_sub(radius)];
    }
}

/// The same down the columns, all columns at once.
fn means_down(values: &[f32], radius: usize, means: &mut [f32]) {
    let last = PICTURE_SIDE - 1;
    let scale = 1.0 / (2 * radius + 1) as f32;
    let row = |index: usize| &values[index * PICTURE_SIDE..][..PICTURE_SIDE];
    let mut sums: Vec<f32> = row(0).iter().map(|value| value * radius as f32).collect();
    for index in 0..=radius {
        for (sum, value) in sums.iter_mut().zip(row(index)) {
            *sum += value;
        }
    }
    for (index, means) in means.chunks_exact_mut(PICTURE_SIDE).enumerate() {
        for (mean, sum) in means.iter_mut().zip(&sums) {
            *mean = sum * scale;
        }
        let entering = row((index + radius + 1).min(last));
        let leaving = row(index.saturating_sub(radius));
        for ((sum, enters), leaves) in sums.iter_mut().zip(entering).zip(leaving) {
            *sum += enters - leaves;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_view_and_its_inverse_agree() {
        let view = View::draw(&mut ChaCha8Rng::seed_from_u64(3));
        for (x, y) in [(0.0, 0.0), (0.3, 0.9), (1.0, 0.5)] {
            let (bx, by) = view.body_from_picture(x, y);
            let (px, py) = view.picture_from_body(bx, by);
            assert!((px - x).abs() < 1e-5 && (py - y).abs() < 1e-5);
        }
    }

    #[test]
    fn blurring_keeps_the_mean_of_a_constant_and_spreads_a_point() {
        let constant = vec![3.0; PIXELS];
        assert!(blurred(&constant, 5).iter().all(|v| (v - 3.0).abs() < 1e-3));
        let mut point = vec![0.0; PIXELS];
        point[100 * PICTURE_SIDE + 100] = 1.0;
        let spread = blurred(&point, 5);
        assert!((spread.iter().sum::<f32>() - 1.0).abs() < 1e-3);
        assert!(spread[104 * PICTURE_SIDE + 97] > 0.0 && spread[150 * PICTURE_SIDE] == 0.0);
    }
}
