//! A data set whose features come from another program, and the features of a data set for one.
//!
//! Files hold one row for each row of the table of labels (without a table: for each file of the class
//! folders, sorted), in its order. A row of NaN stands for an image without features.

use crate::WorkflowError;
use crate::dataset::{Dataset, Refused, no_labeled_images, without_features};
use crate::dataset_entries::{Entry, label_table, refused_files, refused_rows};
use crate::representation::{BlockSource, transform_config, transformed_blocks};
use autolabel_formats::{FloatWidth, FormatError, NumberArray};
use autolabel_heads::{Matrix, RawFeatures};
use half::f16;
use std::collections::BTreeMap;
use std::path::Path;

/// How far the length of a row may be from 1 for features to be taken as they are.
const UNIT_TOLERANCE: f32 = 1e-3;

/// Largest standardised value that is kept, in standard deviations; half precision ends at 65,504.
const LARGEST: f64 = 60_000.0;

/// Loads a data set with the features of a NumPy file instead of images; nothing but the names of the
/// files counts, and they need not exist where there is a table of labels.
///
/// Features of which every row has length 1 (within 0.001) are taken as they are. Others are one block
/// like an output of our own network: standardised over the pool, turned onto at most 256 principal
/// components, and scaled to length 1.
///
/// # Errors
/// No file has a label, the table or the array cannot be understood, their rows differ in number, or
/// a row is not finite.
pub fn load_dataset_with_features(
    root: &Path,
    csv: Option<&Path>,
    features: &Path,
) -> Result<Dataset, WorkflowError> {
    let array = autolabel_formats::read_number_array(features)?;
    let (slots, mut refused) = slots(root, csv)?;
    let unusable = |reason: String| {
        WorkflowError::from(FormatError::Array {
            reason,
            path: features.to_path_buf(),
        })
    };
    if array.rows != slots.len() {
        return Err(unusable(format!(
            "it has {} rows and the table of labels {}; write one row for each row of the table, in its order",
            array.rows,
            slots.len()
        )));
    }
    let mut rows = Vec::with_capacity(slots.len());
    let mut entries = Vec::with_capacity(slots.len());
    for (row, slot) in in_order_of_a_folder(slots) {
        let Some(entry) = slot.entry else { continue };
        let values = &array.values[row * array.columns..][..array.columns];
        if values.iter().all(|value| value.is_nan()) {
            refused.push(Refused {
                file: slot.file,
                reason: "The array has no features for this file (its row is NaN).".to_owned(),
            });
            continue;
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(unusable(format!(
                "row {row} (counting from 0) holds a value that is not finite; remove or replace it"
            )));
        }
        rows.push(row);
        entries.push(entry);
    }
    if entries.is_empty() {
        return Err(no_labeled_images(root));
    }
    let mut dataset = without_features(root, &entries, refused)?;
    let given = picked(&array, &rows);
    let is_unit = rows_have_length_one(&given);
    dataset.backbone = format!(
        "given features, {} columns, {}",
        array.columns,
        if is_unit {
            "as they are"
        } else {
            "standardised"
        }
    );
    dataset.features = if is_unit {
        given
    } else {
        reduced(given, array.width, &dataset.is_test)?
    };
    Ok(dataset)
}

/// Writes the features that the rounds of a cold start use, every block counting the same, one row of
/// length 1 an image, for [`load_dataset_with_features`] and other programs. `root` and `csv` are those
/// that the data set was loaded with.
///
/// # Errors
/// The table cannot be read again, or the file cannot be written.
pub fn save_features(
    dataset: &Dataset,
    root: &Path,
    csv: Option<&Path>,
    path: &Path,
) -> Result<(), WorkflowError> {
    let (slots, _) = slots(root, csv)?;
    let row_of: BTreeMap<&str, usize> = (0..)
        .zip(&dataset.files)
        .map(|(row, file)| (file.as_str(), row))
        .collect();
    let columns = dataset.features.cols;
    let nothing = vec![f32::NAN; columns];
    let mut values = Vec::with_capacity(slots.len() * columns);
    for slot in &slots {
        let row = row_of.get(slot.file.as_str());
        values.extend_from_slice(row.map_or(&nothing, |&row| dataset.features.row(row)));
    }
    Ok(autolabel_formats::write_number_array(
        path, columns, &values,
    )?)
}

