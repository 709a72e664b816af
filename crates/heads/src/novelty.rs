//! How little an image resembles anything that was labeled: a sign that it shows none of the known
//! classes, or is no proper image of its kind.
//!
//! ```text
//! distance     d(x) = distance to the 5th nearest label (Sun et al. 2022)
//! label share  (1 + labels whose own d, to the other labels, is at least d(x)) / (1 + labels)
//! ```
//!
//! The distance ranks; it says nothing about how many images are foreign. The label share does: it is a
//! conformal p-value (Bates et al. 2023) for the statement that the image is one more of the kind of the
//! labels, valid if labels are a fair sample, and careful if they were chosen for being unlike each other.
//!
//! Both want features that nothing was chosen in by labels: what tells the classes apart is not what
//! tells a radiograph from another picture.

use crate::HeadsError;
use crate::matrix::{BLOCK_ROWS, Matrix, dot, dot_block};
use rayon::prelude::*;

/// Which nearest label counts; fewer where there are fewer labels.
const NEIGHBOUR: usize = 5;

/// The novelty of `n` images.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Novelty {
    /// Distance to the fifth nearest label, in units of the features; larger = more foreign.
    pub distance: Vec<f32>,
    /// Share of the labels that are at least as foreign to the other labels, above 0 to 1.
    pub label_share: Vec<f32>,
}

/// The labeled images, and how far each is from the others.
#[derive(Debug, Clone)]
pub struct Familiar {
    labels: Matrix,
    /// Rising.
    own_distances: Vec<f32>,
}

impl Familiar {
    /// From the features of the labeled images. Takes `L² d` operations for `L` labels with `d` features.
    ///
    /// # Errors
    /// No labels.
    pub fn new(labels: Matrix) -> Result<Self, HeadsError> {
        if labels.rows == 0 {
            return Err(HeadsError::Empty { what: "labels" });
        }
        let rows: Vec<u32> = (0..labels.rows as u32).collect();
        // A label is its own nearest: the neighbour beyond.
        let mut own_distances = neighbour_distances(&labels, &labels, &rows, 1);
        own_distances.sort_unstable_by(f32::total_cmp);
        Ok(Self {
            labels,
            own_distances,
        })
    }

    /// The novelty of every row of `features`, which come from the same transform as the labels. Takes
    /// `n L d` operations.
    ///
    /// # Errors
    /// Features of another width.
    pub fn novelty(&self, features: &Matrix) -> Result<Novelty, HeadsError> {
        if features.cols != self.labels.cols {
            return Err(HeadsError::Shape {
                what: "columns of the features",
                expected: self.labels.cols,
                found: features.cols,
            });
        }
        let rows: Vec<u32> = (0..features.rows as u32).collect();
        let distance = neighbour_distances(&self.labels, features, &rows, 0);
        let labels = self.own_distances.len();
        let label_share = distance
            .iter()
            .map(|&distance| {
                let nearer = self.own_distances.partition_point(|&own| own < distance);
                (1 + labels - nearer) as f32 / (1 + labels) as f32
            })
            .collect();
        Ok(Novelty {
            distance,
            label_share,
        })
    }
}

/// Distance of each row to its fifth nearest label, not counting the nearest `skipped`.
fn neighbour_distances(
    labels: &Matrix,
    features: &Matrix,
    rows: &[u32],
    skipped: usize,
) -> Vec<f32> {
    let norms = labels.squared_norms();
    let wanted = (NEIGHBOUR - 1 + skipped).min(labels.rows - 1);
    let mut distances = vec![0.0f32; rows.len()];
    distances
        .par_chunks_mut(BLOCK_ROWS)
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(
            || (Vec::new(), Vec::new()),
            |(gathered, products), (out, block)| {
                gathered.resize(block.len() * features.cols, 0.0);
                products.resize(block.len() * labels.rows, 0.0);
                features.gather(block, gathered);
                dot_block(gathered, &labels.data, features.cols, products);
                let images = products.chunks_exact_mut(labels.rows).zip(block);
                for (distance, (squared, &row)) in out.iter_mut().zip(images) {
                    let row = features.row(row as usize);
                    let norm = dot(row, row);
                    for (product, other) in squared.iter_mut().zip(&norms) {
                        *product = (norm + other - 2.0 * *product).max(0.0);
                    }
                    let (_, found, _) = squared.select_nth_unstable_by(wanted, f32::total_cmp);
                    *distance = found.sqrt();
                }
            },
        );
    distances
}
