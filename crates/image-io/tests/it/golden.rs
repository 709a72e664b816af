//! Decoded pixels beside those of Pillow, on small files of every kind that is read or refused.
//! `tests/golden/make_golden.py` wrote them.

use std::path::{Path, PathBuf};

use autolabel_image_io::{ReadLimits, Samples, read_plane};
use serde_json::Value;

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn expected() -> Vec<Value> {
    let text = fs_err::read_to_string(golden_folder().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn check_pixels(case: &Value) -> Result<(), String> {
    let path = golden_folder().join(case["file"].as_str().unwrap());
    let plane = read_plane(&path, &ReadLimits::default()).map_err(|error| error.to_string())?;
    let (bits, seen): (u64, Vec<u16>) = match plane.samples {
        Samples::U8(values) => (8, values.into_iter().map(u16::from).collect()),
        Samples::U16(values) => (16, values),
    };
    let shape = [
        u64::from(plane.width),
        plane.height.into(),
        plane.channels.into(),
        bits,
    ];
    let wanted = ["width", "height", "channels", "bits"].map(|key| case[key].as_u64().unwrap());
    if shape != wanted {
        return Err(format!(
            "width, height, channels, bits {shape:?}, expected {wanted:?}"
        ));
    }
    let tolerance = case["tolerance"].as_u64().unwrap();
    let values = case["values"].as_array().unwrap();
    let worst = seen
        .iter()
        .zip(values)
        .map(|(&seen, value)| u64::from(seen).abs_diff(value.as_u64().unwrap()))
        .max()
        .unwrap();
    if seen.len() != values.len() || worst > tolerance {
        return Err(format!("differs by {worst}, tolerance {tolerance}"));
    }
    Ok(())
}

fn check_refusal(case: &Value) -> Result<(), String> {
    let path = golden_folder().join(case["file"].as_str().unwrap());
    let wanted = case["refused"].as_str().unwrap();
    match read_plane(&path, &ReadLimits::default()) {
        Ok(plane) => Err(format!("was read as {} × {}", plane.width, plane.height)),
        Err(error) if error.to_string().contains(wanted) => Ok(()),
        Err(error) => Err(format!("refused with: {error}")),
    }
}

fn failures(check: impl Fn(&Value) -> Result<(), String>, key: &str) -> (usize, Vec<String>) {
    let cases: Vec<Value> = expected()
        .into_iter()
        .filter(|case| case.get(key).is_some())
        .collect();
    let failed = cases
        .iter()
        .filter_map(|case| {
            check(case)
                .err()
                .map(|why| format!("{}: {why}", case["file"]))
        })
        .collect();
    (cases.len(), failed)
}

#[test]
fn pixels_equal_those_of_pillow() {
    let (count, failed) = failures(check_pixels, "values");
    assert!(count >= 35, "only {count} files");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn odd_and_broken_files_are_refused_with_a_sentence() {
    let (count, failed) = failures(check_refusal, "refused");
    assert!(count >= 10, "only {count} files");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_file_of_the_folder_is_tested() {
    let named: Vec<String> = expected()
        .iter()
        .map(|case| case["file"].as_str().unwrap().to_owned())
        .collect();
    for entry in fs_err::read_dir(golden_folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_image = [".png", ".tif", ".jpg"]
            .iter()
            .any(|end| name.ends_with(end));
        assert!(!is_image || named.contains(&name), "{name}");
    }
}
