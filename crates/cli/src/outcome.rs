//! Exit codes, and the one place where errors become text.

use crate::fault::Panicked;
use crate::output::say;
use std::future::Future;
use std::io;
use std::process::ExitCode;

/// How a command ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, but the answer is no.
    No,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl Outcome {
    /// `Done` for yes, `No` for no.
    pub fn from_answer(yes: bool) -> Self {
        if yes { Self::Done } else { Self::No }
    }
}

/// The exit code of an outcome; an error is said on standard error first.
pub fn exit_code(result: Result<anyhow::Result<Outcome>, Panicked>) -> ExitCode {
    match result {
        Ok(Ok(Outcome::Done)) => ExitCode::SUCCESS,
        Ok(Ok(Outcome::No)) => ExitCode::from(1),
        Ok(Ok(Outcome::Interrupted)) => ExitCode::from(130),
        // The reader of a pipe has enough (`autolabel rank … | head`): that is no error.
        Ok(Err(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
        Err(Panicked) => ExitCode::from(2),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Runs a command on the runtime that files, database and server share. Work that an interrupted
/// command left behind is not waited for.
pub fn block_on(command: impl Future<Output = anyhow::Result<Outcome>>) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(command);
    runtime.shutdown_background();
    result
}

/// Ends a command on Ctrl-C. Everything acknowledged so far is on disk; the rest is given up.
pub async fn interruptible(
    command: impl Future<Output = anyhow::Result<Outcome>>,
) -> anyhow::Result<Outcome> {
    tokio::select! {
        result = command => result,
        _ = tokio::signal::ctrl_c() => Ok(Outcome::Interrupted),
    }
}
