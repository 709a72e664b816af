//! How the dense network learns from a set of images: the size of what it sees, views of an image, steps.

use autolabel_annotation::{ImageSize, Task};
use autolabel_image_io::{AugmentRange, Augmentation};
use autolabel_models::FROZEN_MULTIPLE;
use rand::Rng;

/// The network sees an image with this share of the sides that images of the set have in the middle.
const SHARE_OF_SIDES: f64 = 0.73;
/// Least and most pixels of a side of what it sees; the root of rows times columns.
const SIDES: (f64, f64) = (128.0, 320.0);
/// Pixels of a step: 8 pictures of 256 by 256, more of smaller ones.
const PIXELS_A_STEP: f64 = 8.0 * 256.0 * 256.0;
/// Pictures of a step.
const BATCHES: (f64, f64) = (8.0, 16.0);
/// Instances are learnt from crops with sides of so many pixels.
const CROP: usize = 256;
/// Pixels of a crop, and of what instances are found on, for one of the image: two nuclei that touch are
/// told apart by what is a pixel between them.
const MAGNIFIED: (f64, f64) = (1.5, 2.0);
/// Most pixels of a side of what instances are found on; larger images are magnified less.
const MOST_SIDE: f64 = 1_536.0;
/// Least share of a crop that shows the image.
const LEAST_SHOWN: f64 = 0.5;
/// A crop that shows too little is drawn again at most so often.
const MOST_DRAWN: usize = 20;

/// How the network looks at images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sight {
    /// At whole images.
    Whole {
        /// Root of rows times columns of what it sees, in pixels.
        side: f64,
    },
    /// At crops to learn from, and at whole images to find things on, both magnified.
    Magnified,
}

/// How the network learns.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// How it looks at images.
    pub sight: Sight,
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
        let (sight, batch) = match task {
            Task::InstanceSegmentation => (Sight::Magnified, BATCHES.0),
            _ => (Sight::Whole { side }, batch),
        };
        Self {
            sight,
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

    /// Rows and columns of what the network sees of a whole image of this size: its own proportions as far
    /// as multiples of 32 allow.
    #[must_use]
    pub fn whole(&self, size: ImageSize) -> (usize, usize) {
        let (width, height) = (f64::from(size.width()), f64::from(size.height()));
        let scale = match self.sight {
            Sight::Whole { side } => side / (width * height).sqrt(),
            Sight::Magnified => MAGNIFIED.1.min(MOST_SIDE / width.max(height)),
        };
        let multiple = FROZEN_MULTIPLE as f64;
        let side = |pixels: f64| ((pixels * scale / multiple).round().max(1.0) * multiple) as usize;
        (side(height), side(width))
    }

    /// Rows and columns of what it sees of an image of this size to learn from.
    #[must_use]
    pub fn learnt_from(&self, size: ImageSize) -> (usize, usize) {
        match self.sight {
            Sight::Whole { .. } => self.whole(size),
            Sight::Magnified => (CROP, CROP),
        }
    }

    /// A random view of an image of this size to learn from.
    pub(crate) fn view(&self, size: ImageSize, rng: &mut impl Rng) -> Augmentation {
        let source = (size.height() as usize, size.width() as usize);
        let (height, width) = self.learnt_from(size);
        let mut range = self.range;
        if self.sight == Sight::Magnified {
            // The range counts from the size at which the image just fits.
            let longest = source.0.max(source.1) as f64;
            let by = MAGNIFIED
                .0
                .min(MOST_SIDE * MAGNIFIED.0 / MAGNIFIED.1 / longest);
            let enlarged = by * longest / CROP as f64;
            range.scale = (range.scale.0 * enlarged, range.scale.1 * enlarged);
            range.shift += 0.5 * (enlarged - 1.0).max(0.0);
        }
        let mut view = Augmentation::draw(rng, source, height, width, &range);
        if self.sight == Sight::Magnified {
            for _ in 1..MOST_DRAWN {
                if shown(&view, source) >= LEAST_SHOWN {
                    break;
                }
                view = Augmentation::draw(rng, source, height, width, &range);
            }
        }
        view
    }
}

/// The share of a view that shows its image, by 16 x 16 places.
fn shown(view: &Augmentation, (rows, columns): (usize, usize)) -> f64 {
    let places = (0..256).filter(|place| {
        let at = |step: usize, side: usize| (step as f64 + 0.5) * side as f64 / 16.0;
        let (x, y) = (at(place % 16, view.width), at(place / 16, view.height));
        let [x, y] = view.source_from_view.map(|[a, b, c]| a * x + b * y + c);
        x >= 0.0 && y >= 0.0 && x < columns as f64 && y < rows as f64
    });
    places.count() as f64 / 256.0
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
        assert_eq!(of(120).whole(size(120, 120)), (128, 128));
        assert_eq!(of(352).whole(size(352, 352)), (256, 256));
        assert_eq!(of(3_000).whole(size(3_000, 3_000)), (320, 320));
        assert_eq!(of(120).batch, 16);
        assert_eq!(of(352).batch, 8);
    }

    #[test]
    fn proportions_are_kept() {
        let recipe = Recipe::of(Task::Detection, &[size(512, 384)]);
        let (rows, columns) = recipe.whole(size(512, 384));
        assert_eq!((rows, columns), (288, 384));
        // A strip still has rows.
        assert_eq!(recipe.whole(size(4_000, 10)).0, 32);
    }
    #[test]
    fn crops_of_instances_show_the_image() {
        use rand::SeedableRng;
        let recipe = Recipe::of(Task::InstanceSegmentation, &[size(512, 400)]);
        assert_eq!(recipe.whole(size(512, 400)), (800, 1_024));
        assert_eq!(recipe.whole(size(4_096, 2_048)), (768, 1_536));
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        for _ in 0..200 {
            let view = recipe.view(size(512, 400), &mut rng);
            assert_eq!((view.height, view.width), (CROP, CROP));
            assert!(shown(&view, (400, 512)) >= LEAST_SHOWN);
        }
    }
}
