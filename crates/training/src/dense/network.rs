//! The dense network: stages 5 to 7 of EfficientNet-Lite0, a decoder, and a head; all that is trained.
//!
//! The decoder adds, from the coarsest map to the finest, a map of a stage (by a 1x1 convolution) and
//! what came before it, doubled; a 3x3 convolution, group normalisation and ReLU follow each sum
//! (feature pyramids, Lin et al. 2017). The head is a 1x1 convolution at a quarter of the sides of the
//! input. Group normalisation, so that no map depends on its neighbours in a batch.

use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::dense::buffers::Buffers;
use crate::dense::layers::{
    Extent, Moments, Normalised, add_doubled, border, bordered_count, convolve, convolve_weights,
    halved, normalise, normalise_back, pointwise, pointwise_input, pointwise_weights,
    turned_kernel,
};
use crate::dense::maps::DenseMaps;
use crate::depthwise::{self, DepthwiseShape, activate, mask};
use crate::products::{Onto, Rows, times};
use crate::tail::Tail;
use crate::vectors::{add_column_sums, fill_rows, vectorised};
use autolabel_models::{FROZEN_MAP_CHANNELS, FROZEN_MAP_STRIDES};

/// Channels of stage 7 and of stage 5, where the decoder begins.
const TOP_CHANNELS: usize = 320;
const MIDDLE_CHANNELS: usize = 112;

/// A 1x1 convolution: the place of its weight, `[inputs, outputs]`, and bias among the numbers.
#[derive(Clone, Debug, PartialEq)]
struct Pointwise {
    weight: Range<usize>,
    bias: Range<usize>,
}

/// An inverted bottleneck of the tail.
#[derive(Clone, Debug, PartialEq)]
struct Bottleneck {
    expand: Pointwise,
    /// Weight `[taps, channels]`.
    depthwise: Pointwise,
    project: Pointwise,
    expanded: usize,
    kernel: usize,
    stride: usize,
    adds_input: bool,
    is_stage_5: bool,
}

/// One step of the decoder.
#[derive(Clone, Debug, PartialEq)]
struct Level {
    /// To the width of this level, where the one before is another.
    reduce: Option<Pointwise>,
    lateral: Pointwise,
    /// `[3, 3, channels, channels]`.
    kernel: Range<usize>,
    gamma: Range<usize>,
    beta: Range<usize>,
    channels: usize,
}

/// A named part of the trained numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    pub name: String,
    pub dims: Vec<usize>,
    pub numbers: Range<usize>,
}

/// Where everything that is trained stands in one vector of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DenseNetwork {
    bottlenecks: Vec<Bottleneck>,
    top: Pointwise,
    levels: Vec<Level>,
    head: Pointwise,
    /// All parts, in their order.
    pub named: Vec<Named>,
    /// Numbers of the tail; those of the decoder follow.
    pub tail_len: usize,
    /// Numbers at each cell of the output.
    pub outputs: usize,
}

impl DenseNetwork {
    /// A network with decoder `widths` at 1/16, 1/8 and 1/4 of the sides, multiples of 8.
    pub fn new(tail: &Tail, widths: [usize; 3], outputs: usize) -> Self {
        let mut named = Vec::new();
        for slot in &tail.slots {
            let dims = match slot.transposed_from {
                Some([outputs, inputs]) => vec![inputs, outputs],
                None => vec![slot.numbers.len()],
            };
            named.push(Named {
                name: slot.name.clone(),
                dims,
                numbers: slot.numbers.clone(),
            });
        }
        let mut network = Self {
            bottlenecks: tail
                .blocks
                .iter()
                .map(|block| bottleneck(tail, block))
                .collect(),
            top: Pointwise {
                weight: 0..0,
                bias: 0..0,
            },
            levels: Vec::new(),
            head: Pointwise {
                weight: 0..0,
                bias: 0..0,
            },
            named,
            tail_len: tail.len(),
            outputs,
        };
        network.top = network.add_pointwise("decoder.top", TOP_CHANNELS, widths[0]);
        let laterals = [
            MIDDLE_CHANNELS,
            FROZEN_MAP_CHANNELS[1],
            FROZEN_MAP_CHANNELS[0],
        ];
        let mut before = widths[0];
        for (index, (channels, inputs)) in widths.into_iter().zip(laterals).enumerate() {
            let name = |part: &str| format!("decoder.{index}.{part}");
            let reduce = (before != channels)
                .then(|| network.add_pointwise(&name("reduce"), before, channels));
            let lateral = network.add_pointwise(&name("lateral"), inputs, channels);
            let level = Level {
                reduce,
                lateral,
                kernel: network.add(name("conv.weight"), vec![3, 3, channels, channels]),
                gamma: network.add(name("norm.weight"), vec![channels]),
                beta: network.add(name("norm.bias"), vec![channels]),
                channels,
            };
            network.levels.push(level);
            before = channels;
        }
        network.head = network.add_pointwise("head", before, outputs);
        network
    }

