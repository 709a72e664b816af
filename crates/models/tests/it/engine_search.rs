//! What happens where ONNX Runtime is missing, broken or something else.
//!
//! A process loads the library once, so each case runs this test binary again as a child with
//! `ORT_DYLIB_PATH` set.

use std::path::Path;
use std::process::Command;

use autolabel_models::{BackboneSource, EngineChoice, load_backbone};

const CHILD: &str = "AUTOLABEL_TEST_CHILD";

/// Does nothing unless a test below started it.
#[test]
fn child_reports_its_engine() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 1).unwrap();
    println!("engine: {}", backbone.engine().name);
    println!(
        "note: {}",
        backbone.engine().note.clone().unwrap_or_default()
    );
    let demanded = load_backbone(&BackboneSource::Default, EngineChoice::OnnxRuntime, 1);
    println!(
        "demanded: {}",
        demanded.err().map_or(String::new(), |e| e.to_string())
    );
}

#[track_caller]
fn check(library: &Path, words: &[&str]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "engine_search::child_reports_its_engine",
            "--exact",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .env("ORT_DYLIB_PATH", library)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("engine: rten\n"), "{text}");
    for kind in ["note: ", "demanded: "] {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(kind))
            .unwrap();
        for word in words
            .iter()
            .chain(&["pip install onnxruntime", "ORT_DYLIB_PATH"])
        {
            assert!(line.contains(word), "{word} is missing in: {line}");
        }
    }
}

#[test]
fn a_missing_library_falls_back_with_one_sentence() {
    check(Path::new("/nowhere/libonnxruntime.so"), &["names /nowhere"]);
}

#[test]
fn an_empty_folder_falls_back_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), &["no ONNX Runtime lies"]);
}

#[test]
fn a_file_that_is_no_library_falls_back_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libonnxruntime.so");
    for bytes in [&b""[..], b"no library at all", b"\x7fELF\x02\x01\x01"] {
        fs_err::write(&path, bytes).unwrap();
        check(&path, &["cannot be used", "libonnxruntime.so"]);
    }
}

/// Any other shared library of the system, here the C library that this test itself uses.
#[cfg(target_os = "linux")]
#[test]
fn another_library_falls_back_with_one_sentence() {
    let maps = fs_err::read_to_string("/proc/self/maps").unwrap();
    let library = maps
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .find(|path| path.contains("/libc.so") || path.contains("/libc-"))
        .unwrap();
    check(Path::new(library), &["cannot be used", "OrtGetApiBase"]);
}
