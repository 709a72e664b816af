//! Columns of a table of labels by which a simulation reports accuracy.

use autolabel_formats::LabelRow;

/// Their names, in the order in which they are reported.
pub(crate) const REPORTED_COLUMNS: [&str; 2] = ["source", "population"];

/// A column of the table of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetColumn {
    /// `source` or `population`.
    pub name: String,
    /// Its values in rising order, each once.
    pub values: Vec<String>,
    /// For each file the position of its value; `None` for an empty cell.
    pub value_of: Vec<Option<u16>>,
}

/// The cells of one row.
pub(crate) fn reported_cells(row: &LabelRow) -> [Option<String>; REPORTED_COLUMNS.len()] {
    [row.source.clone(), row.extra.get("population").cloned()]
}

/// The columns that at least one file has a value for. Columns with more values than a 16-bit number
/// names (one a file, say) are no groups and are left out.
pub(crate) fn dataset_columns<'a>(
    files: &(impl Iterator<Item = &'a [Option<String>; REPORTED_COLUMNS.len()]> + Clone),
) -> Vec<DatasetColumn> {
    let mut columns = Vec::new();
    for (number, name) in REPORTED_COLUMNS.into_iter().enumerate() {
        let mut values: Vec<String> = files.clone().filter_map(|c| c[number].clone()).collect();
        values.sort();
        values.dedup();
        if values.is_empty() || values.len() > usize::from(u16::MAX) {
            continue;
        }
        let value_of = files
            .clone()
            .map(|cells| {
                let position = values.binary_search(cells[number].as_ref()?).ok()?;
                u16::try_from(position).ok()
            })
            .collect();
        columns.push(DatasetColumn {
            name: name.to_owned(),
            values,
            value_of,
        });
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_and_empty_columns_left_out() {
        let cells = |source: Option<&str>| [source.map(str::to_owned), None];
        let files = [cells(Some("nih")), cells(None), cells(Some("kermany"))];
        let columns = dataset_columns(&files.iter());
        assert_eq!(columns.len(), 1);
        assert_eq!(columns[0].values, ["kermany", "nih"]);
        assert_eq!(columns[0].value_of, [Some(1), None, Some(0)]);
    }
}
