//! Squared distances between images, block by block.

use crate::PoolView;
use autolabel_heads::dot;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// Rows that one task works on, whatever the number of threads.
pub(crate) const BLOCK: usize = 128;

/// Squared distances of every one of `rows` (images) to every one of `others`, row-major. Sequential,
/// by one matrix product: callers run it on blocks of [`BLOCK`] rows in parallel.
pub(crate) fn squared_distances(pool: &PoolView<'_>, rows: &[u32], others: &[u32]) -> Vec<f32> {
    let cols = pool.features.cols;
    let gather = |rows: &[u32]| -> Vec<f32> {
        rows.iter()
            .flat_map(|&row| pool.row(row))
            .copied()
            .collect()
    };
    let (left, right) = (gather(rows), gather(others));
    let square = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>();
    let left_squares: Vec<f32> = left.chunks(cols.max(1)).map(square).collect();
    let right_squares: Vec<f32> = right.chunks(cols.max(1)).map(square).collect();
    let mut products = Mat::<f32>::zeros(others.len(), rows.len());
    matmul(
        products.as_mut(),
        Accum::Replace,
        MatRef::from_row_major_slice(&right, others.len(), cols),
        MatRef::from_column_major_slice(&left, cols, rows.len()),
        1.0,
        Par::Seq,
    );
    let mut distances = Vec::with_capacity(rows.len() * others.len());
    for (column, a) in left_squares.iter().enumerate() {
        let products = &products.col_as_slice(column)[..others.len()];
        distances.extend(
            products
                .iter()
                .zip(&right_squares)
                .map(|(product, b)| (a + b - 2.0 * product).max(0.0)),
        );
    }
    distances
}

/// Squared distance of every row to the nearest of `others`; infinite where there are none.
pub(crate) fn nearest_squared(pool: &PoolView<'_>, rows: &[u32], others: &[u32]) -> Vec<f32> {
    if others.is_empty() {
        return vec![f32::INFINITY; rows.len()];
    }
    rows.par_chunks(BLOCK)
        .flat_map_iter(|block| {
            squared_distances(pool, block, others)
                .chunks(others.len())
                .map(|row| row.iter().copied().fold(f32::INFINITY, f32::min))
                .collect::<Vec<f32>>()
        })
        .collect()
}

/// Squared distance of every row to one image.
pub(crate) fn squared_to(pool: &PoolView<'_>, rows: &[u32], image: u32) -> Vec<f32> {
    let other = pool.row(image);
    let other_square = dot(other, other);
    rows.par_iter()
        .map(|&row| {
            let row = pool.row(row);
            (dot(row, row) + other_square - 2.0 * dot(row, other)).max(0.0)
        })
        .collect()
}

/// At most `cap` of the positions, evenly spaced: what stands for a pool too large for a quadratic
/// step. Positions are in the order of images, which says nothing about their content.
pub(crate) fn evenly_spaced(positions: &[usize], cap: usize) -> Vec<usize> {
    let count = positions.len().min(cap);
    (0..count)
        .map(|i| positions[i * positions.len() / count])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_heads::Matrix;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_three_equal_the_definition(data in prop::collection::vec(-1.0f32..1.0, 40)) {
            let features = Matrix { rows: 8, cols: 5, data };
            let pool = PoolView::cold(&features, &[]);
            let exact = |a: u32, b: u32| -> f32 {
                pool.row(a).iter().zip(pool.row(b)).map(|(x, y)| (x - y).powi(2)).sum()
            };
            let (rows, others) = ([0, 3, 5], [1, 3, 6, 7]);
            let all = squared_distances(&pool, &rows, &others);
            let nearest = nearest_squared(&pool, &rows, &others);
            for (i, &row) in rows.iter().enumerate() {
                for (j, &other) in others.iter().enumerate() {
                    prop_assert!((all[i * 4 + j] - exact(row, other)).abs() < 1e-5);
                    prop_assert!((squared_to(&pool, &rows, other)[i] - exact(row, other)).abs() < 1e-5);
                }
                let least = others.iter().map(|&o| exact(row, o)).fold(f32::INFINITY, f32::min);
                prop_assert!((nearest[i] - least).abs() < 1e-5);
            }
        }

        #[test]
        fn evenly_spaced_keeps_the_order_and_the_cap(length in 0_usize..50, cap in 1_usize..60) {
            let positions: Vec<usize> = (0..length).map(|i| 3 * i).collect();
            let kept = evenly_spaced(&positions, cap);
            prop_assert_eq!(kept.len(), length.min(cap));
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
