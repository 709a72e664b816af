//! Images of the kind that people could not read: told by their nearest answered images.

use crate::HeadsError;
use crate::matrix::{BLOCK_ROWS, Matrix, dot_block};
use rayon::prelude::*;

/// Nearest answered images that have a say, and how many of them must have been unreadable. By the
/// nearest alone, every unreadable radiograph would take its readable neighbours with it.
const VOTERS: usize = 3;
const MAJORITY: usize = 2;

/// Answered images, of which some could not be read.
#[derive(Debug, Clone)]
pub struct UnreadableKind {
    features: Matrix,
    norms: Vec<f32>,
    is_unreadable: Vec<bool>,
}

impl UnreadableKind {
    /// From the features of answered images; `None` where too few are unreadable to make a majority.
    ///
    /// # Errors
    /// One mark too few or too many.
    pub fn new(features: Matrix, is_unreadable: Vec<bool>) -> Result<Option<Self>, HeadsError> {
        if features.rows != is_unreadable.len() {
            return Err(HeadsError::Shape {
                what: "marks of answered images",
                expected: features.rows,
                found: is_unreadable.len(),
            });
        }
        let unreadable = is_unreadable.iter().filter(|is| **is).count();
        Ok((unreadable >= MAJORITY).then(|| Self {
            norms: features.squared_norms(),
            features,
            is_unreadable,
        }))
    }

    /// Whether each row of `features`, which come from the same transform, is of that kind: two of its
    /// three nearest answered images could not be read. Takes `n L d` operations for `L` answers.
    ///
    /// # Errors
    /// Features of another width.
    pub fn holds(&self, features: &Matrix) -> Result<Vec<bool>, HeadsError> {
        if features.cols != self.features.cols {
            return Err(HeadsError::Shape {
                what: "columns of the features",
                expected: self.features.cols,
                found: features.cols,
            });
        }
        let answered = self.features.rows;
        let mut holds = vec![false; features.rows];
        holds
            .par_chunks_mut(BLOCK_ROWS)
            .zip(features.data.par_chunks(BLOCK_ROWS * features.cols.max(1)))
            .for_each_init(Vec::new, |products, (out, block)| {
                products.resize(out.len() * answered, 0.0);
                dot_block(block, &self.features.data, features.cols, products);
                for (holds, products) in out.iter_mut().zip(products.chunks_exact(answered)) {
                    *holds = self.vote(products, None) >= MAJORITY;
                }
            });
        Ok(holds)
    }

    /// Whether each answered image would be of that kind if it had not been answered itself, in the order
    /// of the answers.
    #[must_use]
    pub fn holds_without_each(&self) -> Vec<bool> {
        let answered = self.features.rows;
        let width = self.features.cols.max(1);
        let rows = self.features.data.par_chunks(width).enumerate();
        rows.map_init(
            || vec![0.0; answered],
            |products, (own, row)| {
                dot_block(row, &self.features.data, width, products);
                self.vote(products, Some(own)) >= MAJORITY
            },
        )
        .collect()
    }

    /// Unreadable ones among the nearest, given the products with all answered images, of which one may
    /// be left out.
    fn vote(&self, products: &[f32], left_out: Option<usize>) -> usize {
        // Squared distance without the image's own norm, which is the same for all.
        let mut nearest = [(f32::INFINITY, false); VOTERS];
        let images = products.iter().zip(&self.norms).zip(&self.is_unreadable);
        for (index, ((product, norm), &is_unreadable)) in images.enumerate() {
            if left_out == Some(index) {
                continue;
            }
            let distance = norm - 2.0 * product;
            if distance < nearest[VOTERS - 1].0 {
                nearest[VOTERS - 1] = (distance, is_unreadable);
                nearest.sort_by(|a, b| a.0.total_cmp(&b.0));
            }
        }
        nearest.iter().filter(|(_, is)| *is).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(places: &[f32]) -> Matrix {
        Matrix {
            rows: places.len(),
            cols: 1,
            data: places.to_vec(),
        }
    }

    #[test]
    fn two_of_the_three_nearest_decide() {
        let answered = on_a_line(&[0.0, 1.0, 2.0, 5.0, 10.0, 11.0]);
        let marks = vec![false, false, false, true, true, true];
        let kind = UnreadableKind::new(answered, marks).unwrap().unwrap();
        // Of 4: 5, 2 and 1; of 7.4: 5, 10 and 11; of 7: 5, 10 and 11.
        let found = kind.holds(&on_a_line(&[0.4, 4.0, 7.4, 12.0])).unwrap();
        assert_eq!(found, [false, false, true, true]);
        // Of the last readable one: 1, 0 and 5; of the first unreadable one: 2, 1 and 10 or 0.
        let without = kind.holds_without_each();
        assert_eq!(without, [false, false, false, false, true, true]);
    }

    #[test]
    fn one_unreadable_image_makes_no_kind() {
        let marks = vec![false, true];
        assert!(
            UnreadableKind::new(on_a_line(&[0.0, 1.0]), marks)
                .unwrap()
                .is_none()
        );
        assert!(UnreadableKind::new(on_a_line(&[0.0]), Vec::new()).is_err());
        let marks = vec![true, true];
        let kind = UnreadableKind::new(on_a_line(&[0.0, 1.0]), marks)
            .unwrap()
            .unwrap();
        assert_eq!(kind.holds(&on_a_line(&[9.0])).unwrap(), [true]);
        assert!(kind.holds(&Matrix::zeros(1, 2)).is_err());
    }
}
