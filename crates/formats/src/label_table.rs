//! Labels that come with a data set: a CSV with a header, `file` and, as wanted, `label`, `group`,
//! `split`, `source`, `series` with `slice`, and columns of one's own.
//!
//! Read as people write it: comma, semicolon or tab, with or without a byte-order mark, any line end,
//! quotes as in RFC 4180, column names in any case. A row that cannot be used is a problem with its
//! line number, never the end of the import.

use crate::FormatError;
use crate::table::is_formula;
use autolabel_annotation::Slice;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// One usable row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelRow {
    /// Line in the file, the header is line 1.
    pub line: u64,
    /// File below the image folder, `/`-separated.
    pub file: String,
    /// Class name.
    pub label: Option<String>,
    /// Patient, slide or video; the series, where no group is given.
    pub group: Option<String>,
    /// For example `pool` or `test`.
    pub split: Option<String>,
    /// Where the image comes from.
    pub source: Option<String>,
    /// The series that it is a slice of, and its place in it.
    pub slice: Option<Slice>,
    /// All other columns by name, empty cells left out.
    pub extra: BTreeMap<String, String>,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProblem {
    /// Line in the file.
    pub line: u64,
    /// The file it names, where it names one.
    pub file: Option<String>,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for TableProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// A table of labels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelTable {
    /// Usable rows in the order of the file; every `file` once.
    pub rows: Vec<LabelRow>,
    /// Rows that could not be used.
    pub problems: Vec<TableProblem>,
}

/// Reads a table of labels from a file.
///
/// # Errors
/// The file cannot be read, is not UTF-8 text, or has no `file` column.
pub fn read_label_table(path: &Path) -> Result<LabelTable, FormatError> {
    let bytes = fs_err::read(path).map_err(|error| FormatError::Read { error })?;
    parse_label_table(&bytes)
}

/// Reads a table of labels.
///
/// # Errors
/// The bytes are not UTF-8 text or there is no `file` column.
pub fn parse_label_table(bytes: &[u8]) -> Result<LabelTable, FormatError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| FormatError::NotText {
        line: 1 + bytes[..error.valid_up_to()]
            .iter()
            .filter(|b| **b == b'\n')
            .count() as u64,
    })?;
    let delimiter = delimiter(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers: Vec<String> = reader
        .headers()
        .map_err(|error| FormatError::Table {
            reason: error.to_string(),
        })?
        .iter()
        .map(str::to_lowercase)
        .collect();
    if !headers.iter().any(|name| name == "file") {
        return Err(FormatError::NoFileColumn {
            found: headers.join(", "),
        });
    }
    if let Some(name) = repeated(&headers) {
        return Err(FormatError::RepeatedColumn { name });
    }
    let mut table = LabelTable::default();
    let mut first_line: BTreeMap<String, usize> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                table.problems.push(TableProblem {
                    line: error.position().map_or(0, csv::Position::line),
                    file: None,
                    reason: format!("The row cannot be read ({error}); correct its quotes."),
                });
                continue;
            }
        };
        // Spreadsheets leave rows and cells behind that look empty.
        let filled = (1..).zip(&record).filter(|(_, cell)| !cell.is_empty());
        let cells = match filled.map(|(number, _)| number).last() {
            None => continue,
            Some(last) => record.len().min(last.max(headers.len())),
        };
        let row = row(&headers, &record, line_of(text, &record));
        add(&mut table, &mut first_line, row, cells, headers.len());
    }
    Ok(table)
}

/// The separator that the header line has most of; a comma where it has none.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |byte: u8| header.bytes().filter(|b| *b == byte).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|byte| count(*byte))
        .unwrap_or(b',')
}

/// A column name that stands twice; columns without a name do not count.
fn repeated(headers: &[String]) -> Option<String> {
    let mut names: Vec<&String> = headers.iter().filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    let pair = names.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(pair[0].clone())
}

/// The line a record stands in. The parser's position is where it began to look, before the rest of the
/// last line end and any blank lines.
fn line_of(text: &str, record: &csv::StringRecord) -> u64 {
    let Some(position) = record.position() else {
        return 0;
    };
    let before = text
        .as_bytes()
        .get(position.byte() as usize..)
        .unwrap_or_default();
    let skipped = before
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + skipped.filter(|byte| **byte == b'\n').count() as u64
}

fn row(headers: &[String], record: &csv::StringRecord, line: u64) -> LabelRow {
    let mut row = LabelRow {
        line,
        ..LabelRow::default()
    };
    for (name, value) in headers
        .iter()
        .zip(record)
        .filter(|(_, value)| !value.is_empty())
    {
        let value = match value.strip_prefix('\'') {
            Some(text) if is_formula(text) => text.to_owned(),
            _ => value.to_owned(),
        };
        match name.as_str() {
            "file" => row.file = normalised(&value),
            "label" => row.label = Some(value),
            "group" => row.group = Some(value),
            "split" => row.split = Some(value),
            "source" => row.source = Some(value),
            _ => {
                row.extra.insert(name.clone(), value);
            }
        }
    }
    row
}

/// The place in a series, taken out of the columns `series` and `slice`; either of them alone is a column
/// of one's own. Slices of a series belong together.
fn take_slice(row: &mut LabelRow) -> Result<(), String> {
    let (Some(series), Some(slice)) = (row.extra.get("series"), row.extra.get("slice")) else {
        return Ok(());
    };
    let position = slice.parse::<f64>().ok().filter(|at| at.is_finite());
    let position = position.ok_or_else(|| {
        format!(
            "The slice '{slice}' is not a number; give its number or millimetres along the series."
        )
    })?;
    row.group.get_or_insert_with(|| series.clone());
    row.extra.remove("slice");
    row.slice = row
        .extra
        .remove("series")
        .map(|series| Slice { series, position });
    Ok(())
}

