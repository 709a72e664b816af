//! Words that must not stand in committed files, and links that must lead somewhere.

use crate::{files, files_ending, read, root};
use std::path::Path;

#[test]
fn open_ends_name_their_issue() {
    let mark = ["TO", "DO"].concat();
    let also = ["FIX", "ME"].concat();
    for file in files_ending(&[
        ".rs", ".ts", ".tsx", ".css", ".py", ".mjs", ".sh", ".md", ".toml",
    ]) {
        for (number, line) in read(&file).lines().enumerate() {
            let open = line
                .match_indices(&mark)
                .any(|(at, _)| !line[at + mark.len()..].starts_with("(#"));
            let place = number + 1;
            assert!(
                !open && !line.contains(&also),
                "{file}:{place}: name the issue: {mark}(#12)"
            );
        }
    }
}

#[test]
fn nothing_names_one_machine() {
    // Written in parts, so that this file passes its own test.
    let paths = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/tmp/", "bash_jobs"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
    ]
    .map(|parts| parts.concat());
    for (file, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let named = paths.iter().any(|path| starts_a_path(line, path));
            assert!(
                !named,
                "{file}:{}: the path of one machine: {}",
                number + 1,
                line.trim()
            );
        }
    }
}

#[test]
fn packages_come_from_where_the_client_says() {
    let lock = read("Cargo.lock");
    let crates_io = "registry+https://github.com/rust-lang/crates.io-index";
    for line in lock.lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(line, format!("source = \"{crates_io}\""));
    }
    for file in files_ending(&["package-lock.json"]) {
        assert!(
            !read(&file).contains("\"resolved\": \"http"),
            "{file} names a download address"
        );
    }
    let options = [
        "--index-url",
        "--extra-index-url",
        "--registry",
        "index-url =",
        "registry=",
    ];
    let tool = Path::new(file!())
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    for (file, text) in texts()
        .into_iter()
        .filter(|(file, _)| !file.ends_with(&tool))
    {
        let named = options.iter().find(|option| text.contains(**option));
        assert!(
            named.is_none(),
            "{file} chooses a package server: {named:?}"
        );
    }
}

#[test]
fn links_between_our_pages_lead_somewhere() {
    let mut dead = Vec::new();
    for file in files_ending(&[".md"]) {
        let folder = root().join(&file).parent().unwrap().to_path_buf();
        for target in links(&read(&file)) {
            let path = target.split('#').next().unwrap_or_default();
            let outside = path.contains("://") || path.starts_with("mailto:") || path.is_empty();
            if !outside && !folder.join(path).exists() {
                dead.push(format!("{file}: {path}"));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere: {dead:?}");
}

/// Committed text files apart from those that tools generate.
fn texts() -> Vec<(String, String)> {
    let binary = [
        ".onnx", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".woff2", ".ico",
    ];
    files()
        .into_iter()
        .filter(|file| {
            !file.starts_with("web/dist/") && !binary.iter().any(|end| file.ends_with(end))
        })
        .filter_map(|file| {
            fs_err::read_to_string(root().join(&file))
                .ok()
                .map(|text| (file, text))
        })
        .collect()
}

/// Whether `line` holds `path` where a path begins, not in the middle of a longer one.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|character| !character.is_alphanumeric() && !"._-})/*".contains(character))
    })
}

/// The targets of `[text](target)`.
fn links(page: &str) -> Vec<String> {
    page.match_indices("](")
        .filter_map(|(at, _)| page[at + 2..].split(')').next())
        .map(|target| target.split(' ').next().unwrap_or(target).to_owned())
        .collect()
}
