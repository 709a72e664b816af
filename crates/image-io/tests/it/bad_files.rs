//! Files that break things: each must end in one sentence, never in a panic or a full memory.

use std::path::Path;

use autolabel_image_io::{ImageIoError, ReadLimits, decode, read_plane};
use proptest::prelude::*;

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs_err::read(folder.join(name)).unwrap()
}

fn is_one_sentence(error: &ImageIoError) -> bool {
    let text = error.to_string();
    // What is wrong; what to do.
    text.contains("; ") && !text.contains('\n') && !text.ends_with('.') && text.len() < 250
}

#[test]
fn text_named_png_and_foreign_formats_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.png");
    fs_err::write(&path, "Patient seen on Monday.\n").unwrap();
    let error = read_plane(&path, &ReadLimits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the content is text, not a PNG, JPEG or TIFF image; export it to one of these"
    );
}

#[cfg(unix)]
#[test]
fn a_file_without_read_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.png");
    fs_err::write(&path, golden("grey8_odd.png")).unwrap();
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    if fs_err::read(&path).is_ok() {
        println!("skipped: this user reads everything");
        return;
    }
    let error = read_plane(&path, &ReadLimits::default()).unwrap_err();
    assert!(matches!(error, ImageIoError::PermissionDenied), "{error}");
    assert!(is_one_sentence(&error));
}

#[test]
fn limits_hold_for_every_format() {
    let limits = ReadLimits {
        max_pixels: 20,
        ..ReadLimits::default()
    };
    for name in ["grey8_odd.png", "grey8.tif", "grey.jpg"] {
        let error = decode(&golden(name), &limits).unwrap_err();
        assert!(
            matches!(error, ImageIoError::TooManyPixels { .. }),
            "{name}: {error}"
        );
    }
}

/// A TIFF whose header promises 300 million pixels but holds none: refused without reading them.
#[test]
fn a_size_without_data_is_refused() {
    let mut bytes = golden("grey8.tif");
    for tag in [256u16, 257] {
        let place = bytes
            .windows(2)
            .position(|pair| pair == tag.to_le_bytes())
            .unwrap();
        bytes[place + 2..place + 4].copy_from_slice(&4u16.to_le_bytes());
        bytes[place + 8..place + 12].copy_from_slice(&17_000u32.to_le_bytes());
    }
    let error = decode(&bytes, &ReadLimits::default()).unwrap_err();
    assert!(is_one_sentence(&error), "{error}");
}

#[test]
fn every_prefix_of_every_format_is_refused_in_a_sentence() {
    for name in [
        "rgb8_odd.png",
        "grey16.png",
        "grey8.tif",
        "rgb8_lzw.tif",
        "palette.tif",
        "grey.jpg",
        "rgb_progressive.jpg",
    ] {
        let whole = golden(name);
        decode(&whole, &ReadLimits::default()).unwrap();
        for length in 0..whole.len() {
            match decode(&whole[..length], &ReadLimits::default()) {
                Err(error) => assert!(is_one_sentence(&error), "{name} {length}: {error}"),
                // What follows the last sample may be missing (PNG's end chunk, padding).
                Ok(_) => assert!(
                    length + 16 >= whole.len(),
                    "{name} was read from {length} bytes"
                ),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn changed_bytes_never_panic(
        file in prop::sample::select(vec![
            "rgb8_odd.png", "grey8_interlaced.png", "palette.png", "grey16_lzw_predictor.tif",
            "rgb16_planar.tif", "palette.tif", "bilevel.tif", "three_pages.tif", "grey.jpg",
            "rgb_420.jpg", "rgb_progressive.jpg", "orientation6.jpg", "grey_profile.jpg",
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = golden(file);
        for (index, value) in changes {
            let place = index.index(bytes.len());
            bytes[place] = value;
        }
        // Small, so that a changed size cannot ask for much memory.
        let limits = ReadLimits { max_pixels: 1_000_000, ..ReadLimits::default() };
        match decode(&bytes, &limits) {
            Ok(plane) => {
                let count = u64::from(plane.width) * u64::from(plane.height) * u64::from(plane.channels);
                prop_assert_eq!(plane.samples.len() as u64, count);
            }
            Err(error) => prop_assert!(is_one_sentence(&error), "{}", error),
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes, &ReadLimits::default()).is_err());
    }
}
