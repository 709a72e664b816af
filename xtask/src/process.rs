//! Running other programs from the repository root: each command is shown before it runs, and a
//! failing one stops the verb.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository root. Cargo says at run time where it is: a build kept from another folder would
/// otherwise go on working there.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let manifest = manifest.as_path();
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// `program` in `folder` below the repository root. The words are separated by blanks; one that
/// may hold a blank itself, such as a path, is added with `arg`.
pub fn command(program: impl AsRef<Path>, words: &str, folder: &str) -> Command {
    let mut command = Command::new(program.as_ref());
    command
        .args(words.split_whitespace())
        .current_dir(root().join(folder));
    command
}

/// `cargo` in the repository root.
pub fn cargo(words: &str) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    command(PathBuf::from(program), words, "")
}

/// Shows the command, runs it with this terminal and fails when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs the command quietly and returns what it printed to standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let result = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !result.status.success() {
        bail!("{} failed ({})", shown(command), result.status);
    }
    Ok(String::from_utf8_lossy(&result.stdout).into_owned())
}

/// Whether the command can be started and ends well; it prints nothing.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The first file of this name on `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// The command as one would type it, without the folder of the program.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        let manifest = fs_err::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        let command = command("/usr/bin/git", "status --short", "");
        assert_eq!(shown(&command), "git status --short");
    }
}
