//! Images and answers by the names that people type.

use anyhow::{Context, bail};
use autolabel_annotation::{Answer, ImageId, LabelSchema, NO_FINDING, SEPARATOR, Task};
use autolabel_workflow::Project;
use autolabel_workflow::view::ImageFilter;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Images of one page while the names are read.
const PAGE: u64 = 1000;
/// What people type for an image that cannot be read.
const UNREADABLE: &str = "unreadable";

/// The images of a project by their file names.
pub struct ImageNames {
    by_file: BTreeMap<String, ImageId>,
}

impl ImageNames {
    /// Reads the names of a project.
    pub async fn of(project: &Project) -> anyhow::Result<Self> {
        let filter = ImageFilter::default();
        let mut by_file = BTreeMap::new();
        loop {
            let page = project.images(&filter, by_file.len() as u64, PAGE).await?;
            if page.images.is_empty() {
                return Ok(Self { by_file });
            }
            by_file.extend(page.images.into_iter().map(|image| (image.file, image.id)));
        }
    }

    /// The image of this name: its path below the image folder, or `#` and its number.
    pub fn find(&self, name: &str) -> anyhow::Result<ImageId> {
        let tidy = name.strip_prefix("./").unwrap_or(name);
        if let Some(&id) = self.by_file.get(tidy) {
            return Ok(id);
        }
        let number = tidy
            .strip_prefix('#')
            .and_then(|n| n.parse().ok())
            .map(ImageId);
        number
            .filter(|n| n.row() < self.by_file.len())
            .with_context(|| {
                format!(
                    "the project has no image '{name}'; name it by its path below the image folder"
                )
            })
    }
}

/// The answer that a class name means, or names of findings with `|` between them.
pub fn answer_named(schema: &LabelSchema, name: &str) -> anyhow::Result<Answer> {
    let is_known = schema.class_named(name).is_some();
    if name == UNREADABLE && !is_known {
        return Ok(Answer::Unreadable);
    }
    if let Some(label) = schema.label_written(name) {
        return Ok(Answer::from(label));
    }
    let known: Vec<&str> = schema.classes.iter().map(|c| c.name.as_str()).collect();
    let known = known.join(", ");
    match schema.task {
        Task::Detection | Task::SemanticSegmentation | Task::InstanceSegmentation => bail!(
            "this project asks for {}, which cannot be named in words; draw them in the browser, or answer '{UNREADABLE}' for images that cannot be read",
            schema.task.in_words()
        ),
        Task::Classification => bail!(
            "the project has no class '{name}'; it has {known}, and '{UNREADABLE}' for images that cannot be read"
        ),
        Task::Grades => bail!(
            "the project has no grade '{name}'; it has {known}, from the lowest to the highest, and '{UNREADABLE}' for images that cannot be read"
        ),
        Task::Findings => bail!(
            "the project does not know all findings of '{name}'; it has {known}, to be written with '{SEPARATOR}' between them, '{NO_FINDING}', and '{UNREADABLE}' for images that cannot be read"
        ),
    }
}

/// An idempotency key that no other answer has.
pub fn new_key() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    format!("cli-{}-{nanos}-{count}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::ClassId;

    #[test]
    fn images_are_found_by_file_or_number() {
        let by_file = BTreeMap::from([
            ("a/1.png".to_owned(), ImageId(0)),
            ("#1".to_owned(), ImageId(1)),
        ]);
        let names = ImageNames { by_file };
        assert_eq!(names.find("./a/1.png").unwrap(), ImageId(0));
        assert_eq!(names.find("#0").unwrap(), ImageId(0));
        assert_eq!(names.find("#1").unwrap(), ImageId(1));
        assert!(names.find("#2").is_err());
        assert!(names.find("1.png").is_err());
    }

    #[test]
    fn a_class_may_be_called_unreadable() {
        let plain = LabelSchema::classification(["normal"]).unwrap();
        let odd = LabelSchema::classification(["unreadable"]).unwrap();
        assert_eq!(
            answer_named(&plain, "unreadable").unwrap(),
            Answer::Unreadable
        );
        assert_eq!(
            answer_named(&odd, "unreadable").unwrap(),
            Answer::Class { class: ClassId(0) }
        );
        let message = answer_named(&plain, "nromal").unwrap_err().to_string();
        assert!(message.contains("it has normal"), "{message}");
    }

    #[test]
    fn findings_are_named_together() {
        let schema = LabelSchema::new(Task::Findings, ["effusion", "nodule"]).unwrap();
        let bits = |name: &str| match answer_named(&schema, name).unwrap() {
            Answer::Findings { present } => Some(present.bits()),
            _ => None,
        };
        assert_eq!(bits("nodule|effusion"), Some(3));
        assert_eq!(bits("no finding"), Some(0));
        assert_eq!(bits("unreadable"), None);
        let message = answer_named(&schema, "mass|nodule")
            .unwrap_err()
            .to_string();
        assert!(message.contains("effusion, nodule"), "{message}");
    }

    #[test]
    fn keys_differ() {
        assert_ne!(new_key(), new_key());
    }
}
