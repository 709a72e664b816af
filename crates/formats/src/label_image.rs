//! Label images in: a picture as large as the image whose values say what each pixel is, as segmentation
//! data sets come.

use crate::FormatError;
use autolabel_annotation::{ClassId, Drawing, DrawnShape, Geometry, ImageSize, LabelMap};
use image::{DynamicImage, ImageReader};
use std::path::Path;

/// The values of a label image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelImage {
    /// Size of the picture.
    pub size: ImageSize,
    /// One value a pixel, row by row, as they are in the file: nothing is scaled. A picture of one bit has
    /// 0 and 255.
    pub values: Vec<u16>,
}

/// Reads a grey picture of 1, 8 or 16 bits.
///
/// # Errors
/// A file that cannot be read, is no picture, or has colours.
pub fn read_label_image(path: &Path) -> Result<LabelImage, FormatError> {
    let refused = |reason: String| FormatError::LabelImage {
        reason,
        path: path.to_path_buf(),
    };
    let picture = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|error| refused(error.to_string()))?
        .decode()
        .map_err(|error| refused(error.to_string()))?;
    let size = ImageSize::new(picture.width(), picture.height())
        .map_err(|error| refused(error.to_string()))?;
    let values = match picture {
        DynamicImage::ImageLuma8(grey) => grey.into_raw().into_iter().map(u16::from).collect(),
        DynamicImage::ImageLuma16(grey) => grey.into_raw(),
        _ => {
            return Err(refused(
                "it has colours, and labels are one number a pixel; save it as a grey PNG of 8 or 16 bits"
                    .to_owned(),
            ));
        }
    };
    Ok(LabelImage { size, values })
}

impl LabelImage {
    /// The values that occur, rising, without the background 0.
    #[must_use]
    pub fn labels(&self) -> Vec<u16> {
        let mut is_there = vec![false; usize::from(u16::MAX) + 1];
        for value in &self.values {
            is_there[usize::from(*value)] = true;
        }
        (1..=u16::MAX)
            .filter(|value| is_there[usize::from(*value)])
            .collect()
    }

    /// As a semantic map: the value at position `i` of `labels` is class `i`, all others are background.
    #[must_use]
    pub fn semantic(&self, labels: &[u16]) -> Drawing {
        self.drawing(|value| labels.binary_search(&value).ok(), |class| class)
    }

    /// As instances of one class: every value but 0 is one of them.
    #[must_use]
    pub fn instances(&self) -> Drawing {
        let labels = self.labels();
        self.drawing(|value| labels.binary_search(&value).ok(), |_| ClassId(0))
    }

    /// One mask a number that `number_of` gives to a value, with the class of that number.
    fn drawing(
        &self,
        number_of: impl Fn(u16) -> Option<usize>,
        class_of: impl Fn(ClassId) -> ClassId,
    ) -> Drawing {
        let mut known: Option<(u16, u16)> = None;
        let numbers: Vec<u16> = self
            .values
            .iter()
            .map(|&value| match known {
                // Neighbours mostly have the same value.
                Some((last, number)) if last == value => number,
                _ => {
                    let number = number_of(value).and_then(|number| u16::try_from(number).ok());
                    let number = number.unwrap_or(LabelMap::IGNORED);
                    known = Some((value, number));
                    number
                }
            })
            .collect();
        // As many values as pixels: that was checked when the picture was read.
        let map = LabelMap::from_bitmap(self.size, &numbers)
            .unwrap_or_else(|_| LabelMap::filled(self.size, None));
        let shapes = map.masks().into_iter().map(|(number, mask)| DrawnShape {
            class: class_of(number),
            geometry: Geometry::Mask(mask),
        });
        Drawing {
            shapes: shapes.collect(),
            ignored: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(picture: &DynamicImage) -> LabelImage {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        picture.save(&path).unwrap();
        read_label_image(&path).unwrap()
    }

    #[test]
    fn values_come_as_they_are() {
        let eight = image::GrayImage::from_raw(3, 2, vec![0, 1, 2, 2, 0, 255]).unwrap();
        let found = written(&eight.into());
        assert_eq!(found.values, [0, 1, 2, 2, 0, 255]);
        assert_eq!(found.labels(), [1, 2, 255]);
        let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![700_u16, 0]);
        assert_eq!(
            written(&DynamicImage::ImageLuma16(deep.unwrap())).labels(),
            [700]
        );
    }

    #[test]
    fn a_map_has_a_mask_a_class_and_instances_one_each() {
        let picture = image::GrayImage::from_raw(3, 2, vec![5, 5, 9, 0, 5, 9]).unwrap();
        let found = written(&picture.into());
        let areas = |drawing: &Drawing| -> Vec<(u16, u32)> {
            let shapes = drawing.shapes.iter();
            shapes
                .map(|s| (s.class.0, s.geometry.mask(found.size).unwrap().area()))
                .collect()
        };
        assert_eq!(areas(&found.semantic(&[5, 7, 9])), [(0, 3), (2, 2)]);
        assert_eq!(areas(&found.instances()), [(0, 3), (0, 2)]);
        let shape = &found.semantic(&[9]).shapes[0];
        let mask = shape.geometry.mask(found.size).unwrap();
        assert!(mask.contains(2, 0) && mask.contains(2, 1) && !mask.contains(1, 1));
    }

    #[test]
    fn what_is_no_label_image_is_refused_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("colour.png");
        image::RgbImage::new(2, 2).save(&path).unwrap();
        let refused = read_label_image(&path).unwrap_err().to_string();
        assert!(refused.contains("it has colours") && refused.contains("colour.png"));
        std::fs::write(&path, b"no picture").unwrap();
        assert!(read_label_image(&path).is_err());
        assert!(read_label_image(&folder.path().join("gone.png")).is_err());
    }
}
