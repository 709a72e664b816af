//! What the same features and classifier reach with all labels of the pool: the mark a curve is read
//! against.

use crate::WorkflowError;
use crate::classifier::{self, Classifier};
use crate::dataset::Dataset;
use crate::representation;
use autolabel_annotation::Label;
use autolabel_heads::{GpConfig, PredictOptions};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::borrow::Cow;

/// Parts of the cross-validation.
const FOLDS: usize = 5;

/// Accuracy with all labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FullLabelReport {
    /// Share of right predictions over the pool by five-fold cross-validation; groups stay together.
    pub cross_validated: f64,
    /// Share of right predictions on the test split of a model trained on the whole pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
}

/// Trains on all labels: five times for the pool, once for the test split.
///
/// # Errors
/// The classifier cannot be fitted.
pub(super) fn full_label(
    dataset: &Dataset,
    gp: &GpConfig,
    seed: u64,
) -> Result<FullLabelReport, WorkflowError> {
    let (test, pool): (Vec<u32>, Vec<u32>) =
        (0..dataset.files.len() as u32).partition(|&row| dataset.is_test[row as usize]);
    let fold = folds(dataset, seed);
    let mut right = 0;
    for left_out in 0..FOLDS {
        let (held, kept): (Vec<u32>, Vec<u32>) = pool
            .iter()
            .partition(|&&row| fold[row as usize] == left_out);
        if !held.is_empty() && !kept.is_empty() {
            right += count_right(dataset, gp, &kept, &held)?;
        }
    }
    let test_accuracy = if test.is_empty() {
        None
    } else {
        Some(count_right(dataset, gp, &pool, &test)? as f64 / test.len() as f64)
    };
    Ok(FullLabelReport {
        cross_validated: right as f64 / pool.len().max(1) as f64,
        test: test_accuracy,
    })
}

fn count_right(
    dataset: &Dataset,
    gp: &GpConfig,
    train: &[u32],
    rows: &[u32],
) -> Result<usize, WorkflowError> {
    let labels: Vec<Label> = train
        .iter()
        .map(|&row| dataset.truth[row as usize])
        .collect();
    let width = dataset.class_names.len();
    let mut features = Cow::Borrowed(&dataset.features);
    if let Some(source) = dataset.source()
        && representation::is_due(train.len(), None)
    {
        let chosen = representation::choose(&source, train, &labels, width, gp)?;
        features = Cow::Owned(source.features(Some(&chosen.weights))?);
    }
    let task = dataset.task;
    let model = Classifier::fit(task, &features, train, &labels, width, gp)?;
    let options = PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    };
    let said = model.predict_rows(features.as_ref().into(), rows, &options)?;
    let columns = model.columns(&said);
    Ok(rows
        .iter()
        .zip(columns.chunks(width))
        .filter(|(row, p)| classifier::most_likely(task, p).0 == dataset.truth[**row as usize])
        .count())
}

/// A fold for every image: groups are shuffled and dealt out in turn, so that none is split.
fn folds(dataset: &Dataset, seed: u64) -> Vec<usize> {
    let group_of: Vec<u32> = match &dataset.groups {
        Some(groups) => groups.clone(),
        None => (0..dataset.files.len() as u32).collect(),
    };
    let mut groups = group_of.clone();
    groups.sort_unstable();
    groups.dedup();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    group_of
        .iter()
        .map(|group| groups.binary_search(group).map_or(0, |g| order[g] % FOLDS))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_heads::Matrix;

    #[test]
    fn a_group_is_never_split() {
        let groups: Vec<u32> = (0..100).map(|i| i % 23).collect();
        let dataset = Dataset {
            name: "d".to_owned(),
            files: vec![String::new(); 100],
            features: Matrix::zeros(100, 1),
            blocks: None,
            task: autolabel_annotation::ImageTask::Classification,
            truth: vec![Label::Class(autolabel_annotation::ClassId(0)); 100],
            class_names: vec!["a".to_owned()],
            groups: Some(groups.clone()),
            is_test: vec![false; 100],
            backbone: String::new(),
            refused: Vec::new(),
            columns: Vec::new(),
            embed_seconds: 0.0,
        };
        let folds = folds(&dataset, 3);
        for (a, fold_a) in groups.iter().zip(&folds) {
            for (b, fold_b) in groups.iter().zip(&folds) {
                assert!(a != b || fold_a == fold_b);
            }
        }
        assert_eq!((0..FOLDS).filter(|f| folds.contains(f)).count(), FOLDS);
    }
}
