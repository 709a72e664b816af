//! How unsure the network is, cell by cell.

use crate::dense::class_loss::softmax;
use crate::dense::objective::DenseTask;
use crate::dense::prediction::DenseGrid;

impl DenseTask {
    /// The entropy of each answer of [`dense_logits`](crate::dense_logits) as a share of the most there can
    /// be, `[rows, columns]`, 0 to 1: of classes that over the classes, of instances that of something being
    /// there, of boxes that of the class whose centre is least sure.
    #[must_use]
    pub fn doubts(self, grid: &DenseGrid) -> Vec<f32> {
        let cells = grid.values.chunks_exact(grid.channels.max(1));
        let doubt = |cell: &[f32]| match self {
            Self::Classes { classes } => entropy(&probabilities(&cell[..classes])),
            Self::Instances { classes } => either(probabilities(&cell[..=classes])[0]),
            Self::Boxes { classes } => cell[..classes]
                .iter()
                .map(|heat| either(1.0 / (1.0 + (-heat).exp())))
                .fold(0.0, f32::max),
        };
        cells.map(doubt).collect()
    }
}

fn probabilities(logits: &[f32]) -> Vec<f32> {
    let mut values = logits.to_vec();
    softmax(&mut values, logits.len());
    values
}

/// Entropy of one of two.
fn either(first: f32) -> f32 {
    entropy(&[first, 1.0 - first])
}

/// Entropy as a share of that of equal probabilities.
fn entropy(probabilities: &[f32]) -> f32 {
    let of = |p: &f32| if *p > 0.0 { -p * p.ln() } else { 0.0 };
    let most = (probabilities.len() as f32).ln();
    (probabilities.iter().map(of).sum::<f32>() / most).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_doubtful_where_a_centre_may_be_and_instances_where_anything_may_be() {
        let doubt = |task: DenseTask, values: &[f32]| {
            let grid = DenseGrid {
                rows: 1,
                columns: 1,
                channels: values.len(),
                values: values.to_vec(),
            };
            task.doubts(&grid)[0]
        };
        let boxes = DenseTask::Boxes { classes: 2 };
        assert!((doubt(boxes, &[-8.0, 0.0, 1.0, 1.0, 1.0, 1.0]) - 1.0).abs() < 1e-6);
        let instances = DenseTask::Instances { classes: 1 };
        assert!(doubt(instances, &[7.0, -2.0, 0.0, 0.0]) < 0.01);
        let classes = DenseTask::Classes { classes: 3 };
        assert!((doubt(classes, &[4.0, 4.0, 4.0]) - 1.0).abs() < 1e-6);
        // ln 2 of ln 3: one of two, for certain none of the third.
        assert!((doubt(classes, &[9.0, 9.0, -90.0]) - 0.630_93).abs() < 1e-4);
    }
}
