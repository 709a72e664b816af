//! A folder → the image files in it, in order, and what was left out.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs::{self, DirEntry, FileType};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ImageIoError;
use crate::read::file_error;

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Files to import, sorted by path, folder by folder.
    pub files: Vec<FoundFile>,
    /// Files and folders that could not be looked at, sorted by path.
    pub problems: Vec<FileProblem>,
    /// Files left out because of their kind, sorted by kind.
    pub skipped: Vec<SkippedFiles>,
}

/// One file that looks like an image by its name. Its content is only read later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Path below the scanned folder, exactly as the file system has it: use it for reading.
    pub relative: PathBuf,
    /// The same path as text, with `/` between the parts: use it as the file's name. Different
    /// paths have different texts: in a part that is not valid UTF-8 each wrong byte is written
    /// `\xE9`, and `\` is written `\\`.
    pub display: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Time of the last change in milliseconds since 1970; 0 where the file system has none.
    pub modified_ms: i64,
}

/// One file that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// The file's `display` text.
    pub file: String,
    /// One sentence: what is wrong and what to do.
    pub reason: String,
}

/// Files left out without a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFiles {
    /// `".txt"` (the extension in small letters), `"no extension"` or `"link inside the folder"`.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// Extensions whose files are looked into; what they really hold is told from the content.
pub const IMAGE_EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "jpe", "tif", "tiff"];

/// Lists the image files below `root`, all levels, sorted. Hidden files and folders (whose name
/// starts with a dot, such as `.autolabel`) are passed over in silence. Links are never followed:
/// what a link inside `root` points to is found in its own place, and a link that leads out of
/// `root` is a problem. An unreadable folder is a problem, never the end of the scan.
pub fn scan(root: &Path) -> Result<Scan, ImageIoError> {
    let mut files = Vec::new();
    let rest = scan_each(root, |file| files.push(file))?;
    Ok(Scan { files, ..rest })
}

/// Like [`scan`], but hands over each file as it is found, in the same order, so that a folder of
/// millions need not be held in memory. The returned scan has no `files`.
pub fn scan_each(root: &Path, mut found: impl FnMut(FoundFile)) -> Result<Scan, ImageIoError> {
    let not_readable = |source| ImageIoError::FolderNotReadable {
        source,
        path: root.to_owned(),
    };
    let real_root = fs::canonicalize(root).map_err(not_readable)?;
    if !real_root.is_dir() {
        return Err(ImageIoError::NotAFolder {
            path: root.to_owned(),
        });
    }
    let mut walk = Walk {
        root: real_root,
        problems: Vec::new(),
        skipped: BTreeMap::new(),
    };
    let entries = walk.sorted_entries(Path::new("")).map_err(not_readable)?;
    walk.visit(entries, &mut found);
    Ok(Scan {
        files: Vec::new(),
        problems: walk.problems,
        skipped: walk
            .skipped
            .into_iter()
            .map(|(kind, count)| SkippedFiles { kind, count })
            .collect(),
    })
}

/// A folder entry that is still to be visited.
struct Entry {
    relative: PathBuf,
    kind: std::io::Result<FileType>,
}

struct Walk {
    root: PathBuf,
    problems: Vec<FileProblem>,
    skipped: BTreeMap<String, u64>,
}

impl Walk {
    /// Depth first by an explicit stack, so that deep folders cannot exhaust the thread's stack.
    fn visit(&mut self, entries: Vec<Entry>, found: &mut impl FnMut(FoundFile)) {
        let mut stack = entries;
        stack.reverse();
        while let Some(entry) = stack.pop() {
            match entry.kind {
                Ok(kind) if kind.is_symlink() => self.visit_link(&entry.relative),
                Ok(kind) if kind.is_dir() => match self.sorted_entries(&entry.relative) {
                    Ok(entries) => stack.extend(entries.into_iter().rev()),
                    Err(error) => self.problem(
                        &entry.relative,
                        &format!(
                            "the folder cannot be read ({error}); give read permission and import again"
                        ),
                    ),
                },
                Ok(kind) => self.visit_file(entry.relative, kind, found),
                Err(error) => self.unreadable(&entry.relative, error),
            }
        }
    }

