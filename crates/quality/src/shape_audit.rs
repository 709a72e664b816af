//! What an audit says of drawn shapes: a row a class, and a row for each size of its shapes.

use crate::certificate::{rounded, rounded_up};
use crate::intervals::clopper_pearson_upper;
use autolabel_annotation::ClassId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The area of a shape, in the groups of COCO (Lin et al., 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShapeSize {
    /// Below 32 x 32 pixels.
    Small,
    /// Below 96 x 96 pixels.
    Medium,
    /// 96 x 96 pixels and more.
    Large,
}

impl ShapeSize {
    /// The group of an area in square pixels.
    #[must_use]
    pub fn of(area: f64) -> Self {
        match area {
            area if area < 32.0 * 32.0 => Self::Small,
            area if area < 96.0 * 96.0 => Self::Medium,
            _ => Self::Large,
        }
    }
}

/// Counts of checked automatic shapes of a class, or of those of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShapeAudit {
    /// The class.
    pub class: ClassId,
    /// The size; `None` for all sizes together.
    pub size: Option<ShapeSize>,
    /// Checked images on which the program or the expert has such a shape.
    pub images: u64,
    /// Of them, those on which the expert changed, removed or added one.
    pub edited_images: u64,
    /// Automatic shapes on them.
    pub checked: u64,
    /// Of these, those that were left as they were.
    pub kept: u64,
    /// Sum over the automatic shapes of how well each fits the expert's: Dice of masks, IoU of boxes, 0 for
    /// one that was removed.
    pub fits: f64,
    /// Shapes of the expert for which there was no automatic one with an IoU of 0.5 or more.
    pub missed: u64,
    /// Shapes of the expert that differ from every automatic one.
    pub changed: u64,
}

impl ShapeAudit {
    /// Nothing checked yet.
    #[must_use]
    pub fn none(class: ClassId, size: Option<ShapeSize>) -> Self {
        Self {
            class,
            size,
            images: 0,
            edited_images: 0,
            checked: 0,
            kept: 0,
            fits: 0.0,
            missed: 0,
            changed: 0,
        }
    }

    /// Adds what was found on one image.
    pub fn add_image(&mut self, image: &Self) {
        self.images += 1;
        self.edited_images += u64::from(image.kept < image.checked || image.changed > 0);
        self.checked += image.checked;
        self.kept += image.kept;
        self.fits += image.fits;
        self.missed += image.missed;
        self.changed += image.changed;
    }
}

/// Checked shapes of one class, of all sizes or of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateShapeRow {
    /// Name of the class.
    pub class: String,
    /// By the area in pixels: small below 32 x 32, medium below 96 x 96; `null` for all sizes together.
    pub size: Option<ShapeSize>,
    /// Checked images on which the program or the expert has such a shape.
    pub images: u64,
    /// Of them, those on which the expert changed, removed or added one.
    pub edited_images: u64,
    /// Clopper and Pearson's upper 95 % bound of their share; `null` if there was none.
    pub edited_bound: Option<f64>,
    /// Automatic shapes on these images.
    pub shapes: u64,
    /// Of them, those that were left as they were.
    pub kept: u64,
    /// How well the automatic shapes fit the expert's on average, 0 to 1: Dice of masks, IoU of boxes, 0
    /// for one that was removed; `null` if there was none.
    pub mean_fit: Option<f64>,
    /// Shapes of the expert without an automatic one with an IoU of 0.5 or more.
    pub missed: u64,
}

impl CertificateShapeRow {
    /// The row of these counts; names of classes in schema order.
    pub(crate) fn of(row: &ShapeAudit, classes: &[String]) -> Self {
        let bound = clopper_pearson_upper(row.edited_images, row.images, 0.05);
        Self {
            class: classes.get(row.class.index()).cloned().unwrap_or_default(),
            size: row.size,
            images: row.images,
            edited_images: row.edited_images,
            edited_bound: (row.images > 0).then(|| rounded_up(bound)),
            shapes: row.checked,
            kept: row.kept,
            mean_fit: (row.checked > 0).then(|| rounded(row.fits / row.checked as f64)),
            missed: row.missed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_coco() {
        let sizes = [0.0, 1023.9, 1024.0, 9215.0, 9216.0].map(ShapeSize::of);
        use ShapeSize::{Large, Medium, Small};
        assert_eq!(sizes, [Small, Small, Medium, Medium, Large]);
    }

    #[test]
    fn bounds_and_means_are_of_what_was_checked() {
        let row = |size, images: u64, edited_images| ShapeAudit {
            images,
            edited_images,
            checked: images,
            kept: images - edited_images,
            fits: 0.9 * images as f64,
            ..ShapeAudit::none(ClassId(0), size)
        };
        let classes = ["cell".to_owned()];
        let all = CertificateShapeRow::of(&row(None, 60, 1), &classes);
        // scipy.stats.beta.ppf(0.95, 2, 59)
        assert!((all.edited_bound.unwrap() - 0.0767).abs() < 2e-3);
        assert_eq!((all.class.as_str(), all.mean_fit), ("cell", Some(0.9)));
        let none = CertificateShapeRow::of(&row(Some(ShapeSize::Small), 0, 0), &classes);
        assert_eq!((none.edited_bound, none.mean_fit), (None, None));
        let text = serde_json::to_string(&none).unwrap();
        assert!(text.contains("\"size\":\"small\""), "{text}");
    }
}
