//! `simulate`: the contract of its JSON, and its errors.

use crate::binary::run;
use crate::stripes::{class_of, draw};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

/// Class folders with pictures of stripes.
fn class_folders(folder: &Path, count: u32) {
    draw(folder, 0..count);
    for number in 0..count {
        let class = if number.is_multiple_of(2) {
            "upright"
        } else {
            "level"
        };
        let file = format!("{number:04}.png");
        std::fs::create_dir_all(folder.join(class)).unwrap();
        std::fs::rename(folder.join(&file), folder.join(class).join(&file)).unwrap();
    }
}

#[test]
fn the_report_keeps_its_contract() {
    let folder = tempfile::tempdir().unwrap();
    class_folders(folder.path(), 80);
    let images = folder.path().to_str().unwrap();
    let cache = folder.path().join("cache");
    let arguments = [
        "simulate",
        images,
        "--seeds",
        "2",
        "--budget",
        "0.5",
        "--batch",
        "10",
        "--engine",
        "rten",
        "--cache",
        cache.to_str().unwrap(),
    ];
    let json = run(arguments.iter().chain(&["--json"]));
    assert_eq!(json.code, Some(0), "{json}");
    let report = json.json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["task"], "classification");
    assert_eq!(report["pool"], 80);
    assert_eq!(report["seeds"].as_array().unwrap().len(), 2);
    let arms = report["arms"].as_array().unwrap();
    assert_eq!(arms[0]["strategy"], "auto");
    assert_eq!(arms[1]["strategy"], "random");
    let point = &arms[0]["curve"][0];
    for field in ["labels", "round_seconds"] {
        assert!(point[field].is_number(), "{field}");
    }
    for field in ["mean", "low", "high"] {
        assert!(point["rest_accuracy"][field].is_number(), "{field}");
    }
    for level in ["0.90", "0.95", "0.97"] {
        let labels = &arms[0]["labels_to"][level];
        assert!(labels.is_null() || labels.is_u64(), "{level}");
    }
    for field in ["labels", "automation", "rest_accuracy"] {
        assert!(report["stop"][field].is_number(), "{field}");
    }
    for field in ["target_error", "audited", "errors", "certified"] {
        assert!(!report["audit"][field].is_null(), "{field}");
    }
    assert!(report["audit"].get("accuracy_lower_bound_95").is_some());
    assert!(report["cost"].is_object() && report["seconds"].is_number());

    for field in [
        "comparisons",
        "win_matrices",
        "stop_regret",
        "people",
        "command",
    ] {
        assert!(report.get(field).is_some(), "{field}");
    }
    assert!(arms[0]["aubc"]["mean"].is_number());
    assert!(arms[0]["curve"][0]["sensitivity"][0]["mean"].is_number());
    assert!(arms[0]["curve"][0]["dataset_sensitivity"][0]["mean"].is_number());
    assert!(report["stop"]["found"][0]["mean"].is_number());
    assert!(report["runs"][0]["found"][0].is_number());

    let text = run(arguments.iter().chain(&["--compare", "none"]));
    assert_eq!(text.code, Some(0), "{text}");
    assert!(
        text.stdout.contains("to reach")
            && text.stdout.contains("in all, labeled ones included")
            && text.stdout.contains("Least found in the end")
            && !text.stdout.contains("random"),
        "{text}"
    );
}

