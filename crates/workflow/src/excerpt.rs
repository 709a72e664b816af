//! The part of a large pool that a batch is chosen from, as a small pool with numbers of its own.
//!
//! Acquisition functions work on a dense matrix in single precision. An excerpt copies the rows they
//! will look at, and numbers images, groups and copies anew; the order of the images stays.

use crate::WorkflowError;
use crate::round::RoundInput;
use autolabel_heads::Matrix;
use autolabel_selection::{HeadView, Pick, PoolView, draw_random, rank_around};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Some images of a project.
struct Excerpt {
    /// In rising order; the position is the number in the excerpt.
    images: Vec<u32>,
    features: Matrix,
    groups: Option<Vec<u32>>,
    duplicate_of: Option<Vec<Option<u32>>>,
}

/// Images that were looked at, from which the batch is chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Considered<'a> {
    /// In rising order.
    pub images: &'a [u32],
    /// The heads of the model with what they say about them, in this order; none before the first model.
    pub heads: &'a [HeadView<'a>],
    /// Those that are of a kind that people could not read, in rising order.
    pub set_aside: &'a [u32],
    /// What a label of each costs, in this order; `None` = all the same.
    pub costs: Option<&'a [f32]>,
}

/// Chooses a batch from the images that were considered, and its random part from all `candidates`.
pub(crate) fn rank_excerpt(
    input: &RoundInput<'_>,
    candidates: &[u32],
    considered: Considered<'_>,
    labeled: &[u32],
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Pick>, WorkflowError> {
    let config = &input.config.batch;
    let random = draw_random(candidates, config, rng)?;
    let excerpt = Excerpt::of(input, [considered.images, labeled, random.as_slice()]);
    let (open, labeled) = (excerpt.numbers(considered.images), excerpt.numbers(labeled));
    let set_aside = excerpt.numbers(considered.set_aside);
    let pool = PoolView {
        labeled: &labeled,
        heads: considered.heads,
        groups: excerpt.groups.as_deref(),
        duplicate_of: excerpt.duplicate_of.as_deref(),
        set_aside: &set_aside,
        costs: considered.costs,
        ..PoolView::cold(&excerpt.features, &open)
    };
    let mut picks = rank_around(&pool, &excerpt.numbers(&random), config, rng)?;
    for pick in &mut picks {
        pick.row = excerpt.images[pick.row as usize];
    }
    Ok(picks)
}

impl Excerpt {
    fn of(input: &RoundInput<'_>, parts: [&[u32]; 3]) -> Self {
        let mut images = parts.concat();
        images.sort_unstable();
        images.dedup();
        Self {
            features: input.features.select(&images),
            groups: input
                .groups
                .map(|groups| images.iter().map(|&row| groups[row as usize]).collect()),
            duplicate_of: input.duplicate_of.map(|of| copies_within(&images, of)),
            images,
        }
    }

    /// Numbers of images that are in the excerpt.
    fn numbers(&self, images: &[u32]) -> Vec<u32> {
        images
            .iter()
            .filter_map(|image| self.images.binary_search(image).ok())
            .filter_map(|number| u32::try_from(number).ok())
            .collect()
    }
}

/// For each image the first of the excerpt that is a copy of the same original, where that is another.
fn copies_within(images: &[u32], duplicate_of: &[Option<u32>]) -> Vec<Option<u32>> {
    let mut first_of: BTreeMap<u32, u32> = BTreeMap::new();
    (0_u32..)
        .zip(images)
        .map(|(number, &image)| {
            let first = *first_of
                .entry(original(image, duplicate_of))
                .or_insert(number);
            (first != number).then_some(first)
        })
        .collect()
}

/// The first image of a chain of copies.
fn original(mut image: u32, duplicate_of: &[Option<u32>]) -> u32 {
    // A copy always points to an earlier image, so the chain ends.
    while let Some(earlier) = duplicate_of.get(image as usize).copied().flatten()
        && earlier < image
    {
        image = earlier;
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_an_original_outside_are_copies_of_each_other() {
        let duplicate_of = [None, Some(0), None, Some(1), Some(2), Some(3)];
        assert_eq!(
            copies_within(&[1, 2, 3, 5], &duplicate_of),
            [None, None, Some(0), Some(0)]
        );
    }
}
