//! The label tables of the shared data sets.

use autolabel_formats::read_label_table;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn shared() -> PathBuf {
    std::env::var_os("AUTOLABEL_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    )
}

#[test]
fn every_row_of_the_shared_tables_is_read() {
    let data = shared().join("data");
    if !data.exists() {
        println!("skipped: no ../shared");
        return;
    }
    for (folder, classes) in [
        ("cxr-covid-pneumonia-normal", 3),
        ("blood-cells-pbc-8class", 8),
        ("histology-lung-lc25000", 3),
    ] {
        let path = data.join(folder).join("labels.csv");
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        let table = read_label_table(&path).unwrap();
        assert!(
            table.problems.is_empty(),
            "{folder}: {:?}",
            table.problems.first()
        );
        assert_eq!(table.rows.len(), lines - 1, "{folder}");
        let labels: BTreeSet<&str> = table
            .rows
            .iter()
            .filter_map(|row| row.label.as_deref())
            .collect();
        assert_eq!(labels.len(), classes, "{folder}");
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.group.is_some() && row.split.is_some())
        );
        assert_eq!(table.rows[lines - 2].line, lines as u64);
    }
}
