//! `DropQuery` (Gupte et al., TMLR 2024, "Revisiting active learning in the era of vision foundation
//! models"): images whose predicted class changes when three quarters of their features are left out,
//! spread over the collection by clusters.
//!
//! Three predictions with a dropout of 0.75 are compared with the prediction from all features.
//! Candidates are the images where more than half of them disagree; where there are fewer than 25 times
//! the batch, those where fewer disagree join. The candidates are clustered by k-means into as many
//! clusters as images are wanted, and the one nearest to each centre is taken. No score.
//!
//! Deviations: the paper's head is linear, this one sees distances, and a row shortened by dropout lies
//! far from every label; the rows that are left are therefore scaled back to length 1, which a linear
//! head would not notice. Predictions are the largest latent mean, as the paper's the largest logit.
//! Pools above [`POOL`] images are thinned evenly. `O(4 P L d)` for `P` images and `L` labels.

use super::{Acquisition, Needs, Scored};
use crate::PoolView;
use crate::distances::evenly_spaced;
use autolabel_heads::{DirichletGp, Matrix, dot, kmeans, medoids, predict_means};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub(super) struct DropQuery;

/// Images that are predicted, at most (more only where the batch is larger).
const POOL: usize = 20_000;

/// Predictions with dropout.
const PREDICTIONS: usize = 3;

/// Candidates for each image of the batch, at least.
const CANDIDATES: usize = 25;

/// Lloyd iterations at most.
const ITERATIONS: usize = 20;

impl Acquisition for DropQuery {
    fn name(&self) -> &'static str {
        "drop_query"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::MODEL
    }

    fn suits_findings(&self) -> bool {
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
        let Some(disagreements) = pool
            .only_model()
            .and_then(|gp| disagreements(gp, pool, &rows, rng))
        else {
            return Vec::new();
        };
        let candidates = candidates(&rows, &disagreements, count);
        let clusters = kmeans(pool.features, &candidates, count, ITERATIONS, rng);
        medoids(&clusters, &candidates)
            .into_iter()
            .flatten()
            .filter_map(|row| {
                let position = pool.candidates.binary_search(&row).ok()?;
                Some(Scored {
                    position,
                    score: None,
                })
            })
            .collect()
    }
}

/// How many of the predictions with dropout name another class. `None` for features that the model was
/// not fitted to.
fn disagreements(
    gp: &DirichletGp,
    pool: &PoolView<'_>,
    rows: &[u32],
    rng: &mut ChaCha8Rng,
) -> Option<Vec<usize>> {
    let classes =
        |means: Vec<f32>| -> Vec<usize> { means.chunks(gp.class_count()).map(largest).collect() };
    let whole = classes(predict_means(gp, pool.features, rows).ok()?);
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let mut disagreements = vec![0; rows.len()];
    for _ in 0..PREDICTIONS {
        let dropped = with_dropout(pool.features.select(rows), rng);
        let found = classes(predict_means(gp, &dropped, &all).ok()?);
        for ((count, found), whole) in disagreements.iter_mut().zip(found).zip(&whole) {
            *count += usize::from(found != *whole);
        }
    }
    Some(disagreements)
}

fn largest(values: &[f32]) -> usize {
    (0..values.len())
        .max_by(|&a, &b| values[a].total_cmp(&values[b]).then(b.cmp(&a)))
        .unwrap_or(0)
}

/// Sets each number to zero with probability 0.75 and scales the rows back to length 1.
fn with_dropout(mut features: Matrix, rng: &mut ChaCha8Rng) -> Matrix {
    // Two random bits decide on one number.
    for values in features.data.chunks_mut(32) {
        let mut random = rng.next_u64();
        for value in values {
            if random & 3 != 0 {
                *value = 0.0;
            }
            random >>= 2;
        }
    }
    for row in features.data.chunks_mut(features.cols.max(1)) {
        let length = dot(row, row).sqrt();
        if length > 0.0 {
            for value in row.iter_mut() {
                *value /= length;
            }
        }
    }
    features
}

/// Images where more than half disagree, and as many others as it takes.
fn candidates(rows: &[u32], disagreements: &[usize], count: usize) -> Vec<u32> {
    let at_least = |threshold: usize| -> Vec<u32> {
        rows.iter()
            .zip(disagreements)
            .filter(|(_, found)| **found >= threshold)
            .map(|(row, _)| *row)
            .collect()
    };
    (0..=PREDICTIONS / 2 + 1)
        .rev()
        .map(at_least)
        .find(|found| found.len() >= CANDIDATES * count)
        .unwrap_or_else(|| rows.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn dropout_leaves_a_quarter_and_the_length() {
        let features = Matrix {
            rows: 200,
            cols: 64,
            data: vec![0.125; 200 * 64],
        };
        let dropped = with_dropout(features, &mut ChaCha8Rng::seed_from_u64(1));
        let left = dropped.data.iter().filter(|v| **v != 0.0).count() as f64;
        assert!((left / (200.0 * 64.0) - 0.25).abs() < 0.02);
        let lengths = dropped.squared_norms();
        assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-5));
    }

    #[test]
    fn the_bar_falls_until_there_are_enough_candidates() {
        let rows: Vec<u32> = (0..100).collect();
        let disagreements: Vec<usize> = (0..100).map(|i| [3, 2, 1, 0][i / 25]).collect();
        assert_eq!(candidates(&rows, &disagreements, 2).len(), 50);
        assert_eq!(candidates(&rows, &disagreements, 3).len(), 75);
        assert_eq!(candidates(&rows, &disagreements, 4).len(), 100);
        assert_eq!(candidates(&rows, &disagreements, 9).len(), 100);
    }
}
