//! A plane → what a network reads: planar red, green, blue at a fixed size.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, F32x3, InnerPixel, U8, U8x3};
use fast_image_resize::{FilterType, ImageView, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::plane::{Plane, Samples, Window};

/// The plane in its default window, squashed to `side` × `side` (the aspect ratio is not kept) by
/// an antialiased bilinear filter, as `3 · side · side` values in 0..=255: all of red, then green,
/// then blue, row-major; grey is written three times.
///
/// The filter is the convolution that Pillow calls `BILINEAR`: its support grows with the
/// reduction, so that no pixel is skipped. 8-bit images are resized in 8 bits, as Pillow does
/// (±1 level: the two passes run in the other order); 16-bit ones in f32 after windowing.
///
/// A plane that breaks its own invariant (too few samples) gives an empty vector.
pub fn model_input(plane: &Plane, side: u32) -> Vec<f32> {
    model_input_of_centre(plane, side, 1.0)
}

/// [`model_input`] of the middle of the plane: `share` (above 0, at most 1) of its width and of its
/// height, so that small things in the middle fill the picture.
pub fn model_input_of_centre(plane: &Plane, side: u32, share: f64) -> Vec<f32> {
    planar(plane, &resize_windowed(plane, side, side, share))
}

/// [`model_input`] at `width` × `height` pixels: `3 · height · width` values.
pub fn model_input_sized(plane: &Plane, width: u32, height: u32) -> Vec<f32> {
    planar(plane, &resize_windowed(plane, width, height, 1.0))
}

/// Red, green and blue one after the other of what the plane was resized to.
fn planar(plane: &Plane, resized: &[f32]) -> Vec<f32> {
    match plane.channels {
        1 => resized.repeat(3),
        _ => planar_from_interleaved(resized),
    }
}

/// The plane in its default window at `width` × `height`, interleaved, values 0..=255; empty where
/// the plane has fewer samples than its size says.
///
/// `share` of the width and height around the middle is taken.
pub(crate) fn resize_windowed(plane: &Plane, width: u32, height: u32, share: f64) -> Vec<f32> {
    let full_range = plane.default_window == Window::EIGHT_BIT;
    let target = Target {
        width,
        height,
        share,
    };
    match (&plane.samples, plane.channels) {
        (Samples::U8(bytes), 1) if full_range => resize_u8::<U8>(bytes, plane, target),
        (Samples::U8(bytes), _) if full_range => resize_u8::<U8x3>(bytes, plane, target),
        (Samples::U8(bytes), _) => resize_f32(bytes, plane, target),
        (Samples::U16(values), _) => resize_f32(values, plane, target),
    }
}

/// Size wanted, and the share of the source around its middle that is wanted.
#[derive(Clone, Copy)]
struct Target {
    width: u32,
    height: u32,
    share: f64,
}

/// Resizes in 8 bits, without a copy of the source.
fn resize_u8<P: PixelTrait + InnerPixel<Component = u8>>(
    bytes: &[u8],
    plane: &Plane,
    target: Target,
) -> Vec<f32> {
    let Ok(source) = TypedImageRef::<P>::from_buffer(plane.width, plane.height, bytes) else {
        return Vec::new();
    };
    let resized = convolve(&source, target);
    P::components(&resized)
        .iter()
        .map(|&value| f32::from(value))
        .collect()
}

/// Windows in f32, then resizes in f32.
fn resize_f32<T: Copy + Into<f32>>(values: &[T], plane: &Plane, target: Target) -> Vec<f32> {
    let window = plane.default_window;
    let grey_level = |value: T| window.grey_level(value.into());
    let mut resized = if plane.channels == 1 {
        let source: Vec<F32> = values.iter().map(|&v| F32::new(grey_level(v))).collect();
        convolve_pixels(&source, plane, target)
    } else {
        let (rgb, _) = values.as_chunks::<3>();
        let source: Vec<F32x3> = rgb
            .iter()
            .map(|pixel| F32x3::new(pixel.map(grey_level)))
            .collect();
        convolve_pixels(&source, plane, target)
    };
    // The weights of the filter sum to one only up to rounding.
    for value in &mut resized {
        *value = value.clamp(0.0, 255.0);
    }
    resized
}

fn convolve_pixels<P: PixelTrait + InnerPixel<Component = f32>>(
    pixels: &[P],
    plane: &Plane,
    target: Target,
) -> Vec<f32> {
    match TypedImageRef::new(plane.width, plane.height, pixels) {
        Ok(source) => P::components(&convolve(&source, target)).to_vec(),
        Err(_) => Vec::new(),
    }
}

/// Antialiased bilinear resize of the middle of the source.
fn convolve<P: PixelTrait>(source: &TypedImageRef<P>, target: Target) -> Vec<P> {
    let mut options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false);
    if target.share < 1.0 {
        let (width, height) = (f64::from(source.width()), f64::from(source.height()));
        let (kept_width, kept_height) = (width * target.share, height * target.share);
        options = options.crop(
            (width - kept_width) / 2.0,
            (height - kept_height) / 2.0,
            kept_width,
            kept_height,
        );
    }
    let mut pixels = vec![P::default(); target.width as usize * target.height as usize];
    let resized = match TypedImage::from_pixels_slice(target.width, target.height, &mut pixels) {
        Ok(mut resized) => Resizer::new()
            .resize_typed(source, &mut resized, &options)
            .is_ok(),
        Err(_) => false,
    };
    if resized { pixels } else { Vec::new() }
}

