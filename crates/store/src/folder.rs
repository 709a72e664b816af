//! Where the parts of a project lie inside its folder.

use std::path::{Path, PathBuf};

/// What the names of files of embeddings begin with.
const EMBEDDINGS: &str = "embeddings-";

/// The folder of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFolder {
    /// The folder itself.
    pub root: PathBuf,
}

impl ProjectFolder {
    /// The project folder at this path.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("project.sqlite")
    }

    /// The file whose lock makes a process the one writer.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The secret key that signs certificates.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        self.root.join("signing.key")
    }

    /// Folder of the networks that were made for this project.
    #[must_use]
    pub fn networks(&self) -> PathBuf {
        self.root.join("networks")
    }

    /// The embeddings that a backbone made. Characters that do not belong in a file name become
    /// `-`.
    #[must_use]
    pub fn embeddings(&self, backbone_id: &str) -> PathBuf {
        let safe: String = backbone_id
            .chars()
            .map(|c| match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-' => c,
                _ => '-',
            })
            .collect();
        self.root.join(format!("{EMBEDDINGS}{safe}.f16"))
    }

    /// The embeddings that other backbones made.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn embeddings_but(&self, backbone_id: &str) -> std::io::Result<Vec<PathBuf>> {
        let present = self.embeddings(backbone_id);
        let mut others = Vec::new();
        for entry in fs_err::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_one = name.starts_with(EMBEDDINGS) && name.ends_with(".f16");
            if is_one && entry.path() != present {
                others.push(entry.path());
            }
        }
        Ok(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_embeddings_after_the_backbone_safely() {
        let folder = ProjectFolder::new(Path::new("p"));
        assert_eq!(
            folder.embeddings("../vit s:1"),
            Path::new("p/embeddings-..-vit-s-1.f16")
        );
    }

    #[test]
    fn finds_the_embeddings_of_other_backbones() {
        let root = tempfile::tempdir().unwrap();
        let folder = ProjectFolder::new(root.path());
        for file in [
            folder.embeddings("a"),
            folder.embeddings("b"),
            folder.lock(),
        ] {
            fs_err::write(file, "").unwrap();
        }
        let others = folder.embeddings_but("a").unwrap();
        assert_eq!(others, [folder.embeddings("b")]);
    }
}