    fn visit_file(&mut self, relative: PathBuf, kind: FileType, found: &mut impl FnMut(FoundFile)) {
        if !self.is_image_name(&relative) {
            return;
        }
        if !kind.is_file() {
            self.problem(&relative, &ImageIoError::NotARegularFile.to_string());
            return;
        }
        match fs::symlink_metadata(self.root.join(&relative)) {
            Ok(metadata) => found(FoundFile {
                display: display_path(&relative),
                bytes: metadata.len(),
                modified_ms: metadata.modified().map_or(0, milliseconds_since_1970),
                relative,
            }),
            Err(error) => self.unreadable(&relative, error),
        }
    }

    fn visit_link(&mut self, relative: &Path) {
        let target = fs::canonicalize(self.root.join(relative));
        match target {
            Ok(target) if target.starts_with(&self.root) => {
                self.skip("link inside the folder".to_owned());
            }
            // A link to a folder elsewhere has no telling extension, but may have been meant.
            Ok(target) if target.is_dir() || self.is_image_name(relative) => self.problem(
                relative,
                "this is a link that leads out of the folder of images; put a copy in its place",
            ),
            Ok(_) => {}
            Err(_) => self.problem(
                relative,
                "this is a link that leads nowhere; remove it or put the image in its place",
            ),
        }
    }

    /// False for a name that no image has; it is then counted as skipped.
    fn is_image_name(&mut self, relative: &Path) -> bool {
        let Some(extension) = relative.extension() else {
            self.skip("no extension".to_owned());
            return false;
        };
        let extension = escape_part(extension).to_lowercase();
        let is_image = IMAGE_EXTENSIONS.contains(&extension.as_str());
        if !is_image {
            self.skip(format!(".{extension}"));
        }
        is_image
    }

    fn sorted_entries(&self, relative: &Path) -> std::io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.root.join(relative))? {
            let entry: DirEntry = entry?;
            let name = entry.file_name();
            if !name.as_encoded_bytes().starts_with(b".") {
                entries.push(Entry {
                    relative: relative.join(name),
                    kind: entry.file_type(),
                });
            }
        }
        entries.sort_unstable_by(|a, b| a.relative.cmp(&b.relative));
        Ok(entries)
    }

    fn skip(&mut self, kind: String) {
        *self.skipped.entry(kind).or_insert(0) += 1;
    }

    fn problem(&mut self, relative: &Path, reason: &str) {
        self.problems.push(FileProblem {
            file: display_path(relative),
            reason: reason.to_owned(),
        });
    }

    fn unreadable(&mut self, relative: &Path, error: std::io::Error) {
        let reason = file_error(error).to_string();
        self.problem(relative, &reason);
    }
}

/// A relative path as text, see [`FoundFile::display`].
pub fn display_path(relative: &Path) -> String {
    let parts: Vec<String> = relative
        .components()
        .map(|part| escape_part(part.as_os_str()))
        .collect();
    parts.join("/")
}

