//! Depthwise convolution between two ReLU6, with its gradient, as one operation on tensors.
//!
//! The engine computes the gradient of a depthwise weight one group at a time, which costs more than
//! all matrix products of a block together. Channels run fastest here, so every step is one
//! multiplication and addition over whole rows of channels. ReLU6 on both sides belongs to the
//! operation because its two intermediate maps, the largest of a block, then need not be kept.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, TensorData};

/// Shape of a depthwise convolution over square maps; TensorFlow's SAME padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthwiseShape {
    /// Maps in the batch.
    pub maps: usize,
    /// Rows = columns of a map.
    pub side: usize,
    /// Channels.
    pub channels: usize,
    /// Rows = columns of the kernel.
    pub kernel: usize,
    /// Positions from one output to the next.
    pub stride: usize,
}

impl DepthwiseShape {
    /// Rows = columns of an output map.
    #[must_use]
    pub fn side_out(&self) -> usize {
        self.side.div_ceil(self.stride)
    }

    /// Rows = columns of padding before the map; where the total is odd, one more comes behind it.
    fn before(&self) -> usize {
        let total = (self.side_out() - 1) * self.stride + self.kernel;
        total.saturating_sub(self.side) / 2
    }

    /// Calls `step(tap, output, input)` with the tap of the kernel and the first channel of the output
    /// and the input position that it joins, for the map that begins at position 0.
    #[inline]
    fn each(&self, mut step: impl FnMut(usize, usize, usize)) {
        let (side, out, before) = (self.side, self.side_out(), self.before());
        for row in 0..out {
            for column in 0..out {
                let output = (row * out + column) * self.channels;
                for tap_row in 0..self.kernel {
                    let Some(from_row) = (row * self.stride + tap_row).checked_sub(before) else {
                        continue;
                    };
                    for tap_column in 0..self.kernel {
                        let from_column = (column * self.stride + tap_column).checked_sub(before);
                        let Some(from_column) = from_column.filter(|column| *column < side) else {
                            continue;
                        };
                        if from_row < side {
                            let input = (from_row * side + from_column) * self.channels;
                            step(tap_row * self.kernel + tap_column, output, input);
                        }
                    }
                }
            }
        }
    }

    fn values_in(&self) -> usize {
        self.side * self.side * self.channels
    }

    fn values_out(&self) -> usize {
        self.side_out() * self.side_out() * self.channels
    }
}

fn relu6(value: f32) -> f32 {
    value.clamp(0.0, 6.0)
}

/// `relu6(bias + depthwise(relu6(x)))`; `x` is `[maps, side, side, channels]`, `weight` `[taps, channels]`.
fn forward(shape: &DepthwiseShape, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let channels = shape.channels;
    let mut y = vec![0.0; shape.maps * shape.values_out()];
    let mut active = vec![0.0; shape.values_in()];
    let maps = x.chunks_exact(shape.values_in());
    for (x, y) in maps.zip(y.chunks_exact_mut(shape.values_out())) {
        for (active, x) in active.iter_mut().zip(x) {
            *active = relu6(*x);
        }
        for y in y.chunks_exact_mut(channels) {
            y.copy_from_slice(bias);
        }
        shape.each(|tap, output, input| {
            let weight = &weight[tap * channels..][..channels];
            let x = &active[input..][..channels];
            let y = &mut y[output..][..channels];
            for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
                *y += x * weight;
            }
        });
        for y in y {
            *y = relu6(*y);
        }
    }
    y
}

/// Gradients of a loss by `x`, `weight` and `bias`.
struct DepthwiseGradient {
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// The gradients from that by `y`, the output of [`forward`].
fn backward(
    shape: &DepthwiseShape,
    x: &[f32],
    weight: &[f32],
    y: &[f32],
    y_gradient: &[f32],
) -> DepthwiseGradient {
    let channels = shape.channels;
    let mut gradient = DepthwiseGradient {
        x: vec![0.0; x.len()],
        weight: vec![0.0; weight.len()],
        bias: vec![0.0; channels],
    };
    let mut active = vec![0.0; shape.values_in()];
    let mut inner = vec![0.0; shape.values_out()];
    let outputs = y
        .chunks_exact(shape.values_out())
        .zip(y_gradient.chunks_exact(shape.values_out()));
    let inputs = x
        .chunks_exact(shape.values_in())
        .zip(gradient.x.chunks_exact_mut(shape.values_in()));
    for ((x, x_gradient), (y, y_gradient)) in inputs.zip(outputs) {
        for (active, x) in active.iter_mut().zip(x) {
            *active = relu6(*x);
        }
        for ((inner, y), gradient) in inner.iter_mut().zip(y).zip(y_gradient) {
            *inner = if *y > 0.0 && *y < 6.0 { *gradient } else { 0.0 };
        }
        for inner in inner.chunks_exact(channels) {
            for (bias, inner) in gradient.bias.iter_mut().zip(inner) {
                *bias += inner;
            }
        }
        shape.each(|tap, output, input| {
            let kernel = &weight[tap * channels..][..channels];
            let kernel_gradient = &mut gradient.weight[tap * channels..][..channels];
            let x = &active[input..][..channels];
            let x_gradient = &mut x_gradient[input..][..channels];
            let inner = &inner[output..][..channels];
            for (gradient, (x, inner)) in kernel_gradient.iter_mut().zip(x.iter().zip(inner)) {
                *gradient += x * inner;
            }
            for (gradient, (kernel, inner)) in x_gradient.iter_mut().zip(kernel.iter().zip(inner)) {
                *gradient += kernel * inner;
            }
        });
        for (gradient, x) in x_gradient.iter_mut().zip(x) {
            if *x <= 0.0 || *x >= 6.0 {
                *gradient = 0.0;
            }
        }
    }
    gradient
}

/// Engines that have the operation.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait DepthwiseBackend: Backend {
    /// `relu6(bias + depthwise(relu6(x)))`.
    fn depthwise_relu6(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: DepthwiseShape,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

fn flex_tensor(values: Vec<f32>, dims: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, dims.to_vec()))
}

