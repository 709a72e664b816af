//! BADGE (Ash et al., ICLR 2020, "Deep batch active learning by diverse, uncertain gradient lower
//! bounds"): k-means++ on the gradient that each image would give the last layer if the first class
//! were its label, `g = (p - onehot(argmax p)) ⊗ z`: long where the model doubts, and of different
//! directions for different images and classes.
//!
//! The outer product of `C` classes and `d` features is never formed: with `r = p - onehot(argmax p)`,
//! `⟨g, g'⟩ = ⟨r, r'⟩ ⟨z, z'⟩`, so that a distance costs `C + d` operations instead of `C d`. As in the
//! authors' code the first image is the one with the longest gradient, and the others are drawn with
//! probability proportional to the squared distance to the nearest one chosen. The head here is a
//! Gaussian process without a last layer, so `z` are the features that it is fitted to. (scikit-activeml
//! counts the length of a gradient as one more distance, as if the origin had been chosen; the paper and
//! the authors' code do not.) Pools above
//! [`POOL`] images are thinned evenly. `O(P k (C + d))` for `P` images and a batch of `k`.

use super::{Acquisition, Scored};
use crate::PoolView;
use crate::distances::evenly_spaced;
use autolabel_heads::{dot, draw_proportional};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub(super) struct Badge;

/// Images that gradients are compared of, at most.
const POOL: usize = 50_000;

/// Squared distances below this share of the squared length are rounding: the image is a copy.
const ROUNDING: f32 = 1e-6;

impl Acquisition for Badge {
    fn name(&self) -> &'static str {
        "badge"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let positions = evenly_spaced(open, POOL.max(count));
        let gradients = Gradients::of(pool, &positions);
        let lengths = &gradients.squared_lengths;
        let mut next =
            (0..lengths.len()).max_by(|&a, &b| lengths[a].total_cmp(&lengths[b]).then(b.cmp(&a)));
        let mut distances = vec![f32::INFINITY; lengths.len()];
        let mut picks: Vec<Scored> = Vec::with_capacity(count.min(positions.len()));
        while let Some(chosen) = next {
            // What it was drawn by: the distance to the nearest one chosen, its length for the first.
            let first = distances[chosen].is_infinite();
            let squared = if first {
                lengths[chosen]
            } else {
                distances[chosen]
            };
            picks.push(Scored {
                position: positions[chosen],
                score: Some(squared.sqrt()),
            });
            if picks.len() == count {
                break;
            }
            gradients.approach(chosen, &mut distances);
            next = draw_proportional(&distances, rng);
        }
        picks
    }
}

/// The two factors of every gradient.
struct Gradients<'a> {
    /// `p - onehot(argmax p)` of every head, one row of all their classes an image.
    residuals: Vec<f32>,
    class_count: usize,
    features: Vec<&'a [f32]>,
    squared_lengths: Vec<f32>,
}

impl<'a> Gradients<'a> {
    fn of(pool: &PoolView<'a>, positions: &[usize]) -> Self {
        let widths = pool.heads.iter().map(|head| head.predictions.class_count);
        let class_count = widths.sum();
        let mut residuals = Vec::with_capacity(positions.len() * class_count);
        let heads = |&position: &usize| {
            pool.heads
                .iter()
                .map(move |head| head.probabilities(position))
        };
        for probabilities in positions.iter().flat_map(heads) {
            let start = residuals.len();
            residuals.extend_from_slice(probabilities);
            // The earlier class wins a tie.
            let first = (0..probabilities.len()).max_by(|&a, &b| {
                probabilities[a]
                    .total_cmp(&probabilities[b])
                    .then(b.cmp(&a))
            });
            if let Some(first) = first {
                residuals[start + first] -= 1.0;
            }
        }
        let features: Vec<&[f32]> = positions
            .iter()
            .map(|&position| pool.row(pool.candidates[position]))
            .collect();
        let mut gradients = Self {
            residuals,
            class_count,
            features,
            squared_lengths: Vec::new(),
        };
        gradients.squared_lengths = (0..positions.len())
            .into_par_iter()
            .map(|i| gradients.product(i, i))
            .collect();
        gradients
    }

    fn residual(&self, image: usize) -> &[f32] {
        &self.residuals[image * self.class_count..(image + 1) * self.class_count]
    }

    /// `⟨g_a, g_b⟩`.
    fn product(&self, a: usize, b: usize) -> f32 {
        dot(self.residual(a), self.residual(b)) * dot(self.features[a], self.features[b])
    }

    /// Lowers each distance to the one to `chosen`, where that is nearer.
    fn approach(&self, chosen: usize, distances: &mut [f32]) {
        let length = self.squared_lengths[chosen];
        distances
            .par_iter_mut()
            .enumerate()
            .for_each(|(image, distance)| {
                let own = self.squared_lengths[image];
                let squared = own + length - 2.0 * self.product(image, chosen);
                let copy = image == chosen || squared < ROUNDING * (own + length);
                *distance = distance.min(if copy { 0.0 } else { squared });
            });
    }
}
