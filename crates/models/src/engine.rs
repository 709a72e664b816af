//! The two engines that run a network, and the choice between them.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::ModelError;
use crate::graph::ImageInput;
use crate::onnx_runtime::{self, Absence, OnnxRuntimeEngine};
use crate::rten_engine::RtenEngine;

/// Which engine runs the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// ONNX Runtime where its library is found, else rten with a note.
    #[default]
    Auto,
    /// ONNX Runtime or an error.
    OnnxRuntime,
    /// rten, the engine compiled into this program.
    Rten,
}

/// The engine in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// `ONNX Runtime` or `rten`.
    pub name: &'static str,
    /// Version as far as it is known, such as `1.32.0`.
    pub version: String,
    /// The library that was loaded; none for rten.
    pub library: Option<PathBuf>,
    /// One sentence for the user when a faster engine could be had: why not, and the remedy.
    pub note: Option<String>,
}

/// One output of a network: shape, and values in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// What an engine needs to open a network.
#[derive(Clone, Debug)]
pub(crate) struct NetworkFile {
    /// Names the network in errors.
    pub label: String,
    pub bytes: Cow<'static, [u8]>,
    pub input: ImageInput,
    /// Outputs to return, in this order.
    pub outputs: Vec<String>,
}

/// An opened network; `run` may be called from several threads at once.
pub(crate) enum Engine {
    OnnxRuntime(OnnxRuntimeEngine),
    Rten(RtenEngine),
}

impl Engine {
    /// Runs the network on `batch` images; `tensor` has the shape of [`ImageInput::shape`].
    ///
    /// # Errors
    /// [`ModelError::Run`], and [`ModelError::Load`] when a further session cannot be opened.
    pub fn run(&self, batch: usize, tensor: &[f32]) -> Result<Vec<Output>, ModelError> {
        match self {
            Engine::OnnxRuntime(engine) => engine.run(batch, tensor),
            Engine::Rten(engine) => engine.run(batch, tensor),
        }
    }

    /// As [`Engine::run`], for a network that leaves the size of its input open.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn run_shaped(&self, shape: [usize; 4], tensor: &[f32]) -> Result<Vec<Output>, ModelError> {
        match self {
            Engine::OnnxRuntime(engine) => engine.run_shaped(shape, tensor),
            Engine::Rten(engine) => engine.run_shaped(shape, tensor),
        }
    }

    /// As [`Engine::run`], but returns these tensors from within the network.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn run_maps(
        &self,
        names: &[&str],
        batch: usize,
        tensor: &[f32],
    ) -> Result<Vec<Output>, ModelError> {
        match self {
            Engine::OnnxRuntime(engine) => engine.run_maps(names, batch, tensor),
            Engine::Rten(engine) => engine.run_maps(names, batch, tensor),
        }
    }
}

/// Opens the network with the engine chosen; `threads` is the number of threads it may use.
///
/// # Errors
/// [`ModelError::Load`], and [`ModelError::NoOnnxRuntime`] when that engine was demanded.
pub(crate) fn open_engine(
    network: NetworkFile,
    choice: EngineChoice,
    threads: usize,
) -> Result<(Engine, EngineInfo), ModelError> {
    let note = match choice {
        EngineChoice::Rten => None,
        EngineChoice::Auto | EngineChoice::OnnxRuntime => match onnx_runtime::runtime() {
            Ok(runtime) => {
                let info = runtime.info.clone();
                let engine = OnnxRuntimeEngine::open(runtime, network, threads)?;
                return Ok((Engine::OnnxRuntime(engine), info));
            }
            Err(Absence { cause, remedy }) => {
                if choice == EngineChoice::OnnxRuntime {
                    let reason = format!("{cause}; {remedy}");
                    return Err(ModelError::NoOnnxRuntime { reason });
                }
                let note = format!(
                    "{cause}, so the slower built-in engine {} is used; {remedy}",
                    RtenEngine::NAME
                );
                tracing::warn!("{note}");
                Some(note)
            }
        },
    };
    let engine = RtenEngine::open(network, threads)?;
    let info = EngineInfo {
        name: RtenEngine::NAME,
        version: RtenEngine::VERSION.to_owned(),
        library: None,
        note,
    };
    Ok((Engine::Rten(engine), info))
}
