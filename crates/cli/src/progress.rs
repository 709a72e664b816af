//! Progress on standard error: a bar on a terminal, a line every tenth elsewhere.

use crate::output::say;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};

/// Shows how far a piece of work is.
pub struct Progress {
    title: String,
    /// `None` where standard error is not a terminal.
    bar: Option<ProgressBar>,
    /// Tenths said so far, where there is no bar.
    said_tenths: Option<u64>,
}

impl Progress {
    /// Progress of work with this title; shows nothing yet.
    pub fn new(title: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            bar.set_style(style());
            bar.set_prefix(title.to_owned());
            bar
        });
        Self {
            title: title.to_owned(),
            bar,
            said_tenths: None,
        }
    }

    /// `done` of `total` units, and in words what is done now, with rate and time left where known.
    pub fn show(&mut self, done: u64, total: u64, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(message.to_owned());
            return;
        }
        let tenths = (done * 10).checked_div(total).unwrap_or(0);
        if self.said_tenths != Some(tenths) {
            self.said_tenths = Some(tenths);
            let separator = if message.is_empty() { "" } else { " · " };
            say(&format!(
                "{}: {done} of {total}{separator}{message}",
                self.title
            ));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {wide_bar} {pos} of {len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
