//! `cargo xtask results`: runs the commands that `docs/results.md` quotes, so that its figures can
//! be had again. A quoted command is a line that starts with `$ ` inside a fenced block.

use crate::demo::build_binary;
use crate::process::{command, root, run};
use crate::setup;
use anyhow::{Result, bail};

/// Runs every quoted command that contains `filter`, with the release build first on `PATH`.
pub fn run_quoted(filter: Option<&str>) -> Result<()> {
    let page = fs_err::read_to_string(root().join("docs/results.md"))?;
    let wanted = |line: &&str| filter.is_none_or(|text| line.contains(text));
    let commands: Vec<&str> = quoted_commands(&page).into_iter().filter(wanted).collect();
    if commands.is_empty() {
        bail!("docs/results.md quotes no such command");
    }
    let python = setup::python()?;
    let binary = build_binary(true)?;
    let mut path = vec![binary.parent().unwrap_or(&binary).to_path_buf()];
    path.extend(python.program.parent().map(Into::into));
    path.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let path = std::env::join_paths(path)?;
    for line in commands {
        run(command("/bin/sh", "-c", "")
            .arg(line)
            .env("PATH", &path)
            .env("ORT_DYLIB_PATH", &python.onnxruntime))?;
    }
    Ok(())
}

/// Lines that start with `$ ` inside fenced blocks, without that mark.
fn quoted_commands(page: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut commands = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            commands.extend(line.strip_prefix("$ "));
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fenced_lines_with_a_prompt_are_commands() {
        let page = "$ no\n```text\n$ autolabel status\n0.91\n```\n$ no\n```\n$ b\n```\n";
        assert_eq!(quoted_commands(page), ["autolabel status", "b"]);
    }
}