/// Paths as people write them on any system, in the form the scan gives.
fn normalised(file: &str) -> String {
    let file = file.replace('\\', "/");
    file.strip_prefix("./").unwrap_or(&file).to_owned()
}

fn add(
    table: &mut LabelTable,
    first_line: &mut BTreeMap<String, usize>,
    mut row: LabelRow,
    cells: usize,
    columns: usize,
) {
    let (line, file) = (row.line, row.file.clone());
    let mut problem = |reason: String| {
        table.problems.push(TableProblem {
            line,
            file: (!file.is_empty()).then(|| file.clone()),
            reason,
        });
    };
    if row.file.is_empty() {
        problem("The row names no file; fill in the column 'file' or remove the row.".to_owned());
        return;
    }
    if cells != columns {
        problem(format!(
            "The row has {cells} cells but the header has {columns}; check the separators."
        ));
        return;
    }
    if let Err(reason) = take_slice(&mut row) {
        problem(reason);
        return;
    }
    if let Some(&first) = first_line.get(&row.file) {
        let earlier = &table.rows[first];
        let differs = earlier.label != row.label
            || earlier.group != row.group
            || earlier.split != row.split
            || earlier.slice != row.slice;
        if differs {
            let line = earlier.line;
            problem(format!(
                "The file stands in line {line} already with other values; line {line} is used, remove one of the two."
            ));
        }
        return;
    }
    first_line.insert(row.file.clone(), table.rows.len());
    table.rows.push(row);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let text = "\u{feff}File;Label;Group;Age\r\n.\\a\\x.png;normal;p1;70\r\n\"b;c.png\";\"a \"\"b\"\"\";;\r\n";
        let table = parse_label_table(text.as_bytes()).unwrap();
        assert!(table.problems.is_empty(), "{:?}", table.problems);
        assert_eq!(table.rows[0].file, "a/x.png");
        assert_eq!(table.rows[0].group.as_deref(), Some("p1"));
        assert_eq!(table.rows[0].extra["age"], "70");
        assert_eq!(table.rows[1].file, "b;c.png");
        assert_eq!(table.rows[1].label.as_deref(), Some("a \"b\""));
        assert_eq!(table.rows[1].group, None);
    }

    #[test]
    fn slices_have_a_place_in_their_series() {
        let text =
            "file,series,slice,group\na.png,t1,3,\nb.png,t1,4.5,p1\nc.png,t1,five,\nd.png,,,\n";
        let table = parse_label_table(text.as_bytes()).unwrap();
        let place = |row: usize| {
            table.rows[row]
                .slice
                .as_ref()
                .map(|s| (s.series.as_str(), s.position))
        };
        assert_eq!(
            [place(0), place(1), place(2)],
            [Some(("t1", 3.0)), Some(("t1", 4.5)), None]
        );
        let groups: Vec<Option<&str>> = table.rows.iter().map(|row| row.group.as_deref()).collect();
        assert_eq!(groups, [Some("t1"), Some("p1"), None]);
        assert_eq!(
            table.problems[0].to_string(),
            "line 4: The slice 'five' is not a number; give its number or millimetres along the series."
        );
        // Alone, either column is one of one's own.
        let table = parse_label_table(b"file,series\na.png,t1\n").unwrap();
        assert_eq!(
            (&table.rows[0].slice, table.rows[0].extra["series"].as_str()),
            (&None, "t1")
        );
    }

    #[test]
    fn a_conflict_is_a_problem_and_a_repetition_is_not() {
        let text = "file,label\na.png,x\na.png,x\na.png,y\n";
        let table = parse_label_table(text.as_bytes()).unwrap();
        assert_eq!(table.rows.len(), 1);
        assert_eq!(table.problems.len(), 1);
        assert!(
            table.problems[0]
                .to_string()
                .starts_with("line 4: The file stands in line 2")
        );
    }

    #[test]
    fn rows_that_do_not_fit_say_their_line() {
        let text = "file,label\n,x\na.png\nb.png,y\n";
        let table = parse_label_table(text.as_bytes()).unwrap();
        assert_eq!(table.rows.len(), 1);
        let lines: Vec<u64> = table.problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, vec![2, 3]);
    }

    #[test]
    fn what_spreadsheets_leave_behind_is_passed_over() {
        let text = "file,label,,\na.png,x,,\n,,,\n\nb.png,'=y\n./=c.png,'quoted,,,\n";
        let table = parse_label_table(text.as_bytes()).unwrap();
        let files: Vec<&str> = table.rows.iter().map(|row| row.file.as_str()).collect();
        assert_eq!(files, ["a.png", "=c.png"]);
        assert_eq!(table.rows[1].label.as_deref(), Some("'quoted"));
        assert_eq!(table.rows[0].extra.len(), 0);
        let lines: Vec<u64> = table.problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [5], "two cells of four: {:?}", table.problems);
        let windows = parse_label_table(text.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(windows, table);
    }

    #[test]
    fn a_column_that_stands_twice_is_refused() {
        let error = parse_label_table(b"file,label,Label\na.png,x,y\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("'label' stands twice"), "{error}");
    }

    #[test]
    fn a_missing_header_is_one_sentence() {
        let error = parse_label_table(b"a.png,normal\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("no column 'file'"), "{error}");
        assert!(
            parse_label_table(b"file,label\n\xff\xfe,x\n")
                .unwrap_err()
                .to_string()
                .contains("line 2")
        );
    }
}
