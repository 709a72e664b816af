//! `cargo xtask test`: the README's second command. Runs every test there is.

use crate::demo::{binary_path, build_binary};
use crate::process::{cargo, command, find_program, root, run, succeeds};
use crate::setup::{self, Python};
use anyhow::{Context, Result};
use std::path::Path;

/// All tests, the quick ones to fail first.
pub fn run_all(with_browser: bool) -> Result<()> {
    let python = setup::python()?;
    say_where_real_data_is();
    web_tests()?;
    weights(&python)?;
    rust_tests(&python)?;
    if with_browser {
        browser_walk(&python, &binary_path(false))?;
    }
    println!("all tests passed");
    Ok(())
}

/// `cargo xtask e2e`: only the browser walk, on a fresh build.
pub fn end_to_end() -> Result<()> {
    let python = setup::python()?;
    let binary = build_binary(false)?;
    browser_walk(&python, &binary)
}

/// Unit, integration and documentation tests of the workspace. They also build the program that
/// the browser walk starts.
fn rust_tests(python: &Python) -> Result<()> {
    let nextest = "nextest run --workspace --locked --no-fail-fast";
    let plain = "test --workspace --locked --lib --bins --tests --no-fail-fast";
    let has_nextest = succeeds(&mut cargo("nextest --version"));
    let tests = if has_nextest { nextest } else { plain };
    run(cargo(tests).env("ORT_DYLIB_PATH", &python.onnxruntime))?;
    let documentation = "test --workspace --locked --doc --quiet";
    run(cargo(documentation).env("ORT_DYLIB_PATH", &python.onnxruntime))
}

/// The shipped backbone against the published network's answers, by an independent engine.
fn weights(python: &Python) -> Result<()> {
    run(&mut command(&python.program, "xtask/check_weights.py", ""))
}

fn web_tests() -> Result<()> {
    setup::web_packages("web")?;
    let npm = find_program("npm").context("npm is not on PATH")?;
    run(&mut command(npm, "test", "web"))
}

/// The real program in a real browser, by keyboard; leaves screenshots in `web/e2e/shots`.
fn browser_walk(python: &Python, binary: &Path) -> Result<()> {
    let browser = setup::browser()?;
    setup::web_packages("web")?;
    let node =
        find_program("node").context("node is not on PATH; install Node.js 20.19 or newer")?;
    for (files, at_once) in [(MEASURED, 1), (OTHERS, 2)] {
        let options = format!("--test --test-concurrency={at_once} --test-reporter=spec");
        run(command(&node, &options, "web/e2e")
            .args(files)
            .env("AUTOLABEL_BINARY", binary)
            .env("AUTOLABEL_CHROMIUM", &browser)
            .env("ORT_DYLIB_PATH", &python.onnxruntime))?;
    }
    Ok(())
}

/// Walks that measure times, one after the other.
const MEASURED: &[&str] = &["walk.test.mjs", "drawing.test.mjs"];
/// The others, the longest first.
const OTHERS: &[&str] = &[
    "learnt-shapes.test.mjs",
    "shapes.test.mjs",
    "findings.test.mjs",
    "grades.test.mjs",
    "slices.test.mjs",
    "robustness.test.mjs",
];

fn say_where_real_data_is() {
    let shared =
        std::env::var_os("AUTOLABEL_SHARED").map_or_else(|| root().join("../shared"), Into::into);
    if shared.join("data").is_dir() {
        println!("real data: {}", shared.display());
    } else {
        println!(
            "real data: none; tests on real images are skipped (AUTOLABEL_SHARED names the folder)"
        );
    }
}
