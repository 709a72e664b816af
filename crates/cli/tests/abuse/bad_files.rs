//! Files that cannot be used: each is refused with a sentence, all others come in.

use crate::pictures::{header_bomb, png, write, write_png};
use crate::program::{binary, is_root, open, open_with};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

/// Nobody's number on Debian and most other systems.
const NOBODY: u32 = 65_534;

#[test]
fn damaged_files_are_refused_and_the_others_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    for number in 0..6 {
        write_png(&place(&format!("good/{number}.png")), number);
    }
    let whole = png(100);
    write(&place("empty.png"), &[]);
    write(&place("cut-in-pixels.png"), &whole[..whole.len() / 2]);
    write(&place("cut-in-header.png"), &whole[..20]);
    write(
        &place("cut.jpg"),
        &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0],
    );
    write(&place("bomb.png"), &header_bomb());
    write(
        &place("letter.png"),
        b"Dear colleague, please find enclosed\n",
    );

    let server = open(folder.path(), &[]);
    server.imported();

    let refused = refusals(&server.get("/refused"));
    for file in [
        "empty.png",
        "cut-in-pixels.png",
        "cut-in-header.png",
        "cut.jpg",
        "bomb.png",
        "letter.png",
    ] {
        let reason = refused
            .get(file)
            .unwrap_or_else(|| panic!("{file} is not in {refused:?}"));
        assert!(
            reason.len() > 20 && !reason.contains("Error("),
            "{file}: {reason}"
        );
    }
    assert_eq!(refused.len(), 6, "{refused:?}");
    assert!(
        refused["bomb.png"].contains("30000"),
        "{}",
        refused["bomb.png"]
    );
    assert!(
        refused["letter.png"].contains("text"),
        "{}",
        refused["letter.png"]
    );
    assert_eq!(server.get("/project")["counts"]["images"], 6);
    assert_eq!(server.answer(0, 1, "after-bad-files").unwrap().0, 200);
}

#[test]
fn a_mended_file_comes_in_with_the_next_import() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        write_png(&folder.path().join(format!("{number}.png")), number);
    }
    write(&folder.path().join("late.png"), &png(9)[..90]);
    let first = open(folder.path(), &[]);
    first.imported();
    assert_eq!(first.get("/project")["counts"]["refused"], 1);
    first.kill();

    write_png(&folder.path().join("late.png"), 9);
    let second = open(folder.path(), &[]);
    second.imported();
    let counts = &second.get("/project")["counts"];
    assert_eq!(
        (&counts["images"], &counts["refused"]),
        (&4.into(), &0.into())
    );
}

#[test]
fn equal_names_and_names_that_are_no_text_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    for (number, place) in ["left/scan.png", "right/scan.png", "scan.png"]
        .into_iter()
        .enumerate()
    {
        write_png(&folder.path().join(place), number as u32);
    }
    // Latin-1, and two names that look alike once the wrong byte is replaced.
    for (number, name) in [b"M\xfcller.png".as_slice(), b"x\xff.png", b"x\xfe.png"]
        .into_iter()
        .enumerate()
    {
        write_png(
            &folder.path().join(OsStr::from_bytes(name)),
            10 + number as u32,
        );
    }
    let server = open(folder.path(), &[]);
    server.imported();
    let page = server.get("/images?limit=50");
    let images = page["images"].as_array().expect("a list");
    let mut files: Vec<&str> = images
        .iter()
        .filter_map(|image| image["file"].as_str())
        .collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(
        files.len(),
        6,
        "every file has a name of its own: {files:?}"
    );
    assert_eq!(refusals(&server.get("/refused")), BTreeMap::new());
    for id in 0..6 {
        assert_eq!(
            server.answer(id, id % 2, &format!("name-{id}")).unwrap().0,
            200
        );
    }
    server.kill();
    // The names still lead to the files.
    let again = open(folder.path(), &[]);
    again.imported();
    assert_eq!(again.get("/project")["counts"]["images"], 6);
    assert_eq!(again.get("/project")["counts"]["labeled"], 6);
}

#[test]
fn forbidden_files_and_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    write_png(&images.join("good.png"), 0);
    write_png(&images.join("secret.png"), 1);
    write_png(&images.join("closed/inside.png"), 2);
    let mut command = Command::new(binary());
    if is_root() {
        // Root may read everything, so the program runs as nobody, from where nobody may go.
        let Some(as_nobody) = run_as_nobody(folder.path(), &images) else {
            eprintln!("skipped: setpriv is not here and root cannot be refused");
            return;
        };
        command = as_nobody;
    }
    set_mode(&images.join("secret.png"), 0o000);
    set_mode(&images.join("closed"), 0o000);

    let server = open_with(command, &images, &[]);
    server.imported();
    let refused = refusals(&server.get("/refused"));
    drop(server);
    set_mode(&images.join("closed"), 0o755);
    assert!(refused.contains_key("secret.png"), "{refused:?}");
    assert!(
        refused.keys().any(|file| file.starts_with("closed")),
        "{refused:?}"
    );
    assert!(
        refused["secret.png"].contains("permission"),
        "{}",
        refused["secret.png"]
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let output = crate::program::run(&["open", &missing.to_string_lossy(), "--no-browser"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("missing") && said.trim().lines().count() == 1,
        "{said}"
    );
    assert!(!missing.exists(), "nothing is made where nothing was");
}

fn refusals(list: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|file| (text(&file["file"]), text(&file["reason"])))
        .collect()
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A command that runs a copy of the binary as nobody, to whom `images` then belongs.
fn run_as_nobody(folder: &Path, images: &Path) -> Option<Command> {
    let found = Command::new("setpriv").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let copy = folder.join("autolabel");
    std::fs::copy(binary(), &copy).unwrap();
    set_mode(&copy, 0o755);
    set_mode(folder, 0o755);
    for place in [images.to_path_buf(), images.join("closed")] {
        chown(&place, Some(NOBODY), Some(NOBODY)).unwrap();
        for entry in std::fs::read_dir(&place).unwrap() {
            chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let mut command = Command::new("setpriv");
    let nobody = NOBODY.to_string();
    command
        .args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"])
        .arg(copy);
    Some(command)
}
