//! Phantoms from outside: what they look like in numbers, and the folder they are written to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, in its helpers too"
)]

use autolabel_image_io::{ReadLimits, Samples, read_plane, scan};
use autolabel_phantoms::{
    Phantom, PhantomClass, chest_radiograph, patient_radiograph, write_chest_folder,
};
use rayon::prelude::*;

fn levels(phantom: &Phantom) -> &[u8] {
    match &phantom.plane.samples {
        Samples::U8(levels) => levels,
        Samples::U16(_) => &[],
    }
}

/// Mean grey level of a square of the picture.
fn mean(phantom: &Phantom, left: usize, top: usize, side: usize) -> f64 {
    let sum: u64 = (top..top + side)
        .flat_map(|row| &levels(phantom)[row * 256 + left..][..side])
        .map(|&level| u64::from(level))
        .sum();
    sum as f64 / (side * side) as f64
}

fn phantoms(class: PhantomClass, count: u64) -> Vec<Phantom> {
    (0..count)
        .into_par_iter()
        .map(|seed| chest_radiograph(seed, class))
        .collect()
}

#[test]
fn a_seed_is_a_picture() {
    let one = chest_radiograph(5, PhantomClass::Pneumonia);
    assert_eq!(one, chest_radiograph(5, PhantomClass::Pneumonia));
    assert_ne!(
        one.plane,
        chest_radiograph(6, PhantomClass::Pneumonia).plane
    );
    assert_ne!(
        one.plane,
        patient_radiograph(5, 6, PhantomClass::Pneumonia).plane
    );
}

#[test]
fn lungs_are_darker_than_heart_and_belly() {
    for (seed, phantom) in phantoms(PhantomClass::Normal, 60).iter().enumerate() {
        let lungs = (mean(phantom, 62, 80, 24) + mean(phantom, 170, 80, 24)) / 2.0;
        let middle = mean(phantom, 116, 150, 24);
        let belly = mean(phantom, 70, 228, 24);
        assert!(
            lungs + 25.0 < middle && lungs + 25.0 < belly,
            "seed {seed}: {lungs} {middle} {belly}"
        );
        assert!(
            levels(phantom).iter().filter(|l| **l == 255).count() < 3000,
            "seed {seed}"
        );
    }
}

/// The two images of a pair differ by the disease alone in mean, box for box.
#[test]
fn disease_brightens_its_box() {
    for class in [PhantomClass::Pneumonia, PhantomClass::Effusion] {
        let mut brighter = 0;
        let mut strong = 0;
        for ill in phantoms(class, 120) {
            assert_eq!(ill.truth.class, class);
            assert!((0.0..=1.0).contains(&ill.truth.difficulty));
            for opacity in &ill.truth.opacities {
                let right = opacity.left_px + opacity.width_px;
                let bottom = opacity.top_px + opacity.height_px;
                assert!(opacity.left_px >= 0.0 && right <= 256.0 && bottom <= 256.0);
                assert!(opacity.width_px > 1.0 && opacity.height_px > 1.0);
                assert!(
                    opacity.contrast > 0.005 && opacity.contrast < 0.95,
                    "{}",
                    opacity.contrast
                );
            }
            // Compare one lung base with the other where one side only is plainly ill.
            let [only] = ill.truth.opacities[..] else {
                continue;
            };
            if only.contrast < 0.2 || only.width_px > 110.0 {
                continue;
            }
            strong += 1;
            let (x, y) = (
                only.left_px + only.width_px / 2.0,
                only.top_px + only.height_px / 2.0,
            );
            let side = 14.0;
            let corner = |x: f32| (x - side / 2.0).clamp(0.0, 256.0 - side) as usize;
            let here = mean(&ill, corner(x), corner(y), side as usize);
            let mirrored = mean(&ill, corner(256.0 - x), corner(y), side as usize);
            brighter += usize::from(here > mirrored);
        }
        assert!(strong >= 5, "{class}: {strong}");
        assert!(
            brighter * 10 >= strong * 8,
            "{class}: {brighter} of {strong}"
        );
    }
}

#[test]
fn normal_chests_have_no_opacities() {
    for phantom in phantoms(PhantomClass::Normal, 5) {
        assert!(phantom.truth.opacities.is_empty());
    }
}

#[test]
fn a_folder_is_the_same_on_any_number_of_threads() {
    let write = |threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let files = pool
            .install(|| write_chest_folder(folder.path(), 24, 11))
            .unwrap();
        (folder, files)
    };
    let ((one, files), (many, same_files)) = (write(1), write(3));
    assert_eq!(files, same_files);
    assert_eq!(files.len(), 24);
    let found = scan(one.path()).unwrap();
    let names: Vec<&str> = found
        .files
        .iter()
        .map(|file| file.display.as_str())
        .collect();
    let listed: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, listed);
    for name in listed {
        let bytes =
            [one.path(), many.path()].map(|folder| fs_err::read(folder.join(name)).unwrap());
        assert_eq!(bytes[0], bytes[1], "{name}");
        let plane = read_plane(&one.path().join(name), &ReadLimits::default()).unwrap();
        assert_eq!((plane.width, plane.height, plane.channels), (256, 256, 1));
    }
    let csv = fs_err::read_to_string(one.path().join("labels.csv")).unwrap();
    assert_eq!(csv.lines().count(), 25);
    assert!(
        csv.starts_with("file,label,group\npatient_0001/img_0001.png,"),
        "{csv}"
    );
}

#[test]
fn an_unwritable_folder_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs_err::write(&file, b"x").unwrap();
    let error = write_chest_folder(&file.join("below"), 1, 1)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the phantoms cannot be written; choose a folder"),
        "{error}"
    );
}
