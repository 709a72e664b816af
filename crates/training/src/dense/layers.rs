//! The layers of the dense network, each with its gradient, on maps whose channels run fastest.
//!
//! Everything is a matrix product or one pass over rows of channels. A gradient is added to what is
//! there, since several maps share a weight.

use crate::products::{Onto, Rows, add_transposed_times, times, times_transposed};
use crate::vectors::{add_column_sums, fill_rows, vectorised};

/// Added to a variance before its root.
const TINY_VARIANCE: f32 = 1e-5;
/// Channels that are normalised together.
pub(crate) const GROUP: usize = 8;

/// Rows and columns of maps, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub maps: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Extent {
    /// Positions of one map.
    pub fn positions(self) -> usize {
        self.rows * self.columns
    }

    /// Positions of all maps.
    pub fn all(self) -> usize {
        self.maps * self.positions()
    }

    /// Maps of half the sides.
    pub fn halved(self) -> Self {
        Self {
            rows: self.rows / 2,
            columns: self.columns / 2,
            ..self
        }
    }

    /// The same with a border of one position all around.
    fn bordered(self) -> Self {
        Self {
            rows: self.rows + 2,
            columns: self.columns + 2,
            ..self
        }
    }
}

/// `out = x * weight + bias` at every position: a 1x1 convolution.
pub(crate) fn pointwise(out: &mut [f32], x: &[f32], weight: &[f32], bias: &[f32]) {
    fill_rows(out, bias);
    times(
        out,
        Onto::Add,
        Rows::dense(x, weight.len() / bias.len()),
        weight,
    );
}

/// Adds the gradients by weight and bias of [`pointwise`].
pub(crate) fn pointwise_weights(
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
    x: &[f32],
    out_gradient: &[f32],
) {
    let outputs = bias_gradient.len();
    let x = Rows::dense(x, weight_gradient.len() / outputs);
    add_transposed_times(weight_gradient, x, Rows::dense(out_gradient, outputs));
    add_column_sums(bias_gradient, out_gradient);
}

/// The gradient by the input of [`pointwise`].
pub(crate) fn pointwise_input(
    x_gradient: &mut [f32],
    onto: Onto,
    out_gradient: &[f32],
    weight: &[f32],
    outputs: usize,
) {
    times_transposed(x_gradient, onto, Rows::dense(out_gradient, outputs), weight);
}

/// Numbers of maps with a border of zeros.
pub(crate) fn bordered_count(extent: Extent, channels: usize) -> usize {
    extent.bordered().all() * channels
}

/// `lateral + up(coarse)` with a border of zeros around each map; `coarse` has half the sides, and each
/// of its positions is repeated twice by two.
pub(crate) fn add_doubled(
    bordered: &mut [f32],
    lateral: &[f32],
    coarse: &[f32],
    extent: Extent,
    channels: usize,
) {
    let (wide, line) = (extent.columns + 2, extent.columns * channels);
    bordered.fill(0.0);
    vectorised(
        #[inline(always)]
        || {
            for map in 0..extent.maps {
                for row in 0..extent.rows {
                    let to = ((map * (extent.rows + 2) + row + 1) * wide + 1) * channels;
                    let out = &mut bordered[to..][..line];
                    let lateral = &lateral[(map * extent.rows + row) * line..][..line];
                    let from = (map * extent.rows / 2 + row / 2) * line / 2;
                    let coarse = &coarse[from..][..line / 2];
                    let pairs = out
                        .chunks_exact_mut(2 * channels)
                        .zip(lateral.chunks_exact(2 * channels));
                    for ((out, lateral), coarse) in pairs.zip(coarse.chunks_exact(channels)) {
                        let (left, right) = out.split_at_mut(channels);
                        let (lateral_left, lateral_right) = lateral.split_at(channels);
                        for ((out, lateral), coarse) in
                            left.iter_mut().zip(lateral_left).zip(coarse)
                        {
                            *out = lateral + coarse;
                        }
                        for ((out, lateral), coarse) in
                            right.iter_mut().zip(lateral_right).zip(coarse)
                        {
                            *out = lateral + coarse;
                        }
                    }
                }
            }
        },
    );
}

/// The gradient by `coarse` of [`add_doubled`]: the sums of two by two positions.
pub(crate) fn halved(coarse: &mut [f32], gradient: &[f32], extent: Extent, channels: usize) {
    let line = extent.columns * channels;
    vectorised(
        #[inline(always)]
        || {
            let pairs = gradient.chunks_exact(2 * line);
            for (out, lines) in coarse.chunks_exact_mut(line / 2).zip(pairs) {
                let (upper, lower) = lines.split_at(line);
                let squares = upper
                    .chunks_exact(2 * channels)
                    .zip(lower.chunks_exact(2 * channels));
                for (out, (upper, lower)) in out.chunks_exact_mut(channels).zip(squares) {
                    let (a, b) = upper.split_at(channels);
                    let (c, d) = lower.split_at(channels);
                    let sums = a.iter().zip(b).zip(c.iter().zip(d));
                    for (out, ((a, b), (c, d))) in out.iter_mut().zip(sums) {
                        *out = a + b + c + d;
                    }
                }
            }
        },
    );
}

