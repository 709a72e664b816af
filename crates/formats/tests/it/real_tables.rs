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

/// Every nucleus of a COCO file has the pixels that its label image has.
#[test]
fn coco_regions_are_those_of_the_label_images() {
    use autolabel_annotation::Task;
    let folder = shared().join("data/nuclei-dsb2018");
    if !folder.is_dir() {
        println!("skipped: no ../shared");
        return;
    }
    let labels =
        autolabel_formats::read_coco(&folder.join("coco.json"), Task::InstanceSegmentation)
            .unwrap();
    assert_eq!(labels.problems, Vec::<String>::new());
    assert_eq!((labels.images.len(), labels.classes.len()), (399, 1));
    let count: usize = labels.images.iter().map(|i| i.drawing.shapes.len()).sum();
    assert_eq!(count, 18_094);
    for image in labels.images.iter().step_by(40) {
        let file = image
            .file
            .replace("images/", "instances/")
            .replace(".jpg", ".png");
        let values = image::open(folder.join(file)).unwrap().into_luma16();
        let mut areas = std::collections::BTreeMap::new();
        for value in values.pixels().filter(|value| value.0[0] > 0) {
            *areas.entry(value.0[0]).or_insert(0_u32) += 1;
        }
        let mut drawn = Vec::new();
        for shape in &image.drawing.shapes {
            let mask = shape.geometry.mask(image.size).unwrap();
            let (start, _) = mask.runs().next().unwrap();
            let (x, y) = (start / image.size.height(), start % image.size.height());
            let number = values.get_pixel(x, y).0[0];
            assert_eq!(mask.area(), areas[&number], "{} {number}", image.file);
            drawn.push(number);
        }
        drawn.sort_unstable();
        assert!(drawn.into_iter().eq(areas.into_keys()), "{}", image.file);
    }
}