    /// Numbers to train.
    pub fn len(&self) -> usize {
        self.named.last().map_or(0, |last| last.numbers.end)
    }

    /// The tail as in its file, the decoder at random: uniform within one over the root of the inputs.
    pub fn initial(&self, tail: &Tail, seed: u64) -> Vec<f32> {
        let mut values: Vec<f32> = tail
            .initial()
            .iter()
            .zip(&tail.scales)
            .map(|(value, scale)| value * scale)
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut bound = 1.0;
        for part in &self.named {
            if part.numbers.start < self.tail_len {
                continue;
            }
            let count = part.numbers.len();
            if part.name.contains(".norm.") {
                let value = if part.name.ends_with("weight") {
                    1.0
                } else {
                    0.0
                };
                values.extend(std::iter::repeat_n(value, count));
                continue;
            }
            // The bias of a layer follows its weight and has the same bound.
            if let [inputs @ .., _] = &part.dims[..]
                && !inputs.is_empty()
            {
                bound = 1.0 / (inputs.iter().product::<usize>() as f32).sqrt();
            }
            values.extend((0..count).map(|_| rng.random_range(-bound..bound)));
        }
        values
    }

    /// The place of the bias of the head: a number for each output.
    pub fn head_bias(&self) -> Range<usize> {
        self.head.bias.clone()
    }

    fn add(&mut self, name: String, dims: Vec<usize>) -> Range<usize> {
        let first = self.len();
        let numbers = first..first + dims.iter().product::<usize>();
        self.named.push(Named {
            name,
            dims,
            numbers: numbers.clone(),
        });
        numbers
    }

    fn add_pointwise(&mut self, name: &str, inputs: usize, outputs: usize) -> Pointwise {
        Pointwise {
            weight: self.add(format!("{name}.weight"), vec![inputs, outputs]),
            bias: self.add(format!("{name}.bias"), vec![outputs]),
        }
    }
}

fn bottleneck(tail: &Tail, block: &crate::tail::Block) -> Bottleneck {
    let place = |(weight, bias): (usize, usize)| Pointwise {
        weight: tail.slots[weight].numbers.clone(),
        bias: tail.slots[bias].numbers.clone(),
    };
    let [expand, depthwise, project] = block.slots.map(place);
    Bottleneck {
        expand,
        depthwise,
        project,
        expanded: block.expanded,
        kernel: block.kernel,
        stride: block.stride,
        adds_input: block.stride == 1 && block.channels_in == block.channels_out,
        is_stage_5: block.ends_stage && block.channels_out == MIDDLE_CHANNELS,
    }
}

/// What a bottleneck leaves behind for its gradient.
struct BottleneckTape {
    x: Vec<f32>,
    wide: Vec<f32>,
    y: Vec<f32>,
    shape: DepthwiseShape,
}

/// What a level of the decoder leaves behind.
struct LevelTape {
    /// What came from the level before, as it was before `reduce`.
    before: Vec<f32>,
    lateral_input: Vec<f32>,
    bordered: Vec<f32>,
    convolved: Vec<f32>,
    moments: Moments,
    out: Vec<f32>,
    extent: Extent,
}

/// A pass through the network, kept for its gradient.
pub(crate) struct Pass {
    bottlenecks: Vec<BottleneckTape>,
    stage_7: Vec<f32>,
    levels: Vec<LevelTape>,
    /// `[maps, rows, columns, outputs]`.
    pub logits: Vec<f32>,
    /// Of the logits.
    pub extent: Extent,
}

