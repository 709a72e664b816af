//! The terminal: log on standard error, browser.

use std::io::{IsTerminal, stderr};
use std::process::{Command, Stdio};
use tracing_subscriber::EnvFilter;

/// Variable that turns on the log, for example `AUTOLABEL_LOG=debug`.
const LOG_VARIABLE: &str = "AUTOLABEL_LOG";

/// Starts the log on standard error; silent but for errors unless asked for.
pub fn start_log() {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("error"));
    let color = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let _first = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(color)
        .with_writer(stderr)
        .try_init()
        .is_ok();
}

/// Opens an address in the person's browser, where there is one; says whether a program was found
/// to do it.
pub fn open_browser(address: &str) -> bool {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let spawned = Command::new(opener)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    spawned.is_ok()
}
