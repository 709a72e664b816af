//! Principal components of centred features.

use crate::HeadsError;
use crate::matrix::{BLOCK_ROWS, Matrix};
use crate::transform::PcaConfig;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rayon::prelude::*;

/// Directions to project onto.
#[derive(Debug, Clone)]
pub(crate) struct Components {
    /// Components kept.
    pub kept: usize,
    /// One column a component, scaled to unit variance where whitening was asked for.
    pub directions: Mat<f32>,
}

/// The directions of largest variance of rows whose columns have zero mean, largest first.
pub(crate) fn principal_components(
    centred: &Matrix,
    config: PcaConfig,
) -> Result<Components, HeadsError> {
    let width = centred.cols;
    let covariance = covariance(centred);
    let failed = || HeadsError::Factorisation {
        what: "covariance of the embeddings",
    };
    let decomposition = covariance
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| failed())?;
    let values = decomposition.S();
    let largest = values[width - 1];
    if !largest.is_finite() {
        return Err(failed());
    }
    // Directions without variance (fewer images than components) are not blown up.
    let floor = 1e-6 * largest.max(f32::MIN_POSITIVE);
    let kept = config.components.min(width);
    let directions = Mat::from_fn(width, kept, |row, component| {
        let column = width - 1 - component;
        let scale = if config.whiten {
            1.0 / values[column].max(floor).sqrt()
        } else {
            1.0
        };
        decomposition.U()[(row, column)] * scale
    });
    Ok(Components { kept, directions })
}

/// Covariance matrix; panels of columns are independent, so threads do not change the result.
fn covariance(centred: &Matrix) -> Mat<f32> {
    let (rows, width) = (centred.rows, centred.cols);
    let all = MatRef::from_row_major_slice(&centred.data, rows, width);
    let scale = 1.0 / rows as f32;
    let mut values = vec![0.0f32; width * width];
    values
        .par_chunks_mut(BLOCK_ROWS * width)
        .enumerate()
        .for_each(|(panel, out)| {
            let count = out.len() / width;
            matmul(
                MatMut::from_column_major_slice_mut(out, width, count),
                Accum::Replace,
                all.transpose(),
                all.subcols(panel * BLOCK_ROWS, count),
                scale,
                Par::Seq,
            );
        });
    MatRef::from_column_major_slice(&values, width, width).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Points stretched ten times along the diagonal of two of three dimensions.
    fn cloud() -> Matrix {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut data = Vec::new();
        for _ in 0..500 {
            let (long, short): (f32, f32) =
                (rng.random_range(-1.0..1.0), rng.random_range(-0.1..0.1));
            data.extend([long + short, long - short, rng.random_range(-0.01..0.01)]);
        }
        Matrix::new(500, 3, data).unwrap()
    }

    #[test]
    fn first_direction_has_the_largest_variance() {
        let config = PcaConfig {
            components: 2,
            whiten: false,
        };
        let found = principal_components(&cloud(), config).unwrap();
        assert_eq!((found.kept, found.directions.shape()), (2, (3, 2)));
        let first = found.directions.col(0);
        assert!((first[0].abs() - 0.5f32.sqrt()).abs() < 0.02);
        assert!((first[0] - first[1]).abs() < 0.02 && first[2].abs() < 0.02);
    }

    #[test]
    fn whitened_components_have_unit_variance() {
        let config = PcaConfig {
            components: 2,
            whiten: true,
        };
        let cloud = cloud();
        let found = principal_components(&cloud, config).unwrap();
        for component in 0..2 {
            let square: f32 = (0..cloud.rows)
                .map(|row| {
                    (0..3)
                        .map(|i| cloud.row(row)[i] * found.directions[(i, component)])
                        .sum::<f32>()
                        .powi(2)
                })
                .sum();
            assert!((square / cloud.rows as f32 - 1.0).abs() < 0.05);
        }
    }
}
