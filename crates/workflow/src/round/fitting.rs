//! The fit of a round, which goes on from the model of the round before where it can.

use super::RoundInput;
use crate::WorkflowError;
use crate::classifier::Classifier;
use autolabel_annotation::Label;

/// The labels in the order in which the classifier learns them: first those that the model before
/// learnt, in its order, then the new ones by their rows. Without such a model, or where one of its
/// images has lost its label, as they come, which is by row.
pub(super) fn learning_order(
    input: &RoundInput<'_>,
    rows: Vec<u32>,
    known: Vec<Label>,
) -> (Vec<u32>, Vec<Label>) {
    let learnt = input.previous.map_or(&[][..], |model| &model.learnt);
    let mut is_new = vec![true; rows.len()];
    let mut order = Vec::with_capacity(rows.len());
    for row in learnt {
        let Ok(position) = rows.binary_search(row) else {
            return (rows, known);
        };
        is_new[position] = false;
        order.push(position);
    }
    order.extend((0..rows.len()).filter(|&position| is_new[position]));
    order.iter().map(|&at| (rows[at], known[at])).unzip()
}

/// Fits the classifier to the labels in [`learning_order`]: by adding the new ones to the model before,
/// or anew where that one does not fit them any more.
pub(super) fn fit(
    input: &RoundInput<'_>,
    rows: &[u32],
    labels: &[Label],
) -> Result<Classifier, WorkflowError> {
    let (width, config) = (input.class_count(), &input.config.gp);
    let labeled = input.features.select(rows);
    match input.previous {
        Some(previous) => previous
            .classifier
            .fit_after(&labeled, labels, width, config),
        None => {
            let numbers: Vec<u32> = (0_u32..).take(rows.len()).collect();
            Classifier::fit(input.task, &labeled, &numbers, labels, width, config)
        }
    }
}
