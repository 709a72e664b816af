//! Commands that only look: status, rank, doctor, certificate.

use crate::binary::{Run, run};
use crate::stripes::project_of;
use std::path::Path;

fn run_on(folder: &Path, arguments: &[&str]) -> Run {
    let folder = folder.to_str().unwrap();
    run(arguments.iter().map(|a| a.replace("FOLDER", folder)))
}

#[test]
fn status_says_where_a_new_project_stands() {
    let folder = project_of(12);
    let status = run_on(folder.path(), &["status", "FOLDER"]);
    assert_eq!(status.code, Some(0), "{status}");
    assert!(status.stdout.contains("12"), "{status}");
    let json = run_on(folder.path(), &["status", "FOLDER", "--json"]).json();
    assert_eq!(json["project"]["counts"]["images"], 12);
    assert_eq!(json["project"]["counts"]["unlabeled"], 12);
    assert_eq!(json["curve"]["points"].as_array().unwrap().len(), 0);
    let by_project = run_on(folder.path(), &["status", "FOLDER/.autolabel", "--json"]).json();
    assert_eq!(by_project, json);
}

#[test]
fn rank_lists_the_batch_with_reasons() {
    let folder = project_of(12);
    let json = run_on(folder.path(), &["rank", "FOLDER", "--json"]).json();
    let size = json["batch_size"].as_u64().unwrap();
    assert_eq!(json["items"].as_array().unwrap().len() as u64, size);
    let text = run_on(folder.path(), &["rank", "FOLDER", "--count", "3"]);
    assert_eq!(text.stdout.lines().count(), 3, "{text}");
    assert!(text.stdout.contains(".png"), "{text}");
}

#[test]
fn doctor_finds_a_healthy_project_healthy_and_a_missing_one_missing() {
    let folder = project_of(4);
    let healthy = run_on(folder.path(), &["doctor", "FOLDER"]);
    assert_eq!(healthy.code, Some(0), "{healthy}");
    assert!(healthy.stdout.contains("engine"), "{healthy}");

    std::fs::remove_file(folder.path().join("0001.png")).unwrap();
    let missing = run_on(folder.path(), &["doctor", "FOLDER", "--json"]);
    assert_eq!(missing.code, Some(1), "{missing}");
    let checks = missing.json()["checks"].clone();
    let mut checks = checks.as_array().unwrap().iter();
    let problem = checks.find(|c| c["verdict"] == "problem").unwrap();
    assert_eq!(problem["name"], "project");

    let empty = tempfile::tempdir().unwrap();
    let nothing = run_on(empty.path(), &["doctor", "FOLDER"]);
    assert_eq!(nothing.code, Some(1), "{nothing}");
    assert!(nothing.stdout.contains("there is no project"), "{nothing}");
}

#[test]
fn there_is_no_certificate_before_an_audit() {
    let folder = project_of(4);
    let none = run_on(folder.path(), &["certificate", "FOLDER"]);
    insta::assert_snapshot!(none);
}
