//! A data set whose classes are grades: a table cannot say their order, so that people name it.

use crate::WorkflowError;
use crate::dataset::Dataset;
use autolabel_annotation::{ImageTask, Label, LabelSchema, Task};

impl Dataset {
    /// Takes the labels as grades, from the lowest to the highest as named. A grade that no image has may
    /// be named, and every label must be.
    ///
    /// # Errors
    /// Findings, a label that is not among the grades, or names that a schema cannot have.
    pub fn graded(mut self, grades: &[String]) -> Result<Self, WorkflowError> {
        let schema = LabelSchema::new(Task::Grades, grades.iter().cloned())?;
        let refuse = |problem: String| WorkflowError::Setting {
            name: "the grades",
            problem,
        };
        if !Task::from(self.task).has_one_class() {
            return Err(refuse(
                "the table has several findings an image; grades need one label an image"
                    .to_owned(),
            ));
        }
        let of_class = |name: &String| {
            schema.label_written(name).ok_or_else(|| {
                refuse(format!(
                    "the data set has the label '{name}', which is not among them; name every label, from the lowest to the highest"
                ))
            })
        };
        let renamed: Vec<Label> = self
            .class_names
            .iter()
            .map(of_class)
            .collect::<Result<_, _>>()?;
        for label in &mut self.truth {
            // `has_one_class`: every truth is a class of these names.
            if let Some(grade) = label.class().and_then(|class| renamed.get(class.index())) {
                *label = *grade;
            }
        }
        self.task = ImageTask::Grades;
        self.class_names = schema.classes.into_iter().map(|class| class.name).collect();
        Ok(self)
    }
}
