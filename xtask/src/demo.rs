//! `cargo xtask demo`: the README's first command.

use crate::process::{self, cargo, command, root};
use crate::setup;
use anyhow::Result;
use std::path::PathBuf;

/// Sets up, builds and opens the demo project; returns when the person stops the program.
pub fn run(release: bool, rest: &[String]) -> Result<()> {
    let python = setup::python();
    let binary = build_binary(release)?;
    let mut demo = command(binary, "demo", "");
    demo.args(rest);
    match python {
        Ok(python) => {
            demo.env("ORT_DYLIB_PATH", &python.onnxruntime);
        }
        // The demo still runs: the program holds a slower engine of its own.
        Err(error) => eprintln!("note: without the ONNX Runtime library ({error:#})"),
    }
    process::run(&mut demo)
}

/// Builds the program and says where it is.
pub fn build_binary(release: bool) -> Result<PathBuf> {
    let mut build = cargo("build --locked --package autolabel-cli --bin autolabel");
    if release {
        build.arg("--release");
    }
    process::run(&mut build)?;
    Ok(binary_path(release))
}

/// Where cargo puts the program.
pub fn binary_path(release: bool) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let profile = if release { "release" } else { "debug" };
    root().join(target).join(profile).join("autolabel")
}
