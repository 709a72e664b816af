//! Size and shape of source files.

use crate::{files, files_ending, read};

/// Files that may be longer, with the reason.
const LONG_FILES: [(&str, &str); 1] = [(
    "web/src/api/schema.ts",
    "made from crates/server/openapi.json",
)];

#[test]
fn no_source_file_is_longer_than_800_lines() {
    let mut sources = files_ending(&[".rs", ".ts", ".tsx", ".css", ".py", ".mjs", ".sh", ".md"]);
    sources.retain(|file| !file.starts_with("web/dist/"));
    sources.retain(|file| !LONG_FILES.iter().any(|(name, _)| name == file));
    let long = broken(sources, |file| read(file).lines().count() <= 800);
    assert!(long.is_empty(), "split these by purpose: {long:?}");
}

#[test]
fn architecture_fits_in_300_lines() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 300, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    let silent = broken(files_ending(&[".rs"]), |file| read(file).starts_with("//!"));
    assert!(
        silent.is_empty(),
        "start these with a //! header: {silent:?}"
    );
}

#[test]
fn every_crate_front_page_says_what_it_never_does() {
    let silent = broken(files_ending(&["src/lib.rs"]), |file| {
        let source = read(file);
        let header: Vec<&str> = source
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        header.len() >= 3 && header.join(" ").to_lowercase().contains("never")
    });
    assert!(
        silent.is_empty(),
        "say in the header what the crate never does: {silent:?}"
    );
}

/// The files for which `holds` does not hold.
fn broken(mut files: Vec<String>, holds: impl Fn(&str) -> bool) -> Vec<String> {
    files.retain(|file| !holds(file));
    files
}

#[test]
fn file_and_module_names_have_a_purpose() {
    for file in files_ending(&[".rs", ".ts", ".tsx"]) {
        let stem = file
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next());
        let vague = [
            "util", "utils", "common", "helper", "helpers", "misc", "manager",
        ];
        assert!(
            !vague.contains(&stem.unwrap_or_default()),
            "{file}: name it by its purpose"
        );
    }
}

#[test]
fn nothing_large_or_generated_is_committed() {
    for file in files() {
        let bytes = fs_err::metadata(crate::root().join(&file)).unwrap().len();
        let allowed = if file.starts_with("weights/") { 20 } else { 2 } << 20;
        assert!(bytes <= allowed, "{file} has {bytes} bytes");
        assert!(
            !file.contains("node_modules/"),
            "{file} is a package, not a source"
        );
    }
}
