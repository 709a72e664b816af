//! The steps from a raw row to a row of features, in double precision, each with its *pull-back*:
//! from the gradient with respect to what the step gives to that with respect to what it takes.

use crate::combination::Combination;
use crate::principal_components::Components;
use crate::transform::FeatureTransform;

/// Standardise, turn each block onto its principal components, scale each to the same length.
pub(super) struct TransformStep<'a> {
    transform: &'a FeatureTransform,
    pub out: Vec<f64>,
    /// Length of each block before it was scaled.
    lengths: Vec<f64>,
}

impl<'a> TransformStep<'a> {
    pub fn forward(transform: &'a FeatureTransform, raw: &[f64]) -> Self {
        let scaled: Vec<f64> = raw
            .iter()
            .zip(transform.shift.iter().zip(&transform.scale))
            .map(|(value, (shift, scale))| (value - f64::from(*shift)) * f64::from(*scale))
            .collect();
        let mut out = Vec::with_capacity(transform.width());
        let mut lengths = Vec::with_capacity(transform.blocks.len());
        for block in &transform.blocks {
            let part = onto(block.components.as_ref(), &scaled[block.columns.clone()]);
            let (unit, length) = unit(&part);
            let share = transform.block_length();
            out.extend(unit.iter().map(|value| share * value));
            lengths.push(length);
        }
        Self {
            transform,
            out,
            lengths,
        }
    }

    pub fn pull_back(&self, gradient: &[f64]) -> Vec<f64> {
        let mut raw = vec![0.0; self.transform.dim];
        let share = self.transform.block_length();
        let mut start = 0;
        for (block, &length) in self.transform.blocks.iter().zip(&self.lengths) {
            let range = start..start + block.width();
            start = range.end;
            let unit: Vec<f64> = self.out[range.clone()].iter().map(|v| v / share).collect();
            let within = pull_back_unit(&unit, share * length.recip(), &gradient[range], length);
            let columns = block.columns.clone();
            let scaled = back_from(block.components.as_ref(), within);
            for ((target, value), scale) in raw[columns.clone()]
                .iter_mut()
                .zip(scaled)
                .zip(&self.transform.scale[columns])
            {
                *target = value * f64::from(*scale);
            }
        }
        raw
    }
}

/// Weigh the blocks, turn them onto the principal components of the pool, scale to length 1.
pub(super) struct CombinationStep<'a> {
    combination: &'a Combination,
    pub out: Vec<f64>,
    length: f64,
}

impl<'a> CombinationStep<'a> {
    pub fn forward(combination: &'a Combination, blocks: &[f64]) -> Self {
        let weighed: Vec<f64> = blocks
            .iter()
            .zip(combination.scale.iter().zip(&combination.mean))
            .map(|(value, (scale, mean))| value * f64::from(*scale) - f64::from(*mean))
            .collect();
        let (out, length) = unit(&onto(combination.components.as_ref(), &weighed));
        Self {
            combination,
            out,
            length,
        }
    }

    pub fn pull_back(&self, gradient: &[f64]) -> Vec<f64> {
        let within = pull_back_unit(&self.out, self.length.recip(), gradient, self.length);
        let mut blocks = back_from(self.combination.components.as_ref(), within);
        for (value, scale) in blocks.iter_mut().zip(&self.combination.scale) {
            *value *= f64::from(*scale);
        }
        blocks
    }
}

/// A vector at length 1, and the length it had; zero stays zero.
fn unit(values: &[f64]) -> (Vec<f64>, f64) {
    let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let factor = if length > 0.0 { length.recip() } else { 0.0 };
    (values.iter().map(|v| v * factor).collect(), length)
}

/// The Jacobian of `factor' v / |v|` is `factor (I - u uᵀ)` with `u = v / |v|` and `factor` already
/// divided by the length. Where the length is 0 there is no direction, and nothing is pulled back.
fn pull_back_unit(unit: &[f64], factor: f64, gradient: &[f64], length: f64) -> Vec<f64> {
    if length <= 0.0 {
        return vec![0.0; gradient.len()];
    }
    let along: f64 = unit.iter().zip(gradient).map(|(u, g)| u * g).sum();
    unit.iter()
        .zip(gradient)
        .map(|(u, g)| factor * (g - u * along))
        .collect()
}

