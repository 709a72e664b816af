//! `ProbCover` (Yehuda et al., NeurIPS 2022, "Active learning through a covering lens"): greedy maximum
//! coverage, each image covering a ball of radius δ. Needs no model.
//!
//! δ is the largest radius at which at least 95 % of the balls are pure, that is, hold images of one
//! k-means cluster alone, with as many clusters as there are classes (10 before the first model). The
//! paper tries a grid of radii; here it is exact: a ball is pure as long as δ does not pass the nearest
//! image of another cluster, so δ is the 5 % quantile of those distances.
//!
//! Deviations: at most [`POOL`] open images, evenly spaced, take part, and δ is measured among them.
//! Where everything is covered, the paper's choice is arbitrary; here covering starts afresh, so that
//! every image comes to be covered twice. `O(POOL² d)` for distances, `O(POOL²/64)` a pick.

use super::{Acquisition, Scored};
use crate::PoolView;
use crate::distances::{BLOCK, evenly_spaced, nearest_squared, squared_distances};
use autolabel_heads::{Clusters, kmeans};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

pub(super) struct ProbCover;

/// Images of the graph, at most (more only where the batch is larger).
const POOL: usize = 5_000;

/// Share of balls that must be pure.
const PURITY: f64 = 0.95;

/// Clusters where the number of classes is not known yet.
const CLUSTERS: usize = 10;

/// Lloyd iterations at most.
const ITERATIONS: usize = 20;

/// Runs of k-means, of which the one with the least inertia counts.
const STARTS: usize = 8;

impl Acquisition for ProbCover {
    fn name(&self) -> &'static str {
        "prob_cover"
    }

    fn needs_model(&self) -> bool {
        false
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let positions = evenly_spaced(open, POOL.max(count));
        let rows = pool.images_at(&positions);
        let squared_radius = squared_radius(pool, &rows, rng);
        let balls = balls(pool, &rows, squared_radius);
        let labeled = nearest_squared(pool, &rows, pool.labeled);
        let open = bits(labeled.iter().map(|d| *d >= squared_radius));
        cover(&balls, open, rows.len(), count)
            .into_iter()
            .map(|(index, covered)| Scored {
                position: positions[index],
                score: Some(covered as f32),
            })
            .collect()
    }
}

/// δ²: below it, at least [`PURITY`] of the balls hold one cluster alone.
fn squared_radius(pool: &PoolView<'_>, rows: &[u32], rng: &mut ChaCha8Rng) -> f32 {
    let number = pool.kinds().unwrap_or(CLUSTERS);
    // One start of k-means often splits a class and joins two others, which would shrink the radius.
    let clusters = (0..STARTS)
        .map(|_| kmeans(pool.features, rows, number, ITERATIONS, rng))
        .min_by(|a, b| inertia(a).total_cmp(&inertia(b)))
        .map_or_else(Vec::new, |clusters| clusters.assignment);
    let mut to_others: Vec<f32> = rows
        .par_chunks(BLOCK)
        .zip(clusters.par_chunks(BLOCK))
        .flat_map_iter(|(block, own)| {
            let distances = squared_distances(pool, block, rows);
            distances
                .chunks(rows.len())
                .zip(own)
                .map(|(row, own)| {
                    let others = row.iter().zip(&clusters).filter(|(_, c)| *c != own);
                    others.map(|(d, _)| *d).fold(f32::INFINITY, f32::min)
                })
                .collect::<Vec<f32>>()
        })
        .collect();
    to_others.sort_unstable_by(f32::total_cmp);
    let impure = ((1.0 - PURITY) * rows.len() as f64 + 1e-9) as usize;
    to_others.get(impure).copied().unwrap_or(f32::INFINITY)
}

/// Sum of the squared distances to the centres.
fn inertia(clusters: &Clusters) -> f64 {
    let distances = clusters.squared_distances.iter();
    distances.map(|distance| f64::from(*distance)).sum()
}

/// For every image the images in its ball, one bit each.
fn balls(pool: &PoolView<'_>, rows: &[u32], squared_radius: f32) -> Vec<Vec<u64>> {
    rows.par_chunks(BLOCK)
        .flat_map_iter(|block| {
            squared_distances(pool, block, rows)
                .chunks(rows.len())
                .map(|row| bits(row.iter().map(|d| *d < squared_radius)))
                .collect::<Vec<Vec<u64>>>()
        })
        .collect()
}

fn bits(flags: impl Iterator<Item = bool>) -> Vec<u64> {
    let mut words = Vec::new();
    for (index, flag) in flags.enumerate() {
        if index % 64 == 0 {
            words.push(0);
        }
        if let Some(word) = words.last_mut() {
            *word |= u64::from(flag) << (index % 64);
        }
    }
    words
}

/// Picks `count` balls, each the one that covers most of what is `uncovered`, with that number.
fn cover(
    balls: &[Vec<u64>],
    mut uncovered: Vec<u64>,
    images: usize,
    count: usize,
) -> Vec<(usize, u32)> {
    let mut taken = vec![false; images];
    let mut picks = Vec::with_capacity(count.min(images));
    while picks.len() < count.min(images) {
        let gains: Vec<u32> = balls
            .par_iter()
            .map(|ball| {
                let new = ball.iter().zip(&uncovered);
                new.map(|(ball, open)| (ball & open).count_ones()).sum()
            })
            .collect();
        let Some(best) = (0..images)
            .filter(|&i| !taken[i])
            .max_by_key(|&i| (gains[i], std::cmp::Reverse(i)))
        else {
            break;
        };
        if gains[best] == 0 && uncovered.iter().all(|word| *word == 0) {
            uncovered = bits((0..images).map(|_| true));
            continue;
        }
        taken[best] = true;
        picks.push((best, gains[best]));
        for (open, ball) in uncovered.iter_mut().zip(&balls[best]) {
            *open &= !ball;
        }
    }
    picks
}
