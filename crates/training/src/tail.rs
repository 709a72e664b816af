//! Stages 5 to 7 of EfficientNet-Lite0 as a function of their weights, from the map of stage 4 on.
//!
//! Eight inverted bottlenecks (Tan and Le 2019, the Lite variant without squeeze-and-excite): widen by
//! a 1x1 convolution, ReLU6, depthwise convolution, ReLU6, narrow by a 1x1 convolution, and add the
//! input where shapes allow. Batch normalisation is folded into the weights, as in our ONNX file.
//! Channels run fastest, so that a 1x1 convolution is one matrix product.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use crate::TrainingError;
use crate::depthwise::{DepthwiseShape, depthwise_relu6};
use crate::onnx_weights::{read_weight, stored_weights, write_weight};

/// Channels of the map of stage 4.
pub const MAP_CHANNELS: usize = 80;
/// Rows = columns of the map of stage 4.
pub const MAP_SIDE: usize = 14;
/// Numbers in the map of stage 4.
pub const MAP_VALUES: usize = MAP_CHANNELS * MAP_SIDE * MAP_SIDE;
/// Averages of stages 5, 6 and 7, then their deviations.
pub const TAIL_FEATURES: usize = 2 * (112 + 192 + 320);

/// Blocks of the file that the tail consists of, counted from 0.
pub(crate) const BLOCKS: Range<usize> = 8..16;
/// The block that halves the sides of the map.
const STRIDED_BLOCK: usize = 11;
/// Last blocks of stages 5, 6 and 7.
const STAGE_ENDS: [usize; 3] = [10, 14, 15];

/// The size, as root mean square of a filter, that a trained number has before it is scaled. Adam
/// moves every number by about the learning rate a step whatever its size; folding the batch
/// normalisation has made some filters fifty times larger than others. So filters are trained at the
/// size that they had before, about the same in all layers, which makes one learning rate fit all.
const TRAINED_SIZE: f32 = 0.08;

/// Added to a variance before its root, so that a channel that never fires has a gradient.
const TINY_VARIANCE: f32 = 1e-8;

/// One weight of the tail among its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub name: String,
    pub numbers: Range<usize>,
    /// `[outputs, inputs]` in the file; the transposed order here. `None` = in the file's order.
    pub transposed_from: Option<[usize; 2]>,
}

/// One inverted bottleneck.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Expand, depthwise, project: the filters and the bias of each, as positions in the slots.
    pub slots: [(usize, usize); 3],
    pub channels_in: usize,
    pub expanded: usize,
    pub channels_out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub ends_stage: bool,
}

/// The weights of stages 5 to 7 of a network file, as one vector to train.
#[derive(Clone, Debug)]
pub struct Tail {
    pub(crate) slots: Vec<Slot>,
    pub(crate) blocks: Vec<Block>,
    /// What each trained number is multiplied by before it is used.
    pub(crate) scales: Vec<f32>,
    /// The trained numbers of the file.
    initial: Vec<f32>,
}

