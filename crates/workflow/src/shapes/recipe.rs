//! How the dense network learns from a set of images: the size of what it sees, views of an image, steps.

use autolabel_annotation::{ImageSize, Task};
use autolabel_image_io::AugmentRange;
use autolabel_models::FROZEN_MULTIPLE;

/// The network sees an image with this share of the sides that images of the set have in the middle.
const SHARE_OF_SIDES: f64 = 0.73;
/// Least and most pixels of a side of what it sees; the root of rows times columns.
const SIDES: (f64, f64) = (128.0, 320.0);
/// Pixels of a step: 8 pictures of 256 by 256, more of smaller ones.
const PIXELS_A_STEP: f64 = 8.0 * 256.0 * 256.0;
/// Pictures of a step.
const BATCHES: (f64, f64) = (8.0, 16.0);

/// How the network learns.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Root of rows times columns of what the network sees of an image, in pixels.
    pub side: f64,
    /// Augmented views kept of each labeled image.
    pub views: u16,
    /// Pictures a step.
    pub batch: usize,
    /// Steps of the first training, from pretrained stages and a random decoder.
    pub first_steps: usize,
    /// Steps of a round, from the network of the round before.
    pub round_steps: usize,
    /// Steps of a training on everything, from the start.
    pub full_steps: usize,
    /// How far views go.
    pub range: AugmentRange,
}

impl Recipe {
    /// The recipe of a task for images of these sizes.
    #[must_use]
    pub fn of(task: Task, sizes: &[ImageSize]) -> Self {
        let mut sides: Vec<f64> = sizes
            .iter()
            .map(|size| f64::from(size.pixels()).sqrt())
            .collect();
        sides.sort_unstable_by(f64::total_cmp);
        let middle = sides.get(sides.len() / 2).copied().unwrap_or(256.0);
        let side = (middle * SHARE_OF_SIDES).clamp(SIDES.0, SIDES.1);
        let batch = (PIXELS_A_STEP / (side * side)).clamp(BATCHES.0, BATCHES.1);
        Self {
            side,
            views: match task {
                Task::Detection => 3,
                _ => 6,
            },
            batch: batch.round() as usize,
            first_steps: 300,
            round_steps: 150,
            full_steps: 600,
            range: AugmentRange::default(),
        }
    }

    /// Rows and columns of what the network sees of an image of this size: its own proportions as far as
    /// multiples of 32 allow.
    #[must_use]
    pub fn input(&self, size: ImageSize) -> (usize, usize) {
        let (width, height) = (f64::from(size.width()), f64::from(size.height()));
        let scale = self.side / (width * height).sqrt();
        let multiple = FROZEN_MULTIPLE as f64;
        let side = |pixels: f64| ((pixels * scale / multiple).round().max(1.0) * multiple) as usize;
        (side(height), side(width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> ImageSize {
        ImageSize::new(width, height).unwrap()
    }

    #[test]
    fn small_images_are_seen_larger_and_large_ones_smaller() {
        let of = |side: u32| Recipe::of(Task::SemanticSegmentation, &[size(side, side)]);
        assert_eq!(of(120).input(size(120, 120)), (128, 128));
        assert_eq!(of(352).input(size(352, 352)), (256, 256));
        assert_eq!(of(3_000).input(size(3_000, 3_000)), (320, 320));
        assert_eq!(of(120).batch, 16);
        assert_eq!(of(352).batch, 8);
    }

    #[test]
    fn proportions_are_kept() {
        let recipe = Recipe::of(Task::Detection, &[size(512, 384)]);
        let (rows, columns) = recipe.input(size(512, 384));
        assert_eq!((rows, columns), (288, 352));
        // A strip still has rows.
        assert_eq!(recipe.input(size(4_000, 10)).0, 32);
    }
}
