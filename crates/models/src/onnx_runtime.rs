//! ONNX Runtime, a library loaded while the program runs.
//!
//! Each thread that embeds has a session of its own with one thread: on two cores this is as fast
//! as one session with two threads for large batches, faster for small ones, and it leaves no
//! core idle while images are prepared.

use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use crate::ModelError;
use crate::engine::{EngineInfo, NetworkFile, Output};
use crate::more_outputs::with_outputs;
use crate::runtime_library::{SearchPlaces, library_candidates, version_numbers};

const NAME: &str = "ONNX Runtime";

/// The loaded library. A process can load one; it stays until the process ends.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub info: EngineInfo,
    environment: Environment,
}

/// Why there is no library, and what to do; each the part of a sentence.
pub(crate) struct Absence {
    pub cause: String,
    pub remedy: String,
}

/// The library of this process, loaded by the first call that finds one.
///
/// # Errors
/// The words to tell the user.
pub(crate) fn runtime() -> Result<Runtime, Absence> {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut loaded = lock(&RUNTIME);
    if let Some(runtime) = &*loaded {
        return Ok(runtime.clone());
    }
    let places = SearchPlaces::of_this_process();
    let mut refusals = Vec::new();
    for library in library_candidates(&places) {
        match load(&library) {
            Ok(runtime) => {
                *loaded = Some(runtime.clone());
                return Ok(runtime);
            }
            Err(refusal) => refusals.push((library, refusal)),
        }
    }
    Err(absence(&places, &refusals))
}

/// `ort` panics on some libraries that only pretend to be ONNX Runtime, hence the catch.
fn load(library: &Path) -> Result<Runtime, String> {
    let environment = catch_unwind(AssertUnwindSafe(|| {
        let builder = ort::init_from(library).map_err(refusal)?;
        builder
            .with_name("autolabel")
            .with_telemetry(false)
            .build()
            .map_err(text)
    }))
    .unwrap_or_else(|_| Err("it is no usable ONNX Runtime".to_owned()))?;
    Ok(Runtime {
        info: EngineInfo {
            name: NAME,
            version: version_of(library),
            library: Some(library.to_owned()),
            note: None,
        },
        environment,
    })
}

fn refusal(error: LoadDynamicError) -> String {
    match error {
        // The loader's own words are in the source; the outer error only says that it failed.
        LoadDynamicError::Dlopen { error, .. } => error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string),
        LoadDynamicError::MissingApi { .. } => "it has no function OrtGetApiBase".to_owned(),
        LoadDynamicError::InvalidVersionString => "its version cannot be read".to_owned(),
        LoadDynamicError::BadVersion { version_str, .. } => format!("it is version {version_str}"),
    }
}

/// The version that the file name carries, after following links; the library tells none.
fn version_of(library: &Path) -> String {
    let real = fs_err::canonicalize(library).unwrap_or_else(|_| library.to_owned());
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let numbers = version_numbers(&name);
    if numbers.len() < 2 {
        return format!("1.{} or newer", ort::MINOR_VERSION);
    }
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    words.join(".")
}

fn absence(places: &SearchPlaces, refusals: &[(PathBuf, String)]) -> Absence {
    // A file that is there and does not fit tells more than a name the system does not know.
    let unsuitable = refusals.iter().find(|(library, _)| library.is_file());
    let cause = match (unsuitable, &places.explicit) {
        (Some((library, refusal)), _) => {
            format!("{NAME} at {} cannot be used ({refusal})", library.display())
        }
        (None, Some(path)) => format!(
            "ORT_DYLIB_PATH names {}, where no {NAME} lies",
            Path::new(path).display()
        ),
        (None, None) => format!("{NAME} was not found"),
    };
    let remedy = format!(
        "install it with `pip install onnxruntime` (1.{} or newer), or set ORT_DYLIB_PATH to \
         its library",
        ort::MINOR_VERSION
    );
    Absence { cause, remedy }
}

/// A network opened with ONNX Runtime.
pub(crate) struct OnnxRuntimeEngine {
    runtime: Runtime,
    network: NetworkFile,
    sessions: Mutex<Sessions>,
    returned: Condvar,
    most_sessions: usize,
    /// A session that returns maps, with their names; opened when first asked for.
    maps: Mutex<Option<(Vec<String>, Session)>>,
}

/// Sessions are opened when a thread finds none idle, up to the limit.
struct Sessions {
    idle: Vec<Session>,
    opened: usize,
}

impl OnnxRuntimeEngine {
    /// Opens the first session; more follow when threads run the network at the same time.
    ///
    /// # Errors
    /// [`ModelError::Load`].
    pub fn open(
        runtime: Runtime,
        network: NetworkFile,
        threads: usize,
    ) -> Result<Self, ModelError> {
        let first = open_session(&runtime, &network.label, &network.bytes)?;
        Ok(Self {
            runtime,
            network,
            sessions: Mutex::new(Sessions {
                idle: vec![first],
                opened: 1,
            }),
            returned: Condvar::new(),
            most_sessions: threads,
            maps: Mutex::new(None),
        })
    }

