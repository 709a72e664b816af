//! Names for class folders: every file system takes them, and no two classes or images share one.

use crate::record::{ExportHeader, LabelRecord};
use std::collections::HashSet;

/// Files that stand beside the class folders.
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const CERTIFICATE: &str = "certificate.json";

/// Longest file name in bytes; file systems stop at 255, and some add to a name themselves.
const LONGEST: usize = 200;

/// Hands out names. Of those given it keeps eight bytes each.
pub(crate) struct FolderNames {
    /// One for each class, in order.
    pub(crate) folders: Vec<String>,
    taken: HashSet<u64>,
}

impl FolderNames {
    pub(crate) fn new(header: &ExportHeader) -> Self {
        let mut folders: Vec<String> = vec![MANIFEST.to_owned(), CERTIFICATE.to_owned()];
        let beside = folders.len();
        let names = header.schema.classes.iter().map(|class| &class.name);
        for (class, position) in names.zip(1_u32..) {
            let plain = safe(shortened(class, LONGEST));
            let mut name = plain.clone();
            while folders
                .iter()
                .any(|f| f.to_lowercase() == name.to_lowercase())
            {
                name = format!("{plain}-{position}");
                if folders.contains(&name) {
                    name.push('_');
                }
            }
            folders.push(name);
        }
        Self {
            folders: folders.split_off(beside),
            taken: HashSet::new(),
        }
    }

    /// `class/file`. The folders of the file become part of its name, and a name that is taken, in
    /// whatever case, gets the number of the image.
    pub(crate) fn place(&mut self, record: &LabelRecord) -> String {
        let class = record.label.and_then(autolabel_annotation::Label::class);
        let folder = class.and_then(|class| self.folders.get(class.index()));
        let folder = folder.map_or("unknown", String::as_str);
        let parts: Vec<String> = record.file.split('/').map(safe).collect();
        let flat = parts.join("__");
        let (stem, extension) = match flat.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && extension.len() < 12 => {
                (stem, format!(".{extension}"))
            }
            _ => (flat.as_str(), String::new()),
        };
        let whole = stem.len() + extension.len() <= LONGEST;
        let mut number = (!whole).then(|| record.id.to_string());
        loop {
            let suffix = number
                .as_ref()
                .map_or_else(String::new, |n| format!("-{n}"));
            let stem = shortened(stem, LONGEST.saturating_sub(extension.len() + suffix.len()));
            let name = format!("{folder}/{stem}{suffix}{extension}");
            if self.taken.insert(key(&name)) {
                return name;
            }
            number = Some(match number {
                None => record.id.to_string(),
                Some(longer) => format!("{longer}_"),
            });
        }
    }
}

/// Two names with the same key are taken for the same; that costs one of them a longer name.
fn key(name: &str) -> u64 {
    let hash = blake3::hash(name.to_lowercase().as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

fn shortened(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A name that every file system takes: no separators, control characters or `<>:"|?*`, not `.` or
/// `..`, no dot or space at the end, no device of Windows.
fn safe(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| {
            if c.is_control() || r#"/\<>:"|?*"#.contains(c) {
                '_'
            } else {
                c
            }
        })
        .collect();
    let clean = clean.trim_start().trim_end_matches(['.', ' ']);
    let device = clean.split('.').next().unwrap_or_default().to_uppercase();
    let is_device = matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (device.len() == 4
            && (device.starts_with("COM") || device.starts_with("LPT"))
            && device.ends_with(|c: char| c.is_ascii_digit()));
    if clean.is_empty() || is_device {
        format!("_{clean}")
    } else {
        clean.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LabelSource;
    use autolabel_annotation::{ClassId, Label, LabelSchema};
    use proptest::prelude::*;

    fn record(id: u32, file: &str, class: u16) -> LabelRecord {
        LabelRecord {
            id,
            file: file.to_owned(),
            path: file.into(),
            width: 1,
            height: 1,
            drawing: None,
            label: Some(Label::Class(ClassId(class))),
            source: LabelSource::Expert,
            probability: None,
            reader: None,
            group: None,
        }
    }

    fn names(classes: &[&str]) -> FolderNames {
        FolderNames::new(&ExportHeader {
            project: "p".to_owned(),
            schema: LabelSchema::classification(classes.iter().copied()).unwrap(),
            program: "test".to_owned(),
        })
    }

    #[test]
    fn names_never_collide_and_never_leave_the_folder() {
        let mut names = names(&["a/b", "a:b", "..", "manifest.json", "a_b-2", "Nul.x"]);
        assert_eq!(
            names.folders,
            ["a_b", "a_b-2", "_", "manifest.json-4", "a_b-2-5", "_Nul.x"]
        );
        assert_eq!(names.place(&record(1, "x/y.png", 0)), "a_b/x__y.png");
        assert_eq!(names.place(&record(2, "x__Y.png", 0)), "a_b/x__Y-2.png");
        assert_eq!(names.place(&record(3, "x__y-4.png", 0)), "a_b/x__y-4.png");
        assert_eq!(names.place(&record(4, "X__y.png", 0)), "a_b/X__y-4_.png");
        assert_eq!(
            names.place(&record(5, "../../etc/passwd", 2)),
            "_/______etc__passwd"
        );
        assert_eq!(names.place(&record(6, ".png", 2)), "_/.png");
    }

    #[test]
    fn long_names_are_cut_and_keep_their_ending() {
        let mut names = names(&["a"]);
        let long = format!("{}.png", "ü".repeat(300));
        let first = names.place(&record(7, &long, 0));
        assert!(
            first.len() <= LONGEST + 2 && first.ends_with("-7.png"),
            "{first}"
        );
        assert_ne!(names.place(&record(8, &long, 0)), first);
    }

    proptest! {
        #[test]
        fn whatever_the_files_are_called_their_names_differ_in_every_case(
            files in proptest::collection::btree_set("[aA_./ -]{1,8}", 1..40),
        ) {
            let mut names = names(&["x"]);
            let mut seen = std::collections::BTreeSet::new();
            for (id, file) in (0_u32..).zip(&files) {
                let name = names.place(&record(id, file, 0));
                let inner = name.strip_prefix("x/").unwrap();
                prop_assert!(!inner.contains('/') && inner != "." && inner != ".." && !inner.is_empty());
                prop_assert!(seen.insert(name.to_lowercase()), "{name}");
            }
        }
    }
}
