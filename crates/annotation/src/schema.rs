//! The label schema of a project: its task and its classes with coded terms.

use crate::{ClassId, FindingSet, Label};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// What experts are asked to do with each image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One class an image.
    Classification,
    /// Any number of findings an image, none included.
    Findings,
    /// One grade an image: the classes are a scale, from the lowest to the highest.
    Grades,
    /// Any number of boxes an image, each with a class.
    Detection,
    /// One class a pixel, or background.
    SemanticSegmentation,
    /// Any number of separate regions an image, each with a class.
    InstanceSegmentation,
}

/// A task that is answered for the image as a whole, with what a classifier can learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageTask {
    /// One class an image.
    Classification,
    /// Any number of findings an image, none included.
    Findings,
    /// One grade an image.
    Grades,
}

impl From<ImageTask> for Task {
    fn from(task: ImageTask) -> Self {
        match task {
            ImageTask::Classification => Self::Classification,
            ImageTask::Findings => Self::Findings,
            ImageTask::Grades => Self::Grades,
        }
    }
}

impl Task {
    /// The task, where it is answered for the image as a whole; `None` where shapes are drawn.
    #[must_use]
    pub const fn of_image(self) -> Option<ImageTask> {
        match self {
            Self::Classification => Some(ImageTask::Classification),
            Self::Findings => Some(ImageTask::Findings),
            Self::Grades => Some(ImageTask::Grades),
            Self::Detection | Self::SemanticSegmentation | Self::InstanceSegmentation => None,
        }
    }

    /// Whether an answer is a drawing.
    #[must_use]
    pub const fn is_drawn(self) -> bool {
        self.of_image().is_none()
    }

    /// How many of its classes an answer may name.
    const fn most_classes(self) -> usize {
        match self {
            Self::Classification => u16::MAX as usize,
            Self::Findings | Self::Grades => FindingSet::MOST,
            Self::Detection | Self::SemanticSegmentation | Self::InstanceSegmentation => 255,
        }
    }

    /// How many classes it takes to tell anything apart.
    #[must_use]
    pub const fn least_classes(self) -> usize {
        match self {
            Self::Classification | Self::Grades => 2,
            Self::Findings
            | Self::Detection
            | Self::SemanticSegmentation
            | Self::InstanceSegmentation => 1,
        }
    }

    /// The task in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Classification => "one class an image",
            Self::Findings => "any number of findings an image",
            Self::Grades => "one grade an image",
            Self::Detection => "boxes",
            Self::SemanticSegmentation => "one class a pixel",
            Self::InstanceSegmentation => "separate regions",
        }
    }

    /// Whether an answer names exactly one class.
    #[must_use]
    pub const fn has_one_class(self) -> bool {
        matches!(self, Self::Classification | Self::Grades)
    }
}

/// A term of a coding scheme, as DICOM writes it (PS3.3 section 8.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodedTerm {
    /// Coding scheme designator, for example `SCT` or `RADLEX`.
    pub scheme: String,
    /// Code value in that scheme.
    pub code: String,
    /// Human-readable meaning of the code.
    pub meaning: String,
}

/// One class that an expert can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassDefinition {
    /// Name as people read it; unique in the schema, never empty.
    pub name: String,
    /// Colour as `#rrggbb`.
    pub color: String,
    /// Coded term, where the project has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<CodedTerm>,
}

/// The task and the classes of a project, in the order of their digit keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LabelSchema {
    /// What experts are asked to do.
    pub task: Task,
    /// Classes, grades from the lowest to the highest; position = [`ClassId`].
    pub classes: Vec<ClassDefinition>,
}

/// Why a label schema is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SchemaError {
    /// A class name is empty.
    #[error("class number {position} has no name; give every class a name")]
    EmptyName {
        /// One-based position of the class.
        position: usize,
    },
    /// A finding whose name would say something else in a table.
    #[error(
        "a finding cannot be named '{name}': tables write '{SEPARATOR}' between findings and '{NO_FINDING}' where there are none; rename it"
    )]
    Reserved {
        /// The name in question.
        name: String,
    },
    /// Two classes share a name.
    #[error("the class name '{name}' is used twice; rename one of the two")]
    DuplicateName {
        /// The name in question.
        name: String,
    },
    /// More classes than a [`ClassId`] can number.
    #[error("{count} classes are too many; the most a project with {} can have is {most}", task.in_words())]
    TooMany {
        /// How many classes were given.
        count: usize,
        /// How many there may be.
        most: usize,
        /// Of which task.
        task: Task,
    },
}

