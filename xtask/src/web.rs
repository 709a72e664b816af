//! The web app's generated files: `web/dist`, which the binary embeds, and the client made from
//! the description of the REST interface. Both are committed, so that `cargo run` needs no Node;
//! the checks rebuild them and compare.

use crate::process::{cargo, command, find_program, output, root, run};
use crate::setup;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const OPENAPI: &str = "crates/server/openapi.json";
const CLIENT: &str = "web/src/api/schema.ts";

/// Rebuilds `web/dist`.
pub fn build() -> Result<()> {
    build_into(&root().join("web/dist"))
}

/// Builds into a scratch folder and compares it with `web/dist`, byte by byte.
pub fn compare_build() -> Result<()> {
    let fresh = root().join(".setup/web-dist");
    build_into(&fresh)?;
    let committed = files_below(&root().join("web/dist"))?;
    let differing = differences(&committed, &files_below(&fresh)?);
    if differing.is_empty() {
        println!(
            "web/dist: {} files are what the sources build",
            committed.len()
        );
        return Ok(());
    }
    bail!(
        "web/dist is out of date ({}); run `cargo xtask web`",
        differing.join(", ")
    )
}

/// Writes the description of the REST interface and the types made from it.
pub fn write_openapi() -> Result<()> {
    run(openapi_test().env("AUTOLABEL_BLESS", "1"))?;
    fs_err::write(root().join(CLIENT), client()?)?;
    println!("wrote {OPENAPI} and {CLIENT}");
    Ok(())
}

/// Compares the committed description with what the server says, and the types with it.
pub fn compare_openapi() -> Result<()> {
    run(&mut openapi_test())?;
    compare_client()
}

/// Compares the committed types with the committed description; needs no build.
pub fn compare_client() -> Result<()> {
    if fs_err::read_to_string(root().join(CLIENT))? != client()? {
        bail!("{CLIENT} is not what {OPENAPI} gives; run `cargo xtask openapi`");
    }
    println!("{CLIENT}: as {OPENAPI} says");
    Ok(())
}

/// The server's own test of its description; it writes the file when it is asked to.
fn openapi_test() -> Command {
    cargo(
        "test --quiet --locked --package autolabel-server --test it committed_description_is_current",
    )
}

/// TypeScript types of the committed description, by openapi-typescript.
fn client() -> Result<String> {
    setup::web_packages("web")?;
    let program = root().join("web/node_modules/.bin/openapi-typescript");
    let (description, scratch) = (root().join(OPENAPI), root().join(".setup/schema.ts"));
    fs_err::create_dir_all(root().join(".setup"))?;
    output(
        command(program, "", "web")
            .arg(&description)
            .arg("--output")
            .arg(&scratch),
    )?;
    Ok(fs_err::read_to_string(&scratch)?)
}

fn build_into(folder: &Path) -> Result<()> {
    setup::web_packages("web")?;
    let npm = find_program("npm").context("npm is not on PATH")?;
    run(command(npm, "run build -- --emptyOutDir --outDir", "web").arg(folder))
}

/// All files below a folder with their bytes, by path relative to it.
fn files_below(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(current) = open.pop() {
        for entry in fs_err::read_dir(&current)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder)?.to_path_buf();
                files.insert(relative, fs_err::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// What differs, in words, in the order of the paths.
fn differences(
    committed: &BTreeMap<PathBuf, Vec<u8>>,
    fresh: &BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<String> {
    let mut words = Vec::new();
    for (path, bytes) in committed {
        match fresh.get(path) {
            None => words.push(format!("{} should not be there", path.display())),
            Some(other) if other != bytes => words.push(format!("{} differs", path.display())),
            Some(_) => {}
        }
    }
    for path in fresh.keys().filter(|path| !committed.contains_key(*path)) {
        words.push(format!("{} is missing", path.display()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_kind_of_difference() {
        let file = |name: &str, text: &str| (PathBuf::from(name), text.as_bytes().to_vec());
        let committed = BTreeMap::from([file("a.js", "1"), file("b.js", "1"), file("c.js", "1")]);
        let fresh = BTreeMap::from([file("a.js", "1"), file("b.js", "2"), file("d.js", "1")]);
        assert_eq!(
            differences(&committed, &fresh),
            [
                "b.js differs",
                "c.js should not be there",
                "d.js is missing"
            ]
        );
        assert!(differences(&committed, &committed).is_empty());
    }
}
