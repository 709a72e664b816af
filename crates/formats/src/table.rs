//! CSV as RFC 4180 has it: one row an image, with the header that [`crate::read_label_table`] reads
//! back.
//!
//! A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a
//! carriage return) is defused: a file name gets `./` in front, which names the same file, and other
//! text an apostrophe, as OWASP advises. Reading takes both away again.

use crate::FormatError;
use crate::export::Written;
use crate::record::{ExportHeader, LabelRecord};
use std::io::Write;

/// Columns, in order.
const COLUMNS: [&str; 9] = [
    "file",
    "label",
    "source",
    "probability",
    "reader",
    "group",
    "width",
    "height",
    "id",
];

pub(crate) fn write(
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    out: &mut dyn Write,
) -> Result<Written, FormatError> {
    let mut written = Written::default();
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    csv.write_record(COLUMNS).map_err(csv_error)?;
    for record in records {
        let cell = record.label.map(|label| header.schema.cell(label));
        csv.write_record([
            guarded("./", &record.file),
            guarded("'", cell.as_deref().unwrap_or_default()),
            record.source.word().to_owned(),
            record
                .short_probability()
                .map_or_else(String::new, |p| p.to_string()),
            guarded("'", record.reader.as_deref().unwrap_or_default()),
            guarded("'", record.group.as_deref().unwrap_or_default()),
            record.width.to_string(),
            record.height.to_string(),
            record.id.to_string(),
        ])
        .map_err(csv_error)?;
        written.count(&record);
    }
    csv.flush().map_err(FormatError::write)?;
    Ok(written)
}

fn guarded(guard: &str, cell: &str) -> String {
    if is_formula(cell) {
        format!("{guard}{cell}")
    } else {
        cell.to_owned()
    }
}

/// Whether a spreadsheet would compute this cell.
pub(crate) fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Keeps the system's own error, by whose kind a full disk is known.
fn csv_error(error: csv::Error) -> FormatError {
    FormatError::write(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    })
}