/// Positions from the first to the last that a row of the kernel meets in a bordered map.
fn span(extent: Extent) -> usize {
    extent.rows * (extent.columns + 2) - 2
}

/// What a row of the kernel sees of one bordered map: three neighbours at every position.
fn kernel_rows<'a>(map: &'a [f32], row: usize, extent: Extent, channels: usize) -> Rows<'a> {
    Rows {
        values: &map[row * (extent.columns + 2) * channels..],
        count: span(extent),
        width: 3 * channels,
        stride: channels,
    }
}

/// A 3x3 convolution of bordered maps without bias; the weight is `[3, 3, inputs, outputs]`. `wide`
/// is a buffer. Inputs and outputs have the same number of channels.
pub(crate) fn convolve(
    out: &mut [f32],
    wide: &mut [f32],
    bordered: &[f32],
    weight: &[f32],
    extent: Extent,
    channels: usize,
) {
    let line = extent.columns * channels;
    let wide_line = line + 2 * channels;
    let wide = &mut wide[..span(extent) * channels];
    let maps = bordered.chunks_exact(extent.bordered().positions() * channels);
    for (map, out) in maps.zip(out.chunks_exact_mut(extent.positions() * channels)) {
        for (row, weight) in weight.chunks_exact(weight.len() / 3).enumerate() {
            let onto = if row == 0 { Onto::Replace } else { Onto::Add };
            times(wide, onto, kernel_rows(map, row, extent, channels), weight);
        }
        for (out, wide) in out.chunks_exact_mut(line).zip(wide.chunks(wide_line)) {
            out.copy_from_slice(&wide[..line]);
        }
    }
}

/// Maps with a border of zeros.
pub(crate) fn border(bordered: &mut [f32], values: &[f32], extent: Extent, channels: usize) {
    let line = extent.columns * channels;
    let wide_line = line + 2 * channels;
    bordered.fill(0.0);
    let maps = bordered.chunks_exact_mut(extent.bordered().positions() * channels);
    for (map, values) in maps.zip(values.chunks_exact(extent.positions() * channels)) {
        let lines = map.chunks_exact_mut(wide_line).skip(1);
        for (out, values) in lines.zip(values.chunks_exact(line)) {
            out[channels..][..line].copy_from_slice(values);
        }
    }
}

/// Adds the gradient by the weight of [`convolve`], from the bordered gradient by its result.
pub(crate) fn convolve_weights(
    weight_gradient: &mut [f32],
    bordered: &[f32],
    bordered_gradient: &[f32],
    extent: Extent,
    channels: usize,
) {
    let whole = extent.bordered().positions() * channels;
    let third = weight_gradient.len() / 3;
    let maps = bordered.chunks_exact(whole);
    for (map, gradient) in maps.zip(bordered_gradient.chunks_exact(whole)) {
        // From the first position within the border on; what lies between the lines is zero.
        let gradient = Rows {
            values: &gradient[(extent.columns + 3) * channels..],
            count: span(extent),
            width: channels,
            stride: channels,
        };
        for (row, out) in weight_gradient.chunks_exact_mut(third).enumerate() {
            add_transposed_times(out, kernel_rows(map, row, extent, channels), gradient);
        }
    }
}

/// The kernel whose convolution with the gradient by the result of [`convolve`] is that by its input:
/// turned by half, inputs and outputs exchanged.
pub(crate) fn turned_kernel(turned: &mut [f32], weight: &[f32], channels: usize) {
    let taps = weight.chunks_exact(channels * channels).rev();
    for (turned, tap) in turned.chunks_exact_mut(channels * channels).zip(taps) {
        for (output, turned) in turned.chunks_exact_mut(channels).enumerate() {
            for (input, turned) in turned.iter_mut().enumerate() {
                *turned = tap[input * channels + output];
            }
        }
    }
}

/// Mean and one over the deviation of every group of every map.
pub(crate) type Moments = Vec<[f32; 2]>;

