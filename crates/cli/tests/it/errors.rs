//! Errors are one sentence on standard error, with exit code 2.

use crate::binary::{command, run};
use std::process::Stdio;

/// Runs the binary and replaces the path of the temporary folder, which changes from run to run.
fn run_in(folder: &std::path::Path, arguments: &[&str]) -> String {
    let folder = folder.to_str().unwrap();
    let arguments: Vec<String> = arguments
        .iter()
        .map(|a| a.replace("FOLDER", folder))
        .collect();
    run(arguments).to_string().replace(folder, "FOLDER")
}

#[test]
fn usage_errors() {
    insta::assert_snapshot!("no_command", run::<&str>([]));
    insta::assert_snapshot!("unknown_command", run(["lable"]));
    insta::assert_snapshot!("missing_folder", run(["status"]));
    insta::assert_snapshot!(
        "unknown_format",
        run(["export", "x", "--format", "voc", "--out", "y"])
    );
    insta::assert_snapshot!("image_without_class", run(["label", "x", "a.png"]));
    insta::assert_snapshot!("bad_address", run(["open", "x", "--listen", "localhost"]));
}

#[test]
fn commands_on_a_folder_without_a_project_say_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let status = run_in(folder.path(), &["status", "FOLDER"]);
    insta::assert_snapshot!(status);
    for arguments in [
        vec!["label", "FOLDER", "a.png", "normal"],
        vec!["rank", "FOLDER"],
        vec!["train", "FOLDER"],
        vec!["auto-label", "FOLDER"],
        vec!["audit", "FOLDER"],
        vec!["certificate", "FOLDER"],
        vec!["export", "FOLDER", "--format", "csv", "--out", "labels.csv"],
    ] {
        assert_eq!(run_in(folder.path(), &arguments), status, "{arguments:?}");
    }
    let entries = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(
        entries, 0,
        "a command that only looks must not make a project"
    );
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let mut child = command(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}
