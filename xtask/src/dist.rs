//! `cargo xtask dist`: the archive that is handed out. It holds the binary, the ONNX Runtime
//! library beside it (where the binary looks first), and the licences of everything inside.

use crate::demo::build_binary;
use crate::process::{cargo, command, output, root, run};
use crate::setup;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Builds `target/dist/autolabel-VERSION-TARGET.tar.gz`.
pub fn make_archive() -> Result<()> {
    let python = setup::python()?;
    let binary = build_binary(true)?;
    let name = format!("autolabel-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
    let folder = root().join("target/dist").join(&name);
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    fs_err::create_dir_all(&folder)?;
    fs_err::copy(&binary, folder.join("autolabel"))?;
    fs_err::copy(&python.onnxruntime, folder.join("libonnxruntime.so"))?;
    for file in ["LICENSE", "NOTICE", "README.md", "CHANGELOG.md"] {
        fs_err::copy(root().join(file), folder.join(file))?;
    }
    fs_err::write(folder.join("THIRD-PARTY.txt"), third_party()?)?;
    let archive = format!("{name}.tar.gz");
    // Names sorted, owners and times fixed: the same inputs give the same archive.
    let tar = "--create --gzip --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --file";
    run(command("tar", tar, "target/dist").args([&archive, &name]))?;
    println!("wrote target/dist/{archive}");
    Ok(())
}

/// The crates inside the binary, as `name version`; without those that only build or test it.
fn shipped_crates() -> Result<BTreeSet<String>> {
    let tree = "tree --locked --package autolabel-cli --edges normal --prefix none --format {p}";
    let text = output(&mut cargo(tree))?;
    let crates = text.lines().filter_map(|line| {
        let (name, version) = line.split_once(" v")?;
        Some(format!("{name} {}", version.split(' ').next()?))
    });
    Ok(crates.collect())
}

/// The target triple of this machine.
fn host() -> Result<String> {
    let text = output(&mut command("rustc", "--version --verbose", ""))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say its host")?.to_owned())
}

/// Name, version, licence and licence texts of every crate from outside that the binary contains.
fn third_party() -> Result<String> {
    let metadata =
        output(cargo("metadata --format-version 1 --locked --filter-platform").arg(host()?))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let shipped = shipped_crates()?;
    let mut text = String::from(
        "The binary contains the crates below; libonnxruntime.so is ONNX Runtime (MIT, Microsoft).\n",
    );
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let field = |name: &str| package[name].as_str().unwrap_or("not stated").to_owned();
        let name = format!("{} {}", field("name"), field("version"));
        if package["source"].is_null() || !shipped.contains(&name) {
            continue;
        }
        writeln!(text, "\n==== {name} ({})", field("license"))?;
        if let Some(folder) = Path::new(&field("manifest_path")).parent() {
            append_licence_texts(&mut text, folder)?;
        }
    }
    Ok(text)
}

fn append_licence_texts(text: &mut String, folder: &Path) -> Result<()> {
    let mut files: Vec<_> = fs_err::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_uppercase();
            ["LICENSE", "LICENCE", "COPYING", "NOTICE"]
                .iter()
                .any(|start| name.starts_with(start))
                && path.is_file()
        })
        .collect();
    files.sort();
    for file in files {
        let content = fs_err::read(&file)?;
        writeln!(text, "\n{}", String::from_utf8_lossy(&content))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_crate_is_named_with_its_licence_text() {
        let text = third_party().unwrap();
        for shipped in [
            "==== axum ",
            "==== faer ",
            "==== libsqlite3-sys ",
            "Permission is hereby granted",
        ] {
            assert!(text.contains(shipped), "{shipped} is missing");
        }
        for test_only in ["==== criterion ", "==== proptest ", "==== autolabel-store "] {
            assert!(
                !text.contains(test_only),
                "{test_only} is not shipped by others"
            );
        }
    }
}
