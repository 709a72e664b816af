//! One image in memory: interleaved samples and the window they are shown in by default.

use serde::{Deserialize, Serialize};

use crate::ImageIoError;

/// One two-dimensional image, exactly as stored in its file (no windowing, no resizing).
///
/// Invariant kept by every function of this crate: `samples.len() == width · height · channels`,
/// `width` and `height` are at least 1 and `channels` is 1 (grey) or 3 (red, green, blue).
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Columns in pixels.
    pub width: u32,
    /// Rows in pixels.
    pub height: u32,
    /// 1 = grey, 3 = red, green, blue interleaved.
    pub channels: u8,
    /// Row-major samples, top row first.
    pub samples: Samples,
    /// The window used where nobody chose another one.
    pub default_window: Window,
}

/// Sample values at the bit depth of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Samples {
    /// 8 bits per sample.
    U8(Vec<u8>),
    /// 16 bits per sample.
    U16(Vec<u16>),
}

/// Sample values that are shown black (`low` and below) and white (`high` and above).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Sample value shown black.
    pub low: f32,
    /// Sample value shown white; greater than `low`.
    pub high: f32,
}

/// The share of samples that the default window of a 16-bit image leaves out at each end.
const WINDOW_TAIL: f64 = 0.005;

impl Plane {
    /// A plane with the default window of its samples: 0 to 255 for 8 bits; for 16 bits the 0.5th
    /// to the 99.5th percentile over all channels together, so that a few hot pixels or a burnt-in
    /// marker do not flatten the picture and colours keep their hue.
    ///
    /// Fails when the number of samples does not match the size or the number of channels is not
    /// 1 or 3.
    pub fn new(
        width: u32,
        height: u32,
        channels: u8,
        samples: Samples,
    ) -> Result<Plane, ImageIoError> {
        let expected = u64::from(width) * u64::from(height) * u64::from(channels);
        let valid_channels = channels == 1 || channels == 3;
        if expected == 0 || !valid_channels || samples.len() as u64 != expected {
            return Err(ImageIoError::WrongSampleCount {
                width,
                height,
                channels,
                found: samples.len(),
            });
        }
        let default_window = match &samples {
            Samples::U8(_) => Window::EIGHT_BIT,
            Samples::U16(values) => percentile_window(values),
        };
        Ok(Plane {
            width,
            height,
            channels,
            samples,
            default_window,
        })
    }
}

impl Samples {
    /// Number of samples (pixels times channels).
    pub fn len(&self) -> usize {
        match self {
            Samples::U8(values) => values.len(),
            Samples::U16(values) => values.len(),
        }
    }

    /// True where there is not a single sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that one sample takes: 1 or 2.
    pub fn bytes_per_sample(&self) -> u8 {
        match self {
            Samples::U8(_) => 1,
            Samples::U16(_) => 2,
        }
    }
}

impl Window {
    /// The full range of 8-bit samples.
    pub const EIGHT_BIT: Window = Window {
        low: 0.0,
        high: 255.0,
    };

    /// Grey level 0..=255 at which a sample value is shown.
    pub fn grey_level(&self, value: f32) -> f32 {
        ((value - self.low) * (255.0 / (self.high - self.low))).clamp(0.0, 255.0)
    }
}

/// The window between the percentiles `WINDOW_TAIL` and `1 - WINDOW_TAIL` (nearest rank). A
/// constant image gets a window one value wide that shows it black.
fn percentile_window(values: &[u16]) -> Window {
    let mut counts = vec![0u64; 1 << 16];
    for &value in values {
        counts[usize::from(value)] += 1;
    }
    let total = values.len() as u64;
    let tail = (total as f64 * WINDOW_TAIL).floor() as u64;
    let low = value_at_rank(&counts, tail);
    let high = value_at_rank(&counts, total.saturating_sub(1 + tail));
    Window {
        low: low as f32,
        high: high.max(low + 1) as f32,
    }
}

/// The value whose sorted position (from 0) is `rank`.
fn value_at_rank(counts: &[u64], rank: u64) -> usize {
    let mut seen = 0;
    for (value, &count) in counts.iter().enumerate() {
        seen += count;
        if seen > rank {
            return value;
        }
    }
    counts.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bit_window_is_the_full_range() {
        let plane = Plane::new(2, 1, 1, Samples::U8(vec![7, 9])).unwrap();
        assert_eq!(plane.default_window, Window::EIGHT_BIT);
    }

    #[test]
    fn sixteen_bit_window_leaves_out_half_a_percent_at_each_end() {
        let mut values: Vec<u16> = (1000..2000).collect();
        values[0] = 0;
        values[999] = 65535;
        let plane = Plane::new(100, 10, 1, Samples::U16(values)).unwrap();
        assert_eq!(
            plane.default_window,
            Window {
                low: 1005.0,
                high: 1994.0
            }
        );
    }

    #[test]
    fn constant_sixteen_bit_image_has_a_window_of_positive_width() {
        for value in [0, 700, u16::MAX] {
            let plane = Plane::new(3, 3, 1, Samples::U16(vec![value; 9])).unwrap();
            assert!(plane.default_window.high > plane.default_window.low);
            assert_eq!(plane.default_window.low, f32::from(value));
        }
    }

    #[test]
    fn sizes_that_do_not_match_are_refused() {
        for (width, height, channels, count) in [(2, 2, 1, 3), (2, 2, 2, 8), (0, 4, 1, 0)] {
            assert!(Plane::new(width, height, channels, Samples::U8(vec![0; count])).is_err());
        }
    }
}
