//! TIFF → image, by the `tiff` crate.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, Luma, LumaA, Primitive, Rgb, Rgba};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{TiffError, TiffFormatError};

use super::ifd::{PHOTOMETRIC, find_short};
use super::{check_pixels, memory_limit};
use crate::ImageIoError;
use crate::format::ImageFormat;
use crate::read::ReadLimits;

/// Characters of what the library says that a message repeats.
const LONGEST_DETAIL: usize = 120;

const FORMAT: ImageFormat = ImageFormat::Tiff;
const REMEDY: &str = "8- or 16-bit grey or RGB";

type TiffDecoder<'a> = Decoder<Cursor<&'a [u8]>>;

pub(crate) fn decode(bytes: &[u8], limits: &ReadLimits) -> Result<DynamicImage, ImageIoError> {
    let (bytes, is_palette) = without_palette(bytes);
    let mut decoder = Decoder::new(Cursor::new(bytes.as_ref())).map_err(|e| refusal(&e))?;
    let (width, height) = decoder.dimensions().map_err(|e| refusal(&e))?;
    check_pixels(FORMAT, width, height, limits)?;
    let layout = sample_layout(&mut decoder)?;
    let palette = if is_palette {
        Some(palette(&mut decoder)?)
    } else {
        None
    };
    let orientation = orientation(&mut decoder)?;
    let mut decoder = decoder.with_limits(decoder_limits(width, height));
    let samples = read_samples(&mut decoder, layout, width, height)?;
    check_single_page(&mut decoder)?;
    let image = match palette {
        Some(palette) => look_up(&samples, layout, &palette, width, height),
        None => assemble(samples, layout, width, height),
    };
    let mut image = image.ok_or_else(|| damaged("its data do not fill its size"))?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// The decoder knows no palettes. It is told that the indices are grey values, and the colours are
/// looked up afterwards. True where that was done.
fn without_palette(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    const BLACK_IS_ZERO: u16 = 1;
    const PALETTE: u16 = 3;
    match find_short(bytes, PHOTOMETRIC) {
        Some(entry) if entry.value == PALETTE => {
            let mut grey = bytes.to_vec();
            let value = if entry.big_endian {
                BLACK_IS_ZERO.to_be_bytes()
            } else {
                BLACK_IS_ZERO.to_le_bytes()
            };
            grey[entry.offset..entry.offset + 2].copy_from_slice(&value);
            (Cow::Owned(grey), true)
        }
        _ => (Cow::Borrowed(bytes), false),
    }
}

/// How the samples of one pixel are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// Bits per sample: 1, 2, 4, 8 or 16.
    bits: u8,
    /// Samples per pixel: 1 grey, 2 grey and extra, 3 colour, 4 colour and extra.
    samples: u8,
    /// True where the last sample is a transparency that has not been multiplied in yet.
    weighs: bool,
}

fn sample_layout(decoder: &mut TiffDecoder) -> Result<Layout, ImageIoError> {
    const UNASSOCIATED_ALPHA: u16 = 2;
    let colours = decoder.colortype().map_err(|e| refusal(&e))?;
    let formats: Vec<u16> = decoder
        .find_tag_unsigned_vec(Tag::SampleFormat)
        .map_err(|e| refusal(&e))?
        .unwrap_or_default();
    if formats.contains(&2) {
        return Err(unsupported("signed samples"));
    }
    if formats.contains(&3) {
        return Err(unsupported("floating-point samples"));
    }
    let (bits, samples) = match colours {
        ColorType::Gray(bits) if matches!(bits, 1 | 2 | 4 | 8 | 16) => (bits, 1),
        ColorType::GrayA(bits)
        | ColorType::Multiband {
            bit_depth: bits,
            num_samples: 2,
        } if matches!(bits, 8 | 16) => (bits, 2),
        ColorType::RGB(bits) if matches!(bits, 8 | 16) => (bits, 3),
        ColorType::RGBA(bits) if matches!(bits, 8 | 16) => (bits, 4),
        other => return Err(unsupported(&describe(other))),
    };
    let extra: Vec<u16> = decoder
        .find_tag_unsigned_vec(Tag::ExtraSamples)
        .map_err(|e| refusal(&e))?
        .unwrap_or_default();
    Ok(Layout {
        bits,
        samples,
        weighs: extra.first() == Some(&UNASSOCIATED_ALPHA),
    })
}

