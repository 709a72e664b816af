//! Depthwise convolution between two ReLU6, with its gradient, as one operation on tensors.
//!
//! The engine computes the gradient of a depthwise weight one group at a time, which costs more than
//! all matrix products of a block together. Channels run fastest here, and sums of 32 of them stay in
//! registers, with the widest vector instructions of the processor. ReLU6 on both sides belongs to the
//! operation because its two intermediate maps, the largest of a block, then need not be kept.

use std::ops::Range;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, TensorData};

use crate::vectors::{add_column_sums, vectorised};

/// Shape of a depthwise convolution; TensorFlow's SAME padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthwiseShape {
    /// Maps in the batch.
    pub maps: usize,
    /// Rows of a map.
    pub rows: usize,
    /// Columns of a map.
    pub columns: usize,
    /// Channels.
    pub channels: usize,
    /// Rows = columns of the kernel.
    pub kernel: usize,
    /// Positions from one output to the next.
    pub stride: usize,
}

/// Channels that are summed up together in registers.
const LANES: usize = 32;
/// Taps of the largest kernel.
const MOST_TAPS: usize = 25;

impl DepthwiseShape {
    /// Rows of an output map.
    #[must_use]
    pub fn rows_out(&self) -> usize {
        self.rows.div_ceil(self.stride)
    }

    /// Columns of an output map.
    #[must_use]
    pub fn columns_out(&self) -> usize {
        self.columns.div_ceil(self.stride)
    }

    pub(crate) fn values_in(&self) -> usize {
        self.rows * self.columns * self.channels
    }

    pub(crate) fn values_out(&self) -> usize {
        self.rows_out() * self.columns_out() * self.channels
    }

    /// Rows or columns of padding before `side` positions; where the total is odd, one more comes
    /// behind them.
    fn before(&self, side: usize) -> usize {
        let total = (side.div_ceil(self.stride) - 1) * self.stride + self.kernel;
        total.saturating_sub(side) / 2
    }

    /// Taps of the kernel that meet one of `side` positions from the output at `at`, and the position
    /// that the first of them meets.
    #[inline(always)]
    fn taps(&self, at: usize, side: usize) -> (Range<usize>, usize) {
        let (start, before) = (at * self.stride, self.before(side));
        let first = before.saturating_sub(start);
        let last = self.kernel.min(side + before - start);
        (first..last, start + first - before)
    }

    /// Outputs whose tap `tap` meets one of `side` positions.
    #[inline(always)]
    fn outputs_of(&self, tap: usize, side: usize) -> Range<usize> {
        let before = self.before(side);
        let first = before.saturating_sub(tap).div_ceil(self.stride);
        let last = (side + before).saturating_sub(tap).div_ceil(self.stride);
        first..last.min(side.div_ceil(self.stride))
    }
}

fn relu6(value: f32) -> f32 {
    value.clamp(0.0, 6.0)
}

/// `relu6(x + bias)` in place; rows of channels.
pub(crate) fn activate(x: &mut [f32], bias: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for row in x.chunks_exact_mut(bias.len()) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    *value = relu6(*value + bias);
                }
            }
        },
    );
}

/// Sets the gradient to zero where ReLU6 gave 0 or 6.
pub(crate) fn mask(gradient: &mut [f32], active: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for (gradient, active) in gradient.iter_mut().zip(active) {
                *gradient = if *active > 0.0 && *active < 6.0 {
                    *gradient
                } else {
                    0.0
                };
            }
        },
    );
}

/// Does `work` for all channels, [`LANES`] at a time as far as they go.
macro_rules! each_lanes {
    ($channels:expr, $work:ident($($argument:expr),*)) => {
        vectorised(
            #[inline(always)]
            || {
                let channels = $channels;
                let whole = channels - channels % LANES;
                for first in (0..whole).step_by(LANES) {
                    $work::<LANES>($($argument,)* first);
                }
                for first in whole..channels {
                    $work::<1>($($argument,)* first);
                }
            },
        )
    };
}

/// The kernel of `N` channels, tap after tap.
#[inline(always)]
fn kernel_of<const N: usize>(
    weight: &[f32],
    channels: usize,
    first: usize,
) -> [[f32; N]; MOST_TAPS] {
    let mut kernel = [[0.0; N]; MOST_TAPS];
    for (kernel, weight) in kernel.iter_mut().zip(weight.chunks_exact(channels)) {
        kernel.copy_from_slice(&weight[first..first + N]);
    }
    kernel
}

/// Taps of the kernel in one direction and the position that the first of them meets, see
/// [`DepthwiseShape::taps`].
type Taps = (Range<usize>, usize);