/// Okabe and Ito's colour-blind-safe palette (2008), without black, brightened for a dark screen.
const PALETTE: [&str; 8] = [
    "#56b4e9", "#e69f00", "#2fbf8f", "#f0e442", "#4f8fd6", "#e8743b", "#d98cbf", "#b9c0c8",
];

impl LabelSchema {
    /// A classification schema with these class names, in this order, coloured from a
    /// colour-blind-safe palette.
    ///
    /// # Errors
    /// An empty or repeated name, or more than 65535 classes.
    pub fn classification<S: Into<String>>(
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self, SchemaError> {
        Self::new(Task::Classification, names)
    }

    /// A schema of a task with these class names, in this order, coloured from a colour-blind-safe
    /// palette, grades by [`grade_color`](crate::grade_color).
    ///
    /// # Errors
    /// An empty or repeated name, or more classes than the task can have.
    pub fn new<S: Into<String>>(
        task: Task,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self, SchemaError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let count = names.len();
        let color = |index: usize| match task {
            Task::Grades => crate::grade_color(index, count),
            _ => PALETTE[index % PALETTE.len()].to_owned(),
        };
        let classes = names
            .iter()
            .enumerate()
            .map(|(index, name)| ClassDefinition {
                name: name.trim().to_owned(),
                color: color(index),
                term: None,
            })
            .collect();
        let schema = Self { task, classes };
        schema.validate()?;
        Ok(schema)
    }

    /// Checks the promises of the fields.
    ///
    /// # Errors
    /// See [`SchemaError`].
    pub fn validate(&self) -> Result<(), SchemaError> {
        let most = self.task.most_classes();
        if self.classes.len() > most {
            return Err(SchemaError::TooMany {
                count: self.classes.len(),
                most,
                task: self.task,
            });
        }
        for (index, class) in self.classes.iter().enumerate() {
            if class.name.trim().is_empty() {
                return Err(SchemaError::EmptyName {
                    position: index + 1,
                });
            }
            let is_one = names_in(&class.name).eq([class.name.as_str()]);
            if self.task == Task::Findings && !is_one {
                return Err(SchemaError::Reserved {
                    name: class.name.clone(),
                });
            }
            if self.classes[..index].iter().any(|c| c.name == class.name) {
                return Err(SchemaError::DuplicateName {
                    name: class.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// The class of this name.
    #[must_use]
    pub fn class_named(&self, name: &str) -> Option<ClassId> {
        let index = self.classes.iter().position(|c| c.name == name)?;
        u16::try_from(index).ok().map(ClassId)
    }

    /// The name of a class, or `None` where the schema has no such class.
    #[must_use]
    pub fn name_of(&self, class: ClassId) -> Option<&str> {
        self.classes.get(class.index()).map(|c| c.name.as_str())
    }

    /// Whether the label is one of this task and names only classes of the schema.
    #[must_use]
    pub fn allows(&self, label: Label) -> bool {
        let of_the_task = match (self.task, label) {
            (Task::Classification | Task::Grades, Label::Class(_))
            | (Task::Findings, Label::Findings(_)) => true,
            (task, Label::Drawn { .. }) => task.is_drawn(),
            (_, Label::Class(_) | Label::Findings(_)) => false,
        };
        of_the_task
            && label
                .named()
                .all(|class| class.index() < self.classes.len())
    }

    /// The label that a cell of a table names, its case as people please: a class, or findings with `|`
    /// between them; nothing or [`NO_FINDING`] where there are none.
    #[must_use]
    pub fn label_written(&self, cell: &str) -> Option<Label> {
        let named = |name: &str| {
            self.class_named(name).or_else(|| {
                let same = |c: &ClassDefinition| c.name.eq_ignore_ascii_case(name);
                let index = self.classes.iter().position(same)?;
                u16::try_from(index).ok().map(ClassId)
            })
        };
        match self.task {
            Task::Classification | Task::Grades => named(cell.trim()).map(Label::Class),
            Task::Findings => {
                let present: Option<Vec<ClassId>> = names_in(cell).map(named).collect();
                FindingSet::of(present?).map(Label::Findings)
            }
            // Nothing that fits a cell.
            Task::Detection | Task::SemanticSegmentation | Task::InstanceSegmentation => None,
        }
    }

    /// The label as a cell of a table, which [`Self::label_written`] reads.
    #[must_use]
    pub fn cell(&self, label: Label) -> String {
        self.joined(label, &SEPARATOR.to_string())
    }

    /// The label in words: a class, or findings with commas, or [`NO_FINDING`].
    #[must_use]
    pub fn in_words(&self, label: Label) -> String {
        self.joined(label, ", ")
    }

    fn joined(&self, label: Label, separator: &str) -> String {
        if label == Label::Findings(FindingSet::NONE) {
            return NO_FINDING.to_owned();
        }
        if let Label::Drawn { drawing } = label {
            return format!("drawing {}", drawing.0);
        }
        let names: Vec<&str> = label
            .named()
            .map(|class| self.name_of(class).unwrap_or("?"))
            .collect();
        names.join(separator)
    }
}

/// What stands between findings in a cell of a table, as in ChestX-ray14.
pub const SEPARATOR: char = '|';

/// The findings that a cell of a table names; none where it says so.
pub fn names_in(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(SEPARATOR)
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(NO_FINDING))
}

/// How people and tables write that an image shows none of the findings.
pub const NO_FINDING: &str = "no finding";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_allows_the_labels_of_its_task() {
        let schema = LabelSchema::new(Task::Findings, ["effusion", "nodule"]).unwrap();
        let found = |numbers: &[u16]| {
            Label::Findings(FindingSet::of(numbers.iter().copied().map(ClassId)).unwrap())
        };
        assert!(schema.allows(found(&[])) && schema.allows(found(&[0, 1])));
        assert!(!schema.allows(found(&[2])) && !schema.allows(Label::Class(ClassId(0))));
        assert_eq!(schema.in_words(found(&[0, 1])), "effusion, nodule");
        assert_eq!(schema.in_words(found(&[])), NO_FINDING);
        assert_eq!(schema.label_written("No Finding"), Some(found(&[])));
        assert_eq!(
            schema.label_written("Nodule| effusion"),
            Some(found(&[0, 1]))
        );
        assert_eq!(schema.label_written("nodule|mass"), None);
        for label in [found(&[]), found(&[1]), found(&[0, 1])] {
            assert_eq!(schema.label_written(&schema.cell(label)), Some(label));
        }
        for name in ["a|b", "No finding"] {
            let refused = LabelSchema::new(Task::Findings, [name]).unwrap_err();
            assert_eq!(refused, SchemaError::Reserved { name: name.into() });
        }
        let names = (0..61).map(|n| n.to_string());
        let refused = LabelSchema::new(Task::Findings, names).unwrap_err();
        assert!(refused.to_string().contains("can have is 60"), "{refused}");
    }

    #[test]
    fn grades_are_answered_with_one_class() {
        let schema = LabelSchema::new(Task::Grades, ["none", "mild", "severe"]).unwrap();
        assert!(schema.allows(Label::Class(ClassId(2))));
        assert!(!schema.allows(Label::Class(ClassId(3))));
        assert!(!schema.allows(Label::Findings(FindingSet::NONE)));
        assert_eq!(
            schema.label_written(" Mild"),
            Some(Label::Class(ClassId(1)))
        );
        let json = serde_json::to_string(&schema).unwrap();
        assert!(json.starts_with(r#"{"task":"grades""#), "{json}");
    }

    #[test]
    fn refuses_repeated_and_empty_names() {
        assert_eq!(
            LabelSchema::classification(["a", "a"]),
            Err(SchemaError::DuplicateName { name: "a".into() })
        );
        assert_eq!(
            LabelSchema::classification(["a", "  "]),
            Err(SchemaError::EmptyName { position: 2 })
        );
    }

    #[test]
    fn finds_classes_by_name_and_back() {
        let schema = LabelSchema::classification(["normal", "pneumonia"]).unwrap();
        let class = schema.class_named("pneumonia").unwrap();
        assert_eq!(schema.name_of(class), Some("pneumonia"));
        assert_eq!(schema.class_named("covid"), None);
    }
}
