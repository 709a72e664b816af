//! `autolabel`: the command line of AutoLabel.
//!
//! In: arguments, standard input. Out: results on standard output, progress and one-sentence errors
//! on standard error, an exit code. Never: decisions; those are made in the workflow.

mod arguments;
mod outcome;

mod commands;

mod images;
mod project;

mod job_progress;
mod output;
mod progress;
mod serving;
mod shape_simulation;
mod shape_simulation_text;
mod simulation_network;
mod simulation_people;
mod simulation_text;
mod terminal;

mod fault;

use arguments::{Arguments, Command};
use clap::Parser;
use outcome::Outcome;
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    fault::say_panics_in_a_sentence();
    let arguments = Arguments::parse();
    outcome::exit_code(fault::caught(|| run(arguments)))
}

fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    terminal::start_log();
    let output = Output::new(arguments.json);
    outcome::block_on(async move {
        match arguments.command {
            Command::Open(a) => commands::open::run(a, output).await,
            Command::Demo(a) => commands::demo::run(a, output).await,
            Command::Simulate(a) => commands::simulate::run(*a, output).await,
            Command::Status(a) => commands::status::run(a, output).await,
            Command::Label(a) => commands::label::run(a, output).await,
            Command::Rank(a) => commands::rank::run(a, output).await,
            Command::Train(a) => commands::train::run(a, output).await,
            Command::AutoLabel(a) => commands::auto_label::run(a, output).await,
            Command::Audit(a) => commands::audit::run(a, output).await,
            Command::Certificate(a) => commands::certificate::run(a, output).await,
            Command::Export(a) => commands::export::run(a, output).await,
            Command::Doctor(a) => commands::doctor::run(a, output).await,
            Command::Completions(a) => commands::completions::run(&a, output),
        }
    })
}