/// What a row of an array belongs to.
struct Slot {
    file: String,
    /// `None` = the file has no class, so its features are not used.
    entry: Option<Entry>,
}

/// What the rows of an array belong to, and what of the table or folder cannot be used.
fn slots(root: &Path, csv: Option<&Path>) -> Result<(Vec<Slot>, Vec<Refused>), WorkflowError> {
    if let Some(table) = label_table(root, csv)? {
        let slots = table.rows.iter().map(|row| Slot {
            file: row.file.clone(),
            entry: Entry::of_row(row),
        });
        return Ok((slots.collect(), refused_rows(&table)));
    }
    let scan = autolabel_image_io::scan(root)?;
    let refused = refused_files(&scan);
    let slots = scan.files.into_iter().filter_map(|found| {
        let entry = Entry::of_path(&found.display)?;
        Some(Slot {
            file: found.display,
            entry: Some(entry),
        })
    });
    Ok((slots.collect(), refused))
}

/// The slots with their numbers, sorted as a folder of these files is, so that a seed draws the same
/// images whether features are given or made.
fn in_order_of_a_folder(slots: Vec<Slot>) -> Vec<(usize, Slot)> {
    let mut slots: Vec<(usize, Slot)> = slots.into_iter().enumerate().collect();
    slots.sort_by(|(_, a), (_, b)| a.file.split('/').cmp(b.file.split('/')));
    slots
}

/// These rows of an array.
fn picked(array: &NumberArray, rows: &[usize]) -> Matrix {
    let columns = array.columns;
    Matrix {
        rows: rows.len(),
        cols: columns,
        data: rows
            .iter()
            .flat_map(|row| &array.values[row * columns..][..columns])
            .copied()
            .collect(),
    }
}

fn rows_have_length_one(features: &Matrix) -> bool {
    features.data.chunks(features.cols.max(1)).all(|row| {
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        (length - 1.0).abs() <= UNIT_TOLERANCE
    })
}

/// Makes a block of features and reduces it as our own are; all that is fitted is fitted on the pool.
fn reduced(
    mut features: Matrix,
    width: FloatWidth,
    is_test: &[bool],
) -> Result<Matrix, WorkflowError> {
    let dim = features.cols;
    standardise(&mut features, width, is_test);
    let values: Vec<f16> = features.data.iter().copied().map(f16::from_f32).collect();
    drop(features);
    let pool: Vec<f16> = values
        .chunks(dim)
        .zip(is_test)
        .filter(|(_, test)| !**test)
        .flat_map(|(row, _)| row.iter().copied())
        .collect();
    let pool = RawFeatures { values: &pool, dim };
    let transform = autolabel_heads::fit_transform(&pool, &transform_config(&[dim]), 0)?;
    let source = BlockSource {
        raw: RawFeatures {
            values: &values,
            dim,
        },
        transform: &transform,
        blocks: &transformed_blocks(&[dim], 1),
        excluded: is_test,
    };
    source.features(None)
}

