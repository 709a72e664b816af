//! What wrong instances cost: that of classes, and how far a cell points beside its centre.

use crate::dense::class_loss::class_loss;
use crate::dense::maps::{DENSE_STRIDE, DenseTarget};

/// The way that an answer of 1 stands for, in pixels of the input.
pub(crate) const WAY_UNIT_PX: f32 = (4 * DENSE_STRIDE) as f32;
/// Up to this error, in units of an answer, the loss is a square, beyond it a line: one pixel.
const SQUARE_UP_TO: f32 = 1.0 / WAY_UNIT_PX;

/// The loss of classes plus the smooth L1 loss of ways (Girshick 2015), averaged over the cells of each
/// instance and then over instances, so that small ones count as much as large ones.
pub(crate) fn instance_loss(
    classes: usize,
    answer: &[f32],
    target: &DenseTarget,
    share: f32,
    gradient: &mut [f32],
) -> f32 {
    let labels = classes + 1;
    let outputs = labels + 2;
    // The loss of classes wants them without gaps.
    let gathered = |values: &[f32], width: usize| -> Vec<f32> {
        let cells = values.chunks_exact(width);
        cells.flat_map(|cell| &cell[..labels]).copied().collect()
    };
    let logits = gathered(answer, outputs);
    let wanted = gathered(&target.values, target.channels);
    let mut by_logits = vec![0.0; logits.len()];
    let weights = &target.weights;
    let mut loss = class_loss(labels, &logits, &wanted, weights, share, &mut by_logits);
    let ways = || {
        let cells = target.values.chunks_exact(target.channels);
        cells.map(|cell| (&cell[labels..labels + 2], cell[labels + 2]))
    };
    let instances: f32 = ways().map(|(_, counts)| counts).sum();
    let per_instance = 1.0 / instances.max(1.0);
    let answers = answer
        .chunks_exact(outputs)
        .zip(gradient.chunks_exact_mut(outputs));
    let cells = answers.zip(by_logits.chunks_exact(labels)).zip(ways());
    for (((answer, gradient), by_logits), (way, counts)) in cells {
        let (by_class, by_way) = gradient.split_at_mut(labels);
        by_class.copy_from_slice(by_logits);
        by_way.fill(0.0);
        if counts > 0.0 {
            for ((slope, answer), way) in by_way.iter_mut().zip(&answer[labels..]).zip(way) {
                let (cost, by_answer) = smooth_l1(answer - way / WAY_UNIT_PX);
                loss += counts * per_instance * cost;
                *slope = share * counts * per_instance * by_answer;
            }
        }
    }
    loss
}

/// A square of an error around 0, a line elsewhere; and its slope.
fn smooth_l1(error: f32) -> (f32, f32) {
    match error.abs() < SQUARE_UP_TO {
        true => (0.5 * error * error / SQUARE_UP_TO, error / SQUARE_UP_TO),
        false => (error.abs() - 0.5 * SQUARE_UP_TO, error.signum()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense::check_slopes;

    #[test]
    fn ways_cost_their_length() {
        assert_eq!(smooth_l1(0.0), (0.0, 0.0));
        assert_eq!(smooth_l1(-1.0), (1.0 - 0.5 / 16.0, -1.0));
        let (inner, outer) = (smooth_l1(0.062_499), smooth_l1(0.0625));
        assert!((inner.0 - outer.0).abs() < 1e-5 && (inner.1 - outer.1).abs() < 1e-4);
    }

    #[test]
    fn slopes_are_those_of_the_loss() {
        let mut values = Vec::new();
        for cell in 0..6 {
            let share = cell as f32 / 5.0;
            let counts = [0.0, 0.25, 0.75, 1.0, 0.0, 1.0][cell];
            // Far from where the square becomes a line.
            values.extend([1.0 - share, share, 0.0, -36.0, 40.0, counts]);
        }
        let target = DenseTarget {
            rows: 2,
            columns: 3,
            channels: 6,
            values,
            weights: vec![1.0, 3.0, 0.5, 1.0, 0.0, 1.0],
        };
        let answer: Vec<f32> = (0..6 * 5)
            .map(|v| ((v * 37 % 23) as f32 - 11.0) / 9.0)
            .collect();
        check_slopes(&answer, |answer, gradient| {
            instance_loss(2, answer, &target, 1.0, gradient)
        });
    }
}
