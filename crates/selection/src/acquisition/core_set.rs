//! Core-set (Sener and Savarese, ICLR 2018): k-center greedy, `argmax_i min_{j ∈ labeled ∪ batch}
//! d(i, j)` one after the other. Its score is that distance; needs no model.
//!
//! The greedy algorithm alone, which stays within twice the best radius; the paper's mixed-integer
//! refinement gains little there and takes minutes. Before the first label it starts at the image
//! nearest to the mean of the pool, where the paper starts at random. Pools above [`POOL`] images are
//! thinned evenly. `O(P (L + k) d)` for `P` images, `L` labels, a batch of `k` and `d` features.

use super::{Acquisition, Scored};
use crate::PoolView;
use crate::distances::{evenly_spaced, nearest_squared, squared_to};
use rand_chacha::ChaCha8Rng;

pub(super) struct CoreSet;

/// Images that distances are taken of, at most.
const POOL: usize = 50_000;

impl Acquisition for CoreSet {
    fn name(&self) -> &'static str {
        "core_set"
    }

    fn needs_model(&self) -> bool {
        false
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        _rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let positions = evenly_spaced(open, POOL.max(count));
        let rows = pool.images_at(&positions);
        let mut nearest = nearest_squared(pool, &rows, pool.labeled);
        let mut taken = vec![false; rows.len()];
        let mut picks = Vec::with_capacity(count.min(rows.len()));
        while picks.len() < count.min(rows.len()) {
            let next = if pool.labeled.is_empty() && picks.is_empty() {
                most_central(pool, &rows)
            } else {
                farthest(&nearest, &taken)
            };
            let Some(next) = next else { break };
            taken[next] = true;
            picks.push(Scored {
                position: positions[next],
                score: nearest[next].is_finite().then(|| nearest[next].sqrt()),
            });
            for (nearest, distance) in nearest.iter_mut().zip(squared_to(pool, &rows, rows[next])) {
                *nearest = nearest.min(distance);
            }
        }
        picks
    }
}

fn farthest(nearest: &[f32], taken: &[bool]) -> Option<usize> {
    (0..nearest.len())
        .filter(|&i| !taken[i])
        .max_by(|&a, &b| nearest[a].total_cmp(&nearest[b]).then(b.cmp(&a)))
}

/// The image nearest to the mean of these.
fn most_central(pool: &PoolView<'_>, rows: &[u32]) -> Option<usize> {
    let mut mean = vec![0.0_f64; pool.features.cols];
    for &row in rows {
        for (sum, value) in mean.iter_mut().zip(pool.row(row)) {
            *sum += f64::from(*value) / rows.len() as f64;
        }
    }
    let distance = |row: u32| -> f64 {
        let squares = pool.row(row).iter().zip(&mean);
        squares.map(|(x, m)| (f64::from(*x) - m).powi(2)).sum()
    };
    let distances: Vec<f64> = rows.iter().map(|&row| distance(row)).collect();
    (0..rows.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b]).then(a.cmp(&b)))
}
