//! Bytes of a file → a plane, whatever the decoder behind it does.

mod ifd;
mod jpeg;
mod png;
mod tiff;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::DynamicImage;

use crate::ImageIoError;
use crate::format::{ImageFormat, sniff};
use crate::plane::{Plane, Samples};
use crate::read::ReadLimits;

/// Decodes a PNG, JPEG or TIFF image at the bit depth of the file. The format is told from the
/// content. What happens to the samples:
///
/// - Grey of 1, 2 or 4 bits is stretched to 0..=255; palettes are looked up; 16 bits stay 16.
/// - Transparency is composited over black: a value becomes `value · alpha`, rounded.
/// - Colour images whose three channels are equal everywhere become one grey channel.
/// - An Exif or TIFF orientation is applied, so that the picture stands upright.
/// - Colour profiles and gamma are ignored: samples are taken as stored.
/// - TIFF "white is zero" is inverted, so that greater is always brighter.
/// - CMYK, YCbCr TIFF, signed, float and 32-bit samples, lossless and 12-bit JPEG, and TIFF with
///   several pages are refused, each with a sentence.
pub fn decode(bytes: &[u8], limits: &ReadLimits) -> Result<Plane, ImageIoError> {
    let format = sniff(bytes)?;
    let decoder = match format {
        ImageFormat::Png => png::decode,
        ImageFormat::Jpeg => jpeg::decode,
        ImageFormat::Tiff => tiff::decode,
    };
    // A decoder that panics on a malformed file must not end the import of all the others.
    let image = catch_unwind(AssertUnwindSafe(|| decoder(bytes, limits)))
        .map_err(|_| ImageIoError::DecoderFailed { format })??;
    plane_from_image(image, format)
}

/// Checks an announced size against the limit, before memory is taken for it.
pub(crate) fn check_pixels(
    format: ImageFormat,
    width: u32,
    height: u32,
    limits: &ReadLimits,
) -> Result<(), ImageIoError> {
    if width == 0 || height == 0 {
        return Err(ImageIoError::Damaged {
            format,
            detail: format!("its size is {width} × {height} pixels"),
        });
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(ImageIoError::TooManyPixels {
            format,
            width,
            height,
            max_pixels: limits.max_pixels,
        });
    }
    Ok(())
}

/// Bytes a decoder may take for an image whose announced size has passed [`check_pixels`]: the
/// pixels, of at most 8 bytes each (RGBA of 16 bits), and rows, tables and metadata beside them.
pub(crate) fn memory_limit(width: u32, height: u32) -> u64 {
    const WORKING_BYTES: u64 = 64 << 20;
    u64::from(width) * u64::from(height) * 8 + WORKING_BYTES
}

fn plane_from_image(image: DynamicImage, format: ImageFormat) -> Result<Plane, ImageIoError> {
    let (width, height) = (image.width(), image.height());
    let (channels, samples) = match image {
        DynamicImage::ImageLuma8(image) => (1, Samples::U8(image.into_raw())),
        DynamicImage::ImageLuma16(image) => (1, Samples::U16(image.into_raw())),
        DynamicImage::ImageLumaA8(image) => (1, Samples::U8(over_black_8::<2>(&image.into_raw()))),
        DynamicImage::ImageLumaA16(image) => {
            (1, Samples::U16(over_black_16::<2>(&image.into_raw())))
        }
        DynamicImage::ImageRgb8(image) => grey_if_equal_8(image.into_raw()),
        DynamicImage::ImageRgb16(image) => grey_if_equal_16(image.into_raw()),
        DynamicImage::ImageRgba8(image) => grey_if_equal_8(over_black_8::<4>(&image.into_raw())),
        DynamicImage::ImageRgba16(image) => grey_if_equal_16(over_black_16::<4>(&image.into_raw())),
        other => {
            return Err(ImageIoError::Unsupported {
                format,
                found: format!("{:?} samples", other.color()),
                remedy: "8- or 16-bit grey or RGB",
            });
        }
    };
    Plane::new(width, height, channels, samples)
}

/// Drops the last of `N` channels after weighting the others with it.
fn over_black_8<const N: usize>(values: &[u8]) -> Vec<u8> {
    let mut composited = Vec::with_capacity(values.len() / N * (N - 1));
    for pixel in values.as_chunks::<N>().0 {
        let alpha = u32::from(pixel[N - 1]);
        for &value in &pixel[..N - 1] {
            composited.push(((u32::from(value) * alpha + 127) / 255) as u8);
        }
    }
    composited
}

/// Drops the last of `N` channels after weighting the others with it.
fn over_black_16<const N: usize>(values: &[u16]) -> Vec<u16> {
    let mut composited = Vec::with_capacity(values.len() / N * (N - 1));
    for pixel in values.as_chunks::<N>().0 {
        let alpha = u64::from(pixel[N - 1]);
        for &value in &pixel[..N - 1] {
            composited.push(((u64::from(value) * alpha + 32_767) / 65_535) as u16);
        }
    }
    composited
}

/// Grey pictures are often saved as RGB; one channel is a third of the memory and says the same.
fn grey_if_equal_8(rgb: Vec<u8>) -> (u8, Samples) {
    match first_channel_if_equal(&rgb) {
        Some(grey) => (1, Samples::U8(grey)),
        None => (3, Samples::U8(rgb)),
    }
}

fn grey_if_equal_16(rgb: Vec<u16>) -> (u8, Samples) {
    match first_channel_if_equal(&rgb) {
        Some(grey) => (1, Samples::U16(grey)),
        None => (3, Samples::U16(rgb)),
    }
}

fn first_channel_if_equal<T: Copy + PartialEq>(rgb: &[T]) -> Option<Vec<T>> {
    let (pixels, _) = rgb.as_chunks::<3>();
    pixels
        .iter()
        .all(|[red, green, blue]| red == green && green == blue)
        .then(|| pixels.iter().map(|pixel| pixel[0]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_weighs_and_rounds_to_nearest() {
        assert_eq!(
            over_black_8::<2>(&[200, 255, 200, 0, 255, 128, 1, 127]),
            [200, 0, 128, 0]
        );
        assert_eq!(
            over_black_16::<2>(&[65_535, 65_535, 65_535, 1, 40_000, 0]),
            [65_535, 1, 0]
        );
    }

    #[test]
    fn only_equal_channels_become_grey() {
        assert_eq!(grey_if_equal_8(vec![5, 5, 5, 9, 9, 9]).0, 1);
        assert_eq!(grey_if_equal_8(vec![5, 5, 5, 9, 9, 8]).0, 3);
    }

    #[test]
    fn the_pixel_limit_is_inclusive_and_zero_sizes_are_damage() {
        let limits = ReadLimits {
            max_pixels: 100,
            ..ReadLimits::default()
        };
        assert!(check_pixels(ImageFormat::Png, 10, 10, &limits).is_ok());
        assert!(check_pixels(ImageFormat::Png, 101, 1, &limits).is_err());
        assert!(check_pixels(ImageFormat::Png, u32::MAX, u32::MAX, &limits).is_err());
        assert!(check_pixels(ImageFormat::Png, 0, 5, &limits).is_err());
    }
}
