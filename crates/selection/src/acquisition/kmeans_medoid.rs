//! Cold start: the real images nearest to the centres of as many clusters as images are wanted, most
//! populous cluster first (representative sampling; Zhu et al. 2008, and the first batch of `TypiClust`,
//! Hacohen et al. 2022, without its density estimate). Needs no model.

use super::{Acquisition, Scored};
use crate::PoolView;
use autolabel_heads::{Clusters, kmeans, medoids};
use rand_chacha::ChaCha8Rng;

pub(super) struct KMeansMedoid;

/// Images that are clustered at most; beyond, evenly spaced ones stand for the pool.
const SAMPLE: usize = 20_000;

/// Lloyd iterations at most.
const ITERATIONS: usize = 20;

impl Acquisition for KMeansMedoid {
    fn name(&self) -> &'static str {
        "kmeans_medoid"
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
        let step = open.len().div_ceil(SAMPLE).max(1);
        let rows: Vec<u32> = open
            .iter()
            .step_by(step)
            .map(|&position| pool.candidates[position])
            .collect();
        let clusters = kmeans(pool.features, &rows, count, ITERATIONS, rng);
        let centres = medoids(&clusters, &rows);
        largest_first(&clusters)
            .into_iter()
            .filter_map(|cluster| {
                let position = pool.candidates.binary_search(&centres[cluster]?).ok()?;
                Some(Scored {
                    position,
                    score: None,
                })
            })
            .collect()
    }
}

/// The clusters in falling size.
fn largest_first(clusters: &Clusters) -> Vec<usize> {
    let mut sizes = vec![0_usize; clusters.centroids.rows];
    for &cluster in &clusters.assignment {
        sizes[cluster as usize] += 1;
    }
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&cluster| (std::cmp::Reverse(sizes[cluster]), cluster));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_heads::Matrix;
    use rand::SeedableRng;

    #[test]
    fn finds_the_heaps_and_puts_the_larger_first() {
        let mut data = Vec::new();
        for i in 0..30_u8 {
            let jitter = f32::from(i % 5) * 0.01;
            let centre = if i < 10 { 5.0 } else { 0.0 };
            data.extend([centre + jitter, -jitter]);
        }
        let features = Matrix {
            rows: 30,
            cols: 2,
            data,
        };
        let rows: Vec<u32> = (0..30).collect();
        let pool = PoolView::cold(&features, &rows);
        let open: Vec<usize> = (0..30).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let picked = KMeansMedoid.choose(&pool, &open, 2, &mut rng);
        assert_eq!(picked.len(), 2);
        assert!(picked[0].position >= 10 && picked[1].position < 10);
    }
}
