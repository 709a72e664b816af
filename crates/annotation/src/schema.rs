//! The label schema of a project: its task and its classes with coded terms.

use crate::ClassId;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// What experts are asked to do with each image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One class an image.
    Classification,
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
    /// Classes; position = [`ClassId`].
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
    /// Two classes share a name.
    #[error("the class name '{name}' is used twice; rename one of the two")]
    DuplicateName {
        /// The name in question.
        name: String,
    },
    /// More classes than a [`ClassId`] can number.
    #[error("{count} classes are too many; the most a project can have is 65535")]
    TooMany {
        /// How many classes were given.
        count: usize,
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
        let classes = names
            .into_iter()
            .zip(PALETTE.iter().cycle())
            .map(|(name, color)| ClassDefinition {
                name: name.into().trim().to_owned(),
                color: (*color).to_owned(),
                term: None,
            })
            .collect();
        let schema = Self {
            task: Task::Classification,
            classes,
        };
        schema.validate()?;
        Ok(schema)
    }

    /// Checks the promises of the fields.
    ///
    /// # Errors
    /// See [`SchemaError`].
    pub fn validate(&self) -> Result<(), SchemaError> {
        if self.classes.len() > usize::from(u16::MAX) {
            return Err(SchemaError::TooMany {
                count: self.classes.len(),
            });
        }
        for (index, class) in self.classes.iter().enumerate() {
            if class.name.trim().is_empty() {
                return Err(SchemaError::EmptyName {
                    position: index + 1,
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
