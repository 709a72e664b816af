//! A cheap stand-in for the classifier that looks at every image of a large pool.
//!
//! The exact posterior costs about three million operations an image at 1,000 labels. The student is
//! a ridge regression from the features and their similarity to some labeled images (landmarks) to
//! the centred log probabilities that the classifier gave to a uniform sample of the pool. It is
//! good enough to tell which images are worth the exact look, and no more: what is asked for and what
//! is measured rests on exact predictions.

use crate::HeadsError;
use crate::exponential::exponentials;
use crate::gp::DirichletGp;
use crate::half_matrix::FeatureRows;
use crate::kernel::{Kernel, KernelScale, covariances};
use crate::matrix::{Matrix, dot, dot_block, inner_products};
use crate::ridge::{Known, ridge};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Probabilities below this are learned as this: how sure the sure are does not matter here.
const SMALLEST: f32 = 1e-3;

/// Landmarks of which the others leave less than this share unexplained would add nothing.
const SMALLEST_PIVOT: f32 = 1e-3;

/// Labels that landmarks are chosen from, at most.
const MOST_COMPARED: usize = 2_000;

/// Rows that one task scores: enough to make the packing of the directions cheap.
const SCORED_ROWS: usize = 1_024;

/// Rows whose mean is subtracted from the inputs of the regression.
const OFFSET_ROWS: usize = 2_048;

/// Weight of an image without doubt in the regression; one with the largest doubt has weight 1. The
/// student has to be right where classes meet.
const SURE_WEIGHT: f32 = 0.1;

/// The stand-in.
#[derive(Debug, Clone)]
pub struct Student {
    /// Landmarks, then one row a class of linear weights.
    directions: Matrix,
    norms: Vec<f32>,
    scale: KernelScale,
    /// Weights of the landmarks, one row a landmark, one column a class.
    landmark_weights: Vec<f32>,
    intercept: Vec<f32>,
}

/// Learns from exact `probabilities` (`sample.rows x C`) of the images `sample`.
///
/// # Errors
/// Inputs that do not belong together, an empty sample, features of extreme values.
pub fn fit_student(
    gp: &DirichletGp,
    landmarks: usize,
    sample: &Matrix,
    probabilities: &[f32],
) -> Result<Student, HeadsError> {
    let classes = gp.class_count();
    if probabilities.len() != sample.rows * classes {
        return Err(HeadsError::Shape {
            what: "probabilities",
            expected: sample.rows * classes,
            found: probabilities.len(),
        });
    }
    if sample.rows == 0 {
        return Err(HeadsError::Empty {
            what: "sampled images",
        });
    }
    let scale = KernelScale {
        variance: 1.0,
        linear_variance: 0.0,
        ..gp.scale
    };
    let landmarks = landmark_rows(&gp.features, &scale, landmarks)?;
    let mut inputs = Inputs {
        shift: vec![0.0; landmarks.rows + landmarks.cols + 1],
        norms: landmarks.squared_norms(),
        landmarks,
        scale,
    };
    inputs.centre(sample);
    let targets = centred_logarithms(probabilities, classes);
    let known = Known {
        rows: sample,
        targets: &targets,
        weights: &doubt_weights(probabilities, classes),
    };
    let weights = ridge(&known, inputs.width(), |block, into| inputs.of(block, into))?;
    Ok(inputs.student(&weights, classes))
}

