//! rten, the engine in pure Rust that is compiled in and needs nothing on the machine.

use std::borrow::Cow;
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, Value, ValueView};
use rten_tensor::Layout;

use crate::ModelError;
use crate::engine::{NetworkFile, Output};
use crate::graph::ImageInput;

pub(crate) struct RtenEngine {
    model: Model,
    input: ImageInput,
    input_node: NodeId,
    output_nodes: Vec<NodeId>,
    pool: Arc<ThreadPool>,
}

impl RtenEngine {
    pub const NAME: &'static str = "rten";
    /// Kept equal to the version in the lock file by a test.
    pub const VERSION: &'static str = "0.27";

    /// Opens a network; its runs share `threads` threads.
    ///
    /// # Errors
    /// [`ModelError::Load`].
    pub fn open(network: NetworkFile, threads: usize) -> Result<Self, ModelError> {
        let NetworkFile {
            label,
            bytes,
            input,
            outputs,
        } = network;
        let refused = |reason: String| ModelError::Load {
            engine: Self::NAME,
            reason,
            network: label.clone(),
        };
        let model = match bytes {
            Cow::Borrowed(bytes) => Model::load_static_slice(bytes),
            Cow::Owned(bytes) => Model::load(bytes),
        }
        .map_err(|error| refused(error.to_string()))?;
        let node = |name: &String| {
            model
                .node_id(name)
                .map_err(|error| refused(error.to_string()))
        };
        let input_node = node(&input.name)?;
        let output_nodes = outputs.iter().map(node).collect::<Result<_, _>>()?;
        Ok(Self {
            model,
            input,
            input_node,
            output_nodes,
            pool: Arc::new(ThreadPool::with_num_threads(threads)),
        })
    }

    pub fn run(&self, batch: usize, tensor: &[f32]) -> Result<Vec<Output>, ModelError> {
        self.run_shaped(self.input.shape(batch), tensor)
    }

    pub fn run_shaped(&self, shape: [usize; 4], tensor: &[f32]) -> Result<Vec<Output>, ModelError> {
        self.run_nodes(&self.output_nodes, shape, tensor)
    }

    /// Runs the network for tensors within it.
    pub fn run_maps(
        &self,
        names: &[&str],
        batch: usize,
        tensor: &[f32],
    ) -> Result<Vec<Output>, ModelError> {
        let node = |name: &&str| {
            self.model.node_id(name).map_err(|error| ModelError::Run {
                engine: Self::NAME,
                reason: error.to_string(),
            })
        };
        let nodes = names.iter().map(node).collect::<Result<Vec<_>, _>>()?;
        self.run_nodes(&nodes, self.input.shape(batch), tensor)
    }

    fn run_nodes(
        &self,
        nodes: &[NodeId],
        shape: [usize; 4],
        tensor: &[f32],
    ) -> Result<Vec<Output>, ModelError> {
        let failed = |reason: String| ModelError::Run {
            engine: Self::NAME,
            reason,
        };
        let view =
            ValueView::from_shape(shape, tensor).map_err(|error| failed(error.to_string()))?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let values = self
            .model
            .run(vec![(self.input_node, view.into())], nodes, Some(options))
            .map_err(|error| failed(error.to_string()))?;
        values
            .into_iter()
            .map(|value| match value {
                Value::FloatTensor(tensor) => Ok(Output {
                    shape: tensor.shape().to_vec(),
                    values: tensor.into_data(),
                }),
                other => Err(failed(format!(
                    "an output holds {} instead of 32-bit floats",
                    other.dtype()
                ))),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_shown_is_the_version_locked() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, entry) = lock.split_once("name = \"rten\"\nversion = \"").unwrap();
        assert!(entry.starts_with(RtenEngine::VERSION), "{}", &entry[..8]);
    }
}