/// Centres every column over the pool and scales it to unit variance, in double precision: the half
/// precision that blocks are made from would drown a small spread around a large mean. Columns that
/// hold nothing but the rounding of their file become 0.
fn standardise(features: &mut Matrix, width: FloatWidth, is_test: &[bool]) {
    let noise = match width {
        FloatWidth::Half => 1e-3,
        // Values are read in single precision.
        FloatWidth::Single | FloatWidth::Double => 1e-6,
    };
    let dim = features.cols;
    let count = is_test.iter().filter(|test| !**test).count().max(1) as f64;
    let mut mean = vec![0.0_f64; dim];
    let mut spread = vec![0.0_f64; dim];
    let pool = |features: &Matrix, add: &mut dyn FnMut(usize, f64)| {
        for (row, _) in features
            .data
            .chunks(dim)
            .zip(is_test)
            .filter(|(_, test)| !**test)
        {
            for (column, &value) in row.iter().enumerate() {
                add(column, f64::from(value));
            }
        }
    };
    pool(features, &mut |column, value| mean[column] += value / count);
    pool(features, &mut |column, value| {
        spread[column] += (value - mean[column]).powi(2) / count;
    });
    let scale: Vec<f64> = spread
        .iter()
        .zip(&mean)
        .map(|(variance, mean)| {
            let deviation = variance.sqrt();
            let is_noise = deviation <= noise * mean.abs();
            if is_noise || deviation == 0.0 {
                0.0
            } else {
                deviation.recip()
            }
        })
        .collect();
    for row in features.data.chunks_mut(dim) {
        for ((value, mean), scale) in row.iter_mut().zip(&mean).zip(&scale) {
            let standardised = (f64::from(*value) - mean) * scale;
            *value = standardised.clamp(-LARGEST, LARGEST) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_spread_around_a_large_mean_counts_and_rounding_does_not() {
        let mut features = Matrix::zeros(0, 3);
        for row in 0..6_i16 {
            // The last column differs by the rounding of its file alone.
            let rounding = if row % 2 == 0 { 1e-5 } else { 0.0 };
            let small = 1_000.0 + 0.01 * f32::from(row);
            features
                .data
                .extend([small, f32::from(row), 100.0 + rounding]);
            features.rows += 1;
        }
        let is_test = [false, false, false, false, false, true];
        standardise(&mut features, FloatWidth::Single, &is_test);
        let column = |column: usize| -> Vec<f32> {
            features
                .data
                .iter()
                .skip(column)
                .step_by(3)
                .copied()
                .collect()
        };
        let expected = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0].map(|step: f32| step / 2_f32.sqrt());
        for (small, (large, expected)) in column(0).iter().zip(column(1).iter().zip(expected)) {
            assert!((small - expected).abs() < 0.02, "{small} {expected}");
            assert!((large - expected).abs() < 1e-6, "{large} {expected}");
        }
        assert!(column(2).iter().all(|value| *value == 0.0));
    }

    #[test]
    fn rows_of_length_one_are_told_by_all_of_them() {
        let unit = Matrix::new(2, 2, vec![0.6, 0.8, -1.0, 0.0005]).unwrap();
        assert!(rows_have_length_one(&unit));
        let other = Matrix::new(2, 2, vec![0.6, 0.8, -1.0, 0.1]).unwrap();
        assert!(!rows_have_length_one(&other));
    }

    #[test]
    fn units_of_the_columns_do_not_matter_and_rows_get_length_one() {
        let (rows, cols) = (40_u16, 5_u16);
        let mut given = Matrix::zeros(0, usize::from(cols));
        for row in 0..rows {
            // Made-up numbers without a pattern: the fractional parts of multiples.
            let fraction = |column: u16| (f32::from(row * cols + column) * 0.618_034).fract();
            given.data.extend((0..cols).map(fraction));
            given.rows += 1;
        }
        let mut other = given.clone();
        for row in other.data.chunks_mut(5) {
            for (column, value) in (0_i16..).zip(row) {
                *value = *value * 10_f32.powi(i32::from(column)) - f32::from(column);
            }
        }
        let is_test = vec![false; 40];
        let first = reduced(given, FloatWidth::Single, &is_test).unwrap();
        let second = reduced(other, FloatWidth::Double, &is_test).unwrap();
        assert!(rows_have_length_one(&first) && rows_have_length_one(&second));
        // The directions of components may differ in sign, the similarities may not.
        for a in 0..40 {
            let similarity = |of: &Matrix| autolabel_heads::dot(of.row(a), of.row(7));
            assert!((similarity(&first) - similarity(&second)).abs() < 5e-3);
        }
    }
}