/// Labeled rows that explain most of the others' covariance: the pivots of a pivoted Cholesky
/// factorisation of their kernel matrix (Harbrecht, Peters and Schneider, 2012). Ties go to the
/// earlier row. Of many labels an even share is looked at; they are sorted by class.
fn landmark_rows(
    labeled: &Matrix,
    scale: &KernelScale,
    count: usize,
) -> Result<Matrix, HeadsError> {
    let size = labeled.rows.min(MOST_COMPARED);
    let spread: Vec<u32> = (0..size)
        .map(|i| (i * labeled.rows / size) as u32)
        .collect();
    let labeled = labeled.select(&spread);
    let products = inner_products(&labeled, &labeled)?;
    let norms = products.diagonal();
    let mut left = vec![1.0f32; size];
    let mut factor: Vec<Vec<f32>> = Vec::with_capacity(count.min(size));
    let mut chosen = Vec::with_capacity(count.min(size));
    while chosen.len() < count.min(size) {
        let (pivot, &most) = left
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))
            .unwrap_or((0, &0.0));
        if most < SMALLEST_PIVOT {
            break;
        }
        let mut column = products.row(pivot).to_vec();
        covariances(Kernel::Rbf, scale, norms[pivot], &norms, &mut column);
        for earlier in &factor {
            let share = earlier[pivot];
            for (value, earlier) in column.iter_mut().zip(earlier) {
                *value -= share * earlier;
            }
        }
        let root = most.sqrt();
        for (value, left) in column.iter_mut().zip(&mut left) {
            *value /= root;
            *left -= *value * *value;
        }
        left[pivot] = 0.0;
        factor.push(column);
        chosen.push(pivot as u32);
    }
    Ok(labeled.select(&chosen))
}

/// Logarithms of the probabilities less their mean over the classes.
fn centred_logarithms(probabilities: &[f32], classes: usize) -> Vec<f32> {
    let mut targets: Vec<f32> = probabilities.iter().map(|p| p.max(SMALLEST).ln()).collect();
    for row in targets.chunks_exact_mut(classes) {
        let mean = row.iter().sum::<f32>() / classes as f32;
        row.iter_mut().for_each(|value| *value -= mean);
    }
    targets
}

/// Weights of the images in the regression, from their doubt.
fn doubt_weights(probabilities: &[f32], classes: usize) -> Vec<f32> {
    probabilities
        .chunks_exact(classes)
        .map(|row| {
            let (mut first, mut second) = (0.0f32, 0.0f32);
            for &p in row {
                if p > first {
                    (first, second) = (p, first);
                } else if p > second {
                    second = p;
                }
            }
            SURE_WEIGHT + (1.0 - SURE_WEIGHT) * (1.0 - (first - second))
        })
        .collect()
}

/// Turns features into the inputs of the regression: similarities, features, and one.
struct Inputs {
    landmarks: Matrix,
    norms: Vec<f32>,
    scale: KernelScale,
    /// Subtracted from every input, so that the sums lose no digits to a common offset.
    shift: Vec<f32>,
}

impl Inputs {
    fn width(&self) -> usize {
        self.landmarks.rows + self.landmarks.cols + 1
    }

    /// The inputs of consecutive rows, row-major.
    fn of(&self, block: &[f32], into: &mut Vec<f32>) {
        let (count, cols, width) = (self.landmarks.rows, self.landmarks.cols, self.width());
        let rows = block.len() / cols.max(1);
        into.resize(rows * width, 0.0);
        let mut products = vec![0.0f32; rows * count];
        dot_block(block, &self.landmarks.data, cols, &mut products);
        for (i, row) in block.chunks_exact(cols).enumerate() {
            let out = &mut into[i * width..(i + 1) * width];
            let similar = &mut out[..count];
            similar.copy_from_slice(&products[i * count..(i + 1) * count]);
            covariances(
                Kernel::Rbf,
                &self.scale,
                dot(row, row),
                &self.norms,
                similar,
            );
            out[count..count + cols].copy_from_slice(row);
            out[count + cols] = 1.0;
            for (value, shift) in out.iter_mut().zip(&self.shift) {
                *value -= shift;
            }
        }
    }

