//! PNG → image, by the `png` crate through `image`.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, Limits};

use super::{check_pixels, memory_limit};
use crate::ImageIoError;
use crate::format::ImageFormat;
use crate::read::ReadLimits;

pub(crate) fn decode(bytes: &[u8], limits: &ReadLimits) -> Result<DynamicImage, ImageIoError> {
    let (width, height) = announced_size(bytes)?;
    check_pixels(ImageFormat::Png, width, height, limits)?;
    let mut decoder_limits = Limits::no_limits();
    decoder_limits.max_alloc = Some(memory_limit(width, height));
    let mut decoder =
        PngDecoder::with_limits(Cursor::new(bytes), decoder_limits).map_err(|e| refusal(&e))?;
    let orientation = decoder.orientation().map_err(|e| refusal(&e))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| refusal(&e))?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Width and height from the header chunk, which the standard puts first (PNG 11.2.2).
fn announced_size(bytes: &[u8]) -> Result<(u32, u32), ImageIoError> {
    let truncated = || ImageIoError::Truncated {
        format: ImageFormat::Png,
    };
    let header = bytes.get(8..).ok_or_else(truncated)?;
    let number_at = |offset: usize| {
        header
            .get(offset..)
            .and_then(<[u8]>::first_chunk::<4>)
            .map(|bytes| u32::from_be_bytes(*bytes))
            .ok_or_else(truncated)
    };
    let size = (number_at(8)?, number_at(12)?);
    if header.get(4..8) != Some(b"IHDR") {
        return Err(ImageIoError::Damaged {
            format: ImageFormat::Png,
            detail: "its first chunk is not the header".to_owned(),
        });
    }
    Ok(size)
}

fn refusal(error: &ImageError) -> ImageIoError {
    let format = ImageFormat::Png;
    let detail = innermost(error);
    // The crate reports an early end as an I/O error or in words, depending on where it happens.
    if detail.contains("unexpected end") || detail.contains("EOF") {
        return ImageIoError::Truncated { format };
    }
    ImageIoError::Damaged { format, detail }
}

/// The words of the innermost cause, without the wrappers that repeat the format.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}