fn describe(colours: ColorType) -> String {
    match colours {
        ColorType::CMYK(_) | ColorType::CMYKA(_) => "CMYK colours".to_owned(),
        ColorType::YCbCr(_) => "YCbCr colours".to_owned(),
        ColorType::Lab(_) => "Lab colours".to_owned(),
        ColorType::Gray(bits) | ColorType::RGB(bits) | ColorType::RGBA(bits) => {
            format!("{bits}-bit samples")
        }
        ColorType::Multiband { num_samples, .. } => format!("{num_samples} channels"),
        other => format!("{other:?} samples"),
    }
}

/// Red, green and blue of each index, 16 bits each (TIFF 6.0, section 5).
fn palette(decoder: &mut TiffDecoder) -> Result<Vec<[u16; 3]>, ImageIoError> {
    let values = decoder
        .get_tag_u16_vec(Tag::ColorMap)
        .map_err(|e| refusal(&e))?;
    let count = values.len() / 3;
    Ok((0..count)
        .map(|index| [0, 1, 2].map(|channel| values[channel * count + index]))
        .collect())
}

fn orientation(decoder: &mut TiffDecoder) -> Result<Orientation, ImageIoError> {
    let value: Option<u8> = decoder
        .find_tag_unsigned(Tag::Orientation)
        .map_err(|e| refusal(&e))?;
    Ok(value
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms))
}

fn decoder_limits(width: u32, height: u32) -> Limits {
    let bytes = usize::try_from(memory_limit(width, height)).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = bytes;
    limits.intermediate_buffer_size = bytes;
    limits.ifd_value_size = bytes;
    limits
}

/// Samples of 8 or 16 bits, interleaved.
enum RawSamples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

fn read_samples(
    decoder: &mut TiffDecoder,
    layout: Layout,
    width: u32,
    height: u32,
) -> Result<RawSamples, ImageIoError> {
    let mut result = DecodingResult::U8(Vec::new());
    let stored = decoder
        .read_image_to_buffer(&mut result)
        .map_err(|e| refusal(&e))?;
    let pixels = width as usize * height as usize;
    let planes = stored.planes;
    Ok(match result {
        DecodingResult::U8(values) if layout.bits < 8 => {
            RawSamples::Eight(unpack(&values, layout.bits, width as usize))
        }
        DecodingResult::U8(values) => RawSamples::Eight(interleave(values, planes, pixels)),
        DecodingResult::U16(values) => RawSamples::Sixteen(interleave(values, planes, pixels)),
        _ => return Err(unsupported("samples that are not unsigned integers")),
    })
}

/// One value per byte from rows of packed bits, each row starting at a byte.
fn unpack(packed: &[u8], bits: u8, width: usize) -> Vec<u8> {
    let per_byte = usize::from(8 / bits);
    let row_bytes = width.div_ceil(per_byte);
    let mask = (1u16 << bits) as u8 - 1;
    packed
        .chunks_exact(row_bytes)
        .flat_map(|row| {
            (0..width).map(move |x| {
                let shift = 8 - usize::from(bits) * (x % per_byte + 1);
                row[x / per_byte] >> shift & mask
            })
        })
        .collect()
}

/// Planes one after the other (planar configuration 2) → interleaved.
fn interleave<T: Copy>(values: Vec<T>, planes: usize, pixels: usize) -> Vec<T> {
    if planes <= 1 || values.len() < planes * pixels {
        return values;
    }
    (0..pixels)
        .flat_map(|pixel| (0..planes).map(move |plane| plane * pixels + pixel))
        .map(|position| values[position])
        .collect()
}

/// Refuses a stack: showing its first page only would hide the others from the reader. Reduced
/// copies (thumbnails, pyramid levels) and masks do not count.
fn check_single_page(decoder: &mut TiffDecoder) -> Result<(), ImageIoError> {
    const REDUCED_OR_MASK: u32 = 0b101;
    const MOST_PAGES_COUNTED: usize = 10_000;
    let mut pages = 1;
    while decoder.more_images() && pages < MOST_PAGES_COUNTED {
        decoder.next_image().map_err(|e| refusal(&e))?;
        let kind: Option<u32> = decoder
            .find_tag_unsigned(Tag::NewSubfileType)
            .map_err(|e| refusal(&e))?;
        pages += usize::from(kind.unwrap_or(0) & REDUCED_OR_MASK == 0);
    }
    if pages == 1 {
        return Ok(());
    }
    Err(ImageIoError::Unsupported {
        format: FORMAT,
        found: format!("{pages} pages"),
        remedy: "one file for each page",
    })
}

