//! The loss that needs no labels: two looks at one image should be alike, and unlike other images.
//!
//! SimCLR (Chen et al. 2020): features are standardised, projected by a small network, brought to
//! length 1, and each must find its partner among all others of the batch (normalised temperature
//! scaled cross-entropy). The projection is thrown away afterwards.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::tail::TAIL_FEATURES;

/// Width of the hidden layer of the projection.
const HIDDEN: usize = 256;
/// Width of the projection.
const PROJECTED: usize = 128;
/// Divides cosines; the value at which trials ran.
const TEMPERATURE: f32 = 0.2;
const TINY_VARIANCE: f32 = 1e-5;

const FIRST: Range<usize> = 0..TAIL_FEATURES * HIDDEN;
const SECOND: Range<usize> = FIRST.end..FIRST.end + HIDDEN * PROJECTED;
/// Numbers of the projection.
pub(crate) const PROJECTION_VALUES: usize = SECOND.end;

/// Random numbers for the projection, uniform within one over the root of the inputs.
pub(crate) fn initial_projection(seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = |count: usize, inputs: usize| -> Vec<f32> {
        let bound = 1.0 / (inputs as f32).sqrt();
        (0..count)
            .map(|_| rng.random_range(-bound..bound))
            .collect()
    };
    let mut values = uniform(FIRST.len(), TAIL_FEATURES);
    values.extend(uniform(SECOND.len(), HIDDEN));
    values
}

/// The loss with its gradients.
pub(crate) struct Contrast {
    /// In nats; the logarithm of one less than the rows where nothing has been learnt.
    pub loss: f32,
    /// By the features, `[rows, 1248]`.
    pub features: Vec<f32>,
    /// By the projection.
    pub projection: Vec<f32>,
}

/// The loss of standardised features, `[2 * pairs, 1248]`: row `i` and row `i + pairs` show one image.
pub(crate) fn contrast(
    features: &[f32],
    projection: &[f32],
    device: &Device,
) -> Result<Contrast, String> {
    let rows = features.len() / TAIL_FEATURES;
    let pairs = rows / 2;
    let leaf = |values: &[f32], dims: [usize; 2]| {
        Tensor::<2>::from_data(TensorData::new(values.to_vec(), dims), device).require_grad()
    };
    let x = leaf(features, [rows, TAIL_FEATURES]);
    let first = leaf(&projection[FIRST], [TAIL_FEATURES, HIDDEN]);
    let second = leaf(&projection[SECOND], [HIDDEN, PROJECTED]);
    let hidden = x.clone().matmul(first.clone());
    let centred = hidden.clone() - hidden.mean_dim(0);
    let variance = (centred.clone() * centred.clone()).mean_dim(0);
    let hidden = activation::relu(centred / (variance + TINY_VARIANCE).sqrt());
    let projected = hidden.matmul(second.clone());
    let length = (projected.clone() * projected.clone()).sum_dim(1) + TINY_VARIANCE;
    let unit = projected / length.sqrt();
    let mut itself = vec![0.0; rows * rows];
    let mut partner = vec![0.0; rows * rows];
    for row in 0..rows {
        itself[row * rows + row] = 1e4;
        partner[row * rows + (row + pairs) % rows] = 1.0 / rows as f32;
    }
    let constant = |values| Tensor::<2>::from_data(TensorData::new(values, [rows, rows]), device);
    let likeness = unit.clone().matmul(unit.transpose()) / TEMPERATURE - constant(itself);
    let loss = -(activation::log_softmax(likeness, 1) * constant(partner)).sum();
    let mut gradients = loss.backward();
    let mut taken = |tensor: &Tensor<2>| -> Result<Vec<f32>, String> {
        let gradient = tensor
            .grad_remove(&mut gradients)
            .ok_or("a gradient is missing")?;
        values_of(gradient)
    };
    let features = taken(&x)?;
    let mut projection = taken(&first)?;
    projection.extend(taken(&second)?);
    Ok(Contrast {
        loss: values_of(loss)?.first().copied().unwrap_or(f32::NAN),
        features,
        projection,
    })
}

/// The numbers of a tensor, row-major.
pub(crate) fn values_of<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, String> {
    let data = tensor
        .try_into_data()
        .map_err(|error| format!("{error:?}"))?;
    data.try_to_vec::<f32>()
        .map_err(|error| format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_agree_cost_less_and_the_gradient_points_downhill() {
        let device = Device::flex().autodiff();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut random = |count: usize| -> Vec<f32> {
            (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
        };
        let projection = initial_projection(1);
        let half = random(6 * TAIL_FEATURES);
        let strangers = [half.clone(), random(6 * TAIL_FEATURES)].concat();
        let partners = [half.clone(), half].concat();
        let apart = contrast(&strangers, &projection, &device).unwrap();
        let together = contrast(&partners, &projection, &device).unwrap();
        assert!(
            together.loss < apart.loss - 0.5,
            "{} {}",
            together.loss,
            apart.loss
        );
        let square: f32 = apart.features.iter().map(|g| g * g).sum();
        let step = 0.01 / square;
        let moved: Vec<f32> = strangers
            .iter()
            .zip(&apart.features)
            .map(|(x, g)| x - step * g)
            .collect();
        let after = contrast(&moved, &projection, &device).unwrap().loss;
        let fallen = apart.loss - after;
        // To first order the loss falls by step * |gradient|^2.
        assert!((fallen - 0.01).abs() < 0.003, "{fallen}");
    }
}