impl Tail {
    /// Reads the tail from an ONNX file with the names of `weights/README.md`.
    ///
    /// # Errors
    /// [`TrainingError::NotOnnx`]; [`TrainingError::Weight`] for a missing weight or another shape.
    pub fn read(file: &[u8]) -> Result<Tail, TrainingError> {
        let stored = stored_weights(file)?;
        let mut tail = Tail {
            slots: Vec::new(),
            blocks: Vec::new(),
            scales: Vec::new(),
            initial: Vec::new(),
        };
        let mut channels_in = MAP_CHANNELS;
        for number in BLOCKS {
            let mut slots = [(0, 0); 3];
            let mut axes = [[0; 4]; 3];
            for (part, layer) in ["expand", "depthwise", "project"].into_iter().enumerate() {
                let filters = format!("block{number}.{layer}.weight");
                let bias = format!("block{number}.{layer}.bias");
                let find = |name: &str| {
                    stored
                        .get(name)
                        .ok_or_else(|| refused(name, "it is missing"))
                };
                let weight = find(&filters)?;
                let dims: [usize; 4] = weight.dims[..]
                    .try_into()
                    .map_err(|_| refused(&filters, "it has not four axes"))?;
                if find(&bias)?.dims != [dims[0]] {
                    return Err(refused(&bias, "it has not one number a filter"));
                }
                axes[part] = dims;
                let values = read_weight(file, weight);
                let inputs = values.len() / dims[0].max(1);
                let filters = tail.add_filters(filters, [dims[0], inputs], &values);
                slots[part] = (
                    filters,
                    tail.add_bias(bias.clone(), &read_weight(file, find(&bias)?)),
                );
            }
            let [expand, depthwise, project] = axes;
            let fits = expand[1..] == [channels_in, 1, 1]
                && depthwise[..2] == [expand[0], 1]
                && depthwise[2] == depthwise[3]
                && matches!(depthwise[2], 3 | 5)
                && project[1..] == [expand[0], 1, 1];
            if !fits {
                let name = format!("block{number}");
                return Err(refused(&name, "it is no block of EfficientNet-Lite0"));
            }
            tail.blocks.push(Block {
                slots,
                channels_in,
                expanded: expand[0],
                channels_out: project[0],
                kernel: depthwise[2],
                stride: if number == STRIDED_BLOCK { 2 } else { 1 },
                ends_stage: STAGE_ENDS.contains(&number),
            });
            channels_in = project[0];
        }
        let ends = tail.blocks.iter().filter(|block| block.ends_stage);
        if 2 * ends.map(|block| block.channels_out).sum::<usize>() != TAIL_FEATURES {
            return Err(refused("stage 5 to 7", "the stages have other widths"));
        }
        Ok(tail)
    }

    /// Numbers to train.
    #[must_use]
    pub fn len(&self) -> usize {
        self.initial.len()
    }