fn onto(components: Option<&Components>, values: &[f64]) -> Vec<f64> {
    let Some(components) = components else {
        return values.to_vec();
    };
    (0..components.kept)
        .map(|component| {
            let direction = components.directions.col(component);
            let entries = direction.iter().zip(values);
            entries.map(|(d, value)| f64::from(*d) * value).sum()
        })
        .collect()
}

fn back_from(components: Option<&Components>, gradient: Vec<f64>) -> Vec<f64> {
    let Some(components) = components else {
        return gradient;
    };
    let mut values = vec![0.0; components.directions.nrows()];
    for (component, gradient) in gradient.iter().enumerate() {
        let direction = components.directions.col(component);
        for (value, d) in values.iter_mut().zip(direction.iter()) {
            *value += f64::from(*d) * gradient;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Blocks, Matrix, PcaConfig, RawFeatures, TransformConfig, fit_combination, fit_transform,
    };
    use half::f16;
    use proptest::prelude::*;

    /// Central differences of `weights · step(x)` for every entry of `x`.
    fn differences(x: &[f64], weights: &[f64], step: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
        let value = |x: &[f64]| -> f64 { step(x).iter().zip(weights).map(|(a, b)| a * b).sum() };
        (0..x.len())
            .map(|i| {
                let moved = |by: f64| {
                    let mut x = x.to_vec();
                    x[i] += by;
                    value(&x)
                };
                (moved(1e-5) - moved(-1e-5)) / 2e-5
            })
            .collect()
    }

    fn close(found: &[f64], expected: &[f64]) -> bool {
        let largest = expected.iter().fold(1e-3, |m: f64, e| m.max(e.abs()));
        found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(f, e)| (f - e).abs() < 1e-4 * largest)
    }

    fn numbers(count: usize) -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(-1.0f64..1.0, count)
    }

    proptest! {
        #[test]
        fn pull_back_of_the_transform_is_its_gradient(
            pool in prop::collection::vec(-1.0f32..1.0, 96), x in numbers(8), weights in numbers(5),
        ) {
            let values: Vec<f16> = pool.iter().map(|v| f16::from_f32(*v)).collect();
            let raw = RawFeatures { values: &values, dim: 8 };
            let config = TransformConfig {
                standardise: true,
                pca: Some(PcaConfig { components: 3, whiten: false }),
                blocks: vec![6, 2],
            };
            let transform = fit_transform(&raw, &config, 0).unwrap();
            let step = TransformStep::forward(&transform, &x);
            prop_assume!(step.lengths.iter().all(|length| *length > 0.1));
            let expected = differences(&x, &weights, |x| TransformStep::forward(&transform, x).out);
            prop_assert!(close(&step.pull_back(&weights), &expected));
        }

        #[test]
        fn pull_back_of_the_combination_is_its_gradient(
            pool in prop::collection::vec(-1.0f32..1.0, 60), x in numbers(6), weights in numbers(6),
            weight in 0.1f32..0.9, components in 3_usize..7,
        ) {
            let rows = Matrix::new(10, 6, pool).unwrap();
            let blocks = Blocks::views_and_outputs(2, &[3]);
            let combination =
                fit_combination(&rows, &blocks, &[weight, 1.0 - weight], components).unwrap();
            let step = CombinationStep::forward(&combination, &x);
            prop_assume!(step.length > 0.1);
            let weights = &weights[..step.out.len()];
            let expected = differences(&x, weights, |x| CombinationStep::forward(&combination, x).out);
            prop_assert!(close(&step.pull_back(weights), &expected));
        }
    }

    #[test]
    fn a_row_without_direction_has_no_gradient() {
        assert_eq!(
            pull_back_unit(&[0.0, 0.0], f64::INFINITY, &[1.0, 2.0], 0.0),
            [0.0, 0.0]
        );
    }
}