fn planar_from_interleaved(rgb: &[f32]) -> Vec<f32> {
    let (pixels, _) = rgb.as_chunks::<3>();
    let mut planar = Vec::with_capacity(rgb.len());
    for channel in 0..3 {
        planar.extend(pixels.iter().map(|pixel| pixel[channel]));
    }
    planar
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reduction_averages_all_pixels() {
        // Stripes one pixel wide: a filter without antialiasing would return 0 or 255.
        let stripes: Vec<u8> = (0..64 * 64).map(|i| (i % 2 * 255) as u8).collect();
        let plane = Plane::new(64, 64, 1, Samples::U8(stripes)).unwrap();
        let input = model_input(&plane, 8);
        assert!(
            input.iter().all(|v| (110.0..145.0).contains(v)),
            "{input:?}"
        );
    }

    #[test]
    fn colours_become_planes_in_the_order_red_green_blue() {
        let plane = Plane::new(2, 1, 3, Samples::U8(vec![1, 2, 3, 1, 2, 3])).unwrap();
        let input = model_input(&plane, 2);
        assert_eq!(input, [1., 1., 1., 1., 2., 2., 2., 2., 3., 3., 3., 3.]);
    }

    #[test]
    fn sixteen_bits_are_windowed_before_the_resize() {
        let mut samples = vec![100u16; 1000];
        samples[500..].fill(300);
        samples[0] = 65_535;
        let plane = Plane::new(10, 100, 1, Samples::U16(samples)).unwrap();
        let input = model_input(&plane, 10);
        // The hot pixel counts as white, so it lifts its 10 × 10 block by a few levels, not to white.
        assert!(input[0] > 0.0 && input[0] < 60.0, "{}", input[0]);
        assert_eq!(input[99], 255.0);
    }

    #[test]
    fn same_side_is_a_copy() {
        let samples: Vec<u8> = (0..16).collect();
        let plane = Plane::new(4, 4, 1, Samples::U8(samples)).unwrap();
        let expected: Vec<f32> = (0..16).map(|v| v as f32).collect();
        assert_eq!(model_input(&plane, 4), expected.repeat(3));
    }

    #[test]
    fn the_centre_leaves_the_margin_out() {
        // White margin of 8 pixels around a black middle of 16 x 16.
        let inside = |i: usize| (8..24).contains(&(i % 32)) && (8..24).contains(&(i / 32));
        let samples = (0..32 * 32)
            .map(|i| if inside(i) { 0 } else { 255 })
            .collect();
        let plane = Plane::new(32, 32, 1, Samples::U8(samples)).unwrap();
        assert!(model_input(&plane, 8).iter().any(|v| *v > 250.0));
        // The filter reaches a little beyond the crop, as it does beyond any pixel.
        let middle = model_input_of_centre(&plane, 8, 0.4);
        assert!(middle.iter().all(|v| *v < 5.0));
        assert_eq!(
            model_input_of_centre(&plane, 8, 1.0),
            model_input(&plane, 8)
        );
    }

    #[test]
    fn missing_samples_give_nothing() {
        let mut plane = Plane::new(4, 4, 1, Samples::U8(vec![0; 16])).unwrap();
        plane.samples = Samples::U8(vec![0; 15]);
        assert!(model_input(&plane, 2).is_empty());
        plane.samples = Samples::U16(vec![0; 15]);
        assert!(model_input(&plane, 2).is_empty());
    }

    proptest! {
        #[test]
        fn a_constant_stays_constant(
            width in 1u32..70, height in 1u32..70, value: u8, side in 1u32..40, colour: bool,
            sixteen: bool,
        ) {
            let channels = if colour { 3 } else { 1 };
            let count = (width * height * u32::from(channels)) as usize;
            let (samples, expected) = if sixteen {
                (Samples::U16(vec![u16::from(value); count]), f32::from(value) / 2.0)
            } else {
                (Samples::U8(vec![value; count]), f32::from(value))
            };
            let mut plane = Plane::new(width, height, channels, samples).unwrap();
            if sixteen {
                plane.default_window = Window { low: 0.0, high: 510.0 };
            }
            let input = model_input(&plane, side);
            prop_assert_eq!(input.len(), (3 * side * side) as usize);
            for level in input {
                prop_assert!((level - expected).abs() < 1e-3, "{} {}", level, expected);
            }
        }

        #[test]
        fn values_stay_in_range(values in prop::collection::vec(any::<u16>(), 35), side in 1u32..20) {
            let plane = Plane::new(7, 5, 1, Samples::U16(values)).unwrap();
            for level in model_input(&plane, side) {
                prop_assert!((0.0..=255.0).contains(&level));
            }
        }
    }
}
