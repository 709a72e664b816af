//! Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994), as OpenCV's
//! `createCLAHE(2.0, (8, 8))` does it: what is faint becomes plain, in each part of the picture by
//! itself, and differences between devices and exposures mostly vanish.

/// Tiles across and down.
const TILES: usize = 8;
/// A grey level counts at most this many times its even share.
const CLIP: f32 = 2.0;
const LEVELS: usize = 256;
/// Weights of red, green and blue in the luma (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// Equalises a square picture in place: red, green, blue one after the other (`3 · side · side`
/// values in 0..=255). The change of the luma is added to all three. `side` must be a multiple of 8;
/// others are left as they are.
pub fn equalise(planar: &mut [f32], side: u32) {
    let side = side as usize;
    let pixels = side * side;
    if side == 0 || !side.is_multiple_of(TILES) || planar.len() != 3 * pixels {
        return;
    }
    let luma: Vec<u8> = (0..pixels)
        .map(|p| {
            let channels = LUMA.iter().enumerate();
            let value: f32 = channels.map(|(c, w)| w * planar[c * pixels + p]).sum();
            value.round().clamp(0.0, 255.0) as u8
        })
        .collect();
    let maps = tile_maps(&luma, side);
    for p in 0..pixels {
        let change = mapped(&maps, &luma, side, p) - f32::from(luma[p]);
        for channel in 0..3 {
            let value = &mut planar[channel * pixels + p];
            *value = (*value + change).clamp(0.0, 255.0);
        }
    }
}

/// The equalising map of grey levels of every tile, row by row.
fn tile_maps(luma: &[u8], side: usize) -> Vec<[f32; LEVELS]> {
    let tile = side / TILES;
    let area = tile * tile;
    let limit = ((CLIP * area as f32 / LEVELS as f32) as usize).max(1);
    (0..TILES * TILES)
        .map(|index| {
            let (top, left) = (index / TILES * tile, index % TILES * tile);
            let mut histogram = [0_usize; LEVELS];
            for row in luma.chunks_exact(side).skip(top).take(tile) {
                for &level in &row[left..left + tile] {
                    histogram[usize::from(level)] += 1;
                }
            }
            clip(&mut histogram, limit);
            let scale = 255.0 / area as f32;
            let mut sum = 0;
            histogram.map(|count| {
                sum += count;
                (sum as f32 * scale).round().min(255.0)
            })
        })
        .collect()
}

/// Cuts peaks and hands what was cut to all levels alike.
fn clip(histogram: &mut [usize; LEVELS], limit: usize) {
    let mut cut = 0;
    for count in histogram.iter_mut() {
        cut += count.saturating_sub(limit);
        *count = (*count).min(limit);
    }
    let (each, rest) = (cut / LEVELS, cut % LEVELS);
    histogram.iter_mut().for_each(|count| *count += each);
    if let Some(step) = LEVELS.checked_div(rest) {
        let levels = histogram.iter_mut().step_by(step.max(1)).take(rest);
        levels.for_each(|count| *count += 1);
    }
}

/// A pixel's new level: the maps of the four nearest tiles, by their nearness.
fn mapped(maps: &[[f32; LEVELS]], luma: &[u8], side: usize, pixel: usize) -> f32 {
    let tile = (side / TILES) as f32;
    let place = |position: usize| {
        let exact = position as f32 / tile - 0.5;
        let first = exact.floor();
        let last = (TILES - 1) as f32;
        let low = first.clamp(0.0, last) as usize;
        let high = (first + 1.0).clamp(0.0, last) as usize;
        (low, high, exact - first)
    };
    let (top, bottom, down) = place(pixel / side);
    let (left, right, across) = place(pixel % side);
    let level = usize::from(luma[pixel]);
    let at = |row: usize, column: usize| maps[row * TILES + column][level];
    let upper = at(top, left) * (1.0 - across) + at(top, right) * across;
    let lower = at(bottom, left) * (1.0 - across) + at(bottom, right) * across;
    (upper * (1.0 - down) + lower * down).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(7 x + 3 y + x y / 16) / 4` in a 64 × 64 picture, as OpenCV 5.0.0 equalises it; computed by
    /// `cv2.createCLAHE(2.0, (8, 8)).apply(...)` at the pixels below.
    const OPENCV: [(usize, usize, f32); 8] = [
        (0, 0, 8.0),
        (0, 63, 139.0),
        (5, 40, 103.0),
        (20, 20, 92.0),
        (31, 7, 80.0),
        (40, 55, 159.0),
        (63, 0, 56.0),
        (63, 63, 247.0),
    ];

    fn picture() -> Vec<f32> {
        let grey: Vec<f32> = (0..64 * 64)
            .map(|p| {
                let (y, x) = (p / 64, p % 64);
                ((7 * x + 3 * y + x * y / 16) / 4 % 256) as f32
            })
            .collect();
        grey.repeat(3)
    }

    #[test]
    fn equals_opencv() {
        let mut planar = picture();
        equalise(&mut planar, 64);
        for (y, x, expected) in OPENCV {
            for channel in 0..3 {
                let found = planar[channel * 4096 + 64 * y + x];
                assert!(
                    (found - expected).abs() <= 1.0,
                    "{y} {x}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn makes_faint_structure_plain() {
        // Stripes of 12 levels in 224 x 224 pixels.
        let grey: Vec<f32> = (0..224 * 224)
            .map(|p| 120.0 + 6.0 * ((p % 224) as f32 / 5.0).sin())
            .collect();
        let mut planar = grey.repeat(3);
        equalise(&mut planar, 224);
        let spread = |values: &[f32]| {
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let squares = values.iter().map(|v| (v - mean).powi(2));
            (squares.sum::<f32>() / values.len() as f32).sqrt()
        };
        assert!(spread(&planar) > 1.5 * spread(&grey), "{}", spread(&planar));
        assert!(planar.iter().all(|v| (0.0..=255.0).contains(v)));
    }

    #[test]
    fn leaves_what_it_cannot_tile() {
        let mut odd = vec![7.0; 3 * 9 * 9];
        equalise(&mut odd, 9);
        assert!(odd.iter().all(|v| *v == 7.0));
    }
}
