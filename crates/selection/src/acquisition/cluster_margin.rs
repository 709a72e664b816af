//! Cluster margin (Citovsky et al., NeurIPS 2021, "Batch active learning at scale"): of the images with
//! the smallest margin, one from every cluster in turn, the smallest cluster first, so that a large batch
//! is not all of one kind and rare kinds are not forgotten.
//!
//! The low-margin set has ten times the batch, as in the paper; clusters are ordered by how many of the
//! set they hold. Deviations: the paper clusters the whole pool once by average linkage, which compares
//! all pairs; here k-means with as many clusters as images are wanted, on at most [`SAMPLE`] open images,
//! to whose centres the low-margin set is assigned. From a cluster the image with the smallest margin
//! is taken, where the paper draws one of the set at random. Score: `1 - (p1 - p2)`.
//! `O(N C + S k d)` a k-means step for `S` images and a batch of `k`.

use super::{Acquisition, Scored, by_probabilities, lead};
use crate::PoolView;
use crate::distances::evenly_spaced;
use autolabel_heads::{kmeans, lloyd};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

pub(super) struct ClusterMargin;

/// Low-margin images for each image of the batch.
const LOW_MARGIN: usize = 10;

/// Open images that are clustered, at most (more only where the batch is larger).
const SAMPLE: usize = 20_000;

/// Lloyd iterations at most.
const ITERATIONS: usize = 10;

impl Acquisition for ClusterMargin {
    fn name(&self) -> &'static str {
        "cluster_margin"
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
        let low = by_probabilities(pool, open, LOW_MARGIN * count, |p| 1.0 - lead(p));
        let low_rows: Vec<u32> = low.iter().map(|s| pool.candidates[s.position]).collect();
        let sample: Vec<u32> = evenly_spaced(open, SAMPLE.max(count))
            .into_iter()
            .map(|position| pool.candidates[position])
            .collect();
        let centres = kmeans(pool.features, &sample, count, ITERATIONS, rng).centroids;
        let number = centres.rows;
        let clusters = lloyd(pool.features, &low_rows, centres, 0).assignment;
        let mut members = vec![VecDeque::new(); number];
        for (scored, &cluster) in low.iter().zip(&clusters) {
            members[cluster as usize].push_back(*scored);
        }
        round_robin(members, count)
    }
}

/// One from each cluster in turn, the smallest first, until `count` are taken or none is left.
fn round_robin(mut clusters: Vec<VecDeque<Scored>>, count: usize) -> Vec<Scored> {
    clusters.sort_by_key(VecDeque::len);
    let mut picks = Vec::with_capacity(count);
    while picks.len() < count {
        let before = picks.len();
        for cluster in &mut clusters {
            if picks.len() < count {
                picks.extend(cluster.pop_front());
            }
        }
        if picks.len() == before {
            break;
        }
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_cluster_comes_first_in_every_turn() {
        let scored = |position| Scored {
            position,
            score: None,
        };
        let clusters = vec![
            VecDeque::from([scored(0), scored(1), scored(2)]),
            VecDeque::new(),
            VecDeque::from([scored(9)]),
            VecDeque::from([scored(5), scored(6)]),
        ];
        let order = |count| -> Vec<usize> {
            let picks = round_robin(clusters.clone(), count);
            picks.iter().map(|s| s.position).collect()
        };
        assert_eq!(order(4), [9, 5, 0, 6]);
        assert_eq!(order(9), [9, 5, 0, 6, 1, 2]);
    }
}