    /// Takes the means over the first rows for the offset.
    fn centre(&mut self, sample: &Matrix) {
        let rows = sample.rows.min(OFFSET_ROWS);
        let mut inputs = Vec::new();
        self.of(&sample.data[..rows * sample.cols], &mut inputs);
        let mut shift = vec![0.0f32; self.width()];
        for row in inputs.chunks_exact(self.width()) {
            for (sum, value) in shift.iter_mut().zip(row) {
                *sum += value / rows as f32;
            }
        }
        // The last input is the constant one and stays.
        shift[self.landmarks.rows + self.landmarks.cols] = 0.0;
        self.shift = shift;
    }

    fn student(self, weights: &Mat<f64>, classes: usize) -> Student {
        let (count, cols) = (self.landmarks.rows, self.landmarks.cols);
        let mut directions = self.landmarks;
        for class in 0..classes {
            directions
                .data
                .extend((0..cols).map(|column| weights[(count + column, class)] as f32));
        }
        directions.rows += classes;
        Student {
            directions,
            norms: self.norms,
            scale: self.scale,
            landmark_weights: (0..count * classes)
                .map(|i| weights[(i / classes, i % classes)] as f32)
                .collect(),
            intercept: (0..classes)
                .map(|class| {
                    let offset: f64 = (0..count + cols)
                        .map(|input| f64::from(self.shift[input]) * weights[(input, class)])
                        .sum();
                    (weights[(count + cols, class)] - offset) as f32
                })
                .collect(),
        }
    }
}

impl Student {
    /// Approximate class probabilities of all rows, `rows x C`.
    ///
    /// # Errors
    /// Features of another width.
    pub fn probabilities(&self, features: FeatureRows<'_>) -> Result<Vec<f32>, HeadsError> {
        let (cols, classes) = (self.directions.cols, self.intercept.len());
        if features.cols() != cols {
            return Err(HeadsError::Shape {
                what: "columns of the features",
                expected: cols,
                found: features.cols(),
            });
        }
        let mut all = vec![0.0f32; features.rows() * classes];
        all.par_chunks_mut(SCORED_ROWS * classes)
            .enumerate()
            .for_each_init(
                || (Vec::new(), Vec::new()),
                |(buffer, products), (block, out)| {
                    let first = block * SCORED_ROWS;
                    let rows = features.block(first..first + out.len() / classes, buffer);
                    self.block(rows, products, out);
                },
            );
        Ok(all)
    }

    /// Probabilities of a block of rows. Sequential.
    fn block(&self, rows: &[f32], products: &mut Vec<f32>, out: &mut [f32]) {
        let (cols, classes) = (self.directions.cols, self.intercept.len());
        let (width, count) = (self.directions.rows, self.norms.len());
        let height = out.len() / classes;
        products.resize(height * width, 0.0);
        dot_block(rows, &self.directions.data, cols, products);
        for ((row, products), out) in rows
            .chunks_exact(cols)
            .zip(products.chunks_exact_mut(width))
            .zip(out.chunks_exact_mut(classes))
        {
            let (similar, linear) = products.split_at_mut(count);
            covariances(
                Kernel::Rbf,
                &self.scale,
                dot(row, row),
                &self.norms,
                similar,
            );
            for ((out, linear), intercept) in out.iter_mut().zip(linear).zip(&self.intercept) {
                *out = *linear + intercept;
            }
        }
        if count > 0 {
            matmul(
                MatMut::from_row_major_slice_mut(out, height, classes),
                Accum::Add,
                MatRef::from_row_major_slice(products, height, width).subcols(0, count),
                MatRef::from_row_major_slice(&self.landmark_weights, count, classes),
                1.0,
                Par::Seq,
            );
        }
        softmax(out, classes);
    }
}

/// Softmax of every row, in place.
fn softmax(values: &mut [f32], classes: usize) {
    for row in values.chunks_exact_mut(classes) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|value| *value -= largest);
    }
    exponentials(values);
    for row in values.chunks_exact_mut(classes) {
        let scale = 1.0 / row.iter().sum::<f32>();
        row.iter_mut().for_each(|value| *value *= scale);
    }
}