impl DenseNetwork {
    /// Runs the network on maps of one size.
    pub fn forward(&self, numbers: &[f32], maps: &[DenseMaps<'_>], buffers: &mut Buffers) -> Pass {
        let stages: Vec<[&[f16]; 3]> = maps.iter().map(DenseMaps::stages).collect();
        let (height, width) = maps.first().map_or((0, 0), |m| (m.height(), m.width()));
        let extent = |stride: usize| Extent {
            maps: maps.len(),
            rows: height / stride,
            columns: width / stride,
        };
        let stage = |index: usize, buffers: &mut Buffers| {
            let count = extent(FROZEN_MAP_STRIDES[index]).all() * FROZEN_MAP_CHANNELS[index];
            let mut values = buffers.take(count);
            let each = values.chunks_exact_mut(count / maps.len().max(1));
            for (values, stages) in each.zip(&stages) {
                stages[index].convert_to_f32_slice(values);
            }
            values
        };
        let mut x = stage(2, buffers);
        let mut at = extent(16);
        let mut bottlenecks = Vec::with_capacity(self.bottlenecks.len());
        let mut stage_5 = Vec::new();
        for bottleneck in &self.bottlenecks {
            let (out, tape) = bottleneck.forward(numbers, x, at, buffers);
            at.rows = tape.shape.rows_out();
            at.columns = tape.shape.columns_out();
            if bottleneck.is_stage_5 {
                stage_5 = buffers.copy(&out);
            }
            bottlenecks.push(tape);
            x = out;
        }
        let stage_7 = x;
        let mut top = buffers.take(at.all() * self.top.bias.len());
        let (weight, bias) = self.top.of(numbers);
        pointwise(&mut top, &stage_7, weight, bias);
        let mut levels: Vec<LevelTape> = Vec::with_capacity(self.levels.len());
        let inputs = [
            (stage_5, 16),
            (stage(1, buffers), 8),
            (stage(0, buffers), 4),
        ];
        for (level, (lateral_input, stride)) in self.levels.iter().zip(inputs) {
            let before = match levels.last() {
                Some(tape) => buffers.copy(&tape.out),
                None => std::mem::take(&mut top),
            };
            let extent = extent(stride);
            levels.push(level.forward(numbers, before, lateral_input, extent, buffers));
        }
        let extent = extent(4);
        let mut logits = buffers.take(extent.all() * self.outputs);
        let (weight, bias) = self.head.of(numbers);
        if let Some(last) = levels.last() {
            pointwise(&mut logits, &last.out, weight, bias);
        }
        Pass {
            bottlenecks,
            stage_7,
            levels,
            logits,
            extent,
        }
    }

    /// Adds the gradient by all numbers from that by the logits.
    pub fn backward(
        &self,
        numbers: &[f32],
        pass: Pass,
        logits_gradient: &[f32],
        gradient: &mut [f32],
        buffers: &mut Buffers,
    ) {
        let mut by_out = Vec::new();
        if let Some(last) = pass.levels.last() {
            let (weight, bias) = self.head.split(gradient);
            pointwise_weights(weight, bias, &last.out, logits_gradient);
            by_out = buffers.take(last.out.len());
            let (weight, bias) = self.head.of(numbers);
            pointwise_input(
                &mut by_out,
                Onto::Replace,
                logits_gradient,
                weight,
                bias.len(),
            );
        }
        let mut by_stage_5 = Vec::new();
        for (index, (level, tape)) in self.levels.iter().zip(pass.levels).enumerate().rev() {
            // The others stand on frozen maps.
            let wanted = index == 0;
            let (before, lateral) =
                level.backward(numbers, tape, by_out, gradient, wanted, buffers);
            by_out = before;
            by_stage_5 = lateral;
        }
        let (weight, bias) = self.top.split(gradient);
        pointwise_weights(weight, bias, &pass.stage_7, &by_out);
        let mut by_x = buffers.take(pass.stage_7.len());
        let (weight, bias) = self.top.of(numbers);
        pointwise_input(&mut by_x, Onto::Replace, &by_out, weight, bias.len());
        buffers.give(by_out);
        buffers.give(pass.stage_7);
        buffers.give(pass.logits);
        let tapes = self.bottlenecks.iter().zip(pass.bottlenecks).enumerate();
        for (index, (bottleneck, tape)) in tapes.rev() {
            if bottleneck.is_stage_5 {
                add_to(&mut by_x, &by_stage_5);
            }
            // The first one stands on the frozen map of stage 4.
            let wanted = index > 0;
            by_x = bottleneck.backward(numbers, tape, by_x, gradient, wanted, buffers);
        }
        buffers.give(by_x);
        buffers.give(by_stage_5);
    }
}

impl Pass {
    /// Gives the memory back where no gradient is wanted.
    pub fn recycle(self, buffers: &mut Buffers) {
        for tape in self.bottlenecks {
            buffers.give_all([tape.x, tape.wide, tape.y]);
        }
        for tape in self.levels {
            let kept = [
                tape.before,
                tape.lateral_input,
                tape.bordered,
                tape.convolved,
                tape.out,
            ];
            buffers.give_all(kept);
        }
        buffers.give(self.stage_7);
        buffers.give(self.logits);
    }
}

impl Pointwise {
    fn of<'a>(&self, numbers: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        (&numbers[self.weight.clone()], &numbers[self.bias.clone()])
    }

