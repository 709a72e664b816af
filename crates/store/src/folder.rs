//! Where the parts of a project lie inside its folder.

use std::path::{Path, PathBuf};

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
        self.root.join(format!("embeddings-{safe}.f16"))
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
}
