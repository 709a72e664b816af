//! A plane → a small JPEG for grids and lists.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::ImageIoError;
use crate::model_input::resize_windowed;
use crate::plane::Plane;

/// The plane in its default window as a JPEG whose longer side has at most `max_side` pixels.
/// The aspect ratio is kept and nothing is enlarged. `quality` is 1 to 100.
pub fn preview_jpeg(plane: &Plane, max_side: u32, quality: u8) -> Result<Vec<u8>, ImageIoError> {
    let (width, height) = fit_within(plane.width, plane.height, max_side.max(1));
    let grey_levels: Vec<u8> = resize_windowed(plane, width, height, 1.0)
        .into_iter()
        .map(|level| (level + 0.5) as u8)
        .collect();
    let colours = match plane.channels {
        1 => ExtendedColorType::L8,
        _ => ExtendedColorType::Rgb8,
    };
    let expected = width as usize * height as usize * usize::from(plane.channels);
    if grey_levels.len() != expected {
        return Err(ImageIoError::WrongSampleCount {
            width: plane.width,
            height: plane.height,
            channels: plane.channels,
            found: plane.samples.len(),
        });
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality.clamp(1, 100))
        .encode(&grey_levels, width, height, colours)
        .map_err(|error| ImageIoError::PreviewFailed {
            detail: error.to_string(),
        })?;
    Ok(jpeg)
}

/// The largest size within `max_side` × `max_side` of the same aspect ratio, never enlarged.
fn fit_within(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= max_side {
        return (width, height);
    }
    let scaled = |side: u32| {
        let rounded =
            (u64::from(side) * u64::from(max_side) + u64::from(longer) / 2) / u64::from(longer);
        // Never greater than `max_side`, so it fits.
        (rounded as u32).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Samples;
    use crate::{ReadLimits, decode};

    #[test]
    fn sizes_keep_the_aspect_ratio() {
        assert_eq!(fit_within(2000, 1000, 256), (256, 128));
        assert_eq!(fit_within(10, 20, 256), (10, 20));
        assert_eq!(fit_within(60_000, 1, 256), (256, 1));
        assert_eq!(fit_within(1001, 1000, 100), (100, 100));
    }

    #[test]
    fn a_preview_shows_the_window() {
        let mut samples = vec![1000u16; 600 * 300];
        samples[300 * 300..].fill(3000);
        let plane = Plane::new(300, 600, 1, Samples::U16(samples)).unwrap();
        let preview = decode(
            &preview_jpeg(&plane, 100, 90).unwrap(),
            &ReadLimits::default(),
        )
        .unwrap();
        assert_eq!(
            (preview.width, preview.height, preview.channels),
            (50, 100, 1)
        );
        let Samples::U8(levels) = preview.samples else {
            panic!("a JPEG has 8 bits")
        };
        assert!(levels[..50 * 40].iter().all(|&level| level < 5));
        assert!(levels[50 * 60..].iter().all(|&level| level > 250));
    }

    #[test]
    fn colours_stay_colours() {
        let plane = Plane::new(8, 8, 3, Samples::U8([200, 30, 90].repeat(64))).unwrap();
        let preview = preview_jpeg(&plane, 4, 95).unwrap();
        let preview = decode(&preview, &ReadLimits::default()).unwrap();
        assert_eq!((preview.width, preview.channels), (4, 3));
    }
}