/// The sums of `N` channels at one place of a map: `sums` and what each tap down and across adds.
#[inline(always)]
fn add_taps<const N: usize>(
    shape: &DepthwiseShape,
    map: &[f32],
    kernel: &[[f32; N]; MOST_TAPS],
    ((tap_rows, from_row), (tap_columns, from_column)): (&Taps, &Taps),
    first: usize,
    mut sums: [f32; N],
) -> [f32; N] {
    let channels = shape.channels;
    for (index, tap_row) in tap_rows.clone().enumerate() {
        let line = ((from_row + index) * shape.columns + from_column) * channels + first;
        for (index, tap_column) in tap_columns.clone().enumerate() {
            let Some(x) = map[line + index * channels..].first_chunk::<N>() else {
                continue;
            };
            let kernel = &kernel[tap_row * shape.kernel + tap_column];
            for ((sum, x), kernel) in sums.iter_mut().zip(x).zip(kernel) {
                *sum += x * kernel;
            }
        }
    }
    sums
}

/// `y = relu6(bias + depthwise(active))` of whole maps; `weight` is `[taps, channels]`.
pub(crate) fn convolve(
    shape: &DepthwiseShape,
    active: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
) {
    let maps = active.chunks_exact(shape.values_in());
    for (active, y) in maps.zip(y.chunks_exact_mut(shape.values_out())) {
        each_lanes!(
            shape.channels,
            convolve_lanes(shape, active, weight, bias, y)
        );
    }
}

#[inline(always)]
fn convolve_lanes<const N: usize>(
    shape: &DepthwiseShape,
    active: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    first: usize,
) {
    let channels = shape.channels;
    let kernel = kernel_of::<N>(weight, channels, first);
    let mut start = [0.0; N];
    start.copy_from_slice(&bias[first..first + N]);
    for row in 0..shape.rows_out() {
        let taps_down = shape.taps(row, shape.rows);
        for column in 0..shape.columns_out() {
            let taps_across = shape.taps(column, shape.columns);
            let taps = (&taps_down, &taps_across);
            let sums = add_taps(shape, active, &kernel, taps, first, start);
            let output = (row * shape.columns_out() + column) * channels + first;
            for (y, sum) in y[output..output + N].iter_mut().zip(sums) {
                *y = relu6(sum);
            }
        }
    }
}

/// Adds the gradient by the weight of [`convolve`]; `inner` is that by its sums before ReLU6.
pub(crate) fn convolve_weights(
    shape: &DepthwiseShape,
    active: &[f32],
    inner: &[f32],
    weight_gradient: &mut [f32],
) {
    let maps = active.chunks_exact(shape.values_in());
    for (active, inner) in maps.zip(inner.chunks_exact(shape.values_out())) {
        each_lanes!(
            shape.channels,
            convolve_weights_lanes(shape, active, inner, weight_gradient)
        );
    }
}

#[inline(always)]
fn convolve_weights_lanes<const N: usize>(
    shape: &DepthwiseShape,
    active: &[f32],
    inner: &[f32],
    weight_gradient: &mut [f32],
    first: usize,
) {
    let channels = shape.channels;
    let before = (shape.before(shape.rows), shape.before(shape.columns));
    for tap in 0..shape.kernel * shape.kernel {
        let (tap_row, tap_column) = (tap / shape.kernel, tap % shape.kernel);
        let columns = shape.outputs_of(tap_column, shape.columns);
        let mut sums = [0.0; N];
        for row in shape.outputs_of(tap_row, shape.rows) {
            let from_row = row * shape.stride + tap_row - before.0;
            for column in columns.clone() {
                let from_column = column * shape.stride + tap_column - before.1;
                let input = (from_row * shape.columns + from_column) * channels + first;
                let output = (row * shape.columns_out() + column) * channels + first;
                let x = active[input..].first_chunk::<N>();
                let (Some(x), Some(inner)) = (x, inner[output..].first_chunk::<N>()) else {
                    continue;
                };
                for ((sum, x), inner) in sums.iter_mut().zip(x).zip(inner) {
                    *sum += x * inner;
                }
            }
        }
        let out = &mut weight_gradient[tap * channels + first..][..N];
        for (out, sum) in out.iter_mut().zip(sums) {
            *out += sum;
        }
    }
}

/// The gradient by `active` of [`convolve`]; `inner` is that by its sums before ReLU6.
pub(crate) fn convolve_input(
    shape: &DepthwiseShape,
    inner: &[f32],
    weight: &[f32],
    active_gradient: &mut [f32],
) {
    active_gradient.fill(0.0);
    let maps = active_gradient.chunks_exact_mut(shape.values_in());
    for (gradient, inner) in maps.zip(inner.chunks_exact(shape.values_out())) {
        if shape.stride == 1 {
            each_lanes!(shape.channels, gather_lanes(shape, inner, weight, gradient));
        } else {
            each_lanes!(
                shape.channels,
                scatter_lanes(shape, inner, weight, gradient)
            );
        }
    }
}

