//! A panic is a fault of the program: the person gets a sentence and a place to report it, not a
//! backtrace.

use crate::outcome::Outcome;
use crate::output::say;
use std::panic::{self, PanicHookInfo};

/// Replaces the text of panics, in every thread.
pub fn say_panics_in_a_sentence() {
    panic::set_hook(Box::new(|info| say(&sentence(info))));
}

/// Runs the program; a panic in it ends it like an error, and has been said by then.
pub fn caught(
    run: impl FnOnce() -> anyhow::Result<Outcome> + panic::UnwindSafe,
) -> Result<anyhow::Result<Outcome>, Panicked> {
    panic::catch_unwind(run).map_err(|_| Panicked)
}

/// The program panicked, which the hook has said.
#[derive(Debug)]
pub struct Panicked;

fn sentence(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("no text");
    let place = info
        .location()
        .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
    format!(
        "error: autolabel {} met a fault of its own ({what}{place}); acknowledged answers are safe \
         on disk; please report it with what you did at {}/issues",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_REPOSITORY"),
    )
}