fn escape_part(part: &OsStr) -> String {
    let mut text = String::with_capacity(part.len());
    for chunk in part.as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

fn milliseconds_since_1970(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, b"x").unwrap();
        }
        folder
    }

    fn names(scan: &Scan) -> Vec<&str> {
        scan.files
            .iter()
            .map(|file| file.display.as_str())
            .collect()
    }

    #[test]
    fn finds_images_in_order_and_counts_the_rest() {
        let folder = folder(&[
            "b/scan.PNG",
            "b/a.jpeg",
            "a.tif",
            "a/scan.png",
            "labels.csv",
            "notes.txt",
            "more/NOTES.TXT",
            "README",
            ".hidden.png",
            ".autolabel/thumb.png",
        ]);
        let scan = scan(folder.path()).unwrap();
        assert_eq!(
            names(&scan),
            ["a/scan.png", "a.tif", "b/a.jpeg", "b/scan.PNG"]
        );
        assert_eq!(scan.files[0].bytes, 1);
        assert!(scan.files[0].modified_ms > 1_600_000_000_000);
        assert_eq!(scan.problems, []);
        let skipped: Vec<(&str, u64)> = scan
            .skipped
            .iter()
            .map(|s| (s.kind.as_str(), s.count))
            .collect();
        assert_eq!(skipped, [(".csv", 1), (".txt", 2), ("no extension", 1)]);
    }

    #[test]
    fn the_root_must_be_a_readable_folder() {
        let folder = folder(&["a.png"]);
        let missing = scan(&folder.path().join("none")).unwrap_err().to_string();
        assert!(
            missing.starts_with("the folder of images cannot be read"),
            "{missing}"
        );
        assert!(matches!(
            scan(&folder.path().join("a.png")),
            Err(ImageIoError::NotAFolder { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_never_followed() {
        use std::os::unix::fs::symlink;
        let outside = folder(&["secret.png", "dir/b.png"]);
        let folder = folder(&["a.png", "sub/b.png"]);
        symlink(folder.path(), folder.path().join("sub/loop")).unwrap();
        symlink(folder.path().join("a.png"), folder.path().join("same.png")).unwrap();
        symlink(
            outside.path().join("secret.png"),
            folder.path().join("out.png"),
        )
        .unwrap();
        symlink(outside.path().join("dir"), folder.path().join("outdir")).unwrap();
        symlink("nowhere.png", folder.path().join("broken.png")).unwrap();
        let scan = scan(folder.path()).unwrap();
        assert_eq!(names(&scan), ["a.png", "sub/b.png"]);
        let problems: Vec<&str> = scan.problems.iter().map(|p| p.file.as_str()).collect();
        assert_eq!(problems, ["broken.png", "out.png", "outdir"]);
        assert_eq!(scan.skipped.len(), 1);
        assert_eq!(scan.skipped[0].count, 2);
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8_are_readable_and_distinct() {
        use std::os::unix::ffi::OsStrExt;
        let folder = folder(&[]);
        let raw: [&[u8]; 3] = [b"caf\xe9.png", b"caf\xe8.png", b"caf\\xE9.png"];
        for name in raw {
            fs_err::write(folder.path().join(OsStr::from_bytes(name)), b"x").unwrap();
        }
        let scan = scan(folder.path()).unwrap();
        assert_eq!(
            names(&scan),
            ["caf\\\\xE9.png", "caf\\xE8.png", "caf\\xE9.png"]
        );
        for file in &scan.files {
            assert_eq!(
                fs_err::read(folder.path().join(&file.relative)).unwrap(),
                b"x"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_with_the_name_of_an_image_is_a_problem() {
        let folder = folder(&["a.png"]);
        let pipe = folder.path().join("pipe.png");
        let socket = std::os::unix::net::UnixListener::bind(&pipe);
        let scan = scan(folder.path()).unwrap();
        assert_eq!(names(&scan), ["a.png"]);
        if socket.is_ok() {
            assert_eq!(scan.problems[0].file, "pipe.png");
            assert!(scan.problems[0].reason.contains("not a regular file"));
        }
    }

    #[test]
    fn deep_folders_do_not_exhaust_the_stack() {
        let deep = format!("{}a.png", "d/".repeat(500));
        let folder = folder(&[&deep]);
        assert_eq!(names(&scan(folder.path()).unwrap()), [deep.as_str()]);
    }

    #[cfg(unix)]
    proptest! {
        #[test]
        fn different_names_have_different_texts(a in any::<Vec<u8>>(), b in any::<Vec<u8>>()) {
            use std::os::unix::ffi::OsStrExt;
            let text = |bytes: &[u8]| escape_part(OsStr::from_bytes(bytes));
            prop_assert_eq!(a == b, text(&a) == text(&b));
        }
    }
}
