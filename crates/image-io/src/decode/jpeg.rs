//! JPEG → image, by `zune-jpeg` in its strict mode.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::check_pixels;
use super::ifd::{ORIENTATION, find_short};
use crate::ImageIoError;
use crate::format::ImageFormat;
use crate::read::ReadLimits;

const FORMAT: ImageFormat = ImageFormat::Jpeg;

pub(crate) fn decode(bytes: &[u8], limits: &ReadLimits) -> Result<DynamicImage, ImageIoError> {
    let frame = frame_header(bytes)?;
    check_frame(&frame)?;
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    check_pixels(FORMAT, width, height, limits)?;
    if !ends(&bytes[frame.data_start..]) {
        return Err(ImageIoError::Truncated { format: FORMAT });
    }
    let (channels, samples, exif) = match decode_samples(bytes, frame.components, true) {
        // Bytes between two headers harm nobody, and some scanners write them.
        Err(DecodeErrors::FormatStatic(words)) if words.contains("Extra bytes between headers") => {
            decode_samples(bytes, frame.components, false)
        }
        other => other,
    }
    .map_err(|error| refusal(&error))?;
    let image = if channels == 1 {
        GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8)
    };
    let mut image = image.ok_or_else(|| ImageIoError::Damaged {
        format: FORMAT,
        detail: "its size changes half-way".to_owned(),
    })?;
    let orientation = exif
        .and_then(|exif| find_short(&exif, ORIENTATION))
        .and_then(|entry| Orientation::from_exif(u8::try_from(entry.value).ok()?));
    image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok(image)
}

/// Channels, samples and the Exif block.
type DecodedJpeg = (usize, Vec<u8>, Option<Vec<u8>>);

