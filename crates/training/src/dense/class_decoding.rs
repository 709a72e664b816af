//! From answers where each pixel has a class to one mask a class.

use autolabel_annotation::{ClassId, DrawnShape, Geometry, ImageSize, LabelMap};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::found_shape::FoundShape;
use crate::dense::grid_sampling::GridSampler;
use crate::dense::prediction::DenseGrid;

/// Lines of an image, about, on which probabilities are averaged.
const CONFIDENCE_LINES: u32 = 128;

/// The pixels of an image of `size` that each class but the background has, by rising class: of each
/// pixel the likeliest class by logits interpolated between cells. `view` is what the network saw of the
/// image; what lies outside of it is background. The confidence of a mask is the mean probability of
/// its class on its pixels, of a large image on some of them in even distances.
///
/// # Errors
/// [`TrainingError::View`] for a view of other sides than those of the grid, or one that cannot be used.
pub fn class_shapes(
    grid: &DenseGrid,
    size: ImageSize,
    view: &Augmentation,
) -> Result<Vec<FoundShape>, TrainingError> {
    let sampler = GridSampler::new(grid, size, view)?;
    let mut labels = vec![LabelMap::IGNORED; size.pixels() as usize];
    let mut sums = vec![(0.0_f64, 0_u32); grid.channels];
    let step = 1 + size.width().max(size.height()) / CONFIDENCE_LINES;
    let is_background = |cell: &[f32]| cell[1..].iter().all(|logit| *logit <= cell[0]);
    sampler.each_pixel(is_background, |[x, y], _, logits| {
        let mut label = 0;
        for (class, logit) in logits.iter().enumerate() {
            if *logit > logits[label] {
                label = class;
            }
        }
        if label == 0 {
            return;
        }
        labels[(y * size.width() + x) as usize] = label as u16 - 1;
        let is_counted = x.is_multiple_of(step) && y.is_multiple_of(step);
        if is_counted || sums[label].1 == 0 {
            let highest = logits[label];
            let sum: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
            sums[label].0 += f64::from(1.0 / sum);
            sums[label].1 += 1;
        }
    });
    let masks = LabelMap::from_bitmap(size, &labels)?.masks();
    let found = masks.into_iter().map(|(class, mask): (ClassId, _)| {
        let (sum, count) = sums[class.index() + 1];
        FoundShape {
            shape: DrawnShape {
                class,
                geometry: Geometry::Mask(mask),
            },
            confidence: (sum / f64::from(count.max(1))) as f32,
        }
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_one_mask_of_the_image() {
        // Class 1 in the left cells, the background in the right ones; the image is half the view.
        let grid = DenseGrid {
            rows: 1,
            columns: 2,
            channels: 2,
            values: vec![0.0, 4.0, 4.0, 0.0],
        };
        let size = ImageSize::new(4, 2).unwrap();
        let view = Augmentation::plain((2, 4), 4, 8);
        let found = class_shapes(&grid, size, &view).unwrap();
        assert_eq!(found.len(), 1);
        let Geometry::Mask(mask) = &found[0].shape.geometry else {
            panic!("a class is a mask");
        };
        assert_eq!(mask.to_bitmap(), [1, 1, 0, 0, 1, 1, 0, 0]);
        assert_eq!(found[0].shape.class, ClassId(0));
        assert!((0.9..1.0).contains(&found[0].confidence));
        let other = Augmentation::plain((2, 4), 8, 8);
        assert!(class_shapes(&grid, size, &other).is_err());
    }
}