    /// Whether there is nothing to train: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.initial.is_empty()
    }

    /// The numbers to train as they are in the file that was read.
    #[must_use]
    pub fn initial(&self) -> &[f32] {
        &self.initial
    }

    /// The gradient by the trained numbers from that by the weights in use.
    pub(crate) fn pull_back(&self, gradient: &mut [f32]) {
        for (gradient, scale) in gradient.iter_mut().zip(&self.scales) {
            *gradient *= scale;
        }
    }

    /// The file with its stages 5 to 7 overwritten by trained numbers; same length, nothing else changed.
    ///
    /// # Errors
    /// Another file than the one that was read, or numbers that are not finite.
    pub fn patched(&self, file: &[u8], trained: &[f32]) -> Result<Vec<u8>, TrainingError> {
        let stored = stored_weights(file)?;
        let mut patched = file.to_vec();
        for slot in &self.slots {
            let weight = stored
                .get(&slot.name)
                .ok_or_else(|| refused(&slot.name, "it is missing"))?;
            let numbers = slot.numbers.clone();
            let mut values: Vec<f32> = trained
                .get(numbers.clone())
                .ok_or_else(|| refused(&slot.name, "there are too few trained numbers"))?
                .iter()
                .zip(&self.scales[numbers])
                .map(|(value, scale)| value * scale)
                .collect();
            if let Some([outputs, inputs]) = slot.transposed_from {
                values = transposed(&values, inputs, outputs);
            }
            write_weight(&mut patched, &slot.name, weight, &values)?;
        }
        Ok(patched)
    }

    /// The weights as tensors, in the order of the slots.
    pub(crate) fn tensors(&self, trained: &[f32], device: &Device) -> TailTensors {
        let slots = self.slots.iter().map(|slot| {
            let numbers = slot.numbers.clone();
            let values = trained[numbers.clone()].iter().zip(&self.scales[numbers]);
            let values: Vec<f32> = values.map(|(value, scale)| value * scale).collect();
            let count = values.len();
            let dims = match slot.transposed_from {
                Some([outputs, inputs]) => [inputs, outputs],
                None => [1, count],
            };
            Tensor::<2>::from_data(TensorData::new(values, dims), device)
        });
        TailTensors(slots.collect())
    }

    /// Maps of stage 4, `[maps, rows, columns, 80]`, to `[maps, 1248]` features: averages of stages 5, 6 and 7,
    /// then their standard deviations.
    pub(crate) fn features(&self, weights: &TailTensors, maps: Tensor<4>) -> Tensor<2> {
        let [count, mut rows, mut columns, _] = maps.dims();
        let mut x = maps;
        let mut averages = Vec::new();
        let mut deviations = Vec::new();
        for block in &self.blocks {
            let [expand, depthwise, project] = block.slots;
            let flat = |x: Tensor<4>, channels: usize| {
                let [maps, rows, columns, _] = x.dims();
                x.reshape([maps * rows * columns, channels])
            };
            let wide = flat(x.clone(), block.channels_in).matmul(weights.0[expand.0].clone())
                + weights.0[expand.1].clone();
            let shape = DepthwiseShape {
                maps: count,
                rows,
                columns,
                channels: block.expanded,
                kernel: block.kernel,
                stride: block.stride,
            };
            let y = depthwise_relu6(
                wide.reshape([count, rows, columns, block.expanded]),
                weights.0[depthwise.0].clone(),
                weights.0[depthwise.1].clone().reshape([block.expanded]),
                shape,
            );
            (rows, columns) = (shape.rows_out(), shape.columns_out());
            let narrow = flat(y, block.expanded).matmul(weights.0[project.0].clone())
                + weights.0[project.1].clone();
            let narrow = narrow.reshape([count, rows, columns, block.channels_out]);
            let adds_input = block.stride == 1 && block.channels_in == block.channels_out;
            x = if adds_input { narrow + x } else { narrow };
            if block.ends_stage {
                let map = x
                    .clone()
                    .reshape([count, rows * columns, block.channels_out]);
                let mean = map.clone().mean_dim(1);
                let away = map - mean.clone();
                let variance = (away.clone() * away).mean_dim(1);
                averages.push(mean.reshape([count, block.channels_out]));
                let deviation = (variance + TINY_VARIANCE).sqrt();
                deviations.push(deviation.reshape([count, block.channels_out]));
            }
        }
        averages.append(&mut deviations);
        Tensor::cat(averages, 1)
    }

    /// Adds filters, `[outputs, inputs]` in the file.
    fn add_filters(
        &mut self,
        name: String,
        [outputs, inputs]: [usize; 2],
        values: &[f32],
    ) -> usize {
        let scale_of: Vec<f32> = values
            .chunks(inputs.max(1))
            .map(|filter| {
                let square: f32 = filter.iter().map(|value| value * value).sum();
                let size = (square / filter.len() as f32).sqrt();
                // A filter of zeros stays what it is until its bias wakes it.
                if size > 0.0 { size / TRAINED_SIZE } else { 1.0 }
            })
            .collect();
        let first = self.initial.len();
        for value in transposed(values, outputs, inputs).chunks(outputs.max(1)) {
            self.scales.extend(&scale_of);
            let trained = value
                .iter()
                .zip(&scale_of)
                .map(|(value, scale)| value / scale);
            self.initial.extend(trained);
        }
        self.slots.push(Slot {
            name,
            numbers: first..self.initial.len(),
            transposed_from: Some([outputs, inputs]),
        });
        self.slots.len() - 1
    }

    fn add_bias(&mut self, name: String, values: &[f32]) -> usize {
        let first = self.initial.len();
        self.initial.extend(values);
        self.scales.resize(self.initial.len(), 1.0);
        self.slots.push(Slot {
            name,
            numbers: first..self.initial.len(),
            transposed_from: None,
        });
        self.slots.len() - 1
    }
}

/// The weights of a [`Tail`] on a device.
#[derive(Clone)]
pub(crate) struct TailTensors(pub Vec<Tensor<2>>);

impl TailTensors {
    /// The same weights, of which gradients are wanted.
    pub fn with_gradients(self) -> Self {
        Self(self.0.into_iter().map(Tensor::require_grad).collect())
    }
}

/// `[rows, columns]`, row-major, to `[columns, rows]`.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut found = Vec::with_capacity(values.len());
    for column in 0..columns {
        found.extend((0..rows).map(|row| values[row * columns + column]));
    }
    found
}

fn refused(name: &str, reason: &str) -> TrainingError {
    TrainingError::Weight {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}
