//! `cargo xtask`: everything that is done to the project rather than by it.
//!
//! Each verb does its own set-up on a machine that has Rust, Node and Python, and CI calls the
//! same verbs as people do.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal program; what it prints is its result"
)]

mod setup;

mod check;
mod demo;
mod test;
mod web;

mod bench;
mod dist;
mod results;

mod process;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "AutoLabel's own chores"
)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what the other verbs need: Python environment, web packages, browser
    Setup,
    /// Open a ready project of drawn chest radiographs in the browser
    Demo {
        /// Build with full optimisation first (slower to build, faster to run)
        #[arg(long)]
        release: bool,
        /// Further arguments of `autolabel demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Run every test: Rust, documentation, weights, web, browser
    Test {
        /// Leave the browser walk out
        #[arg(long)]
        no_e2e: bool,
    },
    /// Format, lints, licences, tidiness, types of the web app; changes nothing
    Check,
    /// Rebuild the web app that the binary embeds (web/dist)
    Web {
        /// Only compare the committed files with a fresh build, byte by byte
        #[arg(long)]
        check: bool,
    },
    /// Write the description of the REST interface and the web client made from it
    Openapi {
        /// Only compare the committed files with fresh ones
        #[arg(long)]
        check: bool,
    },
    /// Walk through the real program in a real browser
    E2e,
    /// List the benchmarks, or run the one that is named
    Bench {
        /// Name from the list
        name: Option<String>,
        /// Arguments of the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Run the commands that docs/results.md quotes and print what they say
    Results {
        /// Only the commands that contain this text
        filter: Option<String>,
    },
    /// Make the archive that is handed out: binary, engine library, licences
    Dist,
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(verb: Option<Verb>) -> Result<()> {
    match verb {
        None => Ok(Arguments::command().print_help()?),
        Some(Verb::Setup) => setup::everything(),
        Some(Verb::Demo { release, rest }) => demo::run(release, &rest),
        Some(Verb::Test { no_e2e }) => test::run_all(!no_e2e),
        Some(Verb::Check) => check::run_all(),
        Some(Verb::Web { check: false }) => web::build(),
        Some(Verb::Web { check: true }) => web::compare_build(),
        Some(Verb::Openapi { check: false }) => web::write_openapi(),
        Some(Verb::Openapi { check: true }) => web::compare_openapi(),
        Some(Verb::E2e) => test::end_to_end(),
        Some(Verb::Bench { name, rest }) => bench::run_or_list(name.as_deref(), &rest),
        Some(Verb::Results { filter }) => results::run_quoted(filter.as_deref()),
        Some(Verb::Dist) => dist::make_archive(),
    }
}
