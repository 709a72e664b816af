//! A folder of phantoms with its labels: what a clinic's export looks like.

use std::fmt::Write;
use std::path::Path;

use autolabel_image_io::Samples;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::class::PhantomClass;
use crate::error::PhantomError;
use crate::radiograph::{Phantom, patient_radiograph};

/// One line of `labels.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhantomFile {
    /// Path below the folder, such as `patient_0001/img_0001.png`; it tells nothing about the class.
    pub file: String,
    /// The true class.
    pub label: PhantomClass,
    /// The patient, such as `patient_0001`; images of one patient have one label.
    pub group: String,
}

/// Writes `count` chest radiographs (PNG, 256 × 256, 8 bits) and `labels.csv` (`file,label,group`)
/// into `folder`, which is made where it is missing; files of the same name are replaced.
///
/// 55 in 100 patients are normal, 30 have pneumonia, 15 an effusion, mixed at random; four in ten
/// have two or three images. The same count and seed give the same files, on any number of threads.
pub fn write_chest_folder(
    folder: &Path,
    count: usize,
    seed: u64,
) -> Result<Vec<PhantomFile>, PhantomError> {
    let images = deal(count, seed);
    fs_err::create_dir_all(folder)?;
    images.par_iter().try_for_each(|image| {
        let phantom = patient_radiograph(image.patient_seed, image.image_seed, image.listed.label);
        fs_err::create_dir_all(folder.join(&image.listed.group))?;
        fs_err::write(folder.join(&image.listed.file), png_bytes(&phantom)?)?;
        Ok::<(), PhantomError>(())
    })?;
    let files: Vec<PhantomFile> = images.into_iter().map(|image| image.listed).collect();
    let mut csv = String::from("file,label,group\n");
    for PhantomFile { file, label, group } in &files {
        // Writing to a string cannot fail.
        _ = writeln!(csv, "{file},{label},{group}");
    }
    fs_err::write(folder.join("labels.csv"), csv)?;
    Ok(files)
}

/// An image that is to be drawn.
struct PlannedImage {
    listed: PhantomFile,
    patient_seed: u64,
    image_seed: u64,
}

fn deal(count: usize, seed: u64) -> Vec<PlannedImage> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut deck = Vec::new();
    let mut images = Vec::with_capacity(count);
    for patient in 1.. {
        if images.len() == count {
            break;
        }
        let label = next_class(&mut rng, &mut deck);
        let group = format!("patient_{patient:04}");
        let patient_seed = rng.next_u64();
        let wanted = match rng.random_range(0..100) {
            0..60 => 1,
            60..85 => 2,
            _ => 3,
        };
        for number in 1..=wanted.min(count - images.len()) {
            images.push(PlannedImage {
                listed: PhantomFile {
                    file: format!("{group}/img_{number:04}.png"),
                    label,
                    group: group.clone(),
                },
                patient_seed,
                image_seed: rng.next_u64(),
            });
        }
    }
    images
}

/// Classes come from shuffled decks of twenty, so that the frequencies hold for small counts too.
fn next_class(rng: &mut impl Rng, deck: &mut Vec<PhantomClass>) -> PhantomClass {
    if deck.is_empty() {
        for (class, cards) in PhantomClass::ALL.into_iter().zip([11, 6, 3]) {
            deck.extend(std::iter::repeat_n(class, cards));
        }
        deck.shuffle(rng);
    }
    deck.pop().unwrap_or(PhantomClass::Normal)
}

fn png_bytes(phantom: &Phantom) -> Result<Vec<u8>, PhantomError> {
    let mut png = Vec::with_capacity(64 << 10);
    if let Samples::U8(levels) = &phantom.plane.samples {
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
            .write_image(
                levels,
                phantom.plane.width,
                phantom.plane.height,
                ExtendedColorType::L8,
            )?;
    }
    Ok(png)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn classes_come_in_their_natural_frequency() {
        let mut patients = BTreeMap::new();
        for image in deal(900, 3) {
            let label = patients
                .entry(image.listed.group)
                .or_insert(image.listed.label);
            assert_eq!(*label, image.listed.label);
        }
        let share = |class| {
            let count = patients.values().filter(|label| **label == class).count();
            count as f64 / patients.len() as f64
        };
        assert!((share(PhantomClass::Normal) - 0.55).abs() < 0.02);
        assert!((share(PhantomClass::Pneumonia) - 0.30).abs() < 0.02);
        assert!((share(PhantomClass::Effusion) - 0.15).abs() < 0.02);
        assert!(patients.len() < 700, "some patients have several images");
    }

    #[test]
    fn the_first_images_do_not_depend_on_the_count() {
        let few: Vec<PhantomFile> = deal(10, 7).into_iter().map(|image| image.listed).collect();
        let many: Vec<PhantomFile> = deal(40, 7).into_iter().map(|image| image.listed).collect();
        assert_eq!(few, many[..10]);
        assert!(deal(0, 7).is_empty());
    }
}
