//! A dense network under training, and how it is kept on disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::adam::Adam;
use crate::dense::network::DenseNetwork;
use crate::dense::objective::DenseTask;
use crate::tail::Tail;

/// Names under which the moments of the optimiser are kept.
const MOMENTS: [&str; 2] = ["optimiser.first", "optimiser.second"];
const METADATA: &str = "__metadata__";

/// A dense network as trained so far.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseState {
    /// Steps taken.
    pub step: usize,
    task: DenseTask,
    pub(crate) network: DenseNetwork,
    pub(crate) numbers: Adam,
}

impl DenseState {
    /// Before the first step: pretrained stages 5 to 7 and a random decoder. Same seed, same numbers.
    #[must_use]
    pub fn start(tail: &Tail, task: DenseTask, seed: u64) -> Self {
        let network = DenseNetwork::new(tail, task.widths(), task.outputs());
        let mut initial = network.initial(tail, seed);
        let biases = &mut initial[network.head_bias()];
        for (bias, answer) in biases.iter_mut().zip(task.first_answers()) {
            *bias += answer;
        }
        let numbers = Adam::new(initial);
        Self {
            step: 0,
            task,
            network,
            numbers,
        }
    }

    /// The same network before the first step of another training: what more labels start from.
    #[must_use]
    pub fn warm(&self) -> Self {
        Self {
            step: 0,
            numbers: Adam::new(self.numbers.values.clone()),
            ..self.clone()
        }
    }

    /// What the network answers.
    #[must_use]
    pub fn task(&self) -> DenseTask {
        self.task
    }

    /// Numbers that are trained.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.values.len()
    }

    /// Whether there is nothing to train: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.values.is_empty()
    }

    /// The state as a file in the format safetensors, 11 MB. `resumable` keeps the optimiser as well,
    /// 35 MB in all, without which a training cannot go on where it was.
    ///
    /// Weights are named as in the network file (`block8.expand.weight`), those of the decoder
    /// `decoder.*` and `head.*`. A 1x1 convolution is `[inputs, outputs]`, a 3x3 one
    /// `[rows, columns, inputs, outputs]`, a depthwise one `[taps, channels]`, row-major.
    #[must_use]
    pub fn to_bytes(&self, resumable: bool) -> Vec<u8> {
        let mut header = BTreeMap::new();
        let metadata = serde_json::json!({
            "step": self.step.to_string(),
            "task": self.task.name(),
            "classes": self.task.classes().to_string(),
        });
        header.insert(METADATA.to_owned(), metadata);
        let mut values: Vec<&[f32]> = vec![&self.numbers.values];
        let mut entry = |name: &str, dims: &[usize], first: usize, count: usize| {
            let tensor = serde_json::json!({
                "dtype": "F32",
                "shape": dims,
                "data_offsets": [4 * first, 4 * (first + count)],
            });
            header.insert(name.to_owned(), tensor);
        };
        for part in &self.network.named {
            entry(
                &part.name,
                &part.dims,
                part.numbers.start,
                part.numbers.len(),
            );
        }
        if resumable {
            let count = self.len();
            for (index, name) in MOMENTS.into_iter().enumerate() {
                entry(name, &[count], (index + 1) * count, count);
            }
            values.extend([&self.numbers.first[..], &self.numbers.second[..]]);
        }
        let header = serde_json::to_vec(&header).unwrap_or_default();
        // The numbers begin at a multiple of eight bytes.
        let padded = header.len().next_multiple_of(8);
        let mut bytes = (padded as u64).to_le_bytes().to_vec();
        bytes.extend(&header);
        bytes.resize(8 + padded, b' ');
        for value in values.into_iter().flatten() {
            bytes.extend(value.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`DenseState::to_bytes`] wrote for the same tail.
    ///
    /// # Errors
    /// [`TrainingError::State`] for anything else, or numbers that are not finite.
    pub fn from_bytes(tail: &Tail, bytes: &[u8]) -> Result<Self, TrainingError> {
        let (header, data) = split(bytes).ok_or_else(|| refused("it is cut off"))?;
        let mut header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(header).map_err(|_| refused("its header is damaged"))?;
        let metadata = header.remove(METADATA).unwrap_or_default();
        let metadata: Metadata =
            serde_json::from_value(metadata).map_err(|_| refused("it is of another program"))?;
        let number = |text: &str| text.parse::<usize>().ok();
        let task = number(&metadata.classes)
            .and_then(|classes| DenseTask::named(&metadata.task, classes))
            .ok_or_else(|| refused("its task is unknown"))?;
        let step = number(&metadata.step).ok_or_else(|| refused("its step is no number"))?;
        let mut state = Self::start(tail, task, 0);
        state.step = step;
        let read = |name: &str, dims: &[usize], out: &mut [f32]| {
            let entry = header.get(name).cloned().unwrap_or_default();
            let entry: Entry =
                serde_json::from_value(entry).map_err(|_| refused("a weight is missing"))?;
            let [first, last] = entry.data_offsets;
            let bytes = data
                .get(first..last)
                .filter(|bytes| bytes.len() == 4 * out.len());
            let bytes = bytes.filter(|_| entry.dtype == "F32" && entry.shape == dims);
            let bytes = bytes.ok_or_else(|| refused("a weight has another shape"))?;
            for (value, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
            match out.iter().all(|value| value.is_finite()) {
                true => Ok(()),
                false => Err(refused("it holds numbers that are not finite")),
            }
        };
        for part in &state.network.named {
            let out = &mut state.numbers.values[part.numbers.clone()];
            read(&part.name, &part.dims, out)?;
        }
        if MOMENTS.iter().all(|name| header.contains_key(*name)) {
            let dims = [state.numbers.values.len()];
            read(MOMENTS[0], &dims, &mut state.numbers.first)?;
            read(MOMENTS[1], &dims, &mut state.numbers.second)?;
        }
        Ok(state)
    }
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    step: String,
    task: String,
    classes: String,
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// Header and numbers.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

fn refused(reason: &str) -> TrainingError {
    TrainingError::State {
        reason: reason.to_owned(),
    }
}