    pub fn run(&self, batch: usize, tensor: &[f32]) -> Result<Vec<Output>, ModelError> {
        self.run_shaped(self.network.input.shape(batch), tensor)
    }

    pub fn run_shaped(&self, shape: [usize; 4], tensor: &[f32]) -> Result<Vec<Output>, ModelError> {
        let mut lent = self.lend()?;
        let Some(session) = lent.session.as_mut() else {
            return Err(failed("no session"));
        };
        let names = self.network.outputs.iter().map(String::as_str);
        run_session(session, &self.network, names, shape, tensor)
    }

    /// Runs the network for tensors within it. The session that returns them is another one, so that
    /// embedding does not carry maps that nobody wants; calls come one after the other.
    pub fn run_maps(
        &self,
        names: &[&str],
        batch: usize,
        tensor: &[f32],
    ) -> Result<Vec<Output>, ModelError> {
        let mut maps = lock(&self.maps);
        if maps.as_ref().is_none_or(|(known, _)| known != names) {
            let hidden = names
                .iter()
                .filter(|name| !self.network.outputs.iter().any(|output| output == *name));
            let bytes = with_outputs(&self.network.bytes, hidden.copied());
            let session = open_session(&self.runtime, &self.network.label, &bytes)?;
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            *maps = Some((names, session));
        }
        let Some((_, session)) = maps.as_mut() else {
            return Err(failed("no session"));
        };
        let shape = self.network.input.shape(batch);
        run_session(session, &self.network, names.iter().copied(), shape, tensor)
    }

    /// An idle session, a new one, or a wait for one.
    fn lend(&self) -> Result<Lent<'_>, ModelError> {
        let mut sessions = lock(&self.sessions);
        loop {
            if let Some(session) = sessions.idle.pop() {
                return Ok(Lent {
                    engine: self,
                    session: Some(session),
                });
            }
            if sessions.opened < self.most_sessions {
                break;
            }
            sessions = self
                .returned
                .wait(sessions)
                .unwrap_or_else(PoisonError::into_inner);
        }
        sessions.opened += 1;
        drop(sessions);
        // From here on `Lent` gives the place back, also when the session cannot be opened.
        let mut lent = Lent {
            engine: self,
            session: None,
        };
        lent.session = Some(open_session(
            &self.runtime,
            &self.network.label,
            &self.network.bytes,
        )?);
        Ok(lent)
    }
}

/// A session in use; dropping it returns the session, or its place when there is none.
struct Lent<'a> {
    engine: &'a OnnxRuntimeEngine,
    session: Option<Session>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut sessions = lock(&self.engine.sessions);
        match self.session.take() {
            Some(session) => sessions.idle.push(session),
            None => sessions.opened -= 1,
        }
        drop(sessions);
        self.engine.returned.notify_one();
    }
}

/// Runs a session and copies the outputs of these names, in their order.
fn run_session<'a>(
    session: &mut Session,
    network: &NetworkFile,
    names: impl Iterator<Item = &'a str>,
    shape: [usize; 4],
    tensor: &[f32],
) -> Result<Vec<Output>, ModelError> {
    let input = TensorRef::from_array_view((shape, tensor)).map_err(failed)?;
    let outputs = session
        .run(ort::inputs![network.input.name.as_str() => input])
        .map_err(failed)?;
    let output = |name: &str| {
        let value = outputs.get(name).ok_or_else(|| failed("missing output"))?;
        let (shape, values) = value.try_extract_tensor::<f32>().map_err(failed)?;
        Ok(Output {
            shape: shape
                .iter()
                .map(|&axis| usize::try_from(axis).unwrap_or(0))
                .collect(),
            values: values.to_vec(),
        })
    };
    names.map(output).collect()
}

fn open_session(runtime: &Runtime, label: &str, bytes: &[u8]) -> Result<Session, ModelError> {
    let open = || -> Result<Session, String> {
        Session::builder(&runtime.environment)
            .map_err(text)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(text)?
            .with_intra_threads(1)
            .map_err(text)?
            .with_inter_threads(1)
            .map_err(text)?
            .with_intra_op_spinning(false)
            .map_err(text)?
            .commit_from_memory(bytes)
            .map_err(text)
    };
    open().map_err(|reason| ModelError::Load {
        engine: NAME,
        reason,
        network: label.to_owned(),
    })
}

/// Errors of `ort` carry the builder and cannot leave the thread; their words can.
fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn failed(reason: impl std::fmt::Display) -> ModelError {
    ModelError::Run {
        engine: NAME,
        reason: reason.to_string(),
    }
}

/// A panic elsewhere leaves nothing half-done behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
