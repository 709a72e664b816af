//! A disk without room: answers are refused with a sentence, nothing acknowledged is lost, and
//! work goes on when there is room again.

use crate::pictures::write_png;
use crate::program::{Server, is_root, open};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small disk of its own, unmounted when dropped.
struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(place: &Path) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(place)
            .output();
        mount
            .is_ok_and(|output| output.status.success())
            .then(|| Self {
                place: place.to_path_buf(),
            })
    }

    /// Writes until nothing fits any more.
    fn fill(&self) -> PathBuf {
        let filler = self.place.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount")
            .arg("--lazy")
            .arg(&self.place)
            .status();
        drop(unmounted);
    }
}

#[test]
fn a_full_disk_refuses_answers_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = is_root()
        .then(|| SmallDisk::mount(&folder.path().join("disk")))
        .flatten()
    else {
        eprintln!("skipped: only root can mount a small disk to fill");
        return;
    };
    let images = folder.path().join("images");
    for number in 0..40 {
        write_png(&images.join(format!("{number:02}.png")), number);
    }
    let project = disk.place.join("project");
    let project = project.to_string_lossy();
    let server = open(&images, &["--project", &project]);
    server.imported();
    let mut saved = answer_until_refused(&server, 0, 5);
    assert_eq!(saved, 5, "there is room for five answers");

    let filler = disk.fill();
    let (image, status, said) = loop {
        let image = saved % 40;
        // An answer may still fit into a page that the database already has.
        let (status, body) = server.answer(image, 1, &format!("full-{saved}")).unwrap();
        if status != 200 {
            break (image, status, body);
        }
        saved += 1;
        assert!(saved < 5_000, "the disk never gets full");
    };
    let detail = said["detail"].as_str().unwrap_or_default();
    assert!(status >= 500, "{status}: {said}");
    assert!(
        detail.contains("disk") || detail.contains("space"),
        "{said}"
    );

    std::fs::remove_file(filler).unwrap();
    assert_eq!(
        server.answer(image, 1, &format!("full-{saved}")).unwrap().0,
        200,
        "room again"
    );
    let labeled = server.get("/project")["counts"]["labeled"].clone();
    server.kill();
    let again = open(&images, &["--project", &project]);
    assert_eq!(
        again.get("/project")["counts"]["labeled"],
        labeled,
        "after a restart"
    );
    assert_eq!(labeled, (saved + 1).min(40));
}

#[test]
fn an_import_onto_a_full_disk_ends_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = is_root()
        .then(|| SmallDisk::mount(&folder.path().join("disk")))
        .flatten()
    else {
        eprintln!("skipped: only root can mount a small disk to fill");
        return;
    };
    let images = folder.path().join("images");
    write_png(&images.join("one.png"), 1);
    let filler = disk.fill();
    let project = disk.place.join("project");
    let arguments = [
        "open",
        &images.to_string_lossy(),
        "--project",
        &project.to_string_lossy(),
        "--no-browser",
    ];
    let output = crate::program::run(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("space") || said.contains("full"), "{said}");

    std::fs::remove_file(filler).unwrap();
    let server = open(&images, &["--project", &project.to_string_lossy()]);
    server.imported();
    assert_eq!(server.get("/project")["counts"]["images"], 1);
}

/// Answers images `from..to` and says how many were saved.
fn answer_until_refused(server: &Server, from: u64, to: u64) -> u64 {
    (from..to)
        .take_while(|id| server.answer(*id, 0, &format!("room-{id}")).unwrap().0 == 200)
        .count() as u64
}
