//! A plane ↔ the bytes in which the browser gets it.
//!
//! Layout, all little-endian, 24 bytes before the samples:
//!
//! | offset | type | meaning |
//! |---|---|---|
//! | 0 | 4 bytes | `ALP1` |
//! | 4 | u32 | width in pixels |
//! | 8 | u32 | height in pixels |
//! | 12 | u8 | channels, 1 or 3 |
//! | 13 | u8 | bytes per sample, 1 or 2 |
//! | 14 | u16 | 0, for later use |
//! | 16 | f32 | window, sample value shown black |
//! | 20 | f32 | window, sample value shown white |
//! | 24 | u8 or u16 | samples, interleaved, top row first |

use crate::ImageIoError;
use crate::plane::{Plane, Samples, Window};

const MAGIC: &[u8; 4] = b"ALP1";
const HEADER_BYTES: usize = 24;

/// The plane with its default window in the layout that the module describes.
pub fn write_plane_bytes(plane: &Plane) -> Vec<u8> {
    let bytes_per_sample = plane.samples.bytes_per_sample();
    let mut bytes =
        Vec::with_capacity(HEADER_BYTES + plane.samples.len() * usize::from(bytes_per_sample));
    bytes.extend(MAGIC);
    bytes.extend(plane.width.to_le_bytes());
    bytes.extend(plane.height.to_le_bytes());
    bytes.extend([plane.channels, bytes_per_sample, 0, 0]);
    bytes.extend(plane.default_window.low.to_le_bytes());
    bytes.extend(plane.default_window.high.to_le_bytes());
    match &plane.samples {
        Samples::U8(values) => bytes.extend_from_slice(values),
        Samples::U16(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
    }
    bytes
}

/// Reads back what [`write_plane_bytes`] wrote.
pub fn read_plane_bytes(bytes: &[u8]) -> Result<Plane, ImageIoError> {
    let wrong = |detail| ImageIoError::WrongPlaneBytes { detail };
    let Some((header, samples)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(wrong("fewer than 24 bytes"));
    };
    if !header.starts_with(MAGIC) {
        return Err(wrong("they do not start with ALP1"));
    }
    let four = |offset: usize| [0, 1, 2, 3].map(|index| header[offset + index]);
    let samples = match header[13] {
        1 => Samples::U8(samples.to_vec()),
        2 => {
            let (pairs, rest) = samples.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(wrong("half a sample at the end"));
            }
            Samples::U16(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
        }
        _ => return Err(wrong("neither 1 nor 2 bytes per sample")),
    };
    let plane = Plane::new(
        u32::from_le_bytes(four(4)),
        u32::from_le_bytes(four(8)),
        header[12],
        samples,
    )?;
    Ok(Plane {
        default_window: Window {
            low: f32::from_le_bytes(four(16)),
            high: f32::from_le_bytes(four(20)),
        },
        ..plane
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_layout_is_fixed() {
        let plane = Plane {
            width: 2,
            height: 1,
            channels: 1,
            samples: Samples::U16(vec![0x0102, 0xFFFE]),
            default_window: Window {
                low: 1.0,
                high: 2.0,
            },
        };
        let expected: [u8; 28] = [
            b'A', b'L', b'P', b'1', 2, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0,
            0x40, 2, 1, 0xFE, 0xFF,
        ];
        assert_eq!(write_plane_bytes(&plane), expected);
    }

    #[test]
    fn foreign_bytes_are_refused() {
        let plane = Plane::new(2, 2, 1, Samples::U8(vec![0; 4])).unwrap();
        let good = write_plane_bytes(&plane);
        assert!(read_plane_bytes(&good).is_ok());
        for length in 0..good.len() {
            assert!(read_plane_bytes(&good[..length]).is_err());
        }
        for (offset, value) in [(0, b'X'), (12, 2), (13, 3), (4, 3)] {
            let mut bad = good.clone();
            bad[offset] = value;
            assert!(read_plane_bytes(&bad).is_err(), "byte {offset}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(
            width in 1u32..9, height in 1u32..9, colour: bool, sixteen: bool, seed: u64,
            low in -10f32..10.0,
        ) {
            let channels = if colour { 3 } else { 1 };
            let count = u64::from(width * height) * u64::from(channels);
            let value = |i: u64| (i + 1).wrapping_mul(seed | 1) >> 40;
            let samples = if sixteen {
                Samples::U16((0..count).map(|i| value(i) as u16).collect())
            } else {
                Samples::U8((0..count).map(|i| value(i) as u8).collect())
            };
            let mut plane = Plane::new(width, height, channels, samples).unwrap();
            plane.default_window.low = low;
            prop_assert_eq!(read_plane_bytes(&write_plane_bytes(&plane)).unwrap(), plane);
        }
    }
}