/// The strict mode refuses damaged and missing data, which the lenient one fills with grey: a
/// reader must never judge a patch of grey that the program made up. What neither can tell (nor
/// libjpeg) is a file that was cut and then closed with a new end marker.
fn decode_samples(bytes: &[u8], components: u8, strict: bool) -> Result<DecodedJpeg, DecodeErrors> {
    let colours = if components == 1 {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode()?;
    Ok((colours.num_components(), samples, decoder.exif().cloned()))
}

/// What the start-of-frame segment says (ITU-T T.81, B.2.2).
struct FrameHeader {
    /// Second byte of the marker: 0xC0 baseline, 0xC1 extended, 0xC2 progressive, …
    process: u8,
    bits: u8,
    height: u16,
    width: u16,
    components: u8,
    /// Offset of the first byte after the segment.
    data_start: usize,
}

/// Walks the segments up to the first start of frame.
fn frame_header(bytes: &[u8]) -> Result<FrameHeader, ImageIoError> {
    let truncated = ImageIoError::Truncated { format: FORMAT };
    let mut offset = 2;
    loop {
        // A marker may be preceded by any number of 0xFF (B.1.1.2); stray bytes are passed over.
        let Some(marker) = bytes.get(offset..).and_then(next_marker) else {
            return Err(truncated);
        };
        offset += marker.length;
        if matches!(marker.code, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let Some(segment) = bytes.get(offset..).filter(|segment| segment.len() >= 2) else {
            return Err(truncated);
        };
        let length = usize::from(u16::from_be_bytes([segment[0], segment[1]])).max(2);
        let is_frame =
            matches!(marker.code, 0xC0..=0xCF) && !matches!(marker.code, 0xC4 | 0xC8 | 0xCC);
        match segment.get(2..8) {
            Some(&[bits, h1, h0, w1, w0, components]) if is_frame => {
                return Ok(FrameHeader {
                    process: marker.code,
                    bits,
                    height: u16::from_be_bytes([h1, h0]),
                    width: u16::from_be_bytes([w1, w0]),
                    components,
                    data_start: (offset + length).min(bytes.len()),
                });
            }
            _ => offset += length,
        }
    }
}

struct Marker {
    code: u8,
    /// Bytes up to and including the marker.
    length: usize,
}

fn next_marker(bytes: &[u8]) -> Option<Marker> {
    let start = bytes
        .array_windows()
        .position(|&[first, second]| first == 0xFF && second != 0xFF && second != 0)?;
    Some(Marker {
        code: bytes[start + 1],
        length: start + 2,
    })
}

/// True where the end-of-image marker is there. The strict decoder notices missing rows, but not
/// a cut within the last row of blocks.
fn ends(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
    bytes.ends_with(&END_OF_IMAGE) || bytes.array_windows().any(|pair| *pair == END_OF_IMAGE)
}

fn check_frame(frame: &FrameHeader) -> Result<(), ImageIoError> {
    let found = match frame {
        FrameHeader { process, .. } if !matches!(process, 0xC0..=0xC2) => {
            "lossless or arithmetic-coded JPEG data".to_owned()
        }
        FrameHeader { bits, .. } if *bits != 8 => format!("{bits}-bit samples"),
        FrameHeader { components: 4, .. } => "CMYK colours".to_owned(),
        FrameHeader { components, .. } if !matches!(components, 1 | 3) => {
            format!("{components} colour channels")
        }
        _ => return Ok(()),
    };
    Err(ImageIoError::Unsupported {
        format: FORMAT,
        found,
        remedy: "an 8-bit grey or RGB JPEG, or as 16-bit PNG or TIFF",
    })
}

fn refusal(error: &DecodeErrors) -> ImageIoError {
    let detail = match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => {
            return ImageIoError::Truncated { format: FORMAT };
        }
        DecodeErrors::FormatStatic(words) if words.contains("Premature end") => {
            return ImageIoError::Truncated { format: FORMAT };
        }
        DecodeErrors::FormatStatic(words) => (*words).to_owned(),
        DecodeErrors::Format(words)
        | DecodeErrors::HuffmanDecode(words)
        | DecodeErrors::DqtError(words)
        | DecodeErrors::SosError(words)
        | DecodeErrors::SofError(words)
        | DecodeErrors::MCUError(words) => words.clone(),
        other => format!("{other:?}"),
    };
    let detail = detail.replace('\n', " ");
    ImageIoError::Damaged {
        format: FORMAT,
        detail: detail.trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start of image, a comment that contains a fake frame, fill bytes, then the frame.
    fn header(process: u8, bits: u8, components: u8) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xFE, 0, 6, 0xFF, 0xC0, 0, 0];
        bytes.extend([
            0xFF,
            0xFF,
            process,
            0,
            8 + 3 * components,
            bits,
            0,
            7,
            1,
            2,
            components,
        ]);
        bytes.extend(vec![0; 3 * usize::from(components)]);
        bytes
    }

    #[test]
    fn the_frame_is_found_behind_other_segments() {
        let bytes = header(0xC2, 8, 3);
        let frame = frame_header(&bytes).unwrap();
        assert_eq!((frame.width, frame.height, frame.components), (258, 7, 3));
        assert_eq!(frame.data_start, bytes.len());
        check_frame(&frame).unwrap();
    }

    #[test]
    fn odd_frames_are_refused_in_words() {
        let sentence = |process, bits, components| {
            let frame = frame_header(&header(process, bits, components)).unwrap();
            check_frame(&frame).unwrap_err().to_string()
        };
        assert!(sentence(0xC3, 8, 1).contains("lossless"));
        assert!(sentence(0xC1, 12, 1).contains("12-bit samples"));
        assert!(sentence(0xC0, 8, 4).contains("CMYK"));
        assert!(sentence(0xC0, 8, 2).contains("2 colour channels"));
    }

    #[test]
    fn cut_headers_are_truncated() {
        let bytes = header(0xC0, 8, 1);
        for length in 2..bytes.len() - 3 {
            assert!(matches!(
                frame_header(&bytes[..length]),
                Err(ImageIoError::Truncated { .. })
            ));
        }
    }
}
