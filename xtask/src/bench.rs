//! `cargo xtask bench`: lists the benchmarks of the workspace, or runs one.

use crate::process::{cargo, command, output, root, run};
use crate::setup;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::PathBuf;

/// One benchmark: a cargo bench target, or a Python script in `benches/`.
struct Bench {
    name: String,
    package: Option<String>,
    source: PathBuf,
}

/// Lists all, or runs the one of this name.
pub fn run_or_list(name: Option<&str>, rest: &[String]) -> Result<()> {
    let benches = find_all()?;
    let Some(name) = name else {
        for bench in &benches {
            println!("{:<24} {}", bench.name, first_comment(&bench.source)?);
        }
        return Ok(());
    };
    let bench = benches.iter().find(|bench| bench.name == name);
    let bench = bench.with_context(|| {
        format!("no benchmark is called '{name}'; `cargo xtask bench` lists them")
    })?;
    let python = setup::python()?;
    // What only the peers in Python need.
    let install = "-m pip install --quiet --disable-pip-version-check -r requirements-bench.txt";
    run(&mut command(&python.program, install, "xtask"))?;
    let mut benchmark = match &bench.package {
        Some(package) => cargo(&format!(
            "bench --locked --package {package} --bench {name} --"
        )),
        None => {
            let mut script = command(own_environment(name)?.unwrap_or(python.program), "", "");
            script.arg(&bench.source);
            script
        }
    };
    run(benchmark
        .args(rest)
        .env("ORT_DYLIB_PATH", &python.onnxruntime))
}

/// The interpreter for a script whose peers would not go into the shared environment: one of its own,
/// where `benches/requirements-NAME.txt` lists them.
fn own_environment(name: &str) -> Result<Option<PathBuf>> {
    let requirements = root().join(format!("benches/requirements-{name}.txt"));
    if !requirements.is_file() {
        return Ok(None);
    }
    let venv = root().join(format!(".setup/venv-{name}"));
    setup::environment(&venv, &requirements).map(Some)
}

fn find_all() -> Result<Vec<Bench>> {
    let metadata = output(&mut cargo("metadata --format-version 1 --no-deps"))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut benches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            if target["kind"][0] == "bench" {
                benches.push(Bench {
                    name: text(&target["name"]),
                    package: Some(text(&package["name"])),
                    source: text(&target["src_path"]).into(),
                });
            }
        }
    }
    for entry in fs_err::read_dir(root().join("benches"))? {
        let source = entry?.path();
        if source
            .extension()
            .is_some_and(|extension| extension == "py")
        {
            let name = source
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            benches.push(Bench {
                name,
                package: None,
                source,
            });
        }
    }
    benches.sort_by(|first, second| first.name.cmp(&second.name));
    Ok(benches)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a source file says about itself in its first line of comment.
fn first_comment(source: &PathBuf) -> Result<String> {
    let content = fs_err::read_to_string(source)?;
    let line = content
        .lines()
        .find(|line| !line.starts_with("#!") && !line.trim().is_empty());
    Ok(line
        .unwrap_or_default()
        .trim_matches(['/', '!', '"', '#', ' ', 'r'])
        .to_owned())
}