    /// Weight and bias of a gradient; the bias stands right behind the weight.
    fn split<'a>(&self, gradient: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        gradient[self.weight.start..self.bias.end].split_at_mut(self.weight.len())
    }
}

impl Bottleneck {
    fn forward(
        &self,
        numbers: &[f32],
        x: Vec<f32>,
        at: Extent,
        buffers: &mut Buffers,
    ) -> (Vec<f32>, BottleneckTape) {
        let shape = DepthwiseShape {
            maps: at.maps,
            rows: at.rows,
            columns: at.columns,
            channels: self.expanded,
            kernel: self.kernel,
            stride: self.stride,
        };
        let (weight, bias) = self.expand.of(numbers);
        let mut wide = buffers.take(at.all() * self.expanded);
        let inputs = weight.len() / self.expanded;
        times(&mut wide, Onto::Replace, Rows::dense(&x, inputs), weight);
        activate(&mut wide, bias);
        let (weight, bias) = self.depthwise.of(numbers);
        let mut y = buffers.take(at.maps * shape.values_out());
        depthwise::convolve(&shape, &wide, weight, bias, &mut y);
        let (weight, bias) = self.project.of(numbers);
        let mut out = buffers.take(y.len() / self.expanded * bias.len());
        fill_rows(&mut out, bias);
        if self.adds_input {
            add_to(&mut out, &x);
        }
        times(&mut out, Onto::Add, Rows::dense(&y, self.expanded), weight);
        (out, BottleneckTape { x, wide, y, shape })
    }

    /// Turns the gradient by the result into that by `x`, where it is wanted.
    fn backward(
        &self,
        numbers: &[f32],
        tape: BottleneckTape,
        by_out: Vec<f32>,
        gradient: &mut [f32],
        wanted: bool,
        buffers: &mut Buffers,
    ) -> Vec<f32> {
        let BottleneckTape { x, wide, y, shape } = tape;
        let (weight, bias) = self.project.split(gradient);
        pointwise_weights(weight, bias, &y, &by_out);
        let (weight, bias) = self.project.of(numbers);
        let mut inner = buffers.take(y.len());
        pointwise_input(&mut inner, Onto::Replace, &by_out, weight, bias.len());
        mask(&mut inner, &y);
        let (weight, bias) = self.depthwise.split(gradient);
        add_column_sums(bias, &inner);
        depthwise::convolve_weights(&shape, &wide, &inner, weight);
        buffers.give(y);
        let mut by_wide = buffers.take(wide.len());
        let (weight, _) = self.depthwise.of(numbers);
        depthwise::convolve_input(&shape, &inner, weight, &mut by_wide);
        mask(&mut by_wide, &wide);
        let (weight, bias) = self.expand.split(gradient);
        pointwise_weights(weight, bias, &x, &by_wide);
        let mut by_x = by_out;
        if wanted {
            let onto = if self.adds_input {
                Onto::Add
            } else {
                Onto::Replace
            };
            by_x.resize(x.len(), 0.0);
            let (weight, bias) = self.expand.of(numbers);
            pointwise_input(&mut by_x, onto, &by_wide, weight, bias.len());
        }
        buffers.give_all([x, wide, inner, by_wide]);
        by_x
    }
}

