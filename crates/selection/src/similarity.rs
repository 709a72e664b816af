//! Similarities `exp(-d² / s²)` between feature rows, by matrix products.

use autolabel_heads::{Matrix, exponentials};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Rows of the result that one task fills, sequentially: the same for any number of threads.
const BLOCK_ROWS: usize = 128;

/// Numbers that the processor loads at once.
const CACHE_LINE: usize = 16;

/// Similarities of every row with every other, row-major; symmetric, 1 on the diagonal.
pub(crate) fn among(rows: &Matrix, scale: f32) -> Vec<f32> {
    let count = rows.rows;
    let mut similar = vec![0.0f32; count * count];
    if count == 0 {
        return similar;
    }
    let norms = rows.squared_norms();
    // The part on and right of the diagonal; what is left of it is its mirror image.
    similar
        .par_chunks_mut(BLOCK_ROWS * count)
        .enumerate()
        .for_each(|(block, out)| {
            let first = block * BLOCK_ROWS;
            negative_distances(rows, &norms, first, rows, &norms, first, out);
            for row in out.chunks_exact_mut(count) {
                let rest = &mut row[first..];
                let factor = 1.0 / (scale * scale);
                rest.iter_mut().for_each(|value| *value *= factor);
                exponentials(rest);
            }
        });
    mirror(&mut similar, count);
    similar
}

/// Similarity of each row with the nearest of the others, of which there is at least one.
pub(crate) fn nearest(rows: &Matrix, others: &Matrix, scale: f32) -> Vec<f32> {
    let (norms, other_norms) = (rows.squared_norms(), others.squared_norms());
    let mut nearest = vec![0.0f32; rows.rows];
    nearest
        .par_chunks_mut(BLOCK_ROWS)
        .enumerate()
        .for_each_init(Vec::new, |buffer, (block, out)| {
            buffer.resize(out.len() * others.rows, 0.0);
            let first = block * BLOCK_ROWS;
            negative_distances(rows, &norms, first, others, &other_norms, 0, buffer);
            for (out, row) in out.iter_mut().zip(buffer.chunks_exact(others.rows)) {
                *out = row.iter().copied().fold(f32::NEG_INFINITY, f32::max) / (scale * scale);
            }
            exponentials(out);
        });
    nearest
}

/// Fills `out`, one line of `others.rows` numbers for each row from `first` on, with negative squared
/// distances to the others from `from` on; what is before stays.
fn negative_distances(
    rows: &Matrix,
    norms: &[f32],
    first: usize,
    others: &Matrix,
    other_norms: &[f32],
    from: usize,
    out: &mut [f32],
) {
    let (cols, width) = (rows.cols, others.rows);
    let height = out.len() / width;
    matmul(
        MatMut::from_row_major_slice_mut(out, height, width).subcols_mut(from, width - from),
        Accum::Replace,
        MatRef::from_row_major_slice(
            &rows.data[first * cols..(first + height) * cols],
            height,
            cols,
        ),
        MatRef::from_row_major_slice(&others.data[from * cols..], width - from, cols).transpose(),
        2.0,
        Par::Seq,
    );
    for (row, norm) in out.chunks_exact_mut(width).zip(&norms[first..]) {
        for (value, other) in row[from..].iter_mut().zip(&other_norms[from..]) {
            *value = (*value - norm - other).min(0.0);
        }
    }
}

/// Copies what is above the diagonal blocks to below them.
fn mirror(values: &mut [f32], count: usize) {
    for block in 1..count.div_ceil(BLOCK_ROWS) {
        let first = block * BLOCK_ROWS;
        let (above, below) = values.split_at_mut(first * count);
        let height = BLOCK_ROWS.min(count - first);
        below[..height * count]
            .par_chunks_mut(CACHE_LINE * count)
            .enumerate()
            .for_each(|(strip, rows)| {
                let start = first + strip * CACHE_LINE;
                let height = rows.len() / count;
                for (column, line) in above.chunks_exact(count).enumerate() {
                    for (row, value) in line[start..start + height].iter().enumerate() {
                        rows[row * count + column] = *value;
                    }
                }
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Matrix {
        let data = (0..count * 5).map(|i| (i as f32 * 1.7).sin()).collect();
        Matrix::new(count, 5, data).unwrap()
    }

    fn expected(a: &[f32], b: &[f32], scale: f32) -> f32 {
        let squared: f32 = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum();
        (-squared / (scale * scale)).exp()
    }

    #[test]
    fn equal_the_definition_across_blocks() {
        let rows = rows(300);
        let found = among(&rows, 0.9);
        for i in 0..300 {
            for j in 0..300 {
                let exact = expected(rows.row(i), rows.row(j), 0.9);
                assert!((found[i * 300 + j] - exact).abs() < 1e-5, "{i} {j}");
            }
        }
        assert!(among(&rows.select(&[]), 1.0).is_empty());
    }

    #[test]
    fn the_nearest_is_the_most_similar() {
        let (rows, others) = (rows(200), rows(260).select(&[250, 3, 77]));
        for (i, found) in nearest(&rows, &others, 0.7).iter().enumerate() {
            let exact = (0..3)
                .map(|j| expected(rows.row(i), others.row(j), 0.7))
                .fold(0.0, f32::max);
            assert!((found - exact).abs() < 1e-5);
        }
    }
}