fn look_up(
    samples: &RawSamples,
    layout: Layout,
    palette: &[[u16; 3]],
    width: u32,
    height: u32,
) -> Option<DynamicImage> {
    let RawSamples::Eight(indices) = samples else {
        return None;
    };
    if layout.samples != 1 {
        return None;
    }
    // Some writers store 8-bit colours in the 16-bit map (libtiff checks for the same).
    let shift = if palette.iter().flatten().any(|&value| value > 255) {
        8
    } else {
        0
    };
    let mut rgb = Vec::with_capacity(indices.len() * 3);
    for &index in indices {
        let colour = palette.get(usize::from(index))?;
        rgb.extend(colour.map(|value| (value >> shift) as u8));
    }
    ImageBuffer::<Rgb<u8>, _>::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
}

fn assemble(samples: RawSamples, layout: Layout, width: u32, height: u32) -> Option<DynamicImage> {
    match samples {
        RawSamples::Eight(mut values) => {
            if layout.bits < 8 {
                let stretch = 255 / ((1u16 << layout.bits) - 1) as u8;
                values.iter_mut().for_each(|value| *value *= stretch);
            }
            make_opaque(&mut values, layout);
            match layout.samples {
                1 => ImageBuffer::<Luma<u8>, _>::from_raw(width, height, values).map(Into::into),
                2 => ImageBuffer::<LumaA<u8>, _>::from_raw(width, height, values).map(Into::into),
                3 => ImageBuffer::<Rgb<u8>, _>::from_raw(width, height, values).map(Into::into),
                _ => ImageBuffer::<Rgba<u8>, _>::from_raw(width, height, values).map(Into::into),
            }
        }
        RawSamples::Sixteen(mut values) => {
            make_opaque(&mut values, layout);
            match layout.samples {
                1 => ImageBuffer::<Luma<u16>, _>::from_raw(width, height, values).map(Into::into),
                2 => ImageBuffer::<LumaA<u16>, _>::from_raw(width, height, values).map(Into::into),
                3 => ImageBuffer::<Rgb<u16>, _>::from_raw(width, height, values).map(Into::into),
                _ => ImageBuffer::<Rgba<u16>, _>::from_raw(width, height, values).map(Into::into),
            }
        }
    }
}

/// An extra sample that is no transparency, or one that is multiplied in already (which is the
/// composition over black), must not weigh again.
fn make_opaque<T: Primitive>(values: &mut [T], layout: Layout) {
    if matches!(layout.samples, 2 | 4) && !layout.weighs {
        for pixel in values.chunks_exact_mut(usize::from(layout.samples)) {
            if let Some(extra) = pixel.last_mut() {
                *extra = T::DEFAULT_MAX_VALUE;
            }
        }
    }
}

fn unsupported(found: &str) -> ImageIoError {
    ImageIoError::Unsupported {
        format: FORMAT,
        found: found.to_owned(),
        remedy: REMEDY,
    }
}

fn damaged(detail: &str) -> ImageIoError {
    ImageIoError::Damaged {
        format: FORMAT,
        detail: detail.to_owned(),
    }
}

fn refusal(error: &TiffError) -> ImageIoError {
    match error {
        TiffError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => {
            ImageIoError::Truncated { format: FORMAT }
        }
        TiffError::FormatError(TiffFormatError::ImageFileDirectoryNotFound) => {
            ImageIoError::Truncated { format: FORMAT }
        }
        TiffError::UnsupportedError(what) => {
            // The library lists every value of a damaged tag.
            let what: String = what.to_string().chars().take(LONGEST_DETAIL).collect();
            unsupported(&format!("what is not read here: {what}"))
        }
        other => damaged(other.to_string().trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_unpacked_row_by_row() {
        assert_eq!(
            unpack(&[0b1010_0000, 0b0110_0000], 1, 3),
            [1, 0, 1, 0, 1, 1]
        );
        assert_eq!(unpack(&[0xA5, 0x30], 4, 3), [10, 5, 3]);
        assert_eq!(unpack(&[0b11_00_01_00], 2, 3), [3, 0, 1]);
    }

    #[test]
    fn planes_are_interleaved() {
        assert_eq!(
            interleave(vec![1, 2, 10, 20, 100, 200], 3, 2),
            [1, 10, 100, 2, 20, 200]
        );
        assert_eq!(interleave(vec![1, 2, 3], 1, 3), [1, 2, 3]);
    }
}
