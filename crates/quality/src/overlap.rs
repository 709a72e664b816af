//! Overlap of segmentations: intersection over union (Jaccard 1912) and Dice's coefficient (1945).
//!
//! Counts of pixels add up, so a measure of many images is that of their summed counts; the mean of
//! the images' own measures is another number, in which small images and rare classes weigh more.

use crate::error::{QualityError, known_class};
use autolabel_annotation::{LabelMap, Mask};
use std::ops::AddAssign;

/// Pixels that two segmentations share and that each of them has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// Pixels of both.
    pub shared: u64,
    /// Pixels of the first (the truth).
    pub first: u64,
    /// Pixels of the second (what was predicted).
    pub second: u64,
}

impl Overlap {
    /// Intersection over union, `shared / (first + second - shared)`, 0 to 1. 1 where both are empty,
    /// because then they agree; 0 where one is.
    #[must_use]
    pub fn iou(&self) -> f64 {
        let union = self.first + self.second - self.shared;
        if union == 0 {
            1.0
        } else {
            self.shared as f64 / union as f64
        }
    }

    /// Dice's coefficient, `2 shared / (first + second)`, 0 to 1. 1 where both are empty; 0 where one
    /// is.
    #[must_use]
    pub fn dice(&self) -> f64 {
        if self.is_absent() {
            1.0
        } else {
            2.0 * self.shared as f64 / (self.first + self.second) as f64
        }
    }

    /// Whether neither has a pixel.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.first + self.second == 0
    }
}

impl AddAssign for Overlap {
    fn add_assign(&mut self, other: Self) {
        self.shared += other.shared;
        self.first += other.first;
        self.second += other.second;
    }
}

/// How two masks of one image overlap.
///
/// # Errors
/// Masks of images of different size.
pub fn mask_overlap(first: &Mask, second: &Mask) -> Result<Overlap, QualityError> {
    Ok(Overlap {
        shared: u64::from(first.intersection_area(second)?),
        first: u64::from(first.area()),
        second: u64::from(second.area()),
    })
}

/// How a predicted label map overlaps with the truth, for every class of the schema. Pixels that the
/// truth ignores count nowhere; a pixel that only the prediction ignores is one that it missed.
///
/// # Errors
/// Maps of images of different size, or a class that is not below `class_count`.
pub fn class_overlaps(
    truth: &LabelMap,
    predicted: &LabelMap,
    class_count: usize,
) -> Result<Vec<Overlap>, QualityError> {
    for class in truth.classes().into_iter().chain(predicted.classes()) {
        known_class(class.index(), class_count)?;
    }
    let mut overlaps = vec![Overlap::default(); class_count];
    truth.compare(predicted, |class, said, pixels| {
        let Some(class) = class else {
            return;
        };
        let pixels = u64::from(pixels);
        overlaps[class.index()].first += pixels;
        if let Some(said) = said {
            overlaps[said.index()].second += pixels;
            if said == class {
                overlaps[class.index()].shared += pixels;
            }
        }
    })?;
    Ok(overlaps)
}

/// Mean of a measure over the classes that the truth or the prediction has. A class that neither has
/// says nothing about the prediction and is left out, so it can neither raise nor lower the mean;
/// `None` where there is no class left. A class that is predicted but not there counts as 0.
#[must_use]
pub fn mean_over_classes(overlaps: &[Overlap], measure: fn(&Overlap) -> f64) -> Option<f64> {
    let present = overlaps.iter().filter(|overlap| !overlap.is_absent());
    let (sum, count) = present.fold((0.0, 0_u32), |(sum, count), overlap| {
        (sum + measure(overlap), count + 1)
    });
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{ClassId, ImageSize};

    fn map(values: [u16; 6]) -> LabelMap {
        LabelMap::from_bitmap(ImageSize::new(3, 2).unwrap(), &values).unwrap()
    }

    #[test]
    fn nothing_and_nothing_agree() {
        let none = Mask::empty(ImageSize::new(3, 2).unwrap());
        let both = mask_overlap(&none, &none).unwrap();
        assert_eq!((both.iou(), both.dice()), (1.0, 1.0));
        let one = mask_overlap(&none, &none.complement()).unwrap();
        assert_eq!((one.iou(), one.dice()), (0.0, 0.0));
    }

    #[test]
    fn ignored_pixels_count_nowhere() {
        const I: u16 = LabelMap::IGNORED;
        let found = class_overlaps(&map([0, 0, 1, I, I, 1]), &map([0, 1, 1, 0, 3, I]), 4).unwrap();
        let overlap = |shared, first, second| Overlap {
            shared,
            first,
            second,
        };
        assert_eq!(
            found,
            [
                overlap(1, 2, 1),
                overlap(1, 2, 2),
                Overlap::default(),
                Overlap::default()
            ]
        );
        let mean = mean_over_classes(&found, Overlap::iou).unwrap();
        assert!((mean - (0.5 + 1.0 / 3.0) / 2.0).abs() < 1e-15);
        assert_eq!(mean_over_classes(&found[2..], Overlap::dice), None);
    }

    #[test]
    fn a_class_beyond_the_schema_is_refused() {
        let good = map([0; 6]);
        let bad = LabelMap::filled(good.size(), Some(ClassId(2)));
        let refused = class_overlaps(&good, &bad, 2).unwrap_err();
        let class_count = 2;
        assert_eq!(
            refused,
            QualityError::UnknownClass {
                class: 2,
                class_count
            }
        );
    }
}