impl DepthwiseBackend for Flex {
    fn depthwise_relu6(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        shape: DepthwiseShape,
    ) -> FlexTensor {
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let bias = bias.to_contiguous();
        let y = forward(&shape, x.storage(), weight.storage(), bias.storage());
        let side = shape.side_out();
        flex_tensor(y, &[shape.maps, side, side, shape.channels])
    }
}

/// The operation in the graph of gradients.
#[derive(Debug)]
struct DepthwiseRelu6;

impl Backward<Flex, 3> for DepthwiseRelu6 {
    /// `x`, `weight`, `y`.
    type State = (FlexTensor, FlexTensor, FlexTensor, DepthwiseShape);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node, bias_node] = ops.parents;
        let y_gradient = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (x, weight, y, shape) = ops.state;
        let found = backward(
            &shape,
            x.storage(),
            weight.storage(),
            y.storage(),
            y_gradient.storage(),
        );
        let (side, channels) = (shape.side, shape.channels);
        if let Some(node) = x_node {
            let dims = [shape.maps, side, side, channels];
            grads.register::<Flex>(node.id, flex_tensor(found.x, &dims));
        }
        if let Some(node) = weight_node {
            let dims = [shape.kernel * shape.kernel, channels];
            grads.register::<Flex>(node.id, flex_tensor(found.weight, &dims));
        }
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, flex_tensor(found.bias, &[channels]));
        }
    }
}

impl<C: CheckpointStrategy> DepthwiseBackend for Autodiff<Flex, C> {
    fn depthwise_relu6(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: DepthwiseShape,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let x = x.into_primitive().to_contiguous();
        let weight = weight.into_primitive().to_contiguous();
        let y = Flex::depthwise_relu6(x.clone(), weight.clone(), bias.into_primitive(), shape);
        match DepthwiseRelu6
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((x, weight, y.clone(), shape), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

/// `relu6(bias + depthwise(relu6(x)))` with its gradient. `x` is `[maps, side, side, channels]` before
/// its activation, `weight` `[kernel * kernel, channels]`, `bias` `[channels]`; the result is
/// `[maps, side_out, side_out, channels]`.
pub(crate) fn depthwise_relu6(
    x: Tensor<4>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    shape: DepthwiseShape,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as DepthwiseBackend>::depthwise_relu6(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        shape,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn random(count: usize, seed: u64, low: f32, high: f32) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| rng.random_range(low..high)).collect()
    }

    #[test]
    fn a_stride_of_two_pads_behind_as_tensorflow_does() {
        // One channel, a kernel that picks its first tap: with one row of padding before, output
        // (0, 0) sees padding and output (1, 1) sees input (1, 1).
        let shape = DepthwiseShape {
            maps: 1,
            side: 4,
            channels: 1,
            kernel: 5,
            stride: 2,
        };
        let x: Vec<f32> = (0..16_u8).map(|v| f32::from(v) / 4.0).collect();
        let mut weight = vec![0.0; 25];
        weight[0] = 1.0;
        assert_eq!(forward(&shape, &x, &weight, &[0.0]), [0.0, 0.0, 0.0, x[5]]);
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        for (kernel, stride) in [(3, 1), (5, 1), (5, 2)] {
            let shape = DepthwiseShape {
                maps: 2,
                side: 6,
                channels: 3,
                kernel,
                stride,
            };
            let x = random(2 * 36 * 3, 1, -1.0, 7.0);
            let weight = random(kernel * kernel * 3, 2, -0.3, 0.4);
            let bias = random(3, 3, -0.5, 0.5);
            let y = forward(&shape, &x, &weight, &bias);
            let probe = random(y.len(), 4, -1.0, 1.0);
            let loss = |x: &[f32], weight: &[f32], bias: &[f32]| -> f64 {
                let y = forward(&shape, x, weight, bias);
                let terms = y.iter().zip(&probe);
                terms.map(|(y, p)| f64::from(*y) * f64::from(*p)).sum()
            };
            let found = backward(&shape, &x, &weight, &y, &probe);
            let step = 2e-4;
            let check = |gradient: &[f32], of: &[f32], loss: &dyn Fn(&[f32]) -> f64| {
                // A value close to a bend of ReLU6 has no gradient that differences could find;
                // nine in ten must agree.
                let mut agreeing = 0;
                for (index, gradient) in gradient.iter().enumerate() {
                    let (mut low, mut high) = (of.to_vec(), of.to_vec());
                    low[index] -= step;
                    high[index] += step;
                    let slope = (loss(&high) - loss(&low)) / f64::from(2.0 * step);
                    let error = (slope - f64::from(*gradient)).abs();
                    agreeing += usize::from(error < 2e-2 * (1.0 + slope.abs()));
                }
                assert!(10 * agreeing >= 9 * gradient.len(), "{agreeing} {shape:?}");
            };
            check(&found.x, &x, &|x| loss(x, &weight, &bias));
            check(&found.weight, &weight, &|weight| loss(&x, weight, &bias));
            check(&found.bias, &bias, &|bias| loss(&x, &weight, bias));
        }
    }
}