/// With a stride of 1: a convolution with the kernel turned by half.
#[inline(always)]
fn gather_lanes<const N: usize>(
    shape: &DepthwiseShape,
    inner: &[f32],
    weight: &[f32],
    gradient: &mut [f32],
    first: usize,
) {
    let channels = shape.channels;
    let mut kernel = kernel_of::<N>(weight, channels, first);
    kernel[..shape.kernel * shape.kernel].reverse();
    for row in 0..shape.rows {
        let taps_down = shape.taps(row, shape.rows);
        for column in 0..shape.columns {
            let taps_across = shape.taps(column, shape.columns);
            let taps = (&taps_down, &taps_across);
            let sums = add_taps(shape, inner, &kernel, taps, first, [0.0; N]);
            let output = (row * shape.columns + column) * channels + first;
            gradient[output..output + N].copy_from_slice(&sums);
        }
    }
}

#[inline(always)]
fn scatter_lanes<const N: usize>(
    shape: &DepthwiseShape,
    inner: &[f32],
    weight: &[f32],
    gradient: &mut [f32],
    first: usize,
) {
    let channels = shape.channels;
    let kernel = kernel_of::<N>(weight, channels, first);
    for row in 0..shape.rows_out() {
        let (tap_rows, from_row) = shape.taps(row, shape.rows);
        for column in 0..shape.columns_out() {
            let (tap_columns, from_column) = shape.taps(column, shape.columns);
            let output = (row * shape.columns_out() + column) * channels + first;
            let Some(inner) = inner[output..].first_chunk::<N>() else {
                continue;
            };
            for (index, tap_row) in tap_rows.clone().enumerate() {
                let line = ((from_row + index) * shape.columns + from_column) * channels + first;
                for (index, tap_column) in tap_columns.clone().enumerate() {
                    let out = gradient[line + index * channels..].first_chunk_mut::<N>();
                    let Some(out) = out else {
                        continue;
                    };
                    let kernel = &kernel[tap_row * shape.kernel + tap_column];
                    for ((out, inner), kernel) in out.iter_mut().zip(inner).zip(kernel) {
                        *out += inner * kernel;
                    }
                }
            }
        }
    }
}

/// `relu6(bias + depthwise(relu6(x)))`; `x` is `[maps, rows, columns, channels]`, `weight` `[taps, channels]`.
fn forward(shape: &DepthwiseShape, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let active: Vec<f32> = x.iter().map(|x| relu6(*x)).collect();
    let mut y = vec![0.0; shape.maps * shape.values_out()];
    convolve(shape, &active, weight, bias, &mut y);
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
    let mut gradient = DepthwiseGradient {
        x: vec![0.0; x.len()],
        weight: vec![0.0; weight.len()],
        bias: vec![0.0; shape.channels],
    };
    let active: Vec<f32> = x.iter().map(|x| relu6(*x)).collect();
    let mut inner = y_gradient.to_vec();
    mask(&mut inner, y);
    add_column_sums(&mut gradient.bias, &inner);
    convolve_weights(shape, &active, &inner, &mut gradient.weight);
    convolve_input(shape, &inner, weight, &mut gradient.x);
    mask(&mut gradient.x, &active);
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
        let dims = [
            shape.maps,
            shape.rows_out(),
            shape.columns_out(),
            shape.channels,
        ];
        flex_tensor(y, &dims)
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
        let channels = shape.channels;
        if let Some(node) = x_node {
            let dims = [shape.maps, shape.rows, shape.columns, channels];
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

/// `relu6(bias + depthwise(relu6(x)))` with its gradient. `x` is `[maps, rows, columns, channels]`
/// before its activation, `weight` `[kernel * kernel, channels]`, `bias` `[channels]`; the result is
/// `[maps, rows_out, columns_out, channels]`.
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
            rows: 4,
            columns: 4,
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
        for (kernel, stride, channels) in [(3, 1, 3), (5, 1, 33), (5, 2, 35)] {
            let shape = DepthwiseShape {
                maps: 2,
                rows: 4,
                columns: 6,
                channels,
                kernel,
                stride,
            };
            let x = random(2 * 24 * channels, 1, -1.0, 7.0);
            let weight = random(kernel * kernel * channels, 2, -0.3, 0.4);
            let bias = random(channels, 3, -0.5, 0.5);
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
