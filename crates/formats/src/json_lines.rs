//! JSON Lines: one object an image.

use crate::FormatError;
use crate::export::Written;
use crate::record::{ExportHeader, LabelRecord};
use autolabel_annotation::{DrawnShape, Mask, Task};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Line<'a> {
    id: u32,
    file: &'a str,
    /// For one class an image; `null` where there is no label.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Option<&'a str>>,
    /// For findings; `null` where there is no label.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Option<Vec<&'a str>>>,
    /// For drawings, classes as positions in the schema; `null` where there is no label.
    #[serde(skip_serializing_if = "Option::is_none")]
    shapes: Option<Option<&'a [DrawnShape]>>,
    /// Pixels about which the drawing says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<&'a Mask>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    width: u32,
    height: u32,
}

pub(crate) fn write(
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    out: &mut dyn Write,
) -> Result<Written, FormatError> {
    let task = header.schema.task;
    let mut written = Written::default();
    for record in records {
        let names = header.names(&record);
        let line = Line {
            id: record.id,
            file: &record.file,
            label: task
                .has_one_class()
                .then(|| names.as_ref().and_then(|names| names.first().copied())),
            labels: (task == Task::Findings).then(|| names.clone()),
            shapes: task.is_drawn().then(|| {
                record
                    .drawing
                    .as_ref()
                    .map(|drawing| drawing.shapes.as_slice())
            }),
            ignored: record.drawing.as_ref().and_then(|d| d.ignored.as_ref()),
            source: record.source.word(),
            probability: record.short_probability(),
            reader: record.reader.as_deref(),
            group: record.group.as_deref(),
            width: record.width,
            height: record.height,
        };
        serde_json::to_writer(&mut *out, &line).map_err(|e| FormatError::write(e.into()))?;
        out.write_all(b"\n").map_err(FormatError::write)?;
        written.count(&record);
    }
    out.flush().map_err(FormatError::write)?;
    Ok(written)
}
