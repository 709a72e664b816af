//! The walk in `ARCHITECTURE.md`: every function that it names stands in the crate that it names.

use crate::{architecture_table, files_ending, in_backticks, read};

#[test]
fn every_step_of_the_walk_is_a_public_function() {
    let mut missing = Vec::new();
    for row in architecture_table("## The walk") {
        for name in in_backticks(&row[1]) {
            let (module, function) = name.split_once("::").expect("crate::function");
            let function = function.rsplit("::").next().expect("a name");
            if !defines(&module.replace('_', "-"), function) {
                missing.push(name.to_owned());
            }
        }
    }
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md names functions that are gone: {missing:?}"
    );
}

#[test]
fn every_type_of_the_walk_exists() {
    let sources: String = files_ending(&[".rs"]).iter().map(read).collect();
    let defined = |name: &str| {
        let kinds = ["struct", "enum", "trait", "type"];
        kinds
            .iter()
            .any(|kind| contains_word(&sources, &format!("pub {kind} {name}")))
    };
    let mut missing = Vec::new();
    for row in architecture_table("## The walk") {
        missing.extend(
            in_backticks(&row[2])
                .into_iter()
                .filter(|name| !defined(name))
                .map(str::to_owned),
        );
    }
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md names types that are gone: {missing:?}"
    );
}

fn defines(folder: &str, function: &str) -> bool {
    let sources = files_ending(&[".rs"]);
    let mut sources = sources
        .iter()
        .filter(|file| file.starts_with(&format!("crates/{folder}/src/")));
    sources.any(|file| {
        let source = read(file);
        ["pub fn", "pub async fn"]
            .iter()
            .any(|kind| contains_word(&source, &format!("{kind} {function}")))
            || contains_word(&source, &format!("    fn {function}"))
    })
}

/// Whether `text` holds `phrase` and the word ends there.
fn contains_word(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, _)| {
        let next = text[start + phrase.len()..].chars().next();
        next.is_none_or(|character| !character.is_alphanumeric() && character != '_')
    })
}
