//! TypiClust (Hacohen, Dekel and Weinshall, ICML 2022, "Active learning on a budget: opposite strategies
//! suit high and low budgets"): the most typical image of each of the largest clusters in which nothing
//! is labeled yet. Needs no model.
//!
//! k-means into as many clusters as there are labels and picks together, at most 500; clusters of fewer
//! than 5 images wait until the others are used up; clusters with the fewest labels come first, of them
//! the fullest. Typicality is `1 / (mean distance to the 20 nearest unlabeled images of the cluster)`, to
//! half of them where there are fewer than 40.
//!
//! Deviations: the authors' code averages squared distances, the paper and this file distances. At most
//! [`SAMPLE`] open images, evenly spaced, are clustered, and typicality is computed for at most
//! [`MEMBERS`] images of a cluster, those nearest to its centre, among which the densest point lies.
//! `O(S K d)` a k-means step for `S` images and `K` clusters, and `O(MEMBERS² d)` a pick.

use super::{Acquisition, Scored};
use crate::PoolView;
use crate::distances::{BLOCK, evenly_spaced, squared_distances};
use autolabel_heads::kmeans;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::cmp::Reverse;

pub(super) struct TypiClust;

/// Open images that are clustered, at most (more only where the batch is larger).
const SAMPLE: usize = 10_000;

/// Clusters at most.
const CLUSTERS: usize = 500;

/// Images from which a cluster counts as one.
const SMALLEST: usize = 5;

/// Nearest images that typicality looks at.
const NEIGHBOURS: usize = 20;

/// Images of a cluster that typicality is computed for, at most.
const MEMBERS: usize = 1_000;

/// Lloyd iterations at most.
const ITERATIONS: usize = 10;

impl Acquisition for TypiClust {
    fn name(&self) -> &'static str {
        "typiclust"
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
        let positions = evenly_spaced(open, SAMPLE.max(count));
        let wanted = count.min(positions.len());
        let mut picks = Vec::with_capacity(wanted);
        for mut clusters in clusters_in_order(pool, &positions, count, rng) {
            while picks.len() < wanted && clusters.iter().any(|members| !members.is_empty()) {
                for members in &mut clusters {
                    if picks.len() == wanted {
                        break;
                    }
                    if let Some((index, typicality)) = most_typical(pool, members) {
                        picks.push(Scored {
                            position: members.remove(index),
                            score: Some(typicality),
                        });
                    }
                }
            }
        }
        picks
    }
}

/// Open positions of each cluster, nearest to its centre first: the clusters that count in the order
/// they are served, then the small ones.
fn clusters_in_order(
    pool: &PoolView<'_>,
    positions: &[usize],
    count: usize,
    rng: &mut ChaCha8Rng,
) -> [Vec<Vec<usize>>; 2] {
    let open = positions.iter().map(|&position| pool.candidates[position]);
    let rows: Vec<u32> = pool.labeled.iter().copied().chain(open).collect();
    let number = (pool.labeled.len() + count).min(CLUSTERS);
    let found = kmeans(pool.features, &rows, number, ITERATIONS, rng);
    let mut sizes = vec![0_usize; found.centroids.rows];
    let mut labeled = vec![0_usize; found.centroids.rows];
    let mut members: Vec<Vec<(f32, usize)>> = vec![Vec::new(); found.centroids.rows];
    for (index, &cluster) in found.assignment.iter().enumerate() {
        let cluster = cluster as usize;
        sizes[cluster] += 1;
        match index.checked_sub(pool.labeled.len()) {
            None => labeled[cluster] += 1,
            Some(index) => {
                let distance = found.squared_distances[pool.labeled.len() + index];
                members[cluster].push((distance, positions[index]));
            }
        }
    }
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&cluster| (labeled[cluster], Reverse(sizes[cluster]), cluster));
    let (counting, small) = order.into_iter().partition(|&c| sizes[c] >= SMALLEST);
    [counting, small].map(|order: Vec<usize>| {
        let sorted = |cluster: usize| {
            let mut members = members[cluster].clone();
            members.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            members.into_iter().map(|(_, position)| position).collect()
        };
        order.into_iter().map(sorted).collect()
    })
}

/// The member of a cluster with the highest typicality, and that; `None` where it has no members.
fn most_typical(pool: &PoolView<'_>, members: &[usize]) -> Option<(usize, f32)> {
    let neighbours = NEIGHBOURS.min((members.len() / 2).max(1));
    let central = &members[..members.len().min(MEMBERS)];
    let rows = pool.images_at(central);
    let typicality: Vec<f32> = rows
        .par_chunks(BLOCK)
        .flat_map_iter(|block| {
            let mut distances = squared_distances(pool, block, &rows);
            distances
                .chunks_mut(rows.len())
                .map(|row| typicality(row, neighbours))
                .collect::<Vec<f32>>()
        })
        .collect();
    let best = (0..typicality.len())
        .max_by(|&a, &b| typicality[a].total_cmp(&typicality[b]).then(b.cmp(&a)))?;
    Some((best, typicality[best]))
}

/// Typicality from the squared distances of one image to all of the cluster, itself included.
fn typicality(squared: &mut [f32], neighbours: usize) -> f32 {
    let nearest = squared.len().min(neighbours + 1);
    squared.select_nth_unstable_by(nearest - 1, f32::total_cmp);
    // The image itself is at distance 0 and adds nothing.
    let sum: f32 = squared[..nearest].iter().map(|d| d.sqrt()).sum();
    1.0 / (sum / neighbours as f32 + 1e-5)
}
