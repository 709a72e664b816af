//! Fits and times the heads on features in a file, for comparisons with other programs
//! (`benches/heads_against_sklearn.py` runs it).
//!
//! Arguments: a file of `rows x cols` little-endian f32, a file of `rows` little-endian u16 classes,
//! `cols`, the number of classes, and the number of labels; labels are the first rows, the rest is
//! held out. Prints one JSON object.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use autolabel_annotation::ClassId;
use autolabel_heads::{
    GpConfig, HeadsError, LinearConfig, Matrix, PredictOptions, Predictions, ScaleChoice, extend,
    fit, fit_linear, leave_one_out, log_loss, predict, predict_linear,
};
use serde_json::{Value, json};
use std::time::Instant;

/// Runs of each step, of which the median counts.
const RUNS: usize = 5;

/// Labels that are added at once.
const BATCH: usize = 50;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [features, classes, cols, class_count, labels] = arguments.as_slice() else {
        return Err("arguments: FEATURES CLASSES COLS CLASS_COUNT LABELS".into());
    };
    let data: Vec<f32> = std::fs::read(features)?
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let classes: Vec<ClassId> = std::fs::read(classes)?
        .chunks_exact(2)
        .map(|b| ClassId(u16::from_le_bytes([b[0], b[1]])))
        .collect();
    let features = Matrix::new(classes.len(), cols.parse()?, data)?;
    let report = measure(&features, &classes, class_count.parse()?, labels.parse()?)?;
    println!("{report}");
    Ok(())
}

fn measure(
    features: &Matrix,
    classes: &[ClassId],
    class_count: usize,
    labels: usize,
) -> Result<Value, HeadsError> {
    let rows: Vec<u32> = (0..classes.len() as u32).collect();
    let (learned, rest) = rows.split_at(labels);
    let (shown, truth) = classes.split_at(labels);
    let options = PredictOptions::default();
    let gp = |count: usize, scale| {
        let config = GpConfig {
            scale,
            ..GpConfig::default()
        };
        fit(
            features,
            &learned[..count],
            &shown[..count],
            class_count,
            &config,
        )
    };
    let (search_secs, found) = timed(|| gp(labels, ScaleChoice::Search))?;
    let scale = found.scale();
    let (warm_secs, _) = timed(|| gp(labels, ScaleChoice::WarmStart(scale)))?;
    let (fixed_secs, _) = timed(|| gp(labels, ScaleChoice::Fixed(scale)))?;
    let before = gp(labels - BATCH, ScaleChoice::Fixed(scale))?;
    let (extend_secs, _) = timed(|| {
        let (rows, shown) = (&learned[labels - BATCH..], &shown[labels - BATCH..]);
        extend(&before, features, rows, shown, &GpConfig::default())
    })?;
    let (predict_secs, said) = timed(|| predict(&found, features, rest, &options))?;
    let (leave_one_out_secs, _) = timed(|| Ok(leave_one_out(&found)))?;
    let linear = LinearConfig::default();
    let (linear_secs, head) =
        timed(|| fit_linear(features, learned, shown, class_count, &linear, None))?;
    let (linear_predict_secs, linear_said) =
        timed(|| predict_linear(&head, features, rest, &options))?;
    Ok(json!({
        "gp": {
            "search_secs": search_secs, "warm_secs": warm_secs, "fixed_secs": fixed_secs,
            "extend_secs": extend_secs, "predict_secs": predict_secs,
            "leave_one_out_secs": leave_one_out_secs,
            "log_loss": log_loss(&said, truth)?, "accuracy": accuracy(&said, truth),
        },
        "linear": {
            "search_secs": linear_secs, "predict_secs": linear_predict_secs,
            "log_loss": log_loss(&linear_said, truth)?, "accuracy": accuracy(&linear_said, truth),
        },
    }))
}

/// Median seconds, and the last result.
fn timed<T>(mut step: impl FnMut() -> Result<T, HeadsError>) -> Result<(f64, T), HeadsError> {
    let mut result = step()?;
    let mut secs: Vec<f64> = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        result = step()?;
        secs.push(start.elapsed().as_secs_f64());
    }
    secs.sort_unstable_by(f64::total_cmp);
    Ok((secs[RUNS / 2], result))
}

fn accuracy(predictions: &Predictions, truth: &[ClassId]) -> f64 {
    let right = truth.iter().enumerate().filter(|(image, class)| {
        let row = predictions.row(*image);
        row.iter().all(|p| *p <= row[class.index()])
    });
    right.count() as f64 / truth.len() as f64
}
