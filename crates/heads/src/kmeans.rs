//! k-means by matrix products: inducing points here, cold start and diversity in `selection`.
//!
//! Every step works on fixed blocks or on one cluster at a time, so the result is the same for any
//! number of threads.

use crate::matrix::{BLOCK_ROWS, Matrix, dot, dot_block};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A clustering of some rows of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// One row a cluster.
    pub centroids: Matrix,
    /// Nearest centroid of each row, in the order the rows were passed; ties to the lower number.
    pub assignment: Vec<u32>,
    /// Squared distance of each row to its centroid.
    pub squared_distances: Vec<f32>,
}

/// Clusters the given rows: k-means++ seeding (Arthur and Vassilvitskii, 2007), then at most
/// `iterations` Lloyd steps. Gives fewer clusters where there are fewer different rows.
///
/// # Panics
/// Where the matrix has no such row.
#[must_use]
pub fn kmeans(
    features: &Matrix,
    rows: &[u32],
    clusters: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
) -> Clusters {
    let seeds = plus_plus_seeds(features, rows, clusters, rng);
    lloyd(features, rows, features.select(&seeds), iterations)
}

/// At most `iterations` Lloyd steps from these centroids; stops when no row changes its cluster. A
/// cluster that loses all its rows keeps its centroid.
///
/// # Panics
/// Where the matrix has no such row.
#[must_use]
pub fn lloyd(features: &Matrix, rows: &[u32], centroids: Matrix, iterations: usize) -> Clusters {
    let mut clusters = assign(features, rows, centroids);
    for _ in 0..iterations {
        let centroids = means(features, rows, &clusters);
        let next = assign(features, rows, centroids);
        let settled = next.assignment == clusters.assignment;
        clusters = next;
        if settled {
            break;
        }
    }
    clusters
}

/// The row nearest to the centroid of each cluster (ties to the one passed first); `None` for
/// clusters without rows. `rows` are those the clusters were made of.
#[must_use]
pub fn medoids(clusters: &Clusters, rows: &[u32]) -> Vec<Option<u32>> {
    let mut nearest: Vec<Option<(f32, u32)>> = vec![None; clusters.centroids.rows];
    for ((&cluster, &distance), &row) in clusters
        .assignment
        .iter()
        .zip(&clusters.squared_distances)
        .zip(rows)
    {
        let best = &mut nearest[cluster as usize];
        if best.is_none_or(|(shortest, _)| distance < shortest) {
            *best = Some((distance, row));
        }
    }
    nearest
        .into_iter()
        .map(|best| best.map(|(_, row)| row))
        .collect()
}

/// Rows drawn one after the other with a probability proportional to the squared distance to the
/// nearest row drawn so far.
fn plus_plus_seeds(
    features: &Matrix,
    rows: &[u32],
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<u32> {
    let mut seeds = Vec::with_capacity(count);
    if rows.is_empty() || count == 0 {
        return seeds;
    }
    let norms: Vec<f32> = rows
        .par_iter()
        .map(|&row| dot(features.row(row as usize), features.row(row as usize)))
        .collect();
    let mut distances = vec![f32::INFINITY; rows.len()];
    let mut next = rng.random_range(0..rows.len());
    loop {
        seeds.push(rows[next]);
        if seeds.len() == count {
            return seeds;
        }
        let seed = features.row(rows[next] as usize);
        let seed_norm = norms[next];
        distances
            .par_iter_mut()
            .zip(rows)
            .zip(&norms)
            .for_each(|((distance, &row), norm)| {
                let inner = dot(features.row(row as usize), seed);
                let to_seed = (norm + seed_norm - 2.0 * inner).max(0.0);
                // Rounding leaves a copy of the seed at a tiny distance; it must not be drawn.
                let to_seed = if to_seed < 1e-6 * seed_norm {
                    0.0
                } else {
                    to_seed
                };
                *distance = distance.min(to_seed);
            });
        let Some(drawn) = draw_proportional(&distances, rng) else {
            return seeds;
        };
        next = drawn;
    }
}

/// A position with a probability proportional to its weight (finite, not negative); `None` where all
/// weights are zero.
#[must_use]
pub fn draw_proportional(weights: &[f32], rng: &mut ChaCha8Rng) -> Option<usize> {
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let target = rng.random::<f64>() * total;
    let mut sum = 0.0;
    let mut last = None;
    for (position, &weight) in weights.iter().enumerate() {
        if weight > 0.0 {
            sum += f64::from(weight);
            last = Some(position);
            if sum > target {
                break;
            }
        }
    }
    last
}

fn assign(features: &Matrix, rows: &[u32], centroids: Matrix) -> Clusters {
    let count = centroids.rows;
    let norms = centroids.squared_norms();
    let mut assignment = vec![0u32; rows.len()];
    let mut squared_distances = vec![0.0f32; rows.len()];
    if count > 0 {
        assignment
            .par_chunks_mut(BLOCK_ROWS)
            .zip(squared_distances.par_chunks_mut(BLOCK_ROWS))
            .zip(rows.par_chunks(BLOCK_ROWS))
            .for_each_init(
                || (Vec::new(), Vec::new()),
                |(gathered, products), ((clusters, distances), block)| {
                    gathered.resize(block.len() * features.cols, 0.0);
                    products.resize(block.len() * count, 0.0);
                    features.gather(block, gathered);
                    dot_block(gathered, &centroids.data, features.cols, products);
                    for (i, inner) in products.chunks_exact(count).enumerate() {
                        let (cluster, half) = nearest(inner, &norms);
                        let row = features.row(block[i] as usize);
                        clusters[i] = cluster as u32;
                        distances[i] = (dot(row, row) + half).max(0.0);
                    }
                },
            );
    }
    Clusters {
        centroids,
        assignment,
        squared_distances,
    }
}

/// The centroid with the smallest `|c|² - 2 <x, c>`, and that value.
fn nearest(inner: &[f32], norms: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::INFINITY);
    for (cluster, (product, norm)) in inner.iter().zip(norms).enumerate() {
        let value = norm - 2.0 * product;
        if value < best.1 {
            best = (cluster, value);
        }
    }
    best
}