impl Level {
    fn forward(
        &self,
        numbers: &[f32],
        before: Vec<f32>,
        lateral_input: Vec<f32>,
        extent: Extent,
        buffers: &mut Buffers,
    ) -> LevelTape {
        let channels = self.channels;
        let mut lateral = buffers.take(extent.all() * channels);
        let (weight, bias) = self.lateral.of(numbers);
        pointwise(&mut lateral, &lateral_input, weight, bias);
        let mut bordered = buffers.take(bordered_count(extent, channels));
        if let Some(reduce) = &self.reduce {
            let mut reduced = buffers.take(extent.halved().all() * channels);
            let (weight, bias) = reduce.of(numbers);
            pointwise(&mut reduced, &before, weight, bias);
            add_doubled(&mut bordered, &lateral, &reduced, extent, channels);
            buffers.give(reduced);
        } else {
            add_doubled(&mut bordered, &lateral, &before, extent, channels);
        }
        let mut convolved = lateral;
        let mut wide = buffers.take((extent.rows * (extent.columns + 2)) * channels);
        let kernel = &numbers[self.kernel.clone()];
        convolve(
            &mut convolved,
            &mut wide,
            &bordered,
            kernel,
            extent,
            channels,
        );
        buffers.give(wide);
        let mut out = buffers.take(convolved.len());
        let gamma = &numbers[self.gamma.clone()];
        let beta = &numbers[self.beta.clone()];
        let moments = normalise(&mut out, &convolved, gamma, beta, extent);
        LevelTape {
            before,
            lateral_input,
            bordered,
            convolved,
            moments,
            out,
            extent,
        }
    }

    /// The gradients by what came before and, where it is wanted, by the lateral input.
    fn backward(
        &self,
        numbers: &[f32],
        tape: LevelTape,
        mut by_out: Vec<f32>,
        gradient: &mut [f32],
        lateral_wanted: bool,
        buffers: &mut Buffers,
    ) -> (Vec<f32>, Vec<f32>) {
        let (channels, extent) = (self.channels, tape.extent);
        let gamma = &numbers[self.gamma.clone()];
        // Gamma, then beta.
        let (gamma_gradient, beta_gradient) =
            gradient[self.gamma.start..self.beta.end].split_at_mut(channels);
        let normalised = Normalised {
            x: &tape.convolved,
            out: &tape.out,
            moments: &tape.moments,
            extent,
        };
        let weights = (gamma_gradient, beta_gradient);
        normalise_back(&mut by_out, &normalised, gamma, weights);
        let mut bordered = buffers.take(tape.bordered.len());
        border(&mut bordered, &by_out, extent, channels);
        let kernel_gradient = &mut gradient[self.kernel.clone()];
        convolve_weights(kernel_gradient, &tape.bordered, &bordered, extent, channels);
        let mut turned = buffers.take(self.kernel.len());
        turned_kernel(&mut turned, &numbers[self.kernel.clone()], channels);
        let mut wide = buffers.take(extent.rows * (extent.columns + 2) * channels);
        let mut by_sum = by_out;
        convolve(&mut by_sum, &mut wide, &bordered, &turned, extent, channels);
        let (weight, bias) = self.lateral.split(gradient);
        pointwise_weights(weight, bias, &tape.lateral_input, &by_sum);
        let mut by_lateral = Vec::new();
        if lateral_wanted {
            by_lateral = buffers.take(tape.lateral_input.len());
            let (weight, _) = self.lateral.of(numbers);
            pointwise_input(&mut by_lateral, Onto::Replace, &by_sum, weight, channels);
        }
        let mut by_before = buffers.take(extent.halved().all() * channels);
        halved(&mut by_before, &by_sum, extent, channels);
        if let Some(reduce) = &self.reduce {
            let (weight, bias) = reduce.split(gradient);
            pointwise_weights(weight, bias, &tape.before, &by_before);
            let mut further = buffers.take(tape.before.len());
            let (weight, bias) = reduce.of(numbers);
            pointwise_input(&mut further, Onto::Replace, &by_before, weight, bias.len());
            buffers.give(std::mem::replace(&mut by_before, further));
        }
        let done = [
            tape.before,
            tape.lateral_input,
            tape.bordered,
            tape.convolved,
            tape.out,
            bordered,
            turned,
            wide,
            by_sum,
        ];
        buffers.give_all(done);
        (by_before, by_lateral)
    }
}

/// Adds values one by one.
fn add_to(sums: &mut [f32], values: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        },
    );
}