#[test]
fn features_saved_by_one_simulation_start_another_without_images() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("stripes");
    draw(&images, 0..60);
    // The table is not in the order of the files, and its last row has no label.
    let mut table = "file,label,split\n".to_owned();
    for number in (0..60).rev() {
        let file = format!("{number:04}.png");
        let label = if number == 0 { "" } else { class_of(&file) };
        let split = if number % 6 == 1 { "test" } else { "pool" };
        writeln!(table, "{file},{label},{split}").unwrap();
    }
    let csv = folder.path().join("stripes.csv");
    std::fs::write(&csv, table).unwrap();
    let saved = folder.path().join("saved.npy");
    // Up to the first weighing of the blocks at 40 labels the two are the same.
    let arguments = |dataset: &Path| {
        [
            "simulate", "--seeds", "2", "--budget", "0.6", "--json", "--csv",
        ]
        .iter()
        .map(Into::into)
        .chain([csv.clone().into(), dataset.into()])
        .collect::<Vec<OsString>>()
    };
    let mut first = arguments(&images);
    first.extend([
        "--engine".into(),
        "rten".into(),
        "--save-features".into(),
        saved.clone().into(),
    ]);
    let first = run(first);
    assert_eq!(first.code, Some(0), "{first}");

    std::fs::remove_dir_all(&images).unwrap();
    let mut second = arguments(&images);
    second.extend(["--features".into(), saved.clone().into()]);
    let second = run(second);
    assert_eq!(second.code, Some(0), "{second}");
    let (first, second) = (first.json(), second.json());
    assert_eq!(second["pool"], 49);
    for arm in 0..2 {
        let curve = |report: &serde_json::Value| -> Vec<serde_json::Value> {
            let points = report["arms"][arm]["curve"].as_array().unwrap();
            let accuracies = points.iter().map(|p| p["rest_accuracy"].clone());
            accuracies.collect()
        };
        assert_eq!(curve(&first), curve(&second));
    }

    // A table of another size names both numbers.
    std::fs::write(&csv, "file,label\na.png,upright\nb.png,level\n").unwrap();
    let mut third = arguments(&images);
    third.extend(["--features".into(), saved.into()]);
    let third = run(third);
    assert_eq!(third.code, Some(2), "{third}");
    assert!(
        third.stderr.contains("60 rows and the table of labels 2"),
        "{third}"
    );
}

#[test]
fn people_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    class_folders(folder.path(), 60);
    let page = folder.path().join("report.html");
    let arguments = [
        "simulate",
        folder.path().to_str().unwrap(),
        "--seeds",
        "2",
        "--budget",
        "0.5",
        "--engine",
        "rten",
        "--compare",
        "none",
        "--skill",
        "0.95,0.9",
        "--readers-per-image",
        "adaptive",
        "--report",
        page.to_str().unwrap(),
    ];
    let text = run(arguments);
    assert_eq!(text.code, Some(0), "{text}");
    assert!(text.stdout.contains("as many as needed of 2"), "{text}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("--readers-per-image adaptive"));
}

#[test]
fn options_that_cannot_be_used_are_said_before_anything_is_read() {
    // The folder does not exist, and yet it is the option that is named.
    for (options, words) in [
        (["--skill", "1.5"], "not a share"),
        (["--readers", "9"], "1 to 6"),
        (["--readers-per-image", "3"], "the number of readers"),
        (["--readers-per-image", "some"], "adaptive"),
        (["--first-readers", "1"], "adaptive"),
        (["--seconds-per-label", "0"], "above 0"),
        (["--cost-per-hour", "0"], "above 0"),
        (["--runs-at-once", "0"], "at least 1"),
        (["--compare", "magic"], "magic"),
        (["--report", "no/such/folder/report.html"], "does not exist"),
        (["--save-features", "no/folder/x.npy"], "does not exist"),
        (["--features", "no/such/features.npy"], "features"),
    ] {
        let refused = run(["simulate", "nowhere"].iter().chain(&options));
        assert_eq!(refused.code, Some(2), "{refused}");
        assert!(refused.stderr.contains(words), "{refused}");
        assert_eq!(refused.stderr.trim_end().lines().count(), 1, "{refused}");
    }
}

#[test]
fn data_sets_that_cannot_be_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().to_str().unwrap();
    let empty = run(["simulate", images, "--engine", "rten"]);
    assert_eq!(empty.code, Some(2), "{empty}");
    assert!(
        empty.stderr.contains("no labeled image was found"),
        "{empty}"
    );
    class_folders(folder.path(), 8);
    for (option, value) in [("--budget", "2"), ("--seeds", "0"), ("--strategy", "magic")] {
        let refused = run(["simulate", images, "--engine", "rten", option, value]);
        assert_eq!(refused.code, Some(2), "{refused}");
        assert_eq!(refused.stdout, "");
    }
}
