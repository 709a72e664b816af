//! Help and completions.

use crate::binary::run;

/// Every command that `--help` lists.
const COMMANDS: [&str; 13] = [
    "open",
    "demo",
    "simulate",
    "status",
    "label",
    "rank",
    "train",
    "auto-label",
    "audit",
    "certificate",
    "export",
    "doctor",
    "completions",
];

#[test]
fn help_lists_the_commands_and_exit_codes() {
    insta::assert_snapshot!(run(["--help"]));
}

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        insta::assert_snapshot!(command, run([command, "--help"]));
    }
}

#[test]
fn version_is_the_package_version() {
    let version = run(["--version"]);
    assert_eq!(
        version.stdout,
        format!("autolabel {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(version.code, Some(0));
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(["completions", shell]);
        assert_eq!(script.code, Some(0), "{shell}");
        for command in COMMANDS {
            assert!(
                script.stdout.contains(command),
                "{shell} does not know {command}"
            );
        }
    }
}
