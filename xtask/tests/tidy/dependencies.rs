//! Which of our crates may use which: the table in `ARCHITECTURE.md` against `cargo metadata`.

use crate::{architecture_table, in_backticks, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type Edges = BTreeMap<String, BTreeSet<String>>;

#[test]
fn crates_use_exactly_what_the_table_says() {
    let (normal, _) = edges_from_cargo();
    assert_eq!(normal, edges_from_table());
}

#[test]
fn the_table_lists_a_crate_below_all_that_it_uses() {
    let order: Vec<String> = architecture_table("## Code map")
        .into_iter()
        .map(|row| crate_of(&row))
        .collect();
    let place = |name: &str| order.iter().position(|other| other == name);
    for (user, used) in edges_from_table() {
        for used in used {
            assert!(
                place(&used) < place(&user),
                "{user} uses {used}, which stands below it"
            );
        }
    }
}

#[test]
fn tests_add_only_the_drawn_images() {
    let (normal, test_only) = edges_from_cargo();
    for (user, used) in test_only {
        let allowed = |used: &String| used == "phantoms" || normal[&user].contains(used);
        assert!(used.iter().all(allowed), "the tests of {user} use {used:?}");
    }
}

fn crate_of(row: &[String]) -> String {
    in_backticks(&row[0])[0].to_owned()
}

/// Third column of the code map: the crates that a crate uses.
fn edges_from_table() -> Edges {
    architecture_table("## Code map")
        .into_iter()
        .map(|row| {
            let used = in_backticks(&row[2])
                .into_iter()
                .map(str::to_owned)
                .collect();
            (crate_of(&row), used)
        })
        .collect()
}

/// Edges between our crates by folder name: those of the code, and those only tests have.
fn edges_from_cargo() -> (Edges, Edges) {
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo prints JSON");
    let (mut normal, mut test_only) = (Edges::new(), Edges::new());
    for package in metadata["packages"].as_array().expect("packages") {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let user = folder_name(manifest.trim_end_matches("/Cargo.toml"));
        normal.entry(user.clone()).or_default();
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let Some(path) = dependency["path"].as_str() else {
                continue;
            };
            let edges = if dependency["kind"].is_null() {
                &mut normal
            } else {
                &mut test_only
            };
            edges
                .entry(user.clone())
                .or_default()
                .insert(folder_name(path));
        }
    }
    (normal, test_only)
}

fn folder_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
