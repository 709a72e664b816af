//! Small made-up data sets that several tests use.

use autolabel_annotation::ClassId;
use autolabel_heads::Matrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows of length 1 around one direction a class, with the classes that the rows show in turn.
/// `spread` is the size of the noise beside the direction: 0 separates, 1 mixes.
pub fn clouds(
    rows: usize,
    cols: usize,
    classes: usize,
    spread: f32,
    seed: u64,
) -> (Matrix, Vec<ClassId>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut features = Matrix::zeros(rows, cols);
    let mut labels = Vec::with_capacity(rows);
    for row in 0..rows {
        let class = row % classes;
        let values = &mut features.data[row * cols..(row + 1) * cols];
        for (column, value) in values.iter_mut().enumerate() {
            let signal = if column % classes == class { 1.0 } else { 0.0 };
            *value = signal + spread * rng.random_range(-2.0f32..2.0);
        }
        let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        for value in values.iter_mut() {
            *value /= length;
        }
        labels.push(ClassId(class as u16));
    }
    (features, labels)
}

/// Share of rows whose most probable class is the true one.
pub fn accuracy(predictions: &autolabel_heads::Predictions, truth: &[ClassId]) -> f64 {
    let hits = truth
        .iter()
        .enumerate()
        .filter(|(i, class)| {
            let row = predictions.row(*i);
            row.iter().all(|p| *p <= row[class.index()])
        })
        .count();
    hits as f64 / truth.len() as f64
}