/// Group normalisation (Wu and He 2018), then ReLU: `out = max(0, gamma * (x - mean) / deviation + beta)`
/// with the moments of [`GROUP`] channels over all positions of one map.
pub(crate) fn normalise(
    out: &mut [f32],
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    extent: Extent,
) -> Moments {
    let channels = gamma.len();
    let size = extent.positions() * channels;
    let mut moments = Vec::with_capacity(extent.maps * channels / GROUP);
    let mut sums = vec![0.0; channels];
    let mut squares = vec![0.0; channels];
    let mut factor = vec![0.0; channels];
    let mut offset = vec![0.0; channels];
    for (x, out) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
        sums.fill(0.0);
        add_column_sums(&mut sums, x);
        let count = (extent.positions() * GROUP) as f32;
        let means: Vec<f32> = sums
            .chunks_exact(GROUP)
            .map(|group| group.iter().sum::<f32>() / count)
            .collect();
        // The sum for each channel of squared distances to the mean of its group.
        for (offset, mean) in offset.chunks_exact_mut(GROUP).zip(&means) {
            offset.fill(*mean);
        }
        squares.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                for row in x.chunks_exact(channels) {
                    for ((square, value), mean) in squares.iter_mut().zip(row).zip(&offset) {
                        *square += (value - mean) * (value - mean);
                    }
                }
            },
        );
        for (group, mean) in means.iter().enumerate() {
            let range = group * GROUP..(group + 1) * GROUP;
            let variance = squares[range.clone()].iter().sum::<f32>() / count;
            let inverse = 1.0 / (variance + TINY_VARIANCE).sqrt();
            moments.push([*mean, inverse]);
            for channel in range {
                factor[channel] = gamma[channel] * inverse;
                offset[channel] = beta[channel] - mean * factor[channel];
            }
        }
        vectorised(
            #[inline(always)]
            || {
                for (out, x) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                    let terms = factor.iter().zip(&offset);
                    for ((out, x), (factor, offset)) in out.iter_mut().zip(x).zip(terms) {
                        *out = (x * factor + offset).max(0.0);
                    }
                }
            },
        );
    }
    moments
}

/// A call of [`normalise`] that a gradient is wanted of.
pub(crate) struct Normalised<'a> {
    pub x: &'a [f32],
    pub out: &'a [f32],
    pub moments: &'a [[f32; 2]],
    pub extent: Extent,
}

/// Turns the gradient by the result of [`normalise`] into that by `x`, and adds those by `gamma` and
/// `beta`.
pub(crate) fn normalise_back(
    gradient: &mut [f32],
    of: &Normalised<'_>,
    gamma: &[f32],
    (gamma_gradient, beta_gradient): (&mut [f32], &mut [f32]),
) {
    let &Normalised {
        x,
        out,
        moments,
        extent,
    } = of;
    let channels = gamma.len();
    let size = extent.positions() * channels;
    let count = (extent.positions() * GROUP) as f32;
    let mut by_beta = vec![0.0; channels];
    let mut by_product = vec![0.0; channels];
    // The gradient by x is `own * gradient + slope * x + level` for each channel.
    let mut own = vec![0.0; channels];
    let mut slope = vec![0.0; channels];
    let mut level = vec![0.0; channels];
    let maps = x.chunks_exact(size).zip(out.chunks_exact(size));
    let maps = maps.zip(moments.chunks_exact(channels / GROUP));
    for (((x, out), moments), gradient) in maps.zip(gradient.chunks_exact_mut(size)) {
        by_beta.fill(0.0);
        by_product.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                let rows = x.chunks_exact(channels).zip(out.chunks_exact(channels));
                for ((x, out), gradient) in rows.zip(gradient.chunks_exact_mut(channels)) {
                    let sums = by_beta.iter_mut().zip(by_product.iter_mut());
                    let values = x.iter().zip(out).zip(gradient);
                    for (((x, out), gradient), (beta, product)) in values.zip(sums) {
                        let passed = if *out > 0.0 { *gradient } else { 0.0 };
                        *gradient = passed;
                        *beta += passed;
                        *product += passed * x;
                    }
                }
            },
        );
        for (group, [mean, inverse]) in moments.iter().enumerate() {
            let range = group * GROUP..(group + 1) * GROUP;
            let mut level_sum = 0.0;
            let mut scale_sum = 0.0;
            for channel in range.clone() {
                // The sum of the gradient times the normalised value.
                let scaled = (by_product[channel] - mean * by_beta[channel]) * inverse;
                gamma_gradient[channel] += scaled;
                beta_gradient[channel] += by_beta[channel];
                scale_sum += gamma[channel] * scaled;
                level_sum += gamma[channel] * by_beta[channel];
            }
            let tilt = -inverse * inverse * scale_sum / count;
            for channel in range {
                own[channel] = gamma[channel] * inverse;
                slope[channel] = tilt;
                level[channel] = -inverse * level_sum / count - tilt * mean;
            }
        }
        vectorised(
            #[inline(always)]
            || {
                let rows = x.chunks_exact(channels);
                for (x, gradient) in rows.zip(gradient.chunks_exact_mut(channels)) {
                    let terms = own.iter().zip(&slope).zip(&level);
                    let values = gradient.iter_mut().zip(x);
                    for ((gradient, x), ((own, slope), level)) in values.zip(terms) {
                        *gradient = own * *gradient + slope * x + level;
                    }
                }
            },
        );
    }
}
