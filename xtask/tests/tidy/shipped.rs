//! What a release ships beside the code.

use crate::{files_ending, read, root};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

#[test]
fn weights_are_the_published_ones() {
    let page = read("weights/README.md");
    let weights = files_ending(&[".onnx"]);
    assert!(!weights.is_empty(), "no weights are committed");
    for file in weights.iter().filter(|file| file.starts_with("weights/")) {
        let mut checksum = String::new();
        for byte in Sha256::digest(fs_err::read(root().join(file)).unwrap()) {
            write!(checksum, "{byte:02x}").unwrap();
        }
        assert!(
            page.contains(&checksum),
            "weights/README.md does not give {file} as {checksum}"
        );
    }
}

#[test]
fn the_web_app_is_built_and_takes_nothing_from_elsewhere() {
    let page = read("web/dist/index.html");
    assert!(
        page.contains("<script"),
        "web/dist/index.html starts no program"
    );
    for outside in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(
            !page.contains(outside),
            "web/dist/index.html takes something from elsewhere"
        );
    }
}

#[test]
fn the_change_log_has_room_for_the_next_release() {
    assert!(read("CHANGELOG.md").contains("\n## Unreleased\n"));
}

#[test]
fn the_licence_and_the_notices_are_there() {
    assert!(read("LICENSE").contains("Apache License"));
    let notice = read("NOTICE");
    for part in ["AutoLabel", "EfficientNet-Lite0", "ONNX Runtime"] {
        assert!(notice.contains(part), "NOTICE does not mention {part}");
    }
}

#[test]
fn the_readme_starts_with_the_two_commands() {
    let page = read("README.md");
    let first_screen: String = page.lines().take(30).collect::<Vec<_>>().join("\n");
    for part in ["cargo xtask demo", "cargo xtask test", "docs/images/"] {
        assert!(
            first_screen.contains(part),
            "the first screen of README.md lacks {part}"
        );
    }
}
