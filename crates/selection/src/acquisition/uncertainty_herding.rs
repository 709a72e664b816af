//! Uncertainty herding (Bae et al., ICLR 2025): the batch that best covers the doubtful images.
//!
//! Maximises `Σ_n u_n max_{m ∈ labeled ∪ batch} exp(-d(n, m)² / s²)` greedily, with `u = 1 - (p1 - p2)`
//! the model's doubt. The function is monotone submodular, so greedy reaches at least `1 - 1/e` of the
//! best. With few labels the doubt is flat and it covers the pool; with many it follows the margin.
//!
//! The sum runs over the most doubtful images only (all of a small pool): beyond, `u` is small and so
//! is its part of the sum. The scale `s` is a fixed part of the features' own scale, on which unrelated
//! images are about √2 apart; the paper lets it shrink with the distance of labeled images, which
//! near-copies in medical sets (frames of a video, follow-up images) drive to zero.
//!
//! Where labels differ in what they cost ([`PoolView::costs`]), the greedy choice is by what an image adds
//! for its cost, the rule for a monotone submodular function under a budget (Khuller, Moss and Naor, 1999).

use super::{Acquisition, Scored, by_probabilities, lead};
use crate::PoolView;
use crate::similarity;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub(super) struct UncertaintyHerding;

/// Most doubtful images that the sum runs over, at most.
const MOST_DOUBTFUL: usize = 3000;

/// Scale of the coverage: images nearer than this say much about each other.
const SCALE: f32 = 0.6;

impl Acquisition for UncertaintyHerding {
    fn name(&self) -> &'static str {
        "uncertainty_herding"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let doubtful = by_probabilities(pool, open, MOST_DOUBTFUL.max(count), |p| 1.0 - lead(p));
        let positions: Vec<usize> = doubtful.iter().map(|s| s.position).collect();
        let doubt: Vec<f32> = doubtful.iter().map(|s| s.score.unwrap_or(0.0)).collect();
        herd(pool, &positions, &doubt, count)
    }
}

/// The `count` of these positions that best cover all of them, each weighted by its doubt, given what
/// the labeled images cover, for what they cost. `O(n (n + L) d)` for `n` positions and `L` labels.
pub(super) fn herd(
    pool: &PoolView<'_>,
    positions: &[usize],
    doubt: &[f32],
    count: usize,
) -> Vec<Scored> {
    let rows = pool.images_at(positions);
    let covered = covered_by_labeled(pool, &rows);
    let similarity = similarity::among(&pool.features.select(&rows), SCALE);
    let worth: Option<Vec<f32>> = pool
        .costs
        .map(|costs| positions.iter().map(|&at| 1.0 / costs[at]).collect());
    greedy(&similarity, doubt, worth.as_deref(), covered, count)
        .into_iter()
        .map(|(index, gain)| Scored {
            position: positions[index],
            score: Some(gain),
        })
        .collect()
}

/// Picks `count` columns that add most coverage, times what it is worth in each of them, with the coverage
/// that each adds per image of the sum.
fn greedy(
    similarity: &[f32],
    doubt: &[f32],
    worth: Option<&[f32]>,
    mut covered: Vec<f32>,
    count: usize,
) -> Vec<(usize, f32)> {
    let n = doubt.len();
    let mut taken = vec![false; n];
    // Gains only ever fall (submodularity), so an old gain is an upper bound and most columns need not
    // be looked at again (lazy greedy; Minoux, 1978).
    let gain = |column: usize, covered: &[f32]| -> f32 {
        similarity[column * n..][..n]
            .iter()
            .zip(covered)
            .zip(doubt)
            .map(|((s, c), u)| u * (s - c).max(0.0))
            .sum()
    };
    let wanted = |column: usize, gain: f32| worth.map_or(gain, |worth| gain * worth[column]);
    let mut bound: Vec<f32> = (0..n)
        .into_par_iter()
        .map(|column| gain(column, &covered))
        .collect();
    let mut fresh = vec![0_usize; n];
    let mut picks = Vec::with_capacity(count.min(n));
    while picks.len() < count.min(n) {
        let now = picks.len();
        let best = loop {
            let Some(column) = (0..n).filter(|&column| !taken[column]).max_by(|&a, &b| {
                let [of_a, of_b] = [a, b].map(|column| wanted(column, bound[column]));
                of_a.total_cmp(&of_b).then(b.cmp(&a))
            }) else {
                return picks;
            };
            if fresh[column] == now {
                break column;
            }
            bound[column] = gain(column, &covered);
            fresh[column] = now;
        };
        taken[best] = true;
        picks.push((best, bound[best] / n as f32));
        for (c, s) in covered.iter_mut().zip(&similarity[best * n..][..n]) {
            *c = c.max(*s);
        }
    }
    picks
}

/// How well each row is covered by its nearest labeled image, 0 to 1.
fn covered_by_labeled(pool: &PoolView<'_>, rows: &[u32]) -> Vec<f32> {
    if pool.labeled.is_empty() {
        return vec![0.0; rows.len()];
    }
    let labeled = pool.features.select(pool.labeled);
    similarity::nearest(&pool.features.select(rows), &labeled, SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HeadView;
    use autolabel_heads::{Matrix, Predictions};
    use rand::SeedableRng;

    #[test]
    fn lazy_greedy_equals_plain_greedy() {
        let n = 40;
        let mut state = 3_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / 16_777_216.0
        };
        let mut similarity = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let value = if i == j { 1.0 } else { random() };
                similarity[i * n + j] = value;
                similarity[j * n + i] = value;
            }
        }
        let doubt: Vec<f32> = (0..n).map(|_| random()).collect();
        let worth: Vec<f32> = (0..n).map(|_| 0.2 + random()).collect();
        let picked = greedy(&similarity, &doubt, Some(&worth), vec![0.0; n], 12);
        let mut covered = vec![0.0_f32; n];
        for (index, _) in &picked {
            let gain = |column: usize| -> f32 {
                (0..n)
                    .map(|i| doubt[i] * (similarity[column * n + i] - covered[i]).max(0.0))
                    .sum()
            };
            let wanted = |column: usize| gain(column) * worth[column];
            let best = (0..n).map(wanted).fold(0.0, f32::max);
            assert!((wanted(*index) - best).abs() < 1e-4);
            for (i, c) in covered.iter_mut().enumerate() {
                *c = c.max(similarity[index * n + i]);
            }
        }
    }

    #[test]
    fn of_two_images_that_bring_as_much_the_cheaper_one_comes_first() {
        let features = Matrix {
            rows: 2,
            cols: 2,
            data: vec![1.0, 0.0, 0.0, 1.0],
        };
        let doubtful = Predictions {
            class_count: 2,
            mean: Vec::new(),
            variance: Vec::new(),
            probabilities: vec![0.6, 0.4, 0.6, 0.4],
            mutual_information: None,
            spread: None,
        };
        let heads = [HeadView {
            predictions: &doubtful,
            model: None,
        }];
        for (costs, first) in [([5.0, 1.0], 1), ([1.0, 5.0], 0)] {
            let pool = PoolView {
                heads: &heads,
                costs: Some(&costs),
                ..PoolView::cold(&features, &[0, 1])
            };
            let mut rng = ChaCha8Rng::seed_from_u64(0);
            let chosen = UncertaintyHerding.choose(&pool, &[0, 1], 2, &mut rng);
            let order: Vec<usize> = chosen.iter().map(|scored| scored.position).collect();
            assert_eq!(order, [first, 1 - first]);
        }
    }
}
