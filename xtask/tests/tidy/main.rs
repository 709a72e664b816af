//! What must hold for the repository as a whole, as plain tests that read its files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code; clippy.toml allows these only inside the test functions themselves"
)]

mod dependencies;
mod sources;
mod walk;
mod words;

mod shipped;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository root.
fn root() -> PathBuf {
    // At run time, because a build may be kept from another folder.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().unwrap().to_path_buf()
}

/// The content of a file below the root.
fn read(path: impl AsRef<Path>) -> String {
    fs_err::read_to_string(root().join(path)).unwrap()
}

/// Every file that is, or would be, committed: paths below the root with `/` between folders.
fn files() -> Vec<String> {
    let listing = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root())
        .output()
        .expect("git is on PATH");
    assert!(listing.status.success(), "git ls-files failed");
    let mut files: Vec<String> = String::from_utf8(listing.stdout)
        .expect("file names are UTF-8")
        .split_terminator('\0')
        .filter(|file| root().join(file).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    assert!(files.len() > 50, "git lists only {} files", files.len());
    files
}

/// The files whose name ends so.
fn files_ending(endings: &[&str]) -> Vec<String> {
    let mut files = files();
    files.retain(|file| endings.iter().any(|ending| file.ends_with(ending)));
    files
}

/// The rows of the Markdown table under a heading of `ARCHITECTURE.md`, as trimmed cells.
fn architecture_table(heading: &str) -> Vec<Vec<String>> {
    let page = read("ARCHITECTURE.md");
    let start = page
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no '{heading}'"));
    let section = page[start + 1..]
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let rows = section.filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<Vec<String>> = rows
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table under '{heading}'");
    rows
}

/// The words in backticks, in order.
fn in_backticks(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
