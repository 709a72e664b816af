//! Where the library of ONNX Runtime may lie.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What the search looks at, taken from the process once and passed in.
#[derive(Clone, Debug, Default)]
pub(crate) struct SearchPlaces {
    /// `ORT_DYLIB_PATH`: a library, or a folder that holds one. When set, nothing else is tried.
    pub explicit: Option<OsString>,
    /// The running binary.
    pub executable: Option<PathBuf>,
    /// Roots of Python installations to try after the binary's own, such as `VIRTUAL_ENV`.
    pub python_prefixes: Vec<PathBuf>,
}

impl SearchPlaces {
    pub fn of_this_process() -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let mut python_prefixes: Vec<PathBuf> = Vec::new();
        python_prefixes.extend(variable("VIRTUAL_ENV").map(PathBuf::from));
        python_prefixes.extend(variable("HOME").map(|home| PathBuf::from(home).join(".local")));
        python_prefixes.extend(["/usr/local", "/usr"].map(PathBuf::from));
        Self {
            explicit: variable("ORT_DYLIB_PATH"),
            executable: std::env::current_exe().ok(),
            python_prefixes,
        }
    }
}

/// Libraries to try, the best first: the one named by the user alone; else those beside the
/// binary, in `lib` next to its folder, in the Python environment it is installed in, in the
/// `.setup/venv` of the source tree around it, in other Python installations, and at last the
/// names that the system's loader resolves.
pub(crate) fn library_candidates(places: &SearchPlaces) -> Vec<PathBuf> {
    if let Some(explicit) = &places.explicit {
        let path = PathBuf::from(explicit);
        return if path.is_dir() {
            libraries_in(&path)
        } else {
            vec![path]
        };
    }
    let mut found = Vec::new();
    if let Some(folder) = places.executable.as_deref().and_then(Path::parent) {
        found.extend(libraries_in(folder));
        if let Some(prefix) = folder.parent() {
            found.extend(libraries_in(&prefix.join("lib")));
            found.extend(libraries_of_python(prefix));
        }
        for root in folder.ancestors() {
            found.extend(libraries_of_python(&root.join(".setup").join("venv")));
        }
    }
    for prefix in &places.python_prefixes {
        found.extend(libraries_of_python(prefix));
    }
    found.extend(system_names().iter().map(PathBuf::from));
    found
}

fn system_names() -> &'static [&'static str] {
    if cfg!(windows) {
        &["onnxruntime.dll"]
    } else if cfg!(target_os = "macos") {
        &["libonnxruntime.dylib"]
    } else {
        &["libonnxruntime.so", "libonnxruntime.so.1"]
    }
}

/// Libraries of the package `onnxruntime` in a Python installation or environment.
fn libraries_of_python(prefix: &Path) -> Vec<PathBuf> {
    let mut folders = vec![prefix.join("Lib").join("site-packages")];
    for version in sorted_entries(&prefix.join("lib")) {
        if file_name(&version).starts_with("python3") {
            folders.push(version.join("site-packages"));
            folders.push(version.join("dist-packages"));
        }
    }
    folders
        .iter()
        .flat_map(|folder| libraries_in(&folder.join("onnxruntime").join("capi")))
        .collect()
}

/// Libraries of ONNX Runtime directly in `folder`, newest version first.
fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = sorted_entries(folder)
        .into_iter()
        .filter(|path| is_library_name(&file_name(path)))
        .collect();
    found.sort_by_key(|path| {
        let version = version_numbers(&file_name(path));
        std::cmp::Reverse((version, path.clone()))
    });
    found
}

fn is_library_name(name: &str) -> bool {
    if cfg!(windows) {
        return name.eq_ignore_ascii_case("onnxruntime.dll");
    }
    // The providers' libraries beside it are called libonnxruntime_providers_….
    let Some(rest) = name.strip_prefix("libonnxruntime.") else {
        return false;
    };
    if cfg!(target_os = "macos") {
        rest.ends_with("dylib")
    } else {
        rest == "so" || rest.starts_with("so.")
    }
}

/// The numbers in a file name, such as 1, 32, 0 in `libonnxruntime.so.1.32.0`.
pub(crate) fn version_numbers(name: &str) -> Vec<u32> {
    name.split('.')
        .filter_map(|part| part.parse().ok())
        .collect()
}

fn sorted_entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(OsStr::to_string_lossy)
        .unwrap_or_default()
        .into_owned()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn touch(root: &Path, relative: &str) -> PathBuf {
        let path = root.join(relative);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, "").unwrap();
        path
    }

    #[test]
    fn places_are_tried_in_the_documented_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let capi = "lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.24.1";
        let expected = [
            touch(root, "repo/target/debug/libonnxruntime.so.1.32.0"),
            touch(root, "repo/target/debug/libonnxruntime.so.1.9.0"),
            touch(root, "repo/target/lib/libonnxruntime.so"),
            touch(root, &format!("repo/target/{capi}")),
            touch(root, &format!("repo/.setup/venv/{capi}")),
            touch(root, &format!("home/{capi}")),
            PathBuf::from("libonnxruntime.so"),
            PathBuf::from("libonnxruntime.so.1"),
        ];
        touch(root, "repo/target/debug/libonnxruntime_providers_shared.so");
        let places = SearchPlaces {
            explicit: None,
            executable: Some(touch(root, "repo/target/debug/autolabel")),
            python_prefixes: vec![root.join("missing"), root.join("home")],
        };
        assert_eq!(library_candidates(&places), expected);
    }

    #[test]
    fn the_library_named_by_the_user_is_the_only_one_tried() {
        let folder = tempfile::tempdir().unwrap();
        let beside = touch(folder.path(), "libonnxruntime.so");
        let mut places = SearchPlaces {
            explicit: Some("/nowhere/libonnxruntime.so".into()),
            executable: Some(folder.path().join("autolabel")),
            python_prefixes: Vec::new(),
        };
        let named = PathBuf::from("/nowhere/libonnxruntime.so");
        assert_eq!(library_candidates(&places), [named]);
        places.explicit = Some(folder.path().into());
        assert_eq!(library_candidates(&places), [beside]);
    }
}