/// Mean of the rows of each cluster.
fn means(features: &Matrix, rows: &[u32], clusters: &Clusters) -> Matrix {
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); clusters.centroids.rows];
    for (&cluster, &row) in clusters.assignment.iter().zip(rows) {
        members[cluster as usize].push(row);
    }
    let mut centroids = clusters.centroids.clone();
    if features.cols == 0 {
        return centroids;
    }
    centroids
        .data
        .par_chunks_mut(features.cols)
        .zip(&members)
        .filter(|(_, members)| !members.is_empty())
        .for_each(|(centroid, members)| {
            centroid.fill(0.0);
            for &row in members {
                for (sum, value) in centroid.iter_mut().zip(features.row(row as usize)) {
                    *sum += value;
                }
            }
            let scale = 1.0 / members.len() as f32;
            for sum in centroid.iter_mut() {
                *sum *= scale;
            }
        });
    centroids
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    /// Three tight groups of points around the corners of a triangle.
    fn groups() -> Matrix {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut data = Vec::new();
        for i in 0..90 {
            let (x, y) = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)][i % 3];
            data.push(x + rng.random::<f32>());
            data.push(y + rng.random::<f32>());
        }
        Matrix::new(90, 2, data).unwrap()
    }

    fn inertia(clusters: &Clusters) -> f32 {
        clusters.squared_distances.iter().sum()
    }

    #[test]
    fn finds_separate_groups_and_their_medoids() {
        let features = groups();
        let rows: Vec<u32> = (0..90).collect();
        let clusters = kmeans(&features, &rows, 3, 20, &mut ChaCha8Rng::seed_from_u64(5));
        for i in 0..90 {
            assert_eq!(clusters.assignment[i], clusters.assignment[i % 3]);
        }
        let mut corners: Vec<u32> = medoids(&clusters, &rows)
            .into_iter()
            .map(|row| row.unwrap() % 3)
            .collect();
        corners.sort_unstable();
        assert_eq!(corners, [0, 1, 2]);
    }

    #[test]
    fn copies_of_one_row_make_one_cluster() {
        let features = Matrix::new(4, 2, [0.6, 0.8].repeat(4)).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let clusters = kmeans(&features, &[0, 1, 2, 3], 3, 5, &mut rng);
        assert_eq!(clusters.centroids.rows, 1);
        assert_eq!(medoids(&clusters, &[0, 1, 2, 3]), [Some(0)]);
    }

    #[test]
    fn is_the_same_for_any_number_of_threads() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let data: Vec<f32> = (0..2000 * 33).map(|_| rng.random()).collect();
        let features = Matrix::new(2000, 33, data).unwrap();
        let rows: Vec<u32> = (0..2000).rev().collect();
        let run = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| kmeans(&features, &rows, 17, 6, &mut ChaCha8Rng::seed_from_u64(9)))
        };
        assert_eq!(run(1), run(3));
    }

    proptest! {
        #[test]
        fn every_step_lowers_the_inertia(data in prop::collection::vec(-1.0f32..1.0, 60), clusters in 1usize..6) {
            let features = Matrix::new(20, 3, data).unwrap();
            let rows: Vec<u32> = (0..20).collect();
            let start = features.select(&rows[..clusters]);
            let mut last = f32::INFINITY;
            for iterations in 0..5 {
                let now = inertia(&lloyd(&features, &rows, start.clone(), iterations));
                prop_assert!(now <= last + 1e-4);
                last = now;
            }
        }
    }
}
