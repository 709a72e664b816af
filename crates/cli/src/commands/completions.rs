//! `autolabel completions SHELL`.

use crate::arguments;
use crate::outcome::Outcome;
use crate::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell the script is for.
    shell: Shell,
}

/// Prints the script.
pub fn run(arguments: &Arguments, output: Output) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    let mut command = arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "autolabel", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Outcome::Done)
}
